"""What the package knows about a detector."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autonomaly.profiling import DataProfile

__all__ = ["DetectorSpec"]


@dataclass(frozen=True)
class DetectorSpec:
    """What the package knows about a detector.

    Attributes
    ----------
    name : str
        Name in the catalogue.
    factory : callable
        Called with hyperparameters as keywords, returns an unfitted detector.
    description : str
        One line for people.
    family : str
        What its idea of an anomaly is: ``"distance"``, ``"density"``,
        ``"dependency"``, ``"covariance"``, ``"isolation"``, ``"marginal"``,
        ``"boundary"``, ``"depth"``, ``"reconstruction"`` or ``"user"``.
    view : str
        The picture of the data it is given: ``"robust"``, ``"squashed"``,
        ``"normal"`` or ``"minmax"``.
    complexity : str
        Growth of the fit time in n rows and d columns.
    memory_usage : str
        ``"low"``, ``"medium"`` or ``"high"``.
    max_samples : int or None
        It is refused with more reference rows than this, where it would be too slow.
    min_samples : int
        It is refused with fewer reference rows.
    min_features : int
        It is refused with fewer columns.
    search_space : dict
        Hyperparameter to list of values, to (low, high) of a range, of whole numbers
        if both ends are, or to (low, high, "log") where factors count.
    should_recommend : callable or None
        Called with the :class:`~autonomaly.profiling.DataProfile`, tells whether the
        detector suits the data; None: it takes part only where it is named in
        ``algorithms``.
    confidence : callable or None
        Called with the profile, returns a number in [0, 1].
    origin : str
        ``"autonomaly"``, ``"sklearn"``, ``"pyod"`` or ``"user"``.

    Examples
    --------
    >>> from autonomaly.detectors import detector_spec
    >>> detector_spec("knn").make(n_neighbors=7)
    KNNDetector(n_neighbors=7)
    """

    name: str
    factory: Callable[..., Any]
    description: str
    family: str
    view: str = "squashed"
    complexity: str = "unknown"
    memory_usage: str = "medium"
    max_samples: int | None = None
    min_samples: int = 2
    min_features: int = 1
    search_space: dict[str, Any] = field(default_factory=dict)
    should_recommend: Callable[["DataProfile"], bool] | None = None
    confidence: Callable[["DataProfile"], float] | None = None
    origin: str = "user"

    def make(self, **parameters: Any) -> Any:
        """Build the unfitted detector.

        Parameters
        ----------
        **parameters : dict
            Hyperparameters.

        Returns
        -------
        object
            What the factory makes of them.
        """
        return self.factory(**parameters)
