"""Costs are measured, kept, and predicted as they grow."""

import time

import numpy as np
import pytest

from autonomaly.resources import CostModel
from autonomaly.resources import _cost_model as module


class Sleeper:
    """A detector whose costs are known."""

    fits = 0

    def __init__(self, rounds=1):
        self.rounds = rounds

    def __repr__(self):
        return f"Sleeper(rounds={self.rounds})"

    def fit(self, X):
        Sleeper.fits += 1
        time.sleep(0.002 + 1e-5 * self.rounds * len(X))
        self.held = np.zeros((len(X), 50))
        return self

    def score_samples(self, X):
        time.sleep(0.001)
        return np.zeros(len(X))


@pytest.fixture
def measured(monkeypatch):
    monkeypatch.setattr(module, "_MEASURED", {})
    model = CostModel(seconds=1.0)
    return model.measure({"sleeper": Sleeper}, {"sleeper": {"rounds": (1, 4)}})


def test_predictions(measured):
    for n, rounds in [(800, 1), (800, 4), (10_000, 2)]:
        found = measured.predict("sleeper", n, 10, {"rounds": rounds})
        # Sleeping takes longer than asked for on a busy machine, never less.
        assert 0.8 < found.seconds / (0.002 + 1e-5 * rounds * n) < 4
        assert 0.8 < found.bytes / (n * 50 * 8) < 1.5
        assert found.score_seconds >= 0.0008
    sizes = [measured.predict("sleeper", n, 10).seconds for n in (1, 100, 10**5)]
    assert sizes == sorted(sizes)
    assert measured.names_ == ["sleeper"]
    assert measured.errors_["sleeper"] < 1


def test_what_was_measured_is_kept(measured, tmp_path):
    fits = Sleeper.fits
    again = CostModel(seconds=1.0).measure(
        {"sleeper": Sleeper}, {"sleeper": {"rounds": (1, 4)}}
    )
    assert Sleeper.fits == fits
    assert again.predict("sleeper", 50, 5) == measured.predict("sleeper", 50, 5)
    measured.save(tmp_path / "costs.json")
    loaded = CostModel.load(tmp_path / "costs.json")
    assert loaded.predict("sleeper", 70, 5) == measured.predict("sleeper", 70, 5)
    assert loaded.errors_ == measured.errors_
    for content in ("[]", "no json", '{"format": 0}'):
        (tmp_path / "bad.json").write_text(content)
        with pytest.raises(ValueError, match=r"bad\.json"):
            CostModel.load(tmp_path / "bad.json")


def test_slow_algorithms_are_measured_on_fewer_shapes(monkeypatch):
    monkeypatch.setattr(module, "_MEASURED", {})
    model = CostModel(seconds=0.001).measure({"slow": Sleeper})
    assert len(model._measured["slow"]["points"]) == 4


def test_what_cannot_be_predicted(measured):
    with pytest.raises(ValueError, match="'other' was not measured; known are"):
        measured.predict("other", 10, 2)
    with pytest.raises(ValueError, match="was not measured for 'depth', only for"):
        measured.predict("sleeper", 10, 2, {"depth": 3})
    for values in [(1,), (0, 2), (3, 3)]:
        with pytest.raises(ValueError, match="must be two different positive numbers"):
            CostModel().measure({"a": Sleeper}, {"a": {"rounds": values}})
