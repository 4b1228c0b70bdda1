"""How much of the data to learn from, and how many rows at a time fit the budget."""

import math
import re
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal

from sklearn.base import BaseEstimator

from autonomaly._utils._typing import Memory
from autonomaly.resources._chunk_rows import bytes_per_row, chunk_rows

__all__ = ["MemoryOptimizer", "TrainingPlan", "parse_memory"]

# Rows of the reference: beyond, neighbours and covariances hardly change any more,
# while every row scored costs as much again.
_MAX_REFERENCE = 4000
_MAX_REFERENCE_LARGE = 1000
_LARGE = 100_000
_MIN_REFERENCE = 200
# Rows beyond the reference that set the threshold, where not all of them are scored:
# what is scored if there is time, and what there must be time for.
_SCORED, _FEWEST_SCORED = 20_000, 2000
# A table that comes in parts is held as parts, as one, as numbers, and worked upon.
_COPIES = 4
# Rows of a sample: beyond, shares and quantiles hardly change any more.
_MAX_SAMPLE = 200_000
# Share of the time given that is planned for; the rest is for what came unforeseen.
_PLANNED = 0.7

_UNITS = {"": 1, "b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40}


@dataclass(frozen=True)
class TrainingPlan:
    """How to learn from a table and score it within memory and time.

    Attributes
    ----------
    strategy : {"full_batch", "mini_batch", "sampled_mini_batch"}
        ``"full_batch"``: the table, and batches as large as they are useful, fit into
        the memory limit. ``"mini_batch"``: they would take at most twice the limit;
        batches are smaller, and of a table that comes in chunks no more rows are held
        than fit. ``"sampled_mini_batch"``: they would take more than that.
    n_reference : int
        Rows that detectors are fitted on, at most.
    batch_size : int
        Rows that are scored at a time.
    data_sampling_ratio : float
        Share of the rows that may be held in memory together, in (0, 1].
    estimated_bytes : int
        What holding all rows, and scoring batches of them, would take.
    reference_bytes : int
        What fitting the broad pool on the reference takes at most; beyond the limit
        where even the fewest rows take more.
    estimated_seconds : float
        What fitting, and scoring the rows that must be scored, should take.
    reason : str
        What decided.
    """

    strategy: Literal["full_batch", "mini_batch", "sampled_mini_batch"]
    n_reference: int
    batch_size: int
    data_sampling_ratio: float
    estimated_bytes: int
    reference_bytes: int
    estimated_seconds: float
    reason: str


def parse_memory(memory_limit: Memory | None) -> int | None:
    """Read a memory limit.

    Parameters
    ----------
    memory_limit : int, float, str or None
        Bytes, or a number with a unit such as ``"2GB"`` (1 GB = 2**30 bytes).

    Returns
    -------
    int or None
        Bytes; None for no limit.

    Raises
    ------
    ValueError
        If it cannot be read or is not positive.

    Examples
    --------
    >>> from autonomaly.resources import parse_memory
    >>> parse_memory("1.5 GB")
    1610612736
    """
    if memory_limit is None:
        return None
    if isinstance(memory_limit, str):
        found = re.fullmatch(r"\s*([0-9.]+)\s*([a-z]*)\s*", memory_limit.lower())
        if (
            found
            and found[2] in _UNITS
            and found[1].count(".") <= 1
            and found[1] != "."
        ):
            n_bytes = float(found[1]) * _UNITS[found[2]]
            if 1 <= n_bytes < math.inf:
                return int(n_bytes)
    elif isinstance(memory_limit, Real) and not isinstance(memory_limit, bool):
        if 1 <= memory_limit < math.inf:
            return int(memory_limit)
    raise ValueError(
        f"memory_limit must be a positive number of bytes or a string such as '500MB' "
        f"or '2GB', got {memory_limit!r}."
    )


class MemoryOptimizer(BaseEstimator):
    """Plan how to learn from a table within memory and time.

    Parameters
    ----------
    slowness : float, default=1.0
        How much slower than the machine that the figures of the plan were measured on
        this one is, see :func:`slowness`. Matters for the time only.
    speed : float, default=1.0
        How many times as fast as one thread those are that score, see
        :class:`Parallel`.

    Examples
    --------
    >>> from autonomaly.resources import MemoryOptimizer
    >>> plan = MemoryOptimizer().plan(2_000_000, 20, "1GB")
    >>> plan.strategy, plan.n_reference, plan.data_sampling_ratio
    ('mini_batch', 1000, 0.1)
    >>> MemoryOptimizer().plan(5000, 20).strategy
    'full_batch'
    """

    def __init__(self, *, slowness: float = 1.0, speed: float = 1.0) -> None:
        self.slowness = slowness
        self.speed = speed

    def plan(
        self,
        n_samples: int,
        n_features: int,
        memory_limit: Memory | None = None,
        *,
        time_budget: float | None = None,
        score_all: bool = False,
    ) -> TrainingPlan:
        """Plan.

        Parameters
        ----------
        n_samples, n_features : int
            Shape of the table, once it is numeric.
        memory_limit : int, float, str or None, default=None
            Working memory, see :func:`parse_memory`; None for no limit.
        time_budget : float, default=None
            Seconds that are left; None for no limit.
        score_all : bool, default=False
            Whether every row is scored, and not just enough for the threshold.

        Returns
        -------
        TrainingPlan
            The plan, with its reason.

        Raises
        ------
        ValueError
            If the memory limit cannot be read, or a size or a time is none.
        """
        _check(n_samples, n_features, time_budget)
        _check_positive(slowness=self.slowness, speed=self.speed)
        memory = parse_memory(memory_limit)
        size, reason = _reference(n_samples)
        if memory is not None:
            affordable = memory // _reference_bytes(1, n_features)
            if affordable < size:
                size, reason = (
                    affordable,
                    _allowed("memory_limit", affordable, n_samples),
                )
        size = min(n_samples, max(size, _MIN_REFERENCE))
        rows_later = n_samples - size
        if not score_all:
            rows_later = min(rows_later, _SCORED)
        if time_budget is not None:
            fewest = rows_later if score_all else min(rows_later, _FEWEST_SCORED)
            seconds = _PLANNED * time_budget / self.slowness
            of_one = fewest / self.speed
            affordable = _affordable_reference(n_features, of_one, seconds)
            if affordable < size:
                size, reason = (
                    affordable,
                    _allowed("time_budget", affordable, n_samples),
                )
                size = min(n_samples, max(size, _MIN_REFERENCE))
                rows_later = min(fewest, n_samples - size)
        strategy, ratio = _strategy(n_samples, n_features, memory)
        return TrainingPlan(
            strategy=strategy,
            n_reference=size,
            batch_size=chunk_rows(n_samples, n_features, memory),
            data_sampling_ratio=ratio,
            estimated_bytes=_bytes_at_once(n_samples, n_features),
            reference_bytes=_reference_bytes(size, n_features),
            estimated_seconds=self.slowness
            * _seconds(size, n_features, rows_later / self.speed),
            reason=reason,
        )


def _check(n_samples, n_features, time_budget):
    sizes = {"n_samples": (n_samples, 0), "n_features": (n_features, 1)}
    for name, (size, least) in sizes.items():
        if not isinstance(size, Integral) or isinstance(size, bool) or size < least:
            raise ValueError(
                f"{name} must be an integer of at least {least}, got {size!r}."
            )
    if time_budget is not None and not time_budget >= 0:
        raise ValueError(
            "time_budget must be None or a number of seconds of at least 0, got "
            f"{time_budget!r}."
        )


def _check_positive(**numbers):
    for name, number in numbers.items():
        if not 0 < number < math.inf:
            raise ValueError(
                f"{name} must be a positive, finite number, got {number!r}."
            )


def _allowed(limit, affordable, n_samples):
    """Say why the reference is no larger; fewer than the minimum would be no use."""
    least = min(_MIN_REFERENCE, n_samples)
    if affordable >= least:
        return f"as many rows as {limit} allows"
    return f"{least} rows are the minimum; {limit} would allow fewer"


def _reference(n_samples):
    """Rows of the reference where neither memory nor time is short."""
    limit = _MAX_REFERENCE_LARGE if n_samples > _LARGE else _MAX_REFERENCE
    if n_samples <= limit:
        return n_samples, "all rows can be used as reference"
    reason = f"at most {limit} rows are used as reference"
    if n_samples > _LARGE:
        reason += f" if more than {_LARGE} are scored"
    return limit, reason


def _reference_bytes(n_reference, n_features):
    """Bytes of views, bases, neighbours and scores of the reference, as it is fitted.

    Two of them are held at a time, which is to be half of all at most.
    """
    return n_reference * 4 * 2 * bytes_per_row(n_features)


def _bytes_at_once(n_samples, n_features):
    """Bytes of the table, of its parts and its numbers, and of a batch of rows."""
    batch = chunk_rows(n_samples, n_features)
    return n_samples * _COPIES * 8 * n_features + batch * bytes_per_row(n_features)


def _strategy(n_samples, n_features, memory):
    """Name the strategy, and the share of the rows that may be held in memory."""
    needed = _bytes_at_once(n_samples, n_features)
    if memory is None or needed <= memory:
        return "full_batch", 1.0
    affordable = max(_MIN_REFERENCE, memory // 2 // (_COPIES * 8 * n_features))
    ratio = min(1.0, min(affordable, _MAX_SAMPLE) / n_samples)
    return "mini_batch" if needed <= 2 * memory else "sampled_mini_batch", ratio


# Seconds of the broad pool at three depths of trimming, by rows of the reference r,
# columns d and rows that one thread scores m: measured at r of 500 to 4,000 and d of
# 20 to 600 (benchmarks/budgets.py shows what comes of it).
_FIT_FIXED, _FIT_ROW_COLUMN, _FIT_MORE_COLUMNS = 0.25, 3e-6, 20
_SCORE_FIXED, _SCORE_COLUMN, _SCORE_REFERENCE = 2.2e-5, 5e-7, 2e-8


def _seconds(r, d, m):
    fit = _FIT_FIXED + _FIT_ROW_COLUMN * r * (d + _FIT_MORE_COLUMNS)
    return fit + m * (_SCORE_FIXED + _SCORE_COLUMN * d + _SCORE_REFERENCE * r)


def _affordable_reference(d, m, seconds):
    """Rows of the reference at which `_seconds` is what there is."""
    left = seconds - _seconds(0, d, m)
    per_row = _FIT_ROW_COLUMN * (d + _FIT_MORE_COLUMNS) + m * _SCORE_REFERENCE
    return max(0, int(left / per_row))
