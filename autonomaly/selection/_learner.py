"""What an algorithm will reach on new data, learnt from the knowledge base."""

import copy
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingRegressor

from autonomaly._utils._typing import FloatArray
from autonomaly._utils._words import unknown_name_message
from autonomaly.detectors import catalogue
from autonomaly.exceptions import DataError
from autonomaly.profiling import DataProfile
from autonomaly.selection._knowledge import KnowledgeBase, MeasuredAlgorithm
from autonomaly.selection._left_out_errors import LeftOutErrors, backward, forward
from autonomaly.selection._metafeatures import MetaFeatures, as_meta_features
from autonomaly.selection._pool import PoolMember

__all__ = ["MetaLearner", "PerformancePrediction", "Predictions"]

METRICS = ("auroc", "average_precision")
# A detector measured on fewer tasks says too little to be learnt by its name.
_MIN_TASKS = 10
_MIN_TASKS_OF_ALL = 20
_FOLDS = 4
# Algorithms per task that the models see: their results are too much alike for more
# to teach anything, and training takes seconds instead of minutes.
_PER_TASK = 16


@dataclass(frozen=True)
class PerformancePrediction:
    """What an algorithm is expected to reach.

    Attributes
    ----------
    metrics : dict of str to float
        Expected ``"auroc"`` and ``"average_precision"``, both in [0, 1].
    interval : dict of str to tuple of (float, float)
        Bounds that hold for 90 % of the results on families of data that the model
        has not seen.
    confidence : float
        In [0, 1]: of left-out results with such a prediction, the share in which the
        algorithm was better than the typical one on the same data.
    reasoning : str
        What it rests on.
    """

    metrics: dict[str, float]
    interval: dict[str, tuple[float, float]]
    confidence: float
    reasoning: str


@dataclass(frozen=True)
class Predictions:
    """What several algorithms are expected to reach on one data set.

    Attributes
    ----------
    expected : dict of str to ndarray of shape (n_algorithms,)
        Expected values by metric.
    advantage : ndarray of shape (n_algorithms,)
        Expected AUROC less that of the mean algorithm on the same data.
    advantage_error : float
        Root mean square error of the advantage on families that the models have not
        seen.
    low, high : dict of str to ndarray of shape (n_algorithms,)
        Bounds of the 90 % intervals by metric.
    confidence : ndarray of shape (n_algorithms,)
        Chance of being better than the typical algorithm on the same data.
    known : ndarray of shape (n_algorithms,), bool
        Whether the detector was measured often enough to be learnt by its name.
    """

    expected: dict[str, FloatArray]
    advantage: FloatArray
    advantage_error: float
    low: dict[str, FloatArray]
    high: dict[str, FloatArray]
    confidence: FloatArray
    known: npt.NDArray[np.bool_]


