"""Data sets of the knowledge base that are like this one, and what did well there."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator

from autonomaly._utils._words import unknown_name_message
from autonomaly.detectors import catalogue
from autonomaly.profiling import DataProfile
from autonomaly.selection._knowledge import KnowledgeBase
from autonomaly.selection._metafeatures import MetaFeatures, as_meta_features

__all__ = ["SimilarDataset", "TransferLearner"]

# Differences of one meta-feature count for no more than this many spreads.
_FARTHEST = 3.0
_BEST = 5
# Amounts whose values span this factor are averaged by their logarithms.
_WIDE = 10.0


@dataclass(frozen=True)
class SimilarDataset:
    """A data set of the knowledge base that is like the one at hand.

    Attributes
    ----------
    dataset : str
        Name of the task.
    similarity : float
        In (0, 1]; 1 for equal meta-features, about 0.4 for two sets at random.
    best_algorithms : tuple of tuple of (str, float)
        The best algorithms on it with their AUROC, best first.
    family : str
        What it has in common with other tasks.
    kind : {"real", "generated"}
        Whether its anomalies are real or were made.
    """

    dataset: str
    similarity: float
    best_algorithms: tuple[tuple[str, float], ...]
    family: str
    kind: Literal["real", "generated"]


class TransferLearner(BaseEstimator):
    """Find data sets that are alike, and carry over what did well there.

    Similarity is ``exp(-d² / 2)``, d the root mean squared difference of the
    meta-features in units of their spread in the knowledge base, each difference
    bounded by 3.

    Parameters
    ----------
    base : KnowledgeBase, default=None
        What is known; None reads the one that ships.
    threshold : float, default=0.7
        Only sets more similar than this, in [0, 1), count.
    max_datasets : int, default=20
        The most similar ones only.

    References
    ----------
    .. [1] Feurer, M., Springenberg, J. T. and Hutter, F. "Initializing Bayesian
           hyperparameter optimization via meta-learning." AAAI 2015.
           :doi:`10.1609/aaai.v29i1.9354`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.selection import MetaFeaturesExtractor, TransferLearner
    >>> X = np.random.RandomState(0).randn(300, 5)
    >>> meta = MetaFeaturesExtractor().extract(X)
    >>> similar = TransferLearner().find_similar_datasets(meta)
    >>> similar[0].similarity > 0.7
    True
    >>> sorted(TransferLearner().transfer_hyperparameters(meta, "knn"))
    ['n_neighbors']
    """

    def __init__(
        self,
        base: KnowledgeBase | None = None,
        *,
        threshold: float = 0.7,
        max_datasets: int = 20,
    ) -> None:
        self.base = base
        self.threshold = threshold
        self.max_datasets = max_datasets

    def find_similar_datasets(
        self, meta: MetaFeatures | DataProfile
    ) -> list[SimilarDataset]:
        """Find the data sets of the knowledge base that are most alike.

        Parameters
        ----------
        meta : MetaFeatures or DataProfile
            What the data is.

        Returns
        -------
        list of SimilarDataset
            Best first; empty where nothing is similar enough.
        """
        base = self.base_
        names = [algorithm.name for algorithm in base.algorithms]
        found = []
        for i, similarity in self._similar(meta):
            values = base.auroc[i]
            order = np.argsort(-np.nan_to_num(values, nan=-1.0), kind="stable")
            best = [j for j in order[:_BEST] if not np.isnan(values[j])]
            found.append(
                SimilarDataset(
                    dataset=base.tasks[i],
                    similarity=similarity,
                    best_algorithms=tuple((names[j], float(values[j])) for j in best),
                    family=base.families[i],
                    kind=base.kinds[i],
                )
            )
        return found

    def transfer_hyperparameters(
        self, meta: MetaFeatures | DataProfile, detector: str
    ) -> dict[str, Any]:
        """Average what did best on similar data sets, weighted by similarity.

        Amounts are averaged (by their logarithms where they span a factor of ten),
        names are voted for. Sets on which the detector was not measured do not count.

        Parameters
        ----------
        meta : MetaFeatures or DataProfile
            What the data is.
        detector : str
            Name in the catalogue.

        Returns
        -------
        dict
            Hyperparameters; empty where nothing is known, for the detector's defaults
            to hold.

        Raises
        ------
        ValueError
            If the detector is neither in the catalogue nor in the knowledge base.
        """
        base = self.base_
        known = {*catalogue(), *(a.detector for a in base.algorithms)}
        if detector not in known:
            raise ValueError(unknown_name_message("detector", detector, known))
        columns = [j for j, a in enumerate(base.algorithms) if a.detector == detector]
        keys = sorted({k for j in columns for k in base.algorithms[j].parameters})
        defaults = _defaults(detector, keys)
        settings = {j: {**defaults, **base.algorithms[j].parameters} for j in columns}
        votes = defaultdict(list)
        for i, similarity in self._similar(meta):
            values = base.auroc[i, columns]
            if np.isnan(values).all():
                continue
            best = settings[columns[int(np.nanargmax(values))]]
            for key, value in best.items():
                votes[key].append((value, similarity))
        out = {}
        for key, weighted in votes.items():
            grid = [setting[key] for setting in settings.values() if key in setting]
            out[key] = _combine(weighted, grid)
        return out

    @property
    def base_(self) -> KnowledgeBase:
        """What is known: ``base``, or the knowledge base that ships."""
        return self._shipped if self.base is None else self.base

    @cached_property
    def _shipped(self):
        return KnowledgeBase.load()

    def _similar(self, meta):
        """Return (task, similarity) of the similar tasks, best first."""
        similarity = similarities(self.base_, as_meta_features(meta).to_array())
        order = np.argsort(-similarity, kind="stable")[: self.max_datasets]
        return [
            (int(i), float(similarity[i]))
            for i in order
            if similarity[i] > self.threshold
        ]


def similarities(base, meta):
    """Compare a vector of meta-features with every task.

    Parameters
    ----------
    base : KnowledgeBase
        What is known.
    meta : ndarray of shape (n_meta_features,)
        The vector.

    Returns
    -------
    ndarray of shape (n_tasks,)
        In (0, 1].
    """
    if not len(base):
        return np.zeros(0)
    low, high = np.percentile(base.meta, [25, 75], axis=0)
    spread = np.where(high > low, (high - low) / 1.349, base.meta.std(axis=0))
    varies = spread > 0
    if not varies.any():
        return np.ones(len(base))
    differences = (base.meta[:, varies] - meta[varies]) / spread[varies]
    differences = np.clip(differences, -_FARTHEST, _FARTHEST)
    return np.exp(-(differences**2).mean(axis=1) / 2)


def _defaults(detector, keys):
    """Return the values a detector takes where none are given."""
    if not keys or detector not in catalogue():
        return {}
    made = catalogue()[detector].make()
    known = made.get_params() if hasattr(made, "get_params") else {}
    return {key: known[key] for key in keys if key in known}


def _combine(weighted, grid):
    values = [value for value, _ in weighted]
    weights = np.array([weight for _, weight in weighted])
    amounts = all(isinstance(v, Real) and not isinstance(v, bool) for v in values)
    if not amounts:
        total = defaultdict(float)
        for value, weight in weighted:
            total[repr(value), type(value)] += weight
        winner, _ = max(sorted(total.items(), key=str), key=lambda item: item[1])
        return next(v for v in values if (repr(v), type(v)) == winner)
    if len(set(values)) == 1:  # a mean of equal numbers may miss their last digit
        return values[0]
    numbers = [v for v in grid if isinstance(v, Real) and not isinstance(v, bool)]
    if min(numbers) > 0 and max(numbers) >= _WIDE * min(numbers):
        mean = float(np.exp(np.average(np.log(values), weights=weights)))
    else:
        mean = float(np.average(values, weights=weights))
    return round(mean) if all(isinstance(v, int) for v in values) else mean
