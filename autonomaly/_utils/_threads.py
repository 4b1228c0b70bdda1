"""Threads of the numeric libraries."""

import contextlib
import functools
import os

import joblib
from threadpoolctl import ThreadpoolController

from autonomaly._utils._process_wide import ProcessWide

__all__ = ["one_blas_thread", "one_thread", "openmp_threads"]


@functools.cache
def _controller():
    return ThreadpoolController()  # looks through the loaded libraries: milliseconds


_PROCESS = os.getpid()


def _openmp_if_forked():
    """Keep loops on one thread in a forked process: OpenMP's threads stay behind."""
    if os.getpid() == _PROCESS:
        return contextlib.nullcontext()
    return _controller().limit(limits=1, user_api="openmp")


_limited = ProcessWide(lambda: _controller().limit(limits=1, user_api="blas"))


@contextlib.contextmanager
def one_blas_thread():
    """Run matrix products on one thread.

    Ours are small: handing them to several threads costs more than it saves, several
    times as much where the cores are busy, and the last digits would depend on the
    number of threads.

    Examples
    --------
    >>> from autonomaly._utils._threads import one_blas_thread
    >>> with one_blas_thread():
    ...     pass
    """
    with _limited(), _openmp_if_forked():
        yield


@contextlib.contextmanager
def one_thread():
    """Run matrix products and scikit-learn's loops on one thread.

    For loops over a few rows, where several threads only wait for each other.

    Examples
    --------
    >>> from autonomaly._utils._threads import one_thread
    >>> with one_thread():
    ...     pass
    """
    # OpenMP's number of threads is that of the calling thread, not of the process.
    with _limited(), _controller().limit(limits=1, user_api="openmp"):
        yield


def openmp_threads():
    """Return the number of threads that scikit-learn's loops take by default.

    Returns
    -------
    int
        The cores of this process, or less: ``OMP_NUM_THREADS``, for example.

    Examples
    --------
    >>> from autonomaly._utils._threads import one_thread, openmp_threads
    >>> with one_thread():
    ...     openmp_threads()
    1
    """
    libraries = _controller().select(user_api="openmp").info()
    return min([joblib.cpu_count(), *(lib["num_threads"] for lib in libraries)])
