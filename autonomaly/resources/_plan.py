"""How large a reference and how many rows at a time fit the budget."""

import math
import re
from dataclasses import dataclass
from numbers import Real

__all__ = ["ReferencePlan", "parse_memory", "plan_reference"]

# Rows of the reference: beyond, neighbours and covariances hardly change any more,
# while every row scored costs as much again.
_MAX_REFERENCE = 4000
_MAX_REFERENCE_LARGE = 1000
_LARGE = 100_000
_MIN_REFERENCE = 200

_UNITS = {"": 1, "b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40}


@dataclass(frozen=True)
class ReferencePlan:
    """The rows detectors are fitted on, and the reason.

    Attributes
    ----------
    n_reference : int
        Rows of the reference at most.
    reason : str
        What decided.
    """

    n_reference: int
    reason: str


def parse_memory(memory_limit):
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
    elif isinstance(memory_limit, Real) and 1 <= memory_limit < math.inf:
        return int(memory_limit)
    raise ValueError(
        f"memory_limit={memory_limit!r} cannot be read; pass a positive number of "
        f"bytes or a string such as '500MB' or '2GB'"
    )


def plan_reference(n_samples, n_columns, *, memory_limit=None, time_budget=None):
    """Plan the reference.

    Parameters
    ----------
    n_samples, n_columns : int
        Shape of the numeric matrix.
    memory_limit : int, default=None
        Bytes.
    time_budget : float, default=None
        Seconds.

    Returns
    -------
    ReferencePlan
        Rows and reason.

    Examples
    --------
    >>> from autonomaly.resources import plan_reference
    >>> plan_reference(1_000_000, 10).n_reference
    1000
    """
    large = n_samples > _LARGE
    limit = _MAX_REFERENCE_LARGE if large else _MAX_REFERENCE
    reason = f"at most {limit} rows serve as reference"
    if large:
        reason += f" where more than {_LARGE} are to be scored"
    if n_samples <= limit:
        limit, reason = n_samples, "every row serves as reference"
    if memory_limit is not None:
        # Views, bases, neighbours and scores of the reference, twice while fitting.
        affordable = int(memory_limit / 4 / (8 * 2 * (20 * n_columns + 300)))
        if affordable < limit:
            limit, reason = affordable, "as many rows as memory_limit allows"
    if time_budget is not None:
        # Three seconds for 5,000 rows of 20 columns on one busy core, measured;
        # growing with rows times columns. Half of the budget is left for the rest.
        affordable = int(0.5 * time_budget / 3.0 * 5000 * 20 / max(n_columns, 5))
        if affordable < limit:
            limit, reason = affordable, "as many rows as time_budget allows"
    return ReferencePlan(min(n_samples, max(limit, _MIN_REFERENCE)), reason)