class MetaLearner(BaseEstimator):
    """Predict the performance of algorithms from meta-features.

    Gradient boosting predicts what the mean algorithm reaches from the meta-features,
    and what an algorithm adds from the meta-features and its description: detector,
    family, view, hyperparameters and trimming. The latter is shrunk towards what the
    algorithm adds to all tasks, as far as families left out in turn ask for. Intervals
    are cross-conformal: bounds of the errors on those families.

    Parameters
    ----------
    base : KnowledgeBase, default=None
        What to learn from; None reads the one that ships.
    random_state : int, default=0
        Seed of the folds and of what the models see.

    References
    ----------
    .. [1] Zhao, Y., Rossi, R. and Akoglu, L. "Automatic unsupervised outlier model
           selection." NeurIPS 34, 2021.
    .. [2] Barber, R. F., Candès, E. J., Ramdas, A. and Tibshirani, R. J. "Predictive
           inference with the jackknife+." Annals of Statistics 49, 2021.
           :doi:`10.1214/20-AOS1965`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.selection import MetaFeaturesExtractor, MetaLearner
    >>> X = np.random.RandomState(0).randn(300, 5)
    >>> meta = MetaFeaturesExtractor().extract(X)
    >>> learner = MetaLearner()
    >>> predictions = learner.predict(meta)
    >>> predictions.advantage.shape == (len(learner.base_.algorithms),)
    True
    """

    def __init__(
        self, base: KnowledgeBase | None = None, *, random_state: int = 0
    ) -> None:
        self.base = base
        self.random_state = random_state

    def fit(self) -> Self:
        """Train the models of AUROC: done at the first prediction, once per base.

        What is recorded into the base later is learnt at the next prediction.

        Returns
        -------
        MetaLearner
            Itself.

        Raises
        ------
        DataError
            If the knowledge base is too small to learn from.
        """
        self._model.part("auroc")
        return self

    @property
    def base_(self) -> KnowledgeBase:
        """What it learns from: ``base``, or the knowledge base that ships."""
        return self._shipped if self.base is None else self.base

    @cached_property
    def _shipped(self):
        return KnowledgeBase.load()

    @property
    def _model(self):
        return _trained(self.base_, self.random_state)

    def n_tasks(self, detector: str) -> int:
        """Return on how many tasks a detector was measured.

        Parameters
        ----------
        detector : str
            Name in the catalogue.

        Returns
        -------
        int
            Number of tasks.
        """
        return len(self._model.tasks_of.get(detector, ()))

    def predict(
        self,
        meta: MetaFeatures | DataProfile,
        algorithms: Sequence[str | PoolMember | MeasuredAlgorithm] | None = None,
        metrics: tuple[Literal["auroc", "average_precision"], ...] = ("auroc",),
    ) -> Predictions:
        """Predict what several algorithms reach.

        Parameters
        ----------
        meta : MetaFeatures or DataProfile
            What the data is.
        algorithms : list of str, PoolMember or MeasuredAlgorithm, default=None
            What to predict for, see :meth:`predict_performance`; all of the base by
            default.
        metrics : tuple of {"auroc", "average_precision"}, default=("auroc",)
            What to predict; each has its own models, trained when first needed.

        Returns
        -------
        Predictions
            One number per algorithm.

        Raises
        ------
        ValueError
            If an algorithm or a metric is unknown.
        """
        for metric in metrics:
            if metric not in METRICS:
                raise ValueError(unknown_name_message("metric", metric, METRICS))
        given = self.base_.algorithms if algorithms is None else algorithms
        vector = as_meta_features(meta).to_array()
        algorithms = list(map(self.base_.resolve, given))
        return self._model.predict(vector, algorithms, metrics)

    def predict_performance(
        self,
        meta: MetaFeatures | DataProfile,
        algorithm: str | PoolMember | MeasuredAlgorithm,
    ) -> PerformancePrediction:
        """Predict what an algorithm reaches, and say why.

        Parameters
        ----------
        meta : MetaFeatures or DataProfile
            What the data is.
        algorithm : str, PoolMember or MeasuredAlgorithm
            A name of the knowledge base, of the pool or of the catalogue of
            detectors, or all of it.

        Returns
        -------
        PerformancePrediction
            Expected metrics with intervals.
        """
        from autonomaly.selection._reasons import explain_prediction

        meta = as_meta_features(meta)
        model, algorithm = self._model, self.base_.resolve(algorithm)
        predictions = model.predict(meta.to_array(), [algorithm], METRICS)
        return PerformancePrediction(
            metrics={m: float(predictions.expected[m][0]) for m in METRICS},
            interval={
                m: (float(predictions.low[m][0]), float(predictions.high[m][0]))
                for m in METRICS
            },
            confidence=float(predictions.confidence[0]),
            reasoning=explain_prediction(self, meta, algorithm, predictions),
        )


_MODELS: OrderedDict[tuple[str, int], "_Model"] = OrderedDict()
_MAX_MODELS = 4


def _trained(base, seed):
    """Return the model of a base, trained once per process."""
    key = base.fingerprint, seed
    if key not in _MODELS:
        # A base grows by what is recorded; its arrays are replaced then, and a copy
        # keeps those that the model was trained on.
        _MODELS[key] = _Model(copy.copy(base), seed)
        while len(_MODELS) > _MAX_MODELS:
            _MODELS.popitem(last=False)
    _MODELS.move_to_end(key)
    return _MODELS[key]


class AlgorithmEncoder:
    """Algorithms as numbers: codes for what they are called, their hyperparameters.

    Parameters
    ----------
    algorithms : list of MeasuredAlgorithm
        What there is.
    """

    def __init__(self, algorithms):
        self.detectors = sorted({a.detector for a in algorithms})
        self.views = sorted({a.view for a in algorithms})
        families = {family_of(a.detector) for a in algorithms}
        self.families = sorted(families)
        self.parameters = sorted({key for a in algorithms for key in a.parameters})
        self.levels = {
            key: sorted({repr(a.parameters[key]) for a in algorithms if _names(a, key)})
            for key in self.parameters
        }

    @property
    def categorical(self):
        """Positions of the columns that are codes."""
        return [0, 1, 2]

    def encode(self, algorithms):
        """Return one row per algorithm; NaN for what it does not have."""
        out = np.full((len(algorithms), 4 + len(self.parameters)), np.nan)
        for i, algorithm in enumerate(algorithms):
            out[i, 0] = _code(self.detectors, algorithm.detector)
            out[i, 1] = _code(self.families, family_of(algorithm.detector))
            out[i, 2] = _code(self.views, algorithm.view)
            out[i, 3] = algorithm.trimmed
            for j, key in enumerate(self.parameters, start=4):
                value = algorithm.parameters.get(key)
                if _names(algorithm, key):
                    value = _code(self.levels[key], repr(value))
                out[i, j] = np.nan if value is None else float(value)
        return out


