"""The criteria by name: how good a detector is, without labels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from autonomaly._utils._typing import Seed
from autonomaly._utils._words import unknown_name_message
from autonomaly.tuning._agreement import (
    blended_agreement_score,
    consensus_agreement_score,
    consensus_scores,
    consensus_top_score,
    stability_score,
)
from autonomaly.tuning._injection import injection_score
from autonomaly.tuning._volume import excess_mass_score, mass_volume_score

__all__ = ["CRITERIA", "Criterion", "get_criterion"]


@dataclass(frozen=True)
class Criterion:
    """A scorer that needs no labels.

    Call it as scikit-learn calls scorers: ``criterion(estimator, X)``, greater is
    better.

    Attributes
    ----------
    name : str
        Name in ``CRITERIA``.
    function : callable
        Called with estimator, X, y and ``random_state``.
    description : str
        What is taken for good, in words that end a sentence.
    needs_consensus : bool
        Whether it takes ``consensus``, which is the same for every detector.
    """

    name: str
    function: Callable[..., float]
    description: str
    needs_consensus: bool = False

    def __call__(self, estimator: Any, X: npt.ArrayLike, y: object = None) -> float:
        """Return the criterion of a fitted detector."""
        return self.function(estimator, X, y)

    def on(self, X: npt.ArrayLike, *, random_state: Seed = 0) -> "_Prepared":
        """Compute once what depends on the rows alone.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows that detectors will be compared on.
        random_state : int, RandomState instance or None, default=0
            Seed of whatever the criterion draws.

        Returns
        -------
        callable
            The same criterion for those rows, as a scorer; its ``part(rows)`` is the
            criterion for some of them.
        """
        known: dict[str, Any] = {"random_state": random_state}
        if self.needs_consensus:
            known["consensus"] = consensus_scores(X, random_state=random_state)
        return _Prepared(self.function, known)


@dataclass(frozen=True)
class _Prepared:
    """A criterion for known rows."""

    function: Callable[..., float]
    known: dict[str, Any]

    def __call__(self, estimator: Any, X: npt.ArrayLike, y: object = None) -> float:
        return self.function(estimator, X, y, **self.known)

    def part(self, rows: npt.ArrayLike | None) -> "_Prepared":
        if rows is None or "consensus" not in self.known:
            return self
        consensus = self.known["consensus"][rows]
        return _Prepared(self.function, {**self.known, "consensus": consensus})


CRITERIA = {
    criterion.name: criterion
    for criterion in (
        Criterion(
            "consensus",
            consensus_agreement_score,
            "its ranking agrees with the vote of many kinds of detectors",
            needs_consensus=True,
        ),
        Criterion(
            "consensus_top",
            consensus_top_score,
            "it finds what the vote of many kinds of detectors finds most abnormal",
            needs_consensus=True,
        ),
        Criterion(
            "blend",
            blended_agreement_score,
            "its ranking agrees with that vote, and its top with the top of the vote",
            needs_consensus=True,
        ),
        Criterion(
            "excess_mass",
            excess_mass_score,
            "what it finds normal is dense",
        ),
        Criterion(
            "mass_volume",
            mass_volume_score,
            "what it finds normal takes little space",
        ),
        Criterion(
            "stability",
            stability_score,
            "fitted to half of the rows, it gives the same ranking",
        ),
        Criterion(
            "injection",
            injection_score,
            "it separates injected anomalies from the rows",
        ),
    )
}


def get_criterion(name: str) -> Criterion:
    """Look a criterion up by its name.

    Parameters
    ----------
    name : str
        A key of ``CRITERIA``.

    Returns
    -------
    Criterion
        A scorer ``(estimator, X, y=None) -> float``, greater is better.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> from autonomaly.tuning import get_criterion
    >>> get_criterion("stability").description
    'fitted to half of the rows, it gives the same ranking'
    """
    if name not in CRITERIA:
        raise ValueError(unknown_name_message("criterion", name, CRITERIA))
    return CRITERIA[name]
