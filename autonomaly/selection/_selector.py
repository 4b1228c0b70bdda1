"""Which detectors serve this data, and why."""

from dataclasses import dataclass, field

from autonomaly._utils._names import unknown_name_message
from autonomaly.detectors import catalogue, detector_spec
from autonomaly.selection._pool import POOL, PoolMember

__all__ = ["AlgorithmRecommendation", "AlgorithmSelector", "Selection"]

# In this order members are kept where only a few are wanted: each next one has another
# idea of what an anomaly is than those before it.
_BREADTH = (
    "knn20_squashed",
    "dependency_squashed",
    "forest_robust",
    "mixture_squashed",
    "tails_robust",
    "mahalanobis_robust",
    "lof30_robust",
    "knn20_normal",
    "dependency_normal",
    "histogram_squashed",
    "knn5_minmax",
    "knn10_robust",
    "knn5_squashed",
)


@dataclass(frozen=True)
class AlgorithmRecommendation:
    """A detector recommended for the data, with the reason.

    Attributes
    ----------
    algorithm : str
        Name of the member in the ensemble.
    detector : str
        Name of the detector in the catalogue.
    view : str
        The picture of the data it works on.
    confidence : float or None
        In [0, 1]: what a detector of the user's says of itself. None for those of the
        package: nothing has been measured on data like this.
    reasoning : str
        Why it was chosen.
    expected_performance : float or None
        None until a model of performance is there.
    hyperparameters : dict
        What differs from the detector's defaults.
    computational_complexity : str
        Growth of the fit time in n rows and d columns.
    memory_requirements : str
        ``"low"``, ``"medium"`` or ``"high"``.
    """

    algorithm: str
    detector: str
    view: str
    confidence: float | None
    reasoning: str
    expected_performance: float | None = None
    hyperparameters: dict = field(default_factory=dict)
    computational_complexity: str = "unknown"
    memory_requirements: str = "medium"


@dataclass(frozen=True)
class Selection:
    """What the selector chose.

    Attributes
    ----------
    recommendations : list of AlgorithmRecommendation
        The members, most telling first.
    members : list of PoolMember
        The same members, as they are built.
    refused : dict of str to str
        What was not chosen, with the reason.
    """

    recommendations: list
    members: list
    refused: dict