def _names(algorithm, key):
    """Tell whether a hyperparameter is a name instead of an amount."""
    return isinstance(algorithm.parameters.get(key), (str, bool))


def _code(known, name):
    return float(known.index(name)) if name in known else np.nan


def family_of(detector):
    """Return the family of a detector, that of users' detectors for unknown ones."""
    spec = catalogue().get(detector)
    return "user" if spec is None else spec.family


class _Boosting:
    """What the mean algorithm reaches, and what an algorithm adds, for one metric."""

    def __init__(self, encoder, seed):
        self.encoder = encoder
        self.seed = seed
        self.trust = 1.0

    def fit(self, meta, values, codes, weights):
        """Learn from tasks; values of shape (n_tasks, n_algorithms) may have NaN."""
        rng = np.random.default_rng(self.seed)
        level = np.nanmean(values, axis=1)
        # Repetition instead of sample weights, which make the binning many times
        # slower than all the rest.
        often = np.repeat(
            np.arange(len(meta)), np.maximum(1, np.round(2 * weights)).astype(int)
        )
        self.level = HistGradientBoostingRegressor(
            max_iter=60,
            learning_rate=0.07,
            max_leaf_nodes=8,
            min_samples_leaf=8,
            early_stopping=False,
            random_state=self.seed,
        ).fit(meta[often], level[often])
        above = values - level[:, None]
        there = ~np.isnan(above)
        weighted = np.where(there, above, 0.0) * weights[:, None]
        total = (there * weights[:, None]).sum(axis=0)
        self.usual = {
            code.tobytes(): place
            for code, place, n in zip(
                codes,
                weighted.sum(axis=0) / np.maximum(total, 1e-9),
                total,
                strict=True,
            )
            if n > 0
        }
        tasks, columns = [], []
        for i in range(len(values)):
            there = np.flatnonzero(~np.isnan(values[i]))
            some = rng.permutation(there)[: max(1, round(_PER_TASK * weights[i]))]
            tasks.append(np.full(len(some), i))
            columns.append(some)
        tasks, columns = np.concatenate(tasks), np.concatenate(columns)
        p = meta.shape[1]
        self.added = HistGradientBoostingRegressor(
            max_iter=100,
            learning_rate=0.1,
            max_bins=64,
            max_leaf_nodes=16,
            min_samples_leaf=30,
            categorical_features=[p + j for j in self.encoder.categorical],
            early_stopping=False,
            random_state=self.seed,
        ).fit(
            np.column_stack([meta[tasks], codes[columns]]),
            values[tasks, columns] - level[tasks],
        )
        return self

    def predict(self, meta, codes):
        """Return level of shape (n_tasks,) and what is added, per algorithm."""
        return self.level.predict(meta), self.added_by(meta, codes)

    def added_by(self, meta, codes):
        """Return what algorithms add, shape (n_tasks, n_algorithms)."""
        n, m = len(meta), len(codes)
        rows = np.column_stack([np.repeat(meta, m, axis=0), np.tile(codes, (n, 1))])
        own = self.added.predict(rows).reshape(n, m)
        usual = np.array([self.usual.get(code.tobytes(), np.nan) for code in codes])
        # One that was not measured itself has no usual place.
        blend = usual + self.trust * (own - usual)
        return np.where(np.isnan(usual), own, blend)


