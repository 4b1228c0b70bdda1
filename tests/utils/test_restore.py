"""A fit that fails changes nothing."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from autonomaly import (
    AutonomousDetector,
    AutonomousPreprocessor,
    OutlierSearch,
    VotingOutlierEnsemble,
)
from autonomaly.detectors import DetectorAdapter, KNNDetector
from autonomaly.exceptions import DetectorRejected
from autonomaly.preprocessing import RobustView

RNG = np.random.RandomState(0)
X = RNG.randn(60, 3)
WIDER = pd.DataFrame(RNG.randn(60, 5), columns=list("abcde"))
INFINITE = WIDER.replace(WIDER["a"][0], np.inf)
ENSEMBLE = VotingOutlierEnsemble([("knn", KNNDetector())])


class FailsLate(KNNDetector):
    def _set_offset(self, abnormality):
        raise DetectorRejected("too late")


@pytest.mark.parametrize(
    ("estimator", "params", "refused"),
    [
        (KNNDetector(), {}, INFINITE),
        (KNNDetector(), {}, WIDER * 1e200),
        (RobustView(), {}, INFINITE),
        (AutonomousPreprocessor(), {}, WIDER.astype(complex)),
        (ENSEMBLE, {}, INFINITE),
        (ENSEMBLE, {"estimators": [("late", FailsLate())]}, WIDER),
        (ENSEMBLE, {"max_false_discovery_rate": 0.1, "calibrate": False}, WIDER),
        (
            OutlierSearch(KNNDetector(), search="random", n_trials=2),
            {"search_space": {"unknown": [1, 2]}},
            WIDER,
        ),
        (AutonomousDetector(max_models=1), {"algorithms": ["unknown"]}, WIDER),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("method", ["fit", "fit_predict"])
def test_a_failed_fit_leaves_what_was_fitted(estimator, params, refused, method):
    estimator = clone(estimator)
    method = method if hasattr(estimator, method) else "fit"
    estimator.fit(X).set_params(**params)
    before = dict(vars(estimator))
    with pytest.raises(ValueError):  # noqa: PT011  # each has its own message
        getattr(estimator, method)(refused)
    after = vars(estimator)
    assert after.keys() == before.keys()
    assert all(after[name] is before[name] for name in after)


@pytest.mark.parametrize(
    "detector", [KNNDetector(), DetectorAdapter(estimator=object()), ENSEMBLE]
)
def test_a_failed_first_fit_leaves_nothing(detector):
    with pytest.raises(ValueError):  # noqa: PT011
        detector.fit(WIDER * 1e200 if isinstance(detector, KNNDetector) else INFINITE)
    with pytest.raises(NotFittedError):
        detector.score_samples(X)


def test_what_cannot_be_is_refused_before_the_fit():
    class NeverFitted(KNNDetector):
        def _fit(self, answer, keep):
            raise AssertionError

    ensemble = VotingOutlierEnsemble(
        [("knn", NeverFitted())], max_false_discovery_rate=0.1, calibrate=False
    )
    with pytest.raises(ValueError, match="Pass calibrate=True"):
        ensemble.fit(X)
