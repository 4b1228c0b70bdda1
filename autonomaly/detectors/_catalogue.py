"""The catalogue: every detector the package can choose from, under one name each."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from autonomaly._utils._quiet import quiet_if
from autonomaly._utils._words import unknown_name_message
from autonomaly.detectors._registration import (
    check_callables,
    check_metadata,
    check_search_space,
)
from autonomaly.detectors._spec import DetectorSpec

if TYPE_CHECKING:
    from autonomaly.profiling import DataProfile

__all__ = [
    "catalogue",
    "detector_spec",
    "register_detector",
    "take_in",
    "unregister_detector",
]


@dataclass(frozen=True)
class _Lazy:
    """A class named by its path, imported when it is first called (and picklable)."""

    module: str
    name: str
    defaults: tuple[tuple[str, Any], ...] = ()

    def __call__(self, **parameters):
        # Some packages set warning filters while they are imported.
        with quiet_if(self.module not in sys.modules):
            kind = getattr(import_module(self.module), self.name)
        return kind(**{**dict(self.defaults), **parameters})


def _own(name, kind, description, family, view, complexity, **more):
    factory = _Lazy("autonomaly.detectors", kind)
    return DetectorSpec(
        name,
        factory,
        description,
        family,
        view,
        complexity,
        origin="autonomaly",
        **more,
    )


def _foreign(origin, name, path, description, family, complexity, **more):
    module, kind = path.rsplit(".", 1)
    defaults = tuple(sorted(more.pop("defaults", {}).items()))
    return DetectorSpec(
        name,
        _Lazy(module, kind, defaults),
        description,
        family,
        complexity=complexity,
        origin=origin,
        **more,
    )


# The limits of rows are those beyond which a fit took more than about ten seconds
# with twenty columns on one core.
_BUILT_IN = [
    _own(
        "dependency",
        "DependencyDetector",
        "values that are ordinary one by one and odd together",
        "dependency",
        "squashed",
        "n d^2 + d^3",
        min_features=2,
        search_space={"n_knots": [0, 2, 4, 8], "alpha": (0.01, 1.0, "log")},
    ),
    _own(
        "knn",
        "KNNDetector",
        "rows far from their nearest neighbours",
        "distance",
        "squashed",
        "n^2 d",
        search_space={"n_neighbors": (2, 100, "log")},
    ),
    _own(
        "lof",
        "LOFDetector",
        "rows in a thinner place than their neighbours",
        "density",
        "robust",
        "n^2 d",
        search_space={"n_neighbors": (5, 100, "log")},
    ),
    _own(
        "mixture",
        "MixtureDetector",
        "rows unlikely under a mixture of Gaussian clouds",
        "covariance",
        "squashed",
        "n d^2",
        memory_usage="low",
        search_space={"n_components": (1, 12), "reg_covar": (1e-4, 1e-1, "log")},
    ),
    _own(
        "mahalanobis",
        "MahalanobisDetector",
        "rows far out once the correlations are taken away",
        "covariance",
        "robust",
        "n d^2",
        memory_usage="low",
        search_space={"reg_covar": (1e-6, 1e-1, "log")},
    ),
    _own(
        "forest",
        "ForestDetector",
        "rows that few random cuts set apart",
        "isolation",
        "robust",
        "trees psi log psi",
        search_space={"n_estimators": (50, 300), "max_samples": (64, 1024, "log")},
    ),
    _own(
        "histogram",
        "HistogramDetector",
        "rows with rare values",
        "marginal",
        "squashed",
        "n d",
        memory_usage="low",
        search_space={"n_bins": (5, 50, "log")},
    ),
    _own(
        "tails",
        "TailDetector",
        "rows in the tails of many columns",
        "marginal",
        "robust",
        "n d log n",
        memory_usage="low",
    ),
    _own(
        "projection",
        "ProjectionDetector",
        "rows far out in random directions, robustly measured",
        "depth",
        "robust",
        "n d projections",
        search_space={"n_projections": (50, 500, "log")},
    ),
    _foreign(
        "sklearn",
        "sklearn_ocsvm",
        "sklearn.svm.OneClassSVM",
        "rows outside a smooth boundary around most rows",
        "boundary",
        "n^2 d",
        max_samples=10_000,
        search_space={"nu": (0.01, 0.5, "log")},
    ),
    _foreign(
        "sklearn",
        "sklearn_elliptic_envelope",
        "sklearn.covariance.EllipticEnvelope",
        "rows outside a robust ellipse",
        "covariance",
        "n d^2",
        defaults={"random_state": 0},
        search_space={"support_fraction": (0.5, 1.0)},
    ),
    _foreign(
        "sklearn",
        "sklearn_isolation_forest",
        "sklearn.ensemble.IsolationForest",
        "rows that few random cuts set apart",
        "isolation",
        "trees psi log psi",
        defaults={"random_state": 0},
        search_space={"n_estimators": (50, 300)},
    ),
    _foreign(
        "sklearn",
        "sklearn_lof",
        "sklearn.neighbors.LocalOutlierFactor",
        "rows in a thinner place than their neighbours",
        "density",
        "n^2 d",
        defaults={"novelty": True},
        search_space={"n_neighbors": (5, 100, "log")},
    ),
    _foreign(
        "pyod",
        "pyod_knn",
        "pyod.models.knn.KNN",
        "rows far from their fifth neighbour",
        "distance",
        "n^2 d",
        min_samples=6,
        search_space={"n_neighbors": (2, 100, "log")},
    ),
    _foreign(
        "pyod",
        "pyod_abod",
        "pyod.models.abod.ABOD",
        "rows that see all others in one direction",
        "distance",
        "n^2 d",
        min_samples=12,
        search_space={"n_neighbors": (5, 50, "log")},
    ),
    _foreign(
        "pyod",
        "pyod_cblof",
        "pyod.models.cblof.CBLOF",
        "rows far from the large clusters",
        "distance",
        "n k d",
        min_samples=20,
        defaults={"random_state": 0},
        search_space={"n_clusters": (4, 16)},
    ),
    _foreign(
        "pyod",
        "pyod_hbos",
        "pyod.models.hbos.HBOS",
        "rows with rare values",
        "marginal",
        "n d",
        memory_usage="low",
        search_space={"n_bins": (5, 50, "log")},
    ),
    _foreign(
        "pyod",
        "pyod_inne",
        "pyod.models.inne.INNE",
        "rows outside small spheres around random rows",
        "isolation",
        "n d psi",
        min_samples=20,
        defaults={"random_state": 0},
        search_space={"n_estimators": (50, 300)},
    ),
    _foreign(
        "pyod",
        "pyod_kde",
        "pyod.models.kde.KDE",
        "rows in thin places",
        "density",
        "n^2 d",
        max_samples=5000,
        search_space={"bandwidth": (0.1, 3.0, "log")},
    ),
    _foreign(
        "pyod",
        "pyod_loda",
        "pyod.models.loda.LODA",
        "rows rare in sparse random projections",
        "depth",
        "n d",
        memory_usage="low",
        defaults={"random_state": 0},
        search_space={"n_random_cuts": (50, 300)},
    ),
    _foreign(
        "pyod",
        "pyod_mcd",
        "pyod.models.mcd.MCD",
        "rows outside a robust ellipse",
        "covariance",
        "n d^2",
        min_samples=10,
        defaults={"random_state": 0},
    ),
    _foreign(
        "pyod",
        "pyod_pca",
        "pyod.models.pca.PCA",
        "rows far out along small principal components",
        "reconstruction",
        "n d^2",
        memory_usage="low",
        defaults={"random_state": 0},
    ),
]

_catalogue = {spec.name: spec for spec in _BUILT_IN}
# Those that came with an estimator from another process, and were not registered here.
_arrived: set[str] = set()


def catalogue() -> dict[str, DetectorSpec]:
    """List the detectors that can be named in ``algorithms`` and ``exclude``.

    Returns
    -------
    dict of str to DetectorSpec
        A copy, in the order of registration.

    Examples
    --------
    >>> from autonomaly.detectors import catalogue
    >>> catalogue()["knn"].description
    'rows far from their nearest neighbours'
    """
    return dict(_catalogue)


def detector_spec(name: str) -> DetectorSpec:
    """Look a detector up by its name.

    Parameters
    ----------
    name : str
        Name in the catalogue.

    Returns
    -------
    DetectorSpec
        What is known about it.

    Raises
    ------
    ValueError
        If there is none, with near names.

    Examples
    --------
    >>> from autonomaly.detectors import detector_spec
    >>> detector_spec("lof").family
    'density'
    """
    if name not in _catalogue:
        raise ValueError(unknown_name_message("detector", name, _catalogue))
    return _catalogue[name]


def register_detector(
    name: str,
    factory: Callable[..., Any],
    *,
    search_space: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
    should_recommend: Callable[["DataProfile"], bool] | None = None,
    confidence: Callable[["DataProfile"], float] | None = None,
) -> DetectorSpec:
    """Add a detector of your own to the catalogue.

    Parameters
    ----------
    name : str
        A new name, without ``"__"`` and ``"@"``. A name of your own may be registered
        again, which replaces it; those that come with the package may not.
    factory : callable
        Called with hyperparameters as keywords; returns an unfitted outlier detector
        with ``fit(X)`` and ``score_samples(X)`` (low = abnormal) or
        ``decision_function(X)``, or one of PyOD's. A class will do.
    search_space : dict, default=None
        Hyperparameter to list of values, to (low, high) of a range, of whole numbers
        if both ends are, or to (low, high, "log") where factors count.
    metadata : dict, default=None
        Any of ``description`` (what it finds, such as ``"rows far from all others"``),
        ``suitable_for`` (a family, see :class:`~autonomaly.detectors.DetectorSpec`),
        ``complexity``, ``memory_usage``, ``view``, ``min_samples``, ``min_features``,
        ``max_samples``.
    should_recommend : callable, default=None
        Called with the data's profile, tells whether the detector suits the data.
        Where it is given and says yes, the detector joins the ensemble by itself;
        otherwise it is there to be named in ``algorithms``.
    confidence : callable, default=None
        Called with the profile, returns a number in [0, 1].

    Returns
    -------
    DetectorSpec
        The entry of the catalogue.

    Raises
    ------
    ValueError
        If the name, a field of the metadata or the search space cannot be used.
    TypeError
        If the factory cannot be called.

    Examples
    --------
    >>> from sklearn.svm import OneClassSVM
    >>> from autonomaly import register_detector
    >>> from autonomaly.detectors import unregister_detector
    >>> register_detector("my_svm", OneClassSVM, search_space={"nu": (0.1, 0.5)}).name
    'my_svm'
    >>> unregister_detector("my_svm")
    """
    _check_name(name)
    check_callables(
        name, factory, should_recommend=should_recommend, confidence=confidence
    )
    check_metadata({} if metadata is None else metadata)
    check_search_space({} if search_space is None else search_space, factory)
    metadata = dict(metadata or {})
    family = metadata.pop("suitable_for", "user")
    # The record says that the detector "finds" what the description names.
    metadata.setdefault("description", f"what {name!r} considers abnormal")
    spec = DetectorSpec(
        name,
        factory,
        family=family,
        search_space=dict(search_space or {}),
        should_recommend=should_recommend,
        confidence=confidence,
        origin="user",
        **metadata,
    )
    _catalogue[name] = spec
    _arrived.discard(name)
    return spec


def take_in(spec: DetectorSpec) -> None:
    """Enter a detector that was registered in another process.

    Parameters
    ----------
    spec : DetectorSpec
        Its entry there. What was registered here under its name stays; what came from
        elsewhere before is replaced.
    """
    if spec.name not in _catalogue or spec.name in _arrived:
        _catalogue[spec.name] = spec
        _arrived.add(spec.name)


def unregister_detector(name: str) -> None:
    """Take a detector of your own out of the catalogue.

    Parameters
    ----------
    name : str
        Name it was registered under.

    Raises
    ------
    ValueError
        If there is none, or it came with the package.

    Examples
    --------
    >>> from autonomaly.detectors import unregister_detector
    >>> unregister_detector("knn")
    Traceback (most recent call last):
        ...
    ValueError: 'knn' is built in and cannot be removed; use exclude=['knn'] instead.
    """
    if detector_spec(name).origin != "user":
        raise ValueError(
            f"{name!r} is built in and cannot be removed; use exclude=[{name!r}] "
            f"instead."
        )
    del _catalogue[name]
    _arrived.discard(name)


def _check_name(name):
    if not isinstance(name, str) or not name or "__" in name or "@" in name:
        raise ValueError(
            "The name of a detector must be a non-empty string without '__' and '@', "
            f"got {name!r}."
        )
    if name in _catalogue and _catalogue[name].origin != "user":
        raise ValueError(
            f"{name!r} is the name of a built-in detector. Choose another name."
        )