class _Model:
    """Boosting for every metric, and the errors it makes on unseen families."""

    def __init__(self, base, seed):
        n_measured = int((~np.isnan(base.auroc)).any(axis=1).sum())
        n_families = len(set(base.families))
        if n_measured < _MIN_TASKS_OF_ALL or n_families < 2 * _FOLDS:
            raise DataError(
                f"A knowledge base of {n_measured} tasks of {n_families} families is "
                f"too small to learn from; at least {_MIN_TASKS_OF_ALL} tasks of "
                f"{2 * _FOLDS} families are needed. KnowledgeBase.load(path) adds your "
                f"tasks to the built-in ones."
            )
        self.base, self.seed = base, seed
        self.encoder = AlgorithmEncoder(base.algorithms)
        self.codes = self.encoder.encode(base.algorithms)
        self.tasks_of = {}
        for algorithm, values in zip(base.algorithms, base.auroc.T, strict=True):
            there = set(np.flatnonzero(~np.isnan(values)))
            self.tasks_of.setdefault(algorithm.detector, set()).update(there)
        self._parts = {}

    def part(self, metric):
        """Return boosting and errors for a metric, trained at the first call."""
        if metric not in self._parts:
            self._parts[metric] = self._train(metric)
        return self._parts[metric]

    def _train(self, metric):
        base, seed = self.base, self.seed
        values = forward(metric, getattr(base, metric))
        some = (~np.isnan(values)).any(axis=1)
        meta, values, families = base.meta[some], values[some], base.families[some]
        weights = task_weights(families)
        names = np.random.default_rng(seed).permutation(sorted(set(families)))
        fold_of = {name: i % _FOLDS for i, name in enumerate(names)}
        folds = np.array([fold_of[name] for name in families])
        level, added = np.empty(len(values)), np.empty_like(values)
        usual = np.empty_like(values)
        for fold in range(_FOLDS):
            rest, left = folds != fold, folds == fold
            boosting = _Boosting(self.encoder, seed)
            boosting.fit(meta[rest], values[rest], self.codes, weights[rest])
            level[left], added[left] = boosting.predict(meta[left], self.codes)
            boosting.trust = 0.0
            usual[left] = boosting.added_by(meta[left], self.codes)
        # Nothing in the data may speak for an algorithm more than it does on families
        # that were left out; the rest is what the algorithm usually adds.
        trust = _trust(
            values - np.nanmean(values, axis=1)[:, None], usual, added, weights
        )
        added = usual + trust * (added - usual)
        errors = LeftOutErrors(metric, values, level, added, weights)
        boosting = _Boosting(self.encoder, seed)
        boosting.fit(meta, values, self.codes, weights)
        boosting.trust = trust
        return boosting, errors

    def predict(self, meta, algorithms, metrics):
        """Predict for one data set."""
        codes = self.encoder.encode(algorithms)
        known = np.array([self.knows(a.detector) for a in algorithms], bool)
        expected, low, high = {}, {}, {}
        for metric in dict.fromkeys(("auroc", *metrics)):
            boosting, errors = self.part(metric)
            level, added = boosting.predict(meta[None], codes)
            added = np.where(known, added[0], self._observed(metric, algorithms))
            values = level[0] + added
            low[metric], high[metric] = errors.bounds(values, known)
            expected[metric] = backward(metric, values)
            if metric == "auroc":
                advantage, confidence = added, errors.chance(added, known)
                error = errors.advantage
        return Predictions(expected, advantage, error, low, high, confidence, known)

    def knows(self, detector):
        """Tell whether a detector was measured often enough to be learnt by name."""
        return len(self.tasks_of.get(detector, ())) >= _MIN_TASKS

    def _observed(self, metric, algorithms):
        """Mean of what a detector of few measurements added, shrunk towards 0."""
        out = np.zeros(len(algorithms))
        values = forward(metric, getattr(self.base, metric))
        for i, algorithm in enumerate(algorithms):
            rows = sorted(self.tasks_of.get(algorithm.detector, ()))
            if not rows or self.knows(algorithm.detector):
                continue
            same = [a.detector == algorithm.detector for a in self.base.algorithms]
            above = values[rows] - np.nanmean(values[rows], axis=1, keepdims=True)
            above = above[:, same]
            n = (~np.isnan(above)).sum()
            out[i] = np.nansum(above) / (n + _MIN_TASKS)
        return out


def _trust(above, usual, added, weights):
    """Share of the way from the usual to the learnt that errors least."""
    there = ~np.isnan(above)
    weights = np.broadcast_to(weights[:, None], above.shape)[there]
    way, wanted = (added - usual)[there], (above - usual)[there]
    square = (weights * way**2).sum()
    if not square > 0:
        return 0.0
    return float(np.clip((weights * way * wanted).sum() / square, 0.0, 1.0))


def task_weights(families):
    """Weigh tasks so that a family of many tasks does not drown the others."""
    _, place, counts = np.unique(families, return_inverse=True, return_counts=True)
    weights = 1 / np.sqrt(counts[place])
    return weights / weights.mean()
