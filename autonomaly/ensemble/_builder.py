"""Members and weights from predicted performance, agreement and a prior."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import (
    Interval,
    StrOptions,
    validate_parameter_constraints,
)

from autonomaly._utils._correlation import rank_correlation
from autonomaly._utils._typing import FloatArray, Seed

__all__ = ["EnsemblePlan", "IntelligentEnsembleBuilder", "pairwise_agreement"]


@dataclass(frozen=True)
class EnsemblePlan:
    """Members with their weights, and why.

    Attributes
    ----------
    members : list of str
        Names, heaviest first.
    weights : dict of str to float
        Positive weights by name; they sum to 1.
    trust : float
        In [0, 1]: how far the weights follow the predictions; at 0 they are the
        prior's.
    expected_gain : float
        Mean predicted performance under these weights minus that under the prior.
    front : list of dict
        The subsets that no other beats in both predicted performance and diversity:
        ``members``, ``performance``, ``diversity``. Empty without a search.
    reason : str
        In plain words.
    """

    members: list[str]
    weights: dict[str, float]
    trust: float
    expected_gain: float
    front: list[dict[str, Any]]
    reason: str


def pairwise_agreement(scores: npt.ArrayLike) -> FloatArray:
    """Compare the ranks that members give the same rows.

    Parameters
    ----------
    scores : array-like of shape (n_samples, n_members)
        Scores, of one orientation.

    Returns
    -------
    ndarray of shape (n_members, n_members)
        Spearman's rank correlations; a constant member agrees with no other.

    Raises
    ------
    ValueError
        If the scores are not a table of finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble import pairwise_agreement
    >>> pairwise_agreement(np.array([[1, 10, 3], [2, 20, 2], [3, 40, 1]])).round(6)
    array([[ 1.,  1., -1.],
           [ 1.,  1., -1.],
           [-1., -1.,  1.]])
    """
    agreement = rank_correlation(check_array(scores, dtype=np.float64))
    np.fill_diagonal(agreement, 1.0)
    return agreement


class IntelligentEnsembleBuilder(BaseEstimator):
    """Choose members and their weights, and say when to leave a good prior alone.

    A member's weight is its weight in the prior, the plain ensemble that serves when
    nothing is known, times ``exp(advantage / temperature)``, where the advantage is
    its predicted performance minus the prior's mean [1]_. The result is shrunk toward
    the prior by how little the predictions tell: the share of the spread between the
    predictions in spread and error together. Where fewer members are wanted, subsets
    are searched by a genetic algorithm for predicted performance and pairwise
    diversity [2]_.

    Parameters
    ----------
    max_models : int, default=None
        Number of members at most; all that the prior holds if None.
    performance_weight : float, default=0.7
        What predicted performance counts in the choice of a subset.
    diversity_weight : float, default=0.3
        What the mean disagreement of its pairs counts.
    trust : "auto" or float in [0, 1], default="auto"
        How far weights follow the predictions. ``"auto"`` is the estimate above; 0 is
        the prior.
    temperature : float, default=0.05
        Difference in performance that multiplies a weight by e.
    population_size : int, default=60
        Subsets per generation.
    n_generations : int, default=30
        Generations.
    random_state : int, RandomState instance or None, default=0
        Seed of the search.

    References
    ----------
    .. [1] Vovk, V. "Aggregating strategies." COLT 1990.
           :doi:`10.1016/B978-1-55860-146-8.50032-1`
    .. [2] Zhou, Z.-H., Wu, J. and Tang, W. "Ensembling neural networks: many could be
           better than all." Artificial Intelligence 137, 2002.
           :doi:`10.1016/S0004-3702(02)00190-X`

    Examples
    --------
    >>> from autonomaly.ensemble import IntelligentEnsembleBuilder
    >>> builder = IntelligentEnsembleBuilder()
    >>> plan = builder.build({"knn": 0.9, "forest": 0.6}, {"knn": 0.02, "forest": 0.02})
    >>> plan.members
    ['knn', 'forest']
    >>> unsure = builder.build({"knn": 0.9, "forest": 0.6}, {"knn": 5, "forest": 5})
    >>> {name: round(weight, 2) for name, weight in unsure.weights.items()}
    {'knn': 0.5, 'forest': 0.5}
    """

    _parameter_constraints = {
        "max_models": [Interval(Integral, 1, None, closed="left"), None],
        "performance_weight": [Interval(Real, 0, None, closed="left")],
        "diversity_weight": [Interval(Real, 0, None, closed="left")],
        "trust": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="both")],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "population_size": [Interval(Integral, 4, None, closed="left")],
        "n_generations": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        max_models: int | None = None,
        performance_weight: float = 0.7,
        diversity_weight: float = 0.3,
        trust: float | Literal["auto"] = "auto",
        temperature: float = 0.05,
        population_size: int = 60,
        n_generations: int = 30,
        random_state: Seed = 0,
    ) -> None:
        self.max_models = max_models
        self.performance_weight = performance_weight
        self.diversity_weight = diversity_weight
        self.trust = trust
        self.temperature = temperature
        self.population_size = population_size
        self.n_generations = n_generations
        self.random_state = random_state

    def build(
        self,
        expected: Mapping[str, float],
        error: Mapping[str, float],
        *,
        agreement: npt.ArrayLike | None = None,
        prior: Mapping[str, float] | None = None,
    ) -> EnsemblePlan:
        """Choose members and weights.

        Parameters
        ----------
        expected : mapping of str to float
            Predicted performance of every candidate, high = good.
        error : mapping of str to float
            Standard errors of the predictions, in the same unit; 0 = certain.
        agreement : array-like of shape (n_candidates, n_candidates), default=None
            Rank correlations of the candidates in the order of ``expected``, see
            :func:`pairwise_agreement`. Needed where ``max_models`` leaves a choice
            and ``diversity_weight`` is not 0.
        prior : mapping of str to float, default=None
            Non-negative weights of the plain ensemble; equal where not given.
            Candidates that it does not name only serve where ``max_models`` asks for
            a subset.

        Returns
        -------
        EnsemblePlan
            Members, weights, and the reason.

        Raises
        ------
        ValueError
            If there is no candidate, a figure is not finite, the prior names no
            candidate, or the agreement is missing or of another shape.
        """
        validate_parameter_constraints(
            self._parameter_constraints, vars(self), caller_name=type(self).__name__
        )
        names = list(expected)
        performance, errors = _figures(expected, error)
        plain: FloatArray = _prior_weights(names, prior)
        front = []
        chosen = plain > 0
        if self.max_models is not None and self.max_models < len(names):
            disagreement = self._disagreement(agreement, len(names))
            chosen, front = self._search(performance, disagreement)
            front = [
                {**item, "members": [names[j] for j in item["members"]]}
                for item in front
            ]
            if not plain[chosen].any():
                plain = np.ones(len(names))
        plain = np.where(chosen, np.where(plain > 0, plain, plain[plain > 0].min()), 0)
        plain /= plain.sum()
        trust = self._how_far(performance[chosen], errors[chosen])
        advantage = performance - plain @ performance
        # Relative to the best, so that nothing overflows, whatever the unit is.
        behind = np.minimum(advantage - advantage[chosen].max(), 0.0)
        follow = plain * np.exp(behind / self.temperature)
        weights = (1 - trust) * plain + trust * follow / follow.sum()
        order = [j for j in np.argsort(-weights, kind="stable") if weights[j] > 0]
        gain = float((weights - plain) @ performance)
        return EnsemblePlan(
            members=[names[j] for j in order],
            weights={names[j]: float(weights[j]) for j in order},
            trust=trust,
            expected_gain=gain,
            front=front,
            reason=_reason(trust, gain, len(order), len(names), self.trust != "auto"),
        )

    def _disagreement(self, agreement, n):
        if agreement is None:
            if self.diversity_weight:
                raise ValueError(
                    f"Choosing max_models={self.max_models} of {n} candidates requires "
                    f"their diversity. Pass agreement=pairwise_agreement(scores) or "
                    f"diversity_weight=0."
                )
            return np.zeros((n, n))
        agreement = np.asarray(agreement, dtype=np.float64)
        if agreement.shape != (n, n) or not np.isfinite(agreement).all():
            raise ValueError(
                f"agreement must hold {n} x {n} finite rank correlations, in the order "
                f"of expected, got shape {agreement.shape}."
            )
        return 1 - (agreement + agreement.T) / 2

    def _how_far(self, performance, errors):
        if self.trust != "auto":
            return float(self.trust)
        signal = performance.var()
        noise = (errors**2).mean()
        return float(signal / (signal + noise)) if signal > 0 else 0.0

    # ------------------------------------------------------------- subsets

    def _search(self, performance, disagreement):
        """Search subsets; return the best as a mask, and the front."""
        rng = check_random_state(self.random_state)
        n, size = len(performance), self.max_models
        seen = {}

        def rate(subset):
            if subset not in seen:
                at = np.array(subset)
                pairs = disagreement[np.ix_(at, at)]
                n_pairs = max(size * (size - 1), 1)
                seen[subset] = performance[at].mean(), pairs.sum() / n_pairs
            return seen[subset]

        spread = np.ptp(performance) or 1.0
        reach = disagreement.max() or 1.0

        def fitness(subset):
            quality, diversity = rate(subset)
            return (
                self.performance_weight * (quality - performance.min()) / spread
                + self.diversity_weight * diversity / reach
            )

        best_alone = np.argsort(-performance, kind="stable")[:size]
        population = [tuple(sorted(map(int, best_alone)))]
        while len(population) < self.population_size:
            draw = rng.choice(n, size, replace=False)
            population.append(tuple(sorted(map(int, draw))))
        for _ in range(self.n_generations):
            population = sorted(set(population), key=lambda s: (-fitness(s), s))
            parents = population[: max(2, self.population_size // 3)]
            children = []
            while len(parents) + len(children) < self.population_size:
                one, two = (parents[rng.randint(len(parents))] for _ in range(2))
                pool = sorted({*one, *two})
                child = set(rng.choice(pool, size, replace=False).tolist())
                if rng.random_sample() < 0.3 and size < n:
                    child.discard(int(rng.choice(sorted(child))))
                    rest = [j for j in range(n) if j not in child]
                    child.add(int(rng.choice(rest)))
                children.append(tuple(sorted(child)))
            population = [*parents, *children]
        best = min(seen, key=lambda s: (-fitness(s), s))
        chosen = np.zeros(n, dtype=bool)
        chosen[list(best)] = True
        return chosen, _pareto_front(seen)


def _figures(expected, error):
    if not expected:
        raise ValueError(
            "expected is empty. Pass a prediction for at least one candidate."
        )
    if set(expected) != set(error):
        odd = sorted(set(expected) ^ set(error))
        raise ValueError(
            f"expected and error must name the same candidates, but differ in {odd}."
        )
    performance = np.array([expected[name] for name in expected], dtype=np.float64)
    errors = np.array([error[name] for name in expected], dtype=np.float64)
    if not np.isfinite(performance).all() or not (errors >= 0).all():
        raise ValueError(
            "expected must be finite and error must not be negative. Omit candidates "
            "without a prediction."
        )
    return performance, errors


def _prior_weights(names, prior):
    if prior is None:
        return np.ones(len(names))
    weights = np.array([prior.get(name, 0.0) for name in names], dtype=np.float64)
    if not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
        raise ValueError(
            f"prior must give at least one of the candidates {names} a positive, "
            f"finite weight, got {prior!r}."
        )
    return weights


def _pareto_front(rated):
    front, best = [], -np.inf
    for subset in sorted(rated, key=lambda s: (-rated[s][0], -rated[s][1], s)):
        performance, diversity = rated[subset]
        if diversity > best:
            best = diversity
            front.append(
                {
                    "members": list(subset),
                    "performance": float(performance),
                    "diversity": float(diversity),
                }
            )
    return front


def _reason(trust, gain, n_chosen, n_candidates, given):
    text = f"{n_chosen} of {n_candidates} candidates; "
    if n_chosen == 1:
        return text + "it has all the weight"
    if given and trust < 0.05:
        return text + f"the weights are those of the plain ensemble, by trust={trust:g}"
    if trust < 0.05:
        return text + (
            "the predictions differ by less than their error: the weights are those "
            "of the plain ensemble"
        )
    return text + (
        f"the weights follow the predictions by {100 * trust:.0f} %, which is "
        f"expected to add {gain:.3f}"
    )
