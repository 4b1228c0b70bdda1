"""Messages for names nobody knows."""

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
    >>> from autonomaly._utils._names import unknown_name_message
    >>> unknown_name_message("detector", "knnn", ["knn", "lof"])
    "Unknown detector 'knnn'; did you mean 'knn'? Allowed: knn, lof."
    """
    known = sorted(known)
    near = difflib.get_close_matches(str(given), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"Unknown {what} {given!r}{hint} Allowed: {', '.join(known)}."
