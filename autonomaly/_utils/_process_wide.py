"""Settings of the whole process, changed by several threads at once."""

import contextlib
import threading

__all__ = ["ProcessWide"]


class ProcessWide:
    """A context that belongs to the process: the first thread enters, the last leaves.

    Threads that each saved and restored a setting for themselves would restore what
    another one has set meanwhile, and leave that behind.

    Parameters
    ----------
    make : callable
        Takes nothing and returns the context manager.

    Examples
    --------
    >>> import contextlib
    >>> from autonomaly._utils._process_wide import ProcessWide
    >>> @contextlib.contextmanager
    ... def setting():
    ...     print("set")
    ...     yield
    ...     print("as before")
    >>> shared = ProcessWide(setting)
    >>> with shared(), shared():
    ...     print("inside")
    set
    inside
    as before
    """

    def __init__(self, make):
        self._make = make
        self._lock = threading.Lock()
        self._inside = 0

    @contextlib.contextmanager
    def __call__(self):
        """Return the context."""
        with self._lock:
            if not self._inside:
                self._context = self._make()
                self._context.__enter__()
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    self._context.__exit__(None, None, None)
