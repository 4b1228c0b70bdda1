"""What an algorithm costs, from the seconds that the knowledge base holds."""

import numpy as np

from autonomaly.selection._knowledge import KnowledgeBase
from autonomaly.selection._pool import PoolMember

__all__ = ["KnowledgeCosts"]

# A neighbour search is shared by the members of a view and is not in the seconds of
# the base. Seconds of one search for 60 neighbours of all rows on one core, measured
# at 500 to 4,000 rows and 5 to 80 columns:
_PER_ROW, _PER_PAIR, _COLUMNS = 2.5e-5, 4e-9, 60.0
_SEARCHING = ("knn", "lof")
# Nor is what PyOD imports, and numba compiles, before the first result of a process:
# seconds of one core, first fit less second, each in a process of its own.
_FIRST_USE = {"pyod_hbos": 4.7, "pyod_cblof": 4.9, "pyod_abod": 1.8}
_FIRST_USE_OF_PYOD = 0.3
_MIN_TASKS = 5


class KnowledgeCosts:
    """Seconds that members take, by the seconds they took on the tasks of the base.

    The logarithm of the seconds is regressed on those of rows and columns. A member
    that was not measured takes as long as the slowest that was. What PyOD compiles when
    a process first uses it counts as well. The seconds were measured on one, busy
    machine: they say which member is slower, and about by what factor, not how long it
    takes elsewhere; :class:`autonomaly.resources.CostModel` measures that.

    Parameters
    ----------
    base : KnowledgeBase
        What was measured.

    Examples
    --------
    >>> from autonomaly.selection import POOL, KnowledgeBase, KnowledgeCosts
    >>> from autonomaly.selection import MetaFeaturesExtractor
    >>> base = KnowledgeBase([{"schema": 1, "algorithms": [], "tasks": [],
    ...                        "meta_features": MetaFeaturesExtractor.feature_names()}])
    >>> KnowledgeCosts(base)(POOL[0], 1000, 20) is None  # nothing was measured
    True
    """

    def __init__(self, base: KnowledgeBase) -> None:
        self.lines = {}
        inputs = np.log(np.maximum(base.sizes, 1))
        for algorithm, seconds in zip(base.algorithms, base.seconds.T, strict=True):
            key = _key(algorithm)
            there = seconds > 0
            # Robust detectors are not fitted again to a trimmed reference.
            if algorithm.trimmed == 0 and there.sum() >= _MIN_TASKS:
                rows = np.column_stack([np.ones(there.sum()), inputs[there]])
                target = np.log(seconds[there])
                self.lines[key] = _line(rows, target)

    def __call__(self, member: PoolMember, n_rows: int, n_columns: int) -> float | None:
        """Estimate the seconds of a member.

        Parameters
        ----------
        member : PoolMember
            The member.
        n_rows, n_columns : int
            What it is fitted on.

        Returns
        -------
        float or None
            Seconds; None where nothing was measured at all.
        """
        point = np.array([1.0, np.log(max(n_rows, 1)), np.log(max(n_columns, 1))])
        line = self.lines.get(_key(member))
        if line is None:
            if not self.lines:
                return None
            seconds = max(float(np.exp(point @ own)) for own in self.lines.values())
        else:
            seconds = float(np.exp(point @ line))
        if member.detector in _SEARCHING:
            pairs = n_rows**2 * (1 + n_columns / _COLUMNS)
            seconds += _PER_ROW * n_rows + _PER_PAIR * pairs
        if member.detector.startswith("pyod_"):
            seconds += _FIRST_USE.get(member.detector, _FIRST_USE_OF_PYOD)
        return seconds


def _key(algorithm):
    return (
        algorithm.detector,
        algorithm.view,
        repr(sorted(algorithm.parameters.items())),
    )


def _line(rows, target):
    """Fit a line whose slopes are kept within what such costs can be."""
    center = rows.mean(axis=0)
    centred = rows[:, 1:] - center[1:]
    gram = centred.T @ centred + np.eye(2)  # towards no growth where sizes are alike
    slopes = np.linalg.solve(gram, centred.T @ (target - target.mean()))
    slopes = np.clip(slopes, 0.0, 2.0)
    return np.array([target.mean() - slopes @ center[1:], *slopes])
