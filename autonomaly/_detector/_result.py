"""What a detection gave, as one object."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autonomaly._utils._words import count, percent
from autonomaly.explanation import DecisionRecord
from autonomaly.profiling import DataProfile
from autonomaly.selection import AlgorithmRecommendation

if TYPE_CHECKING:
    from autonomaly._detector._estimator import AutonomousDetector

__all__ = ["AutonomousResult"]


@dataclass(frozen=True, repr=False)
class AutonomousResult:
    """What a detection gave.

    Parameters
    ----------
    model : AutonomousDetector
        The fitted detector.
    performance : dict
        Figures about the fit. ``"kind"``: whether labels were used.
        ``"flagged_share"``: the share flagged of the ``"rows_looked_at"``, which are
        all rows after ``fit_predict`` and may be a sample of a large table after
        ``fit``. ``"member_agreement"``: mean rank correlation of the members with
        their vote; None with fewer than two members. ``"fit_seconds"``: time the fit
        took. ``"average_precision"``, only with ``labels="use"``: that of the labelled
        rows, each scored without its own label; None without labels of both kinds.
    explanations : DecisionRecord
        Every choice with its reason.
    recommendations : list of AlgorithmRecommendation
        The detectors chosen.
    data_profile : DataProfile
        Description of the table; of a sample of its rows if time was short.
    best_result : str
        Name of the detector that agrees best with the vote.
    success : bool
        Always True: a fit that fails raises an error.

    Examples
    --------
    >>> from autonomaly import auto_detect
    >>> result = auto_detect("sklearn:iris", {"max_models": 2})
    >>> result
    <AutonomousResult: 105 rows, 4 columns; ... % flagged by 2 detectors>
    >>> result.data_profile.n_features
    4
    """

    model: "AutonomousDetector"
    performance: dict[str, Any]
    explanations: DecisionRecord
    recommendations: list[AlgorithmRecommendation]
    data_profile: DataProfile
    best_result: str
    success: bool

    def __repr__(self) -> str:
        n_rows, n_columns = self.model.n_samples_seen_, self.data_profile.n_features
        seen = self.performance["rows_looked_at"]
        some = f"of the {seen} rows examined " if seen < n_rows else ""
        return (
            f"<{type(self).__name__}: {count(n_rows, 'row')}, "
            f"{count(n_columns, 'column')}; "
            f"{percent(self.performance['flagged_share'])} {some}flagged by "
            f"{count(len(self.recommendations), 'detector')}>"
        )
