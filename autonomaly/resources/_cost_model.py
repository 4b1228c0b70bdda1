"""What algorithms cost on this machine: measured on small tables, then predicted."""

import json
import os
import platform
import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from autonomaly._utils._atomic import atomic_path

__all__ = ["CostEstimate", "CostModel"]

# Rows and columns that are measured, cheapest first; each shape tells one more of the
# growth in rows, in columns, and in both.
_SHAPES = ((100, 4), (400, 4), (100, 24), (400, 24), (1200, 8), (1600, 4), (1600, 24))
# At least so many shapes are measured, however slow an algorithm is.
_FEWEST_SHAPES = 4
# Algorithms measured before in this process, by name, parameters and seed.
_MEASURED: dict[tuple[Any, ...], dict[str, Any]] = {}
_FORMAT = 2


@dataclass(frozen=True)
class CostEstimate:
    """What a fit is expected to cost.

    Attributes
    ----------
    seconds : float
        Time of the fit.
    bytes : int
        Memory at its worst moment, beyond the data.
    score_seconds : float
        Time of scoring as many rows.
    """

    seconds: float
    bytes: int
    score_seconds: float


class CostModel(BaseEstimator):
    """Seconds and bytes of algorithms as functions of rows, columns and parameters.

    Every algorithm is fitted and asked for scores on small tables. Each cost is a sum
    of terms with weights that are not negative, found by least squares of relative
    errors: a constant, n, n d, n d**2, n**2, n**2 d and d**3 for n rows and d columns,
    and the same terms times a parameter, relative to the one measured first. So costs
    grow with every size, and may be extrapolated with caution.

    Parameters
    ----------
    seconds : float, default=0.5
        Time to spend on each algorithm, about; four shapes are measured at least.
    random_state : int, default=0
        Seed of the tables.

    Attributes
    ----------
    names_ : list of str
        Algorithms that were measured.
    errors_ : dict of str to float
        Median relative error of the seconds of a fit, each shape being predicted from
        the others.

    References
    ----------
    .. [1] Lawson, C. L. and Hanson, R. J. "Solving least squares problems." SIAM, 1995
           (non-negative least squares). :doi:`10.1137/1.9781611971217`

    Examples
    --------
    >>> from sklearn.ensemble import IsolationForest
    >>> from autonomaly.resources import CostModel
    >>> def forest(n_estimators=5):
    ...     return IsolationForest(n_estimators=n_estimators, random_state=0)
    >>> model = CostModel(seconds=0.1).measure({"forest": forest})
    >>> small, large = (model.predict("forest", n, 10) for n in (100, 10_000))
    >>> 0 < small.seconds <= large.seconds
    True
    """

    def __init__(self, *, seconds: float = 0.5, random_state: int = 0) -> None:
        self.seconds = seconds
        self.random_state = random_state
        self._measured: dict[str, dict[str, Any]] = {}

    def measure(
        self,
        factories: Mapping[str, Callable[..., Any]],
        parameters: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
    ) -> Self:
        """Measure algorithms; what was measured in this process is not repeated.

        Parameters
        ----------
        factories : mapping of str to callable
            Name to what makes an unfitted outlier detector, with ``fit`` and
            ``score_samples`` or ``decision_function``; takes parameters by name.
        parameters : mapping of str to mapping, default=None
            Name to two values per parameter that the cost depends on, for example
            ``{"forest": {"n_estimators": (50, 200)}}``.

        Returns
        -------
        self : object
            The model, which knows these algorithms, too.

        Raises
        ------
        ValueError
            If parameters are not positive numbers or of no algorithm, or if an
            algorithm cannot be measured; those before it are kept.
        """
        if unknown := sorted(set(parameters or {}) - set(factories)):
            raise ValueError(
                f"Unknown algorithm {unknown[0]!r} in parameters. Allowed: "
                f"{sorted(factories)}"
            )
        if not self.seconds > 0:
            raise ValueError(
                f"seconds must be a positive number, got {self.seconds!r}."
            )
        for name, factory in factories.items():
            varied = _checked_parameters(name, (parameters or {}).get(name, {}))
            try:
                made = repr(factory())
                key = (name, made, repr(varied), self.seconds, self.random_state)
                if key not in _MEASURED:
                    _MEASURED[key] = self._measure(factory, varied)
            except Exception as error:  # foreign code may raise anything
                raise ValueError(
                    f"The cost of {name!r} cannot be measured; it raised "
                    f"{type(error).__name__}: {error}"
                ) from error
            self._measured[name] = _MEASURED[key]
        return self

    def predict(
        self,
        name: str,
        n_samples: int,
        n_features: int,
        parameters: Mapping[str, float] | None = None,
    ) -> CostEstimate:
        """Predict the cost of a fit.

        Parameters
        ----------
        name : str
            An algorithm that was measured.
        n_samples, n_features : int
            Shape of the table.
        parameters : mapping of str to float, default=None
            Values of the parameters that were varied; the first one measured if not
            given.

        Returns
        -------
        CostEstimate
            Time and memory.

        Raises
        ------
        ValueError
            If the algorithm or a parameter was not measured, or a size is not positive.
        """
        if not n_samples >= 1 or not n_features >= 1:
            raise ValueError(
                f"n_samples and n_features must be at least 1, got {n_samples!r} and "
                f"{n_features!r}."
            )
        measured = self._known(name)
        reference = measured["reference"]
        given = dict(parameters or {})
        if unknown := sorted(set(given) - set(reference)):
            raise ValueError(
                f"The cost of {name!r} was not measured for {unknown[0]!r}, only for "
                f"{sorted(reference) or 'fixed parameters'}. Name it in measure()."
            )
        terms = _terms(n_samples, n_features, {**reference, **given}, reference)
        points = measured["points"]
        all_terms = [_terms(p["n"], p["d"], p["parameters"], reference) for p in points]
        seconds, memory, score = (
            float(terms @ _weights(all_terms, [p[cost] for p in points]))
            for cost in ("seconds", "bytes", "score_seconds")
        )
        return CostEstimate(seconds, int(memory), score)

    @property
    def names_(self) -> list[str]:
        """Algorithms that were measured."""
        return sorted(self._measured)

    @property
    def errors_(self) -> dict[str, float]:
        """Median relative errors, each shape being predicted from the others."""
        return {name: self._error(name) for name in self.names_}

    def save(self, path: str | Path) -> None:
        """Write what was measured to a JSON file.

        Parameters
        ----------
        path : str or Path
            The file; replaced in one step if it is there.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        content = {
            "format": _FORMAT,
            "machine": _machine(),
            "measured": self._measured,
        }
        with atomic_path(Path(path)) as temporary:
            temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path, *, any_machine: bool = False) -> Self:
        """Read what was measured.

        Parameters
        ----------
        path : str or Path
            A file that :meth:`save` wrote.
        any_machine : bool, default=False
            Whether figures of another machine will do: they tell what costs more than
            what, not what it costs here.

        Returns
        -------
        CostModel
            It predicts as the one that was saved.

        Raises
        ------
        ValueError
            If the file is of another kind, or comes from another machine.
        OSError
            If it cannot be read.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{str(path)!r} is not a JSON file: {error}") from error
        known = isinstance(content, dict) and content.get("format") == _FORMAT
        if not known or not _is_measured(content.get("measured")):
            raise ValueError(
                f"{str(path)!r} was not written by CostModel.save of this version. "
                f"Measure again."
            )
        if not any_machine and content.get("machine") != _machine():
            raise ValueError(
                f"{str(path)!r} was measured on another machine "
                f"({content.get('machine')}; this one is {_machine()}). Measure again, "
                f"or pass any_machine=True if relative costs are sufficient."
            )
        model = cls()
        model._measured = content["measured"]
        return model

    def _known(self, name):
        if name not in self._measured:
            raise ValueError(
                f"{name!r} was not measured, only {self.names_}. Call measure()."
            )
        return self._measured[name]

    def _measure(self, factory, varied):
        reference = {name: values[0] for name, values in varied.items()}
        settings = [reference]
        settings += [{**reference, name: values[1]} for name, values in varied.items()]
        rng = np.random.default_rng(self.random_state)
        tables = [rng.standard_normal(shape) for shape in _SHAPES]
        # What is imported or compiled on first use is no cost of the algorithm.
        _run(factory(**reference), tables[0])
        points, started = [], time.perf_counter()
        for i, X in enumerate(tables):
            late = time.perf_counter() - started > self.seconds
            if late and i >= _FEWEST_SHAPES:
                break
            for setting in settings:
                seconds, score = _run(factory(**setting), X)
                points.append(
                    {
                        "n": X.shape[0],
                        "d": X.shape[1],
                        "parameters": setting,
                        "seconds": seconds,
                        "score_seconds": score,
                        "bytes": _peak_bytes(factory(**setting), X),
                    }
                )
        return {"reference": reference, "points": points}

    def _error(self, name):
        measured = self._known(name)
        points, reference = measured["points"], measured["reference"]
        terms = [_terms(p["n"], p["d"], p["parameters"], reference) for p in points]
        seconds = [p["seconds"] for p in points]
        errors = []
        for i in range(len(points)):
            others = [j for j in range(len(points)) if j != i]
            weights = _weights([terms[j] for j in others], [seconds[j] for j in others])
            errors.append(abs(terms[i] @ weights - seconds[i]) / seconds[i])
        return float(np.median(errors))


