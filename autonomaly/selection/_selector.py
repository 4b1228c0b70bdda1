"""Which detectors serve this data, and why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from numbers import Integral
from typing import Literal, TypeAlias

from sklearn.base import BaseEstimator

from autonomaly._utils._threads import one_thread
from autonomaly._utils._typing import Names
from autonomaly._utils._words import unknown_name_message
from autonomaly.detectors import catalogue, detector_spec
from autonomaly.profiling import DataProfile
from autonomaly.selection._learner import MetaLearner
from autonomaly.selection._metafeatures import MetaFeatures
from autonomaly.selection._pool import POOL, PoolMember
from autonomaly.selection._ranking import check_families, members_of, parse_priorities
from autonomaly.selection._recommendation import (
    AlgorithmRecommendation,
    Selection,
    own_confidence,
    recommend,
)

__all__ = ["AlgorithmSelector"]

_Priority: TypeAlias = float | Literal["low", "medium", "high"]
# Seconds, or seconds and bytes; None where they are unknown.
_Cost: TypeAlias = float | None | tuple[float | None, float | None]
_Costs: TypeAlias = Callable[[PoolMember, int, int], _Cost]


@dataclass(frozen=True)
class _Wishes:
    """What a user may ask of one selection, see :meth:`AlgorithmSelector.select`."""

    meta: MetaFeatures | None
    priorities: Mapping[str, _Priority] | None
    preferred: Names | None
    excluded: Names | None
    families: Names | None
    max_candidates: int | None
    costs: _Costs | None


class AlgorithmSelector(BaseEstimator):
    """Choose the members of the ensemble for a profiled data set.

    By itself it gives the broad pool, unless the user or the data speak against a
    member. With meta-features, priorities or any other wish it ranks what the
    knowledge base has measured, by what a :class:`MetaLearner` expects of it.

    Parameters
    ----------
    algorithms : list or tuple of str, default=None
        Detectors of the catalogue, or members of the pool, to use; nothing else is.
    exclude : list or tuple of str, default=None
        Detectors or members not to use.
    max_models : int, default=None
        Number of members that vote, at most.
    learner : MetaLearner, default=None
        Predicts performance; None learns from the knowledge base that ships, when it
        is first needed.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.profiling import DataProfiler
    >>> from autonomaly.selection import AlgorithmSelector
    >>> profile = DataProfiler().profile(np.random.RandomState(0).randn(100, 3))
    >>> selector = AlgorithmSelector(algorithms=["knn", "forest"], max_models=2)
    >>> selection = selector.select(profile)
    >>> [r.algorithm for r in selection.recommendations]
    ['knn10_robust', 'forest_robust']
    """

    def __init__(
        self,
        *,
        algorithms: Names | None = None,
        exclude: Names | None = None,
        max_models: int | None = None,
        learner: MetaLearner | None = None,
    ) -> None:
        self.algorithms = algorithms
        self.exclude = exclude
        self.max_models = max_models
        self.learner = learner

    def select(
        self,
        profile: DataProfile,
        n_reference: int | None = None,
        n_columns: int | None = None,
        *,
        meta: MetaFeatures | None = None,
        priorities: Mapping[str, _Priority] | None = None,
        preferred: Names | None = None,
        excluded: Names | None = None,
        families: Names | None = None,
        max_candidates: int | None = None,
        costs: _Costs | None = None,
    ) -> Selection:
        """Choose members.

        Parameters
        ----------
        profile : DataProfile
            What the data is.
        n_reference : int, default=None
            Rows that members will be fitted on; those of the profile if not given.
        n_columns : int, default=None
            Columns after preprocessing; those of the profile if not given.
        meta : MetaFeatures, default=None
            The meta-features. They are computed from the rows that the profile keeps
            where they are needed and not given.
        priorities : mapping of str to float or {"low", "medium", "high"}, \
                default=None
            Weights of ``"accuracy"``, ``"speed"``, ``"interpretability"`` and
            ``"memory"``; accuracy alone if not given.
        preferred : list or tuple of str, default=None
            Detectors or members that come first, whatever is expected of them.
        excluded : list or tuple of str, default=None
            Detectors or members not to use, beside those of `exclude`.
        families : list or tuple of str, default=None
            Only detectors of these families, see
            :class:`autonomaly.detectors.DetectorSpec`.
        max_candidates : int, default=None
            Number of recommendations at most; `max_models`, or else 5, if not given.
        costs : callable, default=None
            Called with a PoolMember, the rows and the columns, returns seconds, or
            seconds and bytes; each may be None. By default seconds are estimated from
            those of the knowledge base.

        Returns
        -------
        Selection
            Members, reasons and refusals. Where none of the keyword arguments is
            given, the static pool.

        Raises
        ------
        ValueError
            If a name is unknown, a number is not positive, or nothing is left.
        TypeError
            If names are not in a list.
        """
        wishes = _Wishes(
            meta, priorities, preferred, excluded, families, max_candidates, costs
        )
        self._check_parameters(wishes)
        size = (
            profile.n_samples if n_reference is None else n_reference,
            profile.n_features if n_columns is None else n_columns,
        )
        if any(wish is not None for wish in vars(wishes).values()):
            return self._select_learnt(profile, size, wishes)
        self._check_names(wishes)
        refused: dict[str, str] = {}
        candidates = self._candidates(profile, refused)
        chosen = self._admitted(candidates, profile, size, wishes, refused)
        chosen = self._limit(chosen, refused)
        return Selection(
            [self._recommend(member, why, profile) for member, why in chosen],
            [member for member, _ in chosen],
            refused,
        )

    def _check_parameters(self, wishes):
        for parameter, names in (
            ("algorithms", self.algorithms),
            ("exclude", self.exclude),
            ("preferred", wishes.preferred),
            ("excluded", wishes.excluded),
            ("families", wishes.families),
        ):
            if isinstance(names, str):
                raise TypeError(
                    f"{parameter} must be a list of strings, got {names!r}. Pass "
                    f"[{names!r}]."
                )
        for parameter, number in (
            ("max_models", self.max_models),
            ("max_candidates", wishes.max_candidates),
        ):
            whole = isinstance(number, Integral) and not isinstance(number, bool)
            if number is not None and not (whole and number >= 1):
                raise ValueError(
                    f"{parameter} must be an integer of at least 1 or None, got "
                    f"{number!r}."
                )

    def _check_names(self, wishes, measured=()):
        allowed = sorted({*catalogue(), *(m.name for m in POOL), *measured})
        given = (self.algorithms, self.exclude, wishes.preferred, wishes.excluded)
        for name in (m.name for m in POOL):
            if name in catalogue():
                raise ValueError(
                    f"A detector is registered as {name!r}, which is the name of a "
                    f"member of the pool. Register it under another name."
                )
        for name in chain.from_iterable(names or () for names in given):
            if name not in allowed:
                raise ValueError(unknown_name_message("detector", name, allowed))
        check_families(wishes.families)

    def _select_learnt(self, profile, size, wishes):
        learner = MetaLearner() if self.learner is None else self.learner
        known = members_of(learner.fit().base_)  # trains it, on all cores
        self._check_names(wishes, known)
        preferred = set(wishes.preferred or ())
        refused = {}
        candidates = self._measured(known, profile, preferred, refused)
        candidates = self._admitted(candidates, profile, size, wishes, refused)
        with one_thread():
            return recommend(
                learner,
                profile,
                profile if wishes.meta is None else wishes.meta,
                candidates,
                refused,
                size=size,
                priorities=parse_priorities(wishes.priorities),
                preferred=preferred,
                max_candidates=wishes.max_candidates or self.max_models or 5,
                costs=wishes.costs,
            )

    def _measured(self, known, profile, preferred, refused):
        """Yield what was measured, and what the user brings, with its variants."""
        specs = catalogue()
        listed = set()
        for member, variants in known.values():
            if member.detector not in specs:
                continue  # measured once, not there now
            asked = self.algorithms is None or {member.name, member.detector} & {
                *self.algorithms
            }
            if asked:
                listed |= {member.name, member.detector}
                yield member, variants
        for spec in specs.values():
            named = spec.name in (*(self.algorithms or ()), *preferred)
            wanted = self.algorithms is None and spec.origin == "user"
            if spec.name not in listed and (
                named or (wanted and _wants(spec, profile, refused))
            ):
                yield _default_member(spec), []

    def _candidates(self, profile, refused):
        """Yield members that may serve, with the reason they are considered."""
        known = catalogue()
        if self.algorithms is None:
            for member in POOL:
                yield member, "part of the broad pool"
            for spec in known.values():
                if spec.origin == "user" and _wants(spec, profile, refused):
                    yield _default_member(spec), "its own rule recommends it"
            return
        given = set()  # a detector and one of its members name that member twice
        for name in dict.fromkeys(self.algorithms):
            of_pool = [m for m in POOL if name in (m.name, m.detector)]
            for member in of_pool:
                if member.name not in given:
                    yield member, "requested by the user"
                given.add(member.name)
            if not of_pool:
                yield _default_member(known[name]), "requested by the user"

    def _admitted(self, candidates, profile, size, wishes, refused):
        """Keep the pairs of a member and what comes with it that nothing rules out."""
        admitted = []
        for member, more in candidates:
            no = self._refusal(member, profile, *size, wishes)
            if no is None:
                admitted.append((member, more))
            else:
                refused[member.name] = no
        if not admitted:
            n_reference, n_columns = size
            raise ValueError(
                f"algorithms={self.algorithms!r} and exclude={self.exclude!r} leave no "
                f"detector for {n_reference} rows and {n_columns} columns"
                + "".join(f"; {name}: {why}" for name, why in refused.items())
            )
        return admitted

    def _refusal(self, member, profile, n_reference, n_columns, wishes):
        spec = detector_spec(member.detector)
        excluded = (*(self.exclude or ()), *(wishes.excluded or ()))
        if member.name in excluded or member.detector in excluded:
            return "excluded by the user"
        if wishes.families is not None and spec.family not in wishes.families:
            return (
                f"of the family {spec.family}, requested were only "
                f"{', '.join(wishes.families)}"
            )
        if n_columns < spec.min_features:
            return f"needs {spec.min_features} columns, but there is {n_columns}"
        if member.view == "normal" and _two_valued(profile):
            return (
                "all columns are categorical: as columns of two values they look the "
                "same in the normal view as in the squashed one, and a second view "
                "added nothing in benchmarks"
            )
        if n_reference < spec.min_samples:
            return f"needs {spec.min_samples} rows, but there are {n_reference}"
        if spec.max_samples is not None and n_reference > spec.max_samples:
            return (
                f"too slow beyond {spec.max_samples} rows; the reference has "
                f"{n_reference}"
            )
        return None

    def _limit(self, chosen, refused):
        """Keep the members that differ most, where fewer are wanted."""
        order = {member.name: i for i, member in enumerate(POOL)}
        chosen = sorted(chosen, key=lambda item: order.get(item[0].name, len(order)))
        if self.max_models is None:
            return chosen
        for member, _ in chosen[self.max_models :]:
            refused[member.name] = (
                f"max_models={self.max_models}: the detectors kept are more diverse"
            )
        return chosen[: self.max_models]

    def _recommend(self, member, why, profile):
        spec = detector_spec(member.detector)
        confidence, failed = own_confidence(spec, profile)
        why += failed
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
    """Tell whether nearly all columns have two values once they are numeric."""
    return profile.types.label == "categorical" and not profile.types.text


def _default_member(spec):
    return PoolMember(spec.name, spec.name, spec.view)
