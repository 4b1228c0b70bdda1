"""The broad pool of members that serves when nothing speaks for less."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sklearn.pipeline import Pipeline

from autonomaly.detectors import detector_spec
from autonomaly.preprocessing import MinMaxView, NormalView, RobustView, SquashedView

__all__ = ["POOL", "PoolMember", "build_member"]

VIEW_CLASSES: dict[str, Callable[[], Any]] = {
    "robust": RobustView,
    "squashed": SquashedView,
    "normal": NormalView,
    "minmax": MinMaxView,
}


@dataclass(frozen=True)
class PoolMember:
    """A detector of the catalogue on a view, with its hyperparameters.

    Attributes
    ----------
    name : str
        Name in the ensemble.
    detector : str
        Name in the catalogue.
    view : str
        Name of the view.
    parameters : dict
        Hyperparameters.
    """

    name: str
    detector: str
    view: str
    parameters: dict[str, Any] = field(default_factory=dict)


# A broad pool, averaged, beat every cleverer selection on unseen data sets. Where only
# a few are wanted, the first are kept: each next one has another idea of what an
# anomaly is than those before it. The first one sees how far out a value is: pictures
# that squash it lose one, however large, among many columns.
POOL = (
    PoolMember("knn10_robust", "knn", "robust", {"n_neighbors": 10}),
    PoolMember("dependency_squashed", "dependency", "squashed"),
    PoolMember("forest_robust", "forest", "robust"),
    PoolMember("mixture_squashed", "mixture", "squashed"),
    PoolMember("tails_robust", "tails", "robust"),
    PoolMember("mahalanobis_robust", "mahalanobis", "robust"),
    PoolMember("lof30_robust", "lof", "robust", {"n_neighbors": 30}),
    PoolMember("knn20_normal", "knn", "normal", {"n_neighbors": 20}),
    PoolMember("dependency_normal", "dependency", "normal"),
    PoolMember("histogram_squashed", "histogram", "squashed"),
    PoolMember("knn5_minmax", "knn", "minmax", {"n_neighbors": 5}),
    PoolMember("knn20_squashed", "knn", "squashed", {"n_neighbors": 20}),
    PoolMember("knn5_squashed", "knn", "squashed", {"n_neighbors": 5}),
)


def build_member(member: PoolMember) -> tuple[str, Pipeline]:
    """Build the named Pipeline of a member.

    Parameters
    ----------
    member : PoolMember
        What to build.

    Returns
    -------
    tuple of (str, Pipeline)
        Name, and view and detector, unfitted.

    Examples
    --------
    >>> from autonomaly.selection import PoolMember, build_member
    >>> member = PoolMember("near", "knn", "robust", {"n_neighbors": 7})
    >>> name, pipeline = build_member(member)
    >>> name, pipeline["detector"]
    ('near', KNNDetector(n_neighbors=7))
    """
    detector = detector_spec(member.detector).make(**member.parameters)
    steps = [("view", VIEW_CLASSES[member.view]()), ("detector", detector)]
    return member.name, Pipeline(steps)
