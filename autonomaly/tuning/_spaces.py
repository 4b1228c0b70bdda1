"""Search spaces: what a hyperparameter may be, and how strategies walk there."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from autonomaly._utils._quiet import quiet
from autonomaly.detectors import DetectorAdapter, catalogue
from autonomaly.detectors._registration import entry_fault

__all__ = ["Choice", "Range", "SearchSpace", "default_search_space"]


@dataclass(frozen=True)
class Choice:
    """One of a few values.

    Attributes
    ----------
    values : tuple
        What it may be.
    """

    values: tuple[Any, ...]

    @property
    def n_values(self):
        """How many values it may have."""
        return len(self.values)

    def at(self, unit):
        """Return the value at a place in [0, 1)."""
        return self.values[min(int(unit * len(self.values)), len(self.values) - 1)]

    def near(self, value, rng):
        """Return another value; there is no order, so none is nearer."""
        return self.at(rng.uniform())

    def grid(self, n_points):
        """Return all values."""
        return list(self.values)

    def contains(self, value):
        """Tell whether a value is one of these."""
        return any(_same(v, value) for v in self.values)

    def rvs(self, size=None, random_state=None):
        """Draw a value, as scikit-learn's samplers ask for it."""
        return self.at(random_state.uniform())

    def dimension(self):
        """Return the dimension of scikit-optimize for the positions of the values.

        Values themselves may be anything, which scikit-optimize could not take.
        """
        from skopt.space import Categorical

        return Categorical(tuple(range(len(self.values))))

    def encode(self, value):
        """Return what stands for a value in the dimension."""
        return next(i for i, v in enumerate(self.values) if _same(v, value))

    def decode(self, code):
        """Return the value that something in the dimension stands for."""
        return self.values[code]


@dataclass(frozen=True)
class Range:
    """A number between two others, both included.

    Attributes
    ----------
    low, high : int or float
        The ends; the range is of whole numbers if both are.
    log : bool
        Whether factors count rather than differences.
    """

    low: Real
    high: Real
    log: bool = False

    @property
    def n_values(self):
        """How many values it may have."""
        return self.high - self.low + 1 if self.is_integer else np.inf

    @property
    def is_integer(self):
        """Whether only whole numbers are meant."""
        return isinstance(self.low, Integral) and isinstance(self.high, Integral)

    def at(self, unit):
        """Return the value at a place in [0, 1)."""
        if unit in (0, 1):  # the ends to the last digit
            return self.high if unit else self.low
        low, high, unit = float(self.low), float(self.high), float(unit)
        if self.log:
            value = low * (high / low) ** unit
        else:
            value = low + unit * (high - low)
        value = round(value) if self.is_integer else value
        return min(max(value, self.low), self.high)

    def _place(self, value):
        low, high = float(self.low), float(self.high)
        if self.log:
            return np.log(value / low) / np.log(high / low)
        return (value - low) / (high - low)

    def near(self, value, rng):
        """Return a value a normal step away, a fifth of the range wide."""
        unit = self._place(value) + rng.normal(scale=0.2)
        return self.at(float(np.clip(unit, 0.0, 1.0)))

    def grid(self, n_points):
        """Return values at equal steps from end to end."""
        values = [self.at(unit) for unit in np.linspace(0.0, 1.0, n_points)]
        return list(dict.fromkeys(values))

    def contains(self, value):
        """Tell whether a value lies in the range."""
        if isinstance(value, bool) or not isinstance(value, Real):
            return False
        whole = isinstance(value, Integral) or not self.is_integer
        return whole and self.low <= value <= self.high

    def rvs(self, size=None, random_state=None):
        """Draw a value, as scikit-learn's samplers ask for it."""
        return self.at(random_state.uniform())

    def dimension(self):
        """Return the dimension of scikit-optimize that it is."""
        from skopt.space import Integer, Real

        kind = Integer if self.is_integer else Real
        prior = "log-uniform" if self.log else "uniform"
        return kind(self.low, self.high, prior=prior)

    def encode(self, value):
        """Return what stands for a value in the dimension."""
        return value

    def decode(self, code):
        """Return the value that something in the dimension stands for."""
        # a logarithmic dimension may miss its own ends in the last digit
        value = min(max(code, self.low), self.high)
        return int(value) if self.is_integer else float(value)


