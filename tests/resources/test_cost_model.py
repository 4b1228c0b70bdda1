"""Costs are measured, kept, and predicted as they grow."""

import json
import time
from pathlib import Path

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
    assert [path.name for path in tmp_path.iterdir()] == ["costs.json"]


def _without_points(content):
    content["measured"]["sleeper"]["points"] = []


def _with_nan(content):
    content["measured"]["sleeper"]["points"][0]["seconds"] = float("nan")


def _with_other_parameters(content):
    content["measured"]["sleeper"]["points"][0]["parameters"] = {"depth": 3}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content.clear(),
        lambda content: content.update(format=0),
        lambda content: content.pop("measured"),
        lambda content: content.update(measured={"sleeper": 3}),
        _without_points,
        _with_nan,
        _with_other_parameters,
    ],
)
def test_files_of_another_kind(measured, tmp_path, spoil):
    path = tmp_path / "bad.json"
    measured.save(path)
    content = json.loads(path.read_text())
    spoil(content)
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"bad\.json' was not written by"):
        CostModel.load(path)


@pytest.mark.parametrize("content", [b"no json", b"", b"\xff\xfe\x00"])
def test_files_that_are_no_json(tmp_path, content):
    (tmp_path / "bad.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.json' is not a JSON file"):
        CostModel.load(tmp_path / "bad.json")


def test_figures_of_another_machine(measured, tmp_path):
    path = tmp_path / "costs.json"
    measured.save(path)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "machine": "Elsewhere x86, 64"}))
    with pytest.raises(ValueError, match="another machine .Elsewhere x86, 64; "):
        CostModel.load(path)
    loaded = CostModel.load(path, any_machine=True)
    assert loaded.predict("sleeper", 70, 5) == measured.predict("sleeper", 70, 5)


def _full(*_, **__):
    raise OSError("no space left")


def test_what_cannot_be_written_leaves_the_old_file(measured, tmp_path, monkeypatch):
    with pytest.raises(OSError, match="missing"):
        measured.save(tmp_path / "missing" / "costs.json")
    measured.save(tmp_path / "costs.json")
    before = (tmp_path / "costs.json").read_text()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", _full)
        with pytest.raises(OSError, match="no space"):
            measured.save(tmp_path / "costs.json")
    assert [path.name for path in tmp_path.iterdir()] == ["costs.json"]
    assert (tmp_path / "costs.json").read_text() == before


def test_what_cannot_be_measured(monkeypatch):
    monkeypatch.setattr(module, "_MEASURED", {})
    model = CostModel(seconds=0.01)

    def broken():
        raise RuntimeError("no such library")

    with pytest.raises(ValueError, match="'odd' cannot be measured; it raised Run"):
        model.measure({"sleeper": Sleeper, "odd": broken})
    assert model.names_ == ["sleeper"]
    with pytest.raises(ValueError, match="Unknown algorithm 'other' .*'sleeper'"):
        model.measure({"sleeper": Sleeper}, {"other": {"rounds": (1, 2)}})
    with pytest.raises(ValueError, match="seconds must be a positive number, got 0"):
        CostModel(seconds=0).measure({"sleeper": Sleeper})


def test_slow_algorithms_are_measured_on_fewer_shapes(monkeypatch):
    monkeypatch.setattr(module, "_MEASURED", {})
    model = CostModel(seconds=0.001).measure({"slow": Sleeper})
    assert len(model._measured["slow"]["points"]) == 4


def test_what_cannot_be_predicted(measured):
    with pytest.raises(ValueError, match="'other' was not measured, only"):
        measured.predict("other", 10, 2)
    with pytest.raises(ValueError, match="was not measured for 'depth', only for"):
        measured.predict("sleeper", 10, 2, {"depth": 3})
    for size in [(0, 2), (10, 0), (float("nan"), 2)]:
        with pytest.raises(ValueError, match="must be at least 1"):
            measured.predict("sleeper", *size)
    for values in [(1,), (0, 2), (3, 3), ("a", "b"), (1, float("inf"))]:
        with pytest.raises(ValueError, match="must be two different positive numbers"):
            CostModel().measure({"a": Sleeper}, {"a": {"rounds": values}})