def _machine():
    """Name what seconds depend on: kind of system, processor, number of cores."""
    processor = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                processor = line.partition(":")[2].strip()
                break
    return f"{platform.system()} {platform.machine()}, {processor}, {os.cpu_count()}"


def _is_measured(content):
    """Tell whether the contents of a file are what was measured."""

    def is_point(point, reference):
        return (
            isinstance(point, dict)
            and all(
                isinstance(point.get(name), Real) and 0 < point[name] < np.inf
                for name in ("n", "d", "seconds", "score_seconds", "bytes")
            )
            and isinstance(point.get("parameters"), dict)
            and point["parameters"].keys() == reference.keys()
        )

    return isinstance(content, dict) and all(
        isinstance(measured, dict)
        and isinstance(measured.get("reference"), dict)
        and isinstance(measured.get("points"), list)
        and len(measured["points"]) >= _FEWEST_SHAPES
        and all(is_point(p, measured["reference"]) for p in measured["points"])
        for measured in content.values()
    )


def _checked_parameters(name, varied):
    for parameter, values in varied.items():
        positive = all(isinstance(v, Real) and 0 < v < np.inf for v in values)
        if len(values) != 2 or not positive or len({*values}) == 1:
            raise ValueError(
                f"parameters[{name!r}][{parameter!r}] must be two different positive "
                f"numbers, got {values!r}."
            )
    return {parameter: tuple(values) for parameter, values in varied.items()}