class SearchSpace:
    """Where a search looks: one or several sets of hyperparameters.

    Parameters
    ----------
    space : dict or list of dict
        Hyperparameter to a list of values, to ``(low, high)`` or to
        ``(low, high, "log")``. A list of dicts means one of them.

    Attributes
    ----------
    parts : list of dict of str to Choice or Range
        The sets.

    Raises
    ------
    ValueError
        If an entry cannot be read.

    Examples
    --------
    >>> from autonomaly.tuning._spaces import SearchSpace
    >>> space = SearchSpace({"k": (1, 100, "log"), "metric": ["l1", "l2"]})
    >>> space.parts[0]["k"].grid(3)
    [1, 10, 100]
    """

    def __init__(self, space):
        parts = [space] if isinstance(space, dict) else space
        if not isinstance(parts, (list, tuple)) or not all(
            isinstance(part, dict) for part in parts
        ):
            raise ValueError(
                f"search_space must be a dict of hyperparameters or a list of such "
                f"dicts, got {space!r}."
            )
        if not parts or not all(parts):
            raise ValueError(
                f"search_space={space!r} is empty or has an empty part. Name at least "
                f'one hyperparameter, for example {{"n_neighbors": (2, 50)}}.'
            )
        self.parts = [
            {name: _read(name, entry) for name, entry in part.items()} for part in parts
        ]

    @property
    def n_settings(self):
        """Number of settings there are; infinite with a range of real numbers."""
        return sum(self.sizes)

    @property
    def sizes(self):
        """Number of settings of each set."""
        return [
            float(np.prod([float(axis.n_values) for axis in part.values()]))
            for part in self.parts
        ]

    def cross(self, first, second, rng):
        """Mix two settings and change about one value of the child."""
        part = self.part_of(first)
        if part is not self.part_of(second):
            second = first  # settings of different sets have nothing to exchange
        child = {
            name: first[name] if rng.uniform() < 0.5 else second[name] for name in part
        }
        changed = [name for name in part if rng.uniform() < 1 / len(part)]
        for name in changed or [list(part)[rng.randint(len(part))]]:
            child[name] = part[name].near(child[name], rng)
        return child

    def part_of(self, params):
        """Return the set that a setting belongs to, None if it is of none."""
        for part in self.parts:
            if part.keys() == params.keys() and all(
                axis.contains(params[name]) for name, axis in part.items()
            ):
                return part
        return None


def _same(first, second):
    return first is second or (type(first) is type(second) and first == second)


def _read(name, entry):
    if why := entry_fault(entry):
        raise ValueError(
            f"search_space[{name!r}]={entry!r} {why}; pass a list of values, (low, "
            f'high) or (low, high, "log")'
        )
    if isinstance(entry, tuple):
        low, high, *scale = entry
        return Range(low, high, scale == ["log"])
    return Choice(tuple(entry))


def default_search_space(estimator: Any) -> dict[str, Any]:
    """Look up in the catalogue what is worth searching for an estimator.

    Parameters
    ----------
    estimator : estimator or Pipeline
        A detector of the catalogue, or a Pipeline that ends in one.

    Returns
    -------
    dict
        Names of hyperparameters as ``estimator.set_params`` takes them, to values or
        ranges; see :class:`~autonomaly.detectors.DetectorSpec`.

    Raises
    ------
    ValueError
        If the catalogue does not know the detector, or nothing to tune in it.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from autonomaly.detectors import KNNDetector
    >>> from autonomaly.preprocessing import RobustView
    >>> from autonomaly.tuning import default_search_space
    >>> default_search_space(make_pipeline(RobustView(), KNNDetector()))
    {'knndetector__n_neighbors': (2, 100, 'log')}
    """
    path, detector = "", estimator
    while True:
        if isinstance(detector, Pipeline):
            step, detector = detector.steps[-1]
            path += f"{step}__"
        elif isinstance(detector, DetectorAdapter):
            detector = detector.estimator
            path += "estimator__"
        else:
            break
    kind = type(detector)
    for spec in catalogue().values():
        if spec.search_space and _makes(spec, kind):
            return {f"{path}{name}": e for name, e in spec.search_space.items()}
    raise ValueError(
        f"The catalogue has no search space for {kind.__name__}. Pass search_space, "
        f"for example {{'{path}n_neighbors': (2, 50)}}, or register the detector with "
        f"one."
    )


def _makes(spec, kind):
    """Tell whether a detector of the catalogue is of a class."""
    named = getattr(spec.factory, "name", getattr(spec.factory, "__name__", None))
    if named != kind.__name__:
        return False  # without importing the package that it comes from
    with quiet():
        return type(spec.make()) is kind
