"""A detector that fails, hangs or gives no numbers never ends the run."""

import threading
import time

import numpy as np
import pytest
from sklearn.base import BaseEstimator, OutlierMixin

from autonomaly import AutonomousDetector
from autonomaly.exceptions import BudgetWarning, NoDetectorLeftError
from autonomaly.selection import POOL

pytestmark = pytest.mark.filterwarnings("error")

X = np.random.RandomState(0).randn(200, 4)
X[:6] += 9 * np.random.RandomState(1).choice([-1, 1], (6, 4))


class Odd(OutlierMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def score_samples(self, X):
        return X[:, 0]


class Raises(Odd):
    def fit(self, X, y=None):
        raise RuntimeError("no luck")


class GivesNaN(Odd):
    def score_samples(self, X):
        return X[:, 0] * np.nan


class Hangs(Odd):
    woken = threading.Event()

    def fit(self, X, y=None):
        self.woken.wait(60)
        return self


def refuses_to_be_made():
    raise ValueError("not today")


@pytest.mark.parametrize(
    ("factory", "why"),
    [
        (Raises, "RuntimeError: no luck"),
        (GivesNaN, "200 of 200 scores are not finite"),
        (refuses_to_be_made, "ValueError: not today"),
        (object, "has neither score_samples nor decision_function"),
    ],
)
def test_registered_detector_that_fails(register, factory, why):
    register("bad", factory, should_recommend=lambda profile: True)
    others = [m.name for m in POOL if m.detector not in ("tails", "knn")]
    detector = AutonomousDetector(exclude=others).fit(X)
    assert detector.recommendations_
    assert why in detector.rejected_["bad"]
    (decision,) = detector.record_.filter("selection", "bad")
    assert decision.choice == "rejected"
    assert why in decision.reason
    assert "bad" not in [r.algorithm for r in detector.recommendations_]
    assert np.isfinite(detector.score_samples(X)).all()


def test_registered_detector_that_hangs(register):
    Hangs.woken.clear()
    register("slow", Hangs)
    algorithms = ["slow", "knn20_squashed"]
    detector = AutonomousDetector(algorithms=algorithms[1:])
    detector.fit(X)  # what is imported at the first fit takes none of the budget
    detector.set_params(algorithms=algorithms, time_budget=2)
    started = time.monotonic()
    try:
        with pytest.warns(BudgetWarning, match=r"left out 1 of 2 members \(slow\)"):
            detector.fit(X)
    finally:
        seconds = time.monotonic() - started
        Hangs.woken.set()
    assert seconds < 30  # it would hang for 60
    assert "did not finish" in detector.rejected_["slow"]
    assert (detector.predict(X)[:6] == -1).all()


def test_rules_that_fail_do_not_end_the_run(register):
    def fails(profile):
        raise KeyError("nothing of the kind")

    register("bad_rule", Odd, should_recommend=fails)
    register("bad_confidence", Odd, should_recommend=bool, confidence=fails)
    detector = AutonomousDetector(max_models=2).fit(X)
    assert "KeyError" in detector.rejected_["bad_rule"]
    detector = AutonomousDetector(algorithms=["tails", "bad_confidence"]).fit(X)
    assert "bad_confidence" in [r.algorithm for r in detector.recommendations_]


def test_every_detector_fails(register):
    register("bad", Raises)
    with pytest.raises(NoDetectorLeftError, match="bad: RuntimeError: no luck"):
        AutonomousDetector(algorithms=["bad"]).fit(X)