def _terms(n, d, parameters, reference):
    """Terms that a cost is a sum of."""
    base = np.array([1.0, n, n * d, n * d**2, n**2, n**2 * d, d**3], dtype=np.float64)
    scaled = [base * parameters[name] / reference[name] for name in sorted(reference)]
    return np.concatenate([base, *scaled])


def _weights(terms, costs):
    """Find weights that are not negative, by least squares of relative errors."""
    from scipy.optimize import nnls

    costs = np.maximum(np.asarray(costs, dtype=np.float64), 1e-9)
    A = np.asarray(terms) / costs[:, None]
    scale = A.max(axis=0)
    return nnls(A / scale, np.ones(len(costs)))[0] / scale


def _run(detector, X):
    """Return the seconds of fit and of scoring, the better of two runs."""
    best = [np.inf, np.inf]
    for _ in range(2):
        started = time.perf_counter()
        detector.fit(X)
        fitted = time.perf_counter()
        score = getattr(detector, "score_samples", None) or detector.decision_function
        score(X)
        seconds = fitted - started, time.perf_counter() - fitted
        best = [min(pair) for pair in zip(best, seconds, strict=True)]
    return tuple(best)


def _peak_bytes(detector, X):
    """Return the most memory that a fit holds beyond what was held before."""
    tracing = tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        detector.fit(X)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        if not tracing:
            tracemalloc.stop()
    return max(int(peak - before), 1)