class AlgorithmSelector:
    """Choose the members of the ensemble for a profiled data set.

    The broad pool serves unless the user or the data speak against a member.

    Parameters
    ----------
    algorithms : list of str, default=None
        Detectors of the catalogue, or members of the pool, to use; nothing else is.
    exclude : list of str, default=None
        Detectors or members not to use.
    max_models : int, default=None
        Number of members that vote, at most.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.profiling import DataProfiler
    >>> from autonomaly.selection import AlgorithmSelector
    >>> profile = DataProfiler().profile(np.random.RandomState(0).randn(100, 3))
    >>> selector = AlgorithmSelector(algorithms=["knn", "forest"], max_models=2)
    >>> selection = selector.select(profile)
    >>> [r.algorithm for r in selection.recommendations]
    ['knn20_squashed', 'forest_robust']
    """

    def __init__(self, *, algorithms=None, exclude=None, max_models=None):
        self.algorithms = algorithms
        self.exclude = exclude
        self.max_models = max_models

    def select(self, profile, n_reference=None, n_columns=None):
        """Choose members.

        Parameters
        ----------
        profile : DataProfile
            What the data is.
        n_reference : int, default=None
            Rows that members will be fitted on; those of the profile if not given.
        n_columns : int, default=None
            Columns after preprocessing; those of the profile if not given.

        Returns
        -------
        Selection
            Members, reasons and refusals.

        Raises
        ------
        ValueError
            If a name is unknown, or nothing is left.
        """
        n_reference = profile.n_samples if n_reference is None else n_reference
        n_columns = profile.n_features if n_columns is None else n_columns
        refused, chosen = {}, []
        for member, why in self._candidates(profile, refused):
            spec = detector_spec(member.detector)
            no = self._refusal(member, spec, profile, n_reference, n_columns)
            if no is None:
                chosen.append((member, spec, why))
            else:
                refused[member.name] = no
        chosen = self._limit(chosen, refused)
        if not chosen:
            raise ValueError(
                f"algorithms={self.algorithms!r} and exclude={self.exclude!r} leave no "
                f"detector for {n_reference} rows and {n_columns} columns"
                + "".join(f"; {name}: {why}" for name, why in refused.items())
            )
        return Selection(
            [self._recommend(*item, profile) for item in chosen],
            [member for member, _, _ in chosen],
            refused,
        )

    def _candidates(self, profile, refused):
        """Yield members that may serve, with the reason they are considered."""
        known = catalogue()
        names = [*known, *(member.name for member in POOL)]
        for name in (*(self.algorithms or ()), *(self.exclude or ())):
            if name not in names:
                raise ValueError(unknown_name_message("detector", name, names))
        if self.algorithms is None:
            for member in POOL:
                yield member, "part of the broad pool"
            for spec in known.values():
                if spec.origin == "user" and _wants(spec, profile, refused):
                    yield _default_member(spec), "its own rule asks for this data"
            return
        for name in dict.fromkeys(self.algorithms):
            of_pool = [m for m in POOL if name in (m.name, m.detector)]
            for member in of_pool:
                yield member, "asked for"
            if not of_pool:
                yield _default_member(known[name]), "asked for"

    def _refusal(self, member, spec, profile, n_reference, n_columns):
        exclude = self.exclude or ()
        if member.name in exclude or member.detector in exclude:
            return "excluded by the user"
        if spec.name == "dependency" and n_columns < 2:
            return "one column has no other to depend on"
        if member.view == "normal" and _two_valued(profile):
            return (
                "columns of two values look the same in normal scores as squashed; "
                "measured on such tables, the second picture adds nothing"
            )
        if n_reference < spec.min_samples:
            return f"needs {spec.min_samples} rows, there are {n_reference}"
        if spec.max_samples is not None and n_reference > spec.max_samples:
            return (
                f"too slow beyond {spec.max_samples} rows; the reference has "
                f"{n_reference}"
            )
        return None

    def _limit(self, chosen, refused):
        """Keep the members that differ most, where fewer are wanted."""
        order = {name: i for i, name in enumerate(_BREADTH)}
        chosen = sorted(chosen, key=lambda item: order.get(item[0].name, len(order)))
        if self.max_models is None:
            return chosen
        for member, _, _ in chosen[self.max_models :]:
            refused[member.name] = (
                f"max_models={self.max_models}: those kept differ more from each other"
            )
        return chosen[: self.max_models]

    def _recommend(self, member, spec, why, profile):
        confidence = None
        if spec.confidence is not None:
            try:
                confidence = float(spec.confidence(profile))
            except Exception as error:  # the user's code; it is written down
                why += f" (its confidence failed: {type(error).__name__}: {error})"
        return AlgorithmRecommendation(
            algorithm=member.name,
            detector=spec.name,
            view=member.view,
            confidence=confidence,
            reasoning=f"finds {spec.description} ({spec.family}); {why}",
            hyperparameters=dict(member.parameters),
            computational_complexity=spec.complexity,
            memory_requirements=spec.memory_usage,
        )


def _wants(spec, profile, refused):
    """Ask a detector of the user's whether it suits the data."""
    if spec.should_recommend is None:
        return False
    try:
        return bool(spec.should_recommend(profile))
    except Exception as error:  # the user's code; it is written down
        refused[spec.name] = f"its own rule failed: {type(error).__name__}: {error}"
        return False


def _two_valued(profile):
    """Tell whether hardly any column has more than two values once it is numeric."""
    return profile.types.label == "categorical"


def _default_member(spec):
    return PoolMember(spec.name, spec.name, spec.view)
