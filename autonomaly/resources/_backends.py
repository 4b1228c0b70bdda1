"""Parallel work wherever the user wants it, on clusters that lose workers, too."""

import functools
import uuid
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import joblib
from joblib.parallel import LokyBackend, MultiprocessingBackend, get_active_backend

from autonomaly._utils._quiet import kept_filters
from autonomaly._utils._threads import openmp_threads
from autonomaly.resources._deadline import Deadline, OutOfTime, run_within

__all__ = ["Parallel", "parallel_threads", "run_here", "workers_in_time"]

# What each worker beyond the first adds to the speed of the first: they share memory
# and Python's lock. Two threads that score chunks were 1.3 to 1.7 times as fast as one.
_SPEED_OF_ANOTHER = 0.5
# Processes take seconds to come up. With less time than this they are not started; if
# they take more than this share of it, they are done without.
_WORTH_WORKERS = 10.0
_WAITING_SHARE = 0.25


class Parallel(joblib.Parallel):
    """joblib's Parallel, with a Dask backend that survives the loss of workers.

    Everything in this package that runs in parallel goes through it, so that
    ``joblib.parallel_config(backend=...)`` moves it to threads, processes or a cluster.
    With Dask, joblib scatters large arguments; they are lost with the worker that holds
    them, and the call fails or never ends. Here they are results of tasks, which the
    scheduler computes anew. Workers do not start parallel work of their own.

    Parameters
    ----------
    n_jobs : int, default=None
        Tasks at a time; Dask uses the whole cluster.
    **options : dict
        As of ``joblib.Parallel``.

    Examples
    --------
    >>> from joblib import delayed
    >>> from autonomaly.resources import Parallel
    >>> Parallel(n_jobs=1)(delayed(abs)(i) for i in (-1, 2))
    [1, 2]
    """

    def __init__(self, n_jobs: int | None = None, **options: Any) -> None:
        if "backend" not in options:
            active, _ = get_active_backend()
            if type(active).__module__ == "joblib._dask":
                options["backend"] = _enduring_backend()(client=active.client)
        super().__init__(n_jobs, **options)

    @property
    def shares_memory(self) -> bool:
        """Whether tasks run in this process, on the very objects they are given."""
        return getattr(self._backend, "supports_sharedmem", False)

    @property
    def speed(self) -> float:
        """How many times as fast as one after the other tasks should be done."""
        return 1 + _SPEED_OF_ANOTHER * (self._effective_n_jobs() - 1)

    def __call__(self, iterable: Iterable[Any]) -> list[Any]:
        """Run the tasks.

        Parameters
        ----------
        iterable : iterable of delayed calls
            The tasks.

        Returns
        -------
        list
            Their results.
        """
        if not self.shares_memory or self._backend.effective_n_jobs(self.n_jobs) == 1:
            return super().__call__(iterable)
        with kept_filters():
            return super().__call__(iterable)


def parallel_threads(
    n_jobs: int | None = None,
    *,
    n_tasks: int | None = None,
    automatic: bool = True,
    here: bool = False,
    **options: Any,
) -> Parallel:
    """Return what runs tasks in threads: those that spend their time in NumPy.

    Parameters
    ----------
    n_jobs : int, default=None
        Tasks at a time. If None and neither ``joblib.parallel_config`` nor parallel
        work around this says how many, as many as scikit-learn's own loops would take:
        the cores, or ``OMP_NUM_THREADS``.
    n_tasks : int, default=None
        Number of tasks, where it is known; more threads are not started.
    automatic : bool, default=True
        Whether None may mean more than one; False for code that may not be fit for it.
    here : bool, default=False
        Whether tasks must not leave the process, since they change what they are given.
        Where processes or a cluster do the parallel work, they come one by one.
    **options : dict
        As of ``joblib.Parallel``.

    Returns
    -------
    Parallel
        To be called with the tasks.

    Examples
    --------
    >>> from joblib import delayed
    >>> from autonomaly.resources import parallel_threads
    >>> parallel_threads(n_tasks=2)(delayed(abs)(i) for i in (-1, 2))
    [1, 2]
    """
    backend, wanted = get_active_backend()
    nobody_asked = (
        n_jobs is None
        and wanted is None
        and backend.nesting_level == 0
        and isinstance(backend, LokyBackend)
    )
    if n_jobs is None:
        n_jobs = wanted  # joblib overlooks it where threads are preferred
    if automatic and nobody_asked:
        n_jobs = openmp_threads()
        options["backend"] = "threading"  # whatever backend is set without a number
    if n_tasks is not None and n_jobs is not None and n_jobs > n_tasks:
        n_jobs = max(1, n_tasks)
    parallel = Parallel(n_jobs, prefer="threads", **options)
    if here and not parallel.shares_memory:
        return Parallel(1, backend="threading", **options)
    return parallel


