"""Applications that raise where floating-point numbers end get the same results."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from autonomaly import AutonomousDetector, DataProfiler, VotingOutlierEnsemble
from autonomaly.detectors import (
    DependencyDetector,
    ForestDetector,
    KNNDetector,
    MahalanobisDetector,
    MixtureDetector,
)
from autonomaly.preprocessing import SquashedView

X = np.random.RandomState(0).randn(300, 3)
# Numbers, and their squares, that end at either side of the range.
EXTREME = X * [1e300, 1, 1e-310]
KNOWN = np.where(np.arange(300) < 25, np.arange(300) < 5, np.nan)


@pytest.fixture(autouse=True)
def _numbers_that_end_are_errors():
    with np.errstate(all="raise"):
        yield


@pytest.mark.parametrize("rows", [X, EXTREME], ids=["ordinary", "extreme"])
@pytest.mark.parametrize("labels", ["ignore", "use"])
def test_the_detector(labels, rows):
    detector = AutonomousDetector(labels=labels).fit(rows, KNOWN)
    assert detector.rejected_ == {}
    far = np.clip(rows, -1e306, 1e306) * 30
    for method in ("predict", "score_samples", "outlier_pvalues"):
        given = getattr(detector, method)(far)
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(given, getattr(detector, method)(far))


def test_the_members_of_an_ensemble():
    members = [
        ("knn", make_pipeline(SquashedView(), KNNDetector())),
        ("mixture", make_pipeline(SquashedView(), MixtureDetector())),
    ]
    # So far from one group that its likelihood is 0 in the other.
    rows = np.vstack([X[:150] / 100, X[150:] / 100 + 1])
    ensemble = VotingOutlierEnsemble(members).fit(rows)
    assert ensemble.rejected_ == {}
    assert np.isfinite(ensemble.score_samples(rows * 100)).all()


@pytest.mark.parametrize(
    "detector",
    [
        KNNDetector(),
        MixtureDetector(),
        MahalanobisDetector(),
        ForestDetector(),
        DependencyDetector(),
    ],
)
def test_single_detectors(detector):
    assert np.isfinite(detector.fit(X * 1e-160).score_samples(X * 1e4)).all()


def test_the_profile():
    with np.errstate(all="ignore"):
        expected = DataProfiler(cache=False).profile(EXTREME)
    assert DataProfiler(cache=False).profile(EXTREME) == expected
