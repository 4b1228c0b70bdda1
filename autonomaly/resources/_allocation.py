"""Which tasks, and how many trials of each, fit into time and memory."""

import os
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
from sklearn.base import BaseEstimator

__all__ = ["Allocation", "ResourceManager", "SystemState", "Task"]

# Up to so many trials of a task, the worth of each number of them is exact.
_EXACT = 500


@dataclass(frozen=True)
class SystemState:
    """What the machine has.

    Attributes
    ----------
    n_cores : int
        Cores that this process may use.
    load : float
        Processes that wanted a core in the last minute; NaN where it is not known.
    memory_total, memory_available : int or None
        Bytes of the machine, or of the container; None where they cannot be read.
    """

    n_cores: int
    load: float
    memory_total: int | None
    memory_available: int | None


@dataclass(frozen=True)
class Task:
    """Something that may be tried once or several times.

    Attributes
    ----------
    name : str
        Its name.
    seconds : float
        Time of one trial, positive.
    bytes : int
        Working memory of one trial.
    value : float
        What one trial is worth, positive; the k-th is worth ``value / k``.
    max_trials : int
        Trials at most.
    kept_bytes : int
        Memory that stays taken once it was tried.
    """

    name: str
    seconds: float
    bytes: int = 0
    value: float = 1.0
    max_trials: int = 1
    kept_bytes: int = 0


@dataclass(frozen=True)
class Allocation:
    """Trials that fit into the budget.

    Attributes
    ----------
    trials : dict of str to int
        Number of trials of every task that is chosen.
    left_out : dict of str to str
        The others, with the reason.
    seconds : float
        Time on all workers together, shared evenly.
    bytes : int
        Memory at the worst moment.
    value : float
        Sum over the trials.
    """

    trials: dict[str, int]
    left_out: dict[str, str]
    seconds: float
    bytes: int
    value: float


class ResourceManager(BaseEstimator):
    """Know what the machine has, and share a budget among tasks.

    Parameters
    ----------
    n_jobs : int, default=1
        Trials that run at a time.

    References
    ----------
    .. [1] Huangfu, Q. and Hall, J. A. J. "Parallelizing the dual revised simplex
           method." Mathematical Programming Computation 10, 2018 (the solver, HiGHS).
           :doi:`10.1007/s12532-017-0130-5`

    Examples
    --------
    >>> from autonomaly.resources import ResourceManager, Task
    >>> tasks = [
    ...     Task("forest", seconds=2.0, value=1.0, max_trials=5),
    ...     Task("knn", seconds=1.0, value=0.9, max_trials=3),
    ...     Task("deep", seconds=60.0, value=5.0),
    ... ]
    >>> allocation = ResourceManager().allocate(tasks, seconds=5.0)
    >>> allocation.trials
    {'forest': 1, 'knn': 3}
    >>> allocation.left_out
    {'deep': 'one trial takes 60 s of 5 s'}
    """

    def __init__(self, *, n_jobs: int = 1) -> None:
        self.n_jobs = n_jobs

    def system_state(self) -> SystemState:
        """Look at the machine.

        Returns
        -------
        SystemState
            As it is now.
        """
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
        return SystemState(joblib.cpu_count(), load, *_memory())

    def allocate(
        self,
        tasks: list[Task],
        seconds: float | None,
        memory: int | None = None,
        *,
        max_trials: int | None = None,
    ) -> Allocation:
        """Choose tasks and numbers of trials.

        An integer programme: the worth of all trials is as large as can be, while
        their time and memory stay within the budget. Equal parts of the time are worth
        less the more trials of a task were made already.

        Parameters
        ----------
        tasks : list of Task
            What there is to do; names must differ.
        seconds : float or None
            Wall time; None for no limit.
        memory : int, default=None
            Bytes; None for no limit.
        max_trials : int, default=None
            Trials of all tasks together, at most; None for no limit.

        Returns
        -------
        Allocation
            The trials, and why the other tasks are left out.

        Raises
        ------
        ValueError
            If a task or the budget is not positive, or two tasks have one name.
        """
        seconds = np.inf if seconds is None else seconds
        _check(tasks, seconds, memory, max_trials, self.n_jobs)
        left_out = {}
        for task in tasks:
            needed = self.n_jobs * task.bytes + task.kept_bytes
            if task.seconds > seconds:
                left_out[task.name] = (
                    f"one trial takes {task.seconds:.3g} s of {seconds:.3g} s"
                )
            elif memory is not None and needed > memory:
                left_out[task.name] = f"it needs {needed} bytes of {memory}"
        able = [task for task in tasks if task.name not in left_out]
        limits = seconds, memory, max_trials
        counts = _solve(able, *limits, self.n_jobs) if able else []
        trials = {t.name: int(c) for t, c in zip(able, counts, strict=True) if round(c)}
        for task in able:
            if task.name not in trials:
                left_out[task.name] = "other trials are worth more for the same budget"
        chosen = [task for task in able if task.name in trials]
        return Allocation(
            trials,
            left_out,
            sum(t.seconds * trials[t.name] for t in chosen) / self.n_jobs,
            sum(t.kept_bytes for t in chosen)
            + self.n_jobs * max((t.bytes for t in chosen), default=0),
            sum(t.value * _worth(trials[t.name]) for t in chosen),
        )


def _worth(n_trials):
    return float((1 / np.arange(1, n_trials + 1)).sum())