def run_here() -> AbstractContextManager[Any]:
    """Keep parallel work within a block in this thread.

    Tasks are the only level of parallelism: what estimators of scikit-learn start
    within one must not go to the cluster again.

    Returns
    -------
    context manager
        For a ``with`` statement.

    Examples
    --------
    >>> from autonomaly.resources import run_here
    >>> with run_here():
    ...     pass
    """
    return joblib.parallel_config(backend="sequential")


def workers_in_time(n_jobs: int | None, deadline: Deadline) -> int:
    """Start the workers, and tell how many there will be in time.

    Parameters
    ----------
    n_jobs : int or None
        Tasks at a time, as of ``joblib.Parallel``.
    deadline : Deadline
        When all of the work is to be done.

    Returns
    -------
    int
        Tasks that can run at a time; 1 where processes of this machine would take too
        much of the time to come up.

    Examples
    --------
    >>> from autonomaly.resources import Deadline, workers_in_time
    >>> workers_in_time(1, Deadline(None)), workers_in_time(2, Deadline(1.0))
    (1, 1)
    """
    wanted = joblib.effective_n_jobs(n_jobs)
    backend, _ = get_active_backend()
    processes = isinstance(backend, (LokyBackend, MultiprocessingBackend))
    if wanted == 1 or deadline.seconds is None or not processes:
        return wanted
    if deadline.remaining < _WORTH_WORKERS:
        return 1
    calls = [joblib.delayed(_itself)(i) for i in range(wanted)]
    try:
        run_within(
            deadline,
            "the start of the workers",
            lambda: Parallel(n_jobs)(calls),
            share=_WAITING_SHARE,
        )
    except OutOfTime:
        return 1
    return wanted


@functools.cache
def _enduring_backend():
    """Make the backend; joblib's own is looked up when Dask is in use only."""
    from joblib._dask import DaskDistributedBackend

    class EnduringDaskBackend(DaskDistributedBackend):
        def start_call(self):
            self._sent = {}  # id -> (argument, future): while it lives, so does its id
            super().start_call()

        def stop_call(self):
            super().stop_call()
            self._sent = {}

        async def _to_func_args(self, func):
            tasks = [
                (
                    function,
                    [self._send(argument) for argument in arguments],
                    {name: self._send(value) for name, value in options.items()},
                )
                for function, arguments, options in func.items
            ]
            return _Batch(tasks), tasks

        def _send(self, argument):
            """Send objects once, as the results of tasks."""
            if id(argument) in self._sent:
                return self._sent[id(argument)][1]
            if not hasattr(argument, "__dict__") or callable(argument):
                return argument  # arrays and numbers: each task has its own
            key = f"autonomaly-{type(argument).__name__}-{uuid.uuid4().hex}"
            future = self.client.submit(_itself, argument, key=key)
            self._sent[id(argument)] = argument, future
            return future

    return EnduringDaskBackend


class _Batch:
    """Some tasks that a worker runs one after the other."""

    def __init__(self, tasks):
        self._name = getattr(tasks[0][0], "__name__", "call") if tasks else "none"

    def __repr__(self):
        return f"autonomaly-{self._name}"

    def __call__(self, tasks):
        with run_here():
            return [task(*arguments, **options) for task, arguments, options in tasks]


def _itself(argument):
    return argument
