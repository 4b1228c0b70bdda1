"""AutonomousDetector where all labels are of normal rows."""

import copy

import numpy as np
import pytest

from autonomaly import AutonomousDetector

QUICK = ["knn20_squashed", "tails_robust", "mahalanobis_robust"]


def detector():
    return AutonomousDetector(labels="use", algorithms=QUICK, outlier_label=1)


@pytest.fixture(scope="module")
def alarmed():
    """A detector that flags a few dozen of its rows, and these rows."""
    rng = np.random.RandomState(0)
    rows = rng.randn(400, 4) + np.repeat([0.0, 12.0], 200)[:, None]
    rows[:40] = rng.uniform(-12, 24, (40, 4))
    return detector().fit(rows), rows


def test_false_alarms_are_flagged_no_more(alarmed):
    model, rows = copy.deepcopy(alarmed)
    flagged = np.flatnonzero(model.predict(rows) == -1)
    assert len(flagged) > 20
    for n in (5, 10):  # some of them: they go, and no others come
        model.feedback(dict.fromkeys(flagged[:n].tolist(), 0))
        now = np.flatnonzero(model.predict(rows) == -1)
        assert 0 < len(now) <= len(flagged) - n
        assert not set(now) & set(model.known_labels_)
    assert "10 of them would be flagged" in model.record_[-1].reason
    for _ in range(4):  # whatever is flagged is answered normal: soon nothing is
        now = np.flatnonzero(model.predict(rows) == -1)
        model.feedback(dict.fromkeys(now[:20].tolist(), 0))
    assert len(now) == 0
    assert model.contamination_ == 0


def test_one_far_false_alarm_does_not_silence_the_others(alarmed):
    rows = alarmed[1].copy()
    rows[0] = 1e6
    model = detector().fit(rows)
    before = model.predict(rows)
    now = model.feedback({0: 0}).predict(rows)
    assert before[0] == -1
    assert now[0] == 1
    assert (now == -1).sum() == (before == -1).sum() - 1


def test_all_rows_labelled_normal_flag_none(alarmed):
    rows = alarmed[1]
    model = detector().fit(rows, np.zeros(len(rows)))
    assert (model.predict(rows) == 1).all()
    assert np.isfinite(model.offset_)


def test_ordinary_rows_known_to_be_normal_leave_the_share_alone(alarmed):
    model, rows = copy.deepcopy(alarmed)
    before = model.contamination_
    ordinary = np.argsort(-model.score_samples(rows))[:5]
    model.feedback(dict.fromkeys(ordinary.tolist(), 0))
    assert model.contamination_ == before


def test_false_alarms_in_a_sample_lower_the_share(alarmed, monkeypatch):
    monkeypatch.setattr("autonomaly.ensemble._labels._MAX_KEPT", 200)
    monkeypatch.setattr("autonomaly.ensemble._labels._KEPT_TOP", 60)
    rows = alarmed[1]
    model = detector().fit(rows)
    before = model.contamination_
    flagged = np.flatnonzero(model.predict(rows) == -1)
    model.feedback(dict.fromkeys(flagged[::2].tolist(), 0))
    now = np.flatnonzero(model.predict(rows) == -1)
    assert 0 < len(now) < 0.8 * len(flagged)
    assert 0 < model.contamination_ < 0.8 * before
    assert not set(now) & set(model.known_labels_)
