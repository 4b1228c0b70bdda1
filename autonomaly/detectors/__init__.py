"""Detectors and their catalogue.

Every public detector scores low for abnormal rows, as scikit-learn's do.
"""

from autonomaly.detectors._adapter import DetectorAdapter
from autonomaly.detectors._base import BaseDetector
from autonomaly.detectors._catalogue import (
    catalogue,
    detector_spec,
    register_detector,
    unregister_detector,
)
from autonomaly.detectors._dependency import DependencyDetector
from autonomaly.detectors._forest import ForestDetector
from autonomaly.detectors._histogram import HistogramDetector
from autonomaly.detectors._knn import KNNDetector
from autonomaly.detectors._lof import LOFDetector
from autonomaly.detectors._mahalanobis import MahalanobisDetector
from autonomaly.detectors._mixture import MixtureDetector
from autonomaly.detectors._projection import ProjectionDetector
from autonomaly.detectors._spec import DetectorSpec
from autonomaly.detectors._tails import TailDetector

__all__ = [
    "BaseDetector",
    "DependencyDetector",
    "DetectorAdapter",
    "DetectorSpec",
    "ForestDetector",
    "HistogramDetector",
    "KNNDetector",
    "LOFDetector",
    "MahalanobisDetector",
    "MixtureDetector",
    "ProjectionDetector",
    "TailDetector",
    "catalogue",
    "detector_spec",
    "register_detector",
    "unregister_detector",
]
