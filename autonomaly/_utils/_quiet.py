"""Foreign code, run so that it leaves no trace in the process."""

import contextlib
import threading
import warnings

import numpy as np

__all__ = ["leave_behind", "quiet"]

# Warning filters and NumPy's random numbers belong to the whole process, and a thread
# that is left behind may end whenever it likes. So the blocks of all threads are
# counted: the first one that is entered saves the state, the last one that is left
# brings it back.
_lock = threading.RLock()
_open: list[int] = []  # the threads whose blocks are open
_saved = contextlib.ExitStack()


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
            _saved.enter_context(warnings.catch_warnings())
            _saved.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002
        _open.append(thread)
        warnings.simplefilter("ignore")
        state = np.random.get_state()  # noqa: NPY002
        np.random.seed(0)  # noqa: NPY002
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        with _lock:
            if thread in _open:
                _open.remove(thread)
                np.random.set_state(state)  # noqa: NPY002
                # Some code undoes the filter, and the block around this one goes on.
                warnings.simplefilter("ignore")
                _restore_after_the_last()


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
        if thread in _open:
            _open[:] = [other for other in _open if other != thread]
            _restore_after_the_last()


def _restore_after_the_last():
    if not _open:
        _saved.close()
