"""Words of messages: names nobody knows, counts, shares and lists."""

import difflib


def unknown_name_message(what, given, known):
    """Say that a name is unknown, what is near it and what is allowed.

    Parameters
    ----------
    what : str
        The kind of thing named, for example ``"detector"``.
    given : object
        The name that came.
    known : iterable of str
        The allowed names.

    Returns
    -------
    str
        The message.

    Examples
    --------
    >>> from autonomaly._utils._words import unknown_name_message
    >>> unknown_name_message("detector", "knnn", ["knn", "lof"])
    "Unknown detector 'knnn'; did you mean 'knn'? Allowed: knn, lof."
    """
    known = sorted(known)
    near = difflib.get_close_matches(str(given), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"Unknown {what} {given!r}{hint} Allowed: {', '.join(known)}."


def count(n, noun):
    """Write a number with its noun.

    Parameters
    ----------
    n : int
        The number.
    noun : str
        In the singular.

    Returns
    -------
    str
        For example ``"1 row"`` or ``"no rows"``.

    Examples
    --------
    >>> from autonomaly._utils._words import count
    >>> count(0, "row"), count(1, "row"), count(2, "row")
    ('no rows', '1 row', '2 rows')
    """
    return f"{n or 'no'} {noun}{'' if n == 1 else 's'}"


def percent(share):
    """Write a share in percent, a small one with two digits.

    Parameters
    ----------
    share : float
        In [0, 1].

    Returns
    -------
    str
        For example ``"4.2 %"``.

    Examples
    --------
    >>> from autonomaly._utils._words import percent
    >>> percent(1 / 3), percent(1 / 600), percent(0.0)
    ('33.3 %', '0.17 %', '0 %')
    """
    return f"{100 * share:.1f} %" if share >= 0.01 else f"{100 * share:.2g} %"


def enumerated(parts):
    """Join parts of a sentence.

    Parameters
    ----------
    parts : sequence of str
        At least one.

    Returns
    -------
    str
        For example ``"a, b and c"``.

    Examples
    --------
    >>> from autonomaly._utils._words import enumerated
    >>> enumerated(["a"]), enumerated(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *others, last = parts
    return f"{', '.join(others)} and {last}" if others else last
