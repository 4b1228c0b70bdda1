"""Code that is run so that it leaves no trace in the process."""

import contextlib
import copyreg
import threading
import warnings
from typing import Any

import numpy as np

__all__ = ["kept_filters", "leave_behind", "quiet", "quiet_if"]

# Warning filters and NumPy's random numbers belong to the whole process, and a thread
# that is left behind may end whenever it likes. So the blocks of all threads are
# counted: the first one that is entered saves the state, the last one that is left
# brings it back.
_lock = threading.RLock()
_open: list[int] = []  # the threads whose quiet blocks are open
_saved = contextlib.ExitStack()
_n_keeping = 0  # blocks that keep the filters, the quiet ones among them
_kept: list[tuple[list[Any], list[Any]]] = []  # lists of filters, and what was in them
_number = 0  # how many times the filters have been kept


class _Gate(type):
    """Makes any warning one of a category while a quiet block is open, else none.

    Other threads may save the filters meanwhile, and bring them back afterwards.
    """

    def __subclasscheck__(cls, category):
        return bool(_open)


class _WhileQuiet(Warning, metaclass=_Gate):
    pass


def _any_warning():
    return Warning


class _Never(Warning):
    pass


# Told by their categories, which stay the same where scikit-learn's loops copy filters.
_SILENCE = ("ignore", None, _WhileQuiet, None, 0)
_OURS = (_WhileQuiet, _Never)
copyreg.pickle(_Gate, lambda kind: (_any_warning, ()))  # to other processes, too


@contextlib.contextmanager
def quiet():
    """Run foreign code without its warnings, and without its random numbers.

    Warning filters and NumPy's global random state are as before afterwards; in
    between the random state is seeded, so that code which draws from it gives the same
    result every time. That holds for one thread at a time: enter this in the thread
    that waits for the work.

    Examples
    --------
    >>> import warnings
    >>> from autonomaly._utils._quiet import quiet
    >>> with quiet():
    ...     warnings.warn("nobody sees this")
    """
    thread = threading.get_ident()
    with _lock:
        if not _open:
            _saved.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002
        _open.append(thread)
        _keep()
        _silence()
        state = np.random.get_state()  # noqa: NPY002
        np.random.seed(0)  # noqa: NPY002
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        with _lock:
            if thread in _open:
                np.random.set_state(state)  # noqa: NPY002
                _leave(thread)


@contextlib.contextmanager
def kept_filters():
    """Keep the warning filters from what threads do to them.

    Much code saves the filters of the process and brings them back, scikit-learn's
    checks and loops for example. In threads that overlap, the last one brings back what
    another one has set. Here the filters are as before once the last of the blocks of
    all threads is left, unless somebody has gone back to older ones meanwhile.

    Examples
    --------
    >>> import warnings
    >>> from autonomaly._utils._quiet import kept_filters
    >>> before = list(warnings.filters)
    >>> with kept_filters():
    ...     warnings.simplefilter("error")
    >>> warnings.filters == before
    True
    """
    with _lock:
        _keep()
    try:
        yield
    finally:
        with _lock:
            _let_go()


def quiet_if(foreign):
    """Run code as in :func:`quiet` if it is foreign; else touch nothing.

    Parameters
    ----------
    foreign : bool
        Whether it is.

    Returns
    -------
    context manager
        For a ``with`` statement.

    Examples
    --------
    >>> from autonomaly._utils._quiet import quiet_if
    >>> with quiet_if(False):
    ...     pass
    """
    return quiet() if foreign else contextlib.nullcontext()


def leave_behind(thread):
    """Count the blocks of a thread as left, which nobody waits for any longer.

    Parameters
    ----------
    thread : int
        Its ``ident``.

    Examples
    --------
    >>> import threading
    >>> from autonomaly._utils._quiet import leave_behind
    >>> leave_behind(threading.get_ident())  # has no open block: nothing happens
    """
    with _lock:
        while thread in _open:
            _leave(thread)


def _leave(thread):
    _open.remove(thread)
    if _open:
        _silence()  # some code undoes it, and the block around this one goes on
    else:
        _saved.close()
    _let_go()


def _silence():
    if warnings.filters[:1] != [_SILENCE]:
        warnings.filters.insert(0, _SILENCE)


def _keep():
    global _n_keeping, _number
    _number += _n_keeping == 0
    _n_keeping += 1
    # ``catch_warnings`` puts a copy in place of the list, with the mark. A list without
    # it is what somebody else went back to: that is the one to keep, then.
    filters = warnings.filters
    if _mark() not in filters:
        _kept.append((filters, [f for f in filters if f[2] not in _OURS]))
        filters.append(_mark())


def _mark():
    return ("default", None, _Never, None, _number)


def _let_go():
    global _n_keeping
    _n_keeping -= 1
    if _n_keeping:
        return
    marked = _mark() in warnings.filters
    latest = _kept[-1][0]
    while _kept:  # whoever has saved one of these lists finds it as it was
        filters, entries = _kept.pop()
        filters[:] = entries
    if marked:
        warnings.filters = latest