def _check(tasks, seconds, memory, max_trials, n_jobs):
    names = [task.name for task in tasks]
    if len(set(names)) < len(names):
        raise ValueError(f"Names of tasks must be unique, got {sorted(names)}.")
    limits = [limit for limit in (memory, max_trials) if limit is not None]
    if not seconds > 0 or not n_jobs >= 1 or not all(limit > 0 for limit in limits):
        raise ValueError(
            f"Budgets must be positive, or None for no limit, got seconds={seconds!r}, "
            f"memory={memory!r}, max_trials={max_trials!r} and n_jobs={n_jobs!r}."
        )
    for task in tasks:
        positive = task.seconds > 0 and 0 < task.value < np.inf and task.max_trials >= 1
        if not positive or task.bytes < 0 or task.kept_bytes < 0:
            raise ValueError(
                f"Seconds, value and max_trials of a task must be positive, its value "
                f"finite and its bytes not negative, got {task}."
            )


def _solve(tasks, seconds, memory, max_trials, n_jobs):
    """Give the number of trials per task.

    The worth of a task is concave in its trials: it lies below all lines through
    neighbouring numbers of them, and on one of them where the number is whole.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    n = len(tasks)
    cost = np.array([t.seconds for t in tasks])
    most = np.array([t.max_trials for t in tasks])
    if max_trials is not None:
        most = np.minimum(most, max_trials)
    if seconds < np.inf:  # whole trials on each worker
        fit = np.floor(seconds / cost + 1e-9) * n_jobs
        most = np.minimum(most, fit).astype(int)
    # Variables: trials, worth, whether a task is chosen, and the working memory of the
    # largest one that is; bytes and seconds are of the order of one, for the solver.
    x, v, y, w = np.arange(n), n + np.arange(n), 2 * n + np.arange(n), 3 * n
    rows, columns, data, upper = [], [], [], []

    def constrain(terms, limits):
        for column, values in terms:
            column, values = np.broadcast_arrays(column, values)
            rows.append(len(upper) + np.arange(len(limits)))
            columns.append(column)
            data.append(values)
        upper.extend(limits)

    def constrain_sum(column, values, limit):
        rows.append(np.full(len(column), len(upper)))
        columns.append(column)
        data.append(values)
        upper.append(limit)

    for i, task in enumerate(tasks):
        k = np.arange(most[i])
        before = task.value * np.concatenate([[0.0], np.cumsum(1 / (k[:-1] + 1))])
        if len(k) > _EXACT:  # so many trials are told apart by a thousandth only
            some = np.geomspace(_EXACT, len(k) - 1, _EXACT).astype(int)
            k = np.concatenate([k[:_EXACT], np.unique(some)])
            before = before[k]
        slope = task.value / (k + 1)
        constrain([(np.full(len(k), v[i]), 1.0), (x[i], -slope)], before - slope * k)
    if seconds < np.inf:
        constrain_sum(x, cost / (seconds * n_jobs), 1.0)
    if max_trials is not None:
        constrain_sum(x, np.ones(n), max_trials)
    if memory is not None:
        kept = np.array([t.kept_bytes for t in tasks]) / memory
        working = np.array([t.bytes for t in tasks]) / memory
        constrain_sum(np.r_[y, w], np.r_[kept, n_jobs], 1.0)
        constrain([(y, working), (np.full(n, w), -1.0)], np.zeros(n))
        constrain([(x, 1.0), (y, -most.astype(float))], np.zeros(n))
    shape = len(upper), 3 * n + 1
    places = np.concatenate(rows), np.concatenate(columns)
    matrix = csr_array((np.concatenate(data), places), shape=shape)
    found = milp(
        np.r_[np.zeros(n), -np.ones(n), np.zeros(n + 1)],
        constraints=LinearConstraint(matrix, ub=np.array(upper, dtype=float)),
        integrality=np.r_[np.ones(n), np.zeros(n), np.ones(n), 0],
        bounds=Bounds(0, np.r_[most, np.full(n, np.inf), np.ones(n), np.inf]),
        options={"time_limit": float(np.clip(seconds / 20, 0.2, 5.0))},
    )
    if found.x is None:  # a busy machine: what is good and fits, found at once
        return _greedy(tasks, most, seconds * n_jobs, memory, max_trials, n_jobs)
    return np.round(found.x[:n]).astype(int)


def _greedy(tasks, most, total, memory, max_trials, n_jobs):
    """Take the trial that is worth most for its time, as long as one fits."""
    counts = np.zeros(len(tasks), dtype=int)

    def fits(i):
        more = counts + (np.arange(len(tasks)) == i)
        chosen = [t for t, count in zip(tasks, more, strict=True) if count]
        held = sum(t.kept_bytes for t in chosen)
        held += n_jobs * max(t.bytes for t in chosen)
        return (
            more[i] <= most[i]
            and sum(t.seconds * k for t, k in zip(tasks, more, strict=True)) <= total
            and (max_trials is None or more.sum() <= max_trials)
            and (memory is None or held <= memory)
        )

    while able := [i for i in range(len(tasks)) if fits(i)]:
        best = max(
            able, key=lambda i: tasks[i].value / (counts[i] + 1) / tasks[i].seconds
        )
        counts[best] += 1
    return counts


def _memory():
    """Bytes in total and available: of the container, where it has a limit."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        fields = dict(
            line.split(":", 1)
            for line in meminfo.read_text().splitlines()
            if ":" in line
        )
        total, available = (
            1024 * int(fields[name].split()[0]) if name in fields else None
            for name in ("MemTotal", "MemAvailable")
        )
    elif hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        available = None
    else:
        total = available = None
    limit, used = (
        _number(Path("/sys/fs/cgroup") / name)
        for name in ("memory.max", "memory.current")
    )
    if limit is not None:
        total = limit if total is None else min(total, limit)
        if used is not None:
            left = max(0, limit - used)
            available = left if available is None else min(available, left)
    return total, available


def _number(path):
    """Read a number from a file; None if there is none ("max" is no limit)."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
