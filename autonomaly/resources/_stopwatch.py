"""How fast this machine is now, and what each piece of a work costs on it."""

import contextlib
import threading
import time
from collections.abc import Hashable, Iterator

import numpy as np

__all__ = ["Stopwatch", "slowness"]

# Seconds of the probe on the machine that the figures of the plan were measured on,
# when nothing else ran there.
_PROBE_SECONDS = 0.0028
_PROBE_ROUNDS = 5


def slowness() -> float:
    """Measure how much slower this machine is now than the one planned for.

    Returns
    -------
    float
        Wall time of a small fixed piece of work, relative to what it takes on the
        idle machine the plan's figures come from; at least 0.5. A busy machine is a
        slow one.

    Examples
    --------
    >>> from autonomaly.resources import slowness
    >>> slowness() >= 0.5
    True
    """
    X = np.linspace(-1.0, 1.0, 400 * 30).reshape(400, 30)
    seconds = []
    for _ in range(1 + _PROBE_ROUNDS):
        started = time.perf_counter()
        for _ in range(2):
            distances = np.sqrt(np.maximum(2.0 - X @ X.T, 0))
            np.argpartition(distances, 20, axis=1)
        seconds.append(time.perf_counter() - started)
    # The first round in a process starts threads and takes memory. The mean, not the
    # best, of the others: waiting for a core is what is to be seen.
    return max(0.5, float(np.mean(seconds[1:])) / _PROBE_SECONDS)


class Stopwatch:
    """Seconds per row, by what they are spent on.

    Later measurements count twice as much as those before: load comes and goes.

    Examples
    --------
    >>> from autonomaly.resources import Stopwatch
    >>> costs = Stopwatch()
    >>> costs.add("knn", seconds=2.0, n_rows=100)
    >>> costs.per_row("knn"), costs.per_row("unknown")
    (0.02, 0.0)
    """

    def __init__(self) -> None:
        self._spent: dict[Hashable, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def __getstate__(self):
        return {"_spent": self._spent}

    def __setstate__(self, state):
        self.__dict__.update(state, _lock=threading.Lock())

    def update(self, other: "Stopwatch") -> None:
        """Add the measurements of others, made elsewhere.

        Parameters
        ----------
        other : Stopwatch
            The others.
        """
        for key, (seconds, n_rows) in other._spent.items():
            self.add(key, seconds=seconds, n_rows=n_rows)

    def add(self, key: Hashable, *, seconds: float, n_rows: float) -> None:
        """Add a measurement.

        Parameters
        ----------
        key : hashable
            What the time was spent on.
        seconds : float
            How much of it.
        n_rows : float
            For how many rows.
        """
        with self._lock:
            old_seconds, old_rows = self._spent.get(key, (0.0, 0.0))
            self._spent[key] = old_seconds / 2 + seconds, old_rows / 2 + n_rows

    @contextlib.contextmanager
    def measured(self, key: Hashable, n_rows: int) -> Iterator[None]:
        """Measure the block of a ``with`` statement.

        Parameters
        ----------
        key : hashable
            What the time is spent on.
        n_rows : int
            For how many rows.
        """
        started = time.perf_counter()
        yield
        self.add(key, seconds=time.perf_counter() - started, n_rows=n_rows)

    def per_row(self, *keys: Hashable) -> float:
        """Give the seconds that one row costs.

        Parameters
        ----------
        *keys : hashable
            Kinds of work; those never measured cost nothing.

        Returns
        -------
        float
            Their sum.
        """
        known = (self._spent[key] for key in keys if key in self._spent)
        return float(sum(seconds / n_rows for seconds, n_rows in known if n_rows))
