"""The benchmark of labels: counts, figures, peers."""

import importlib.util

import labels
import numpy as np
import pytest
from _data import list_cases


@pytest.mark.parametrize(
    ("text", "n", "count"),
    [("20", 1000, 20), ("1%", 1000, 10), ("1%", 1001, 11), ("50", 60, 30), ("0", 9, 0)],
)
def test_numbers_of_labels(text, n, count):
    assert labels.count_labels(text, n) == count


def test_rounds_grow():
    rounds = [0]
    while rounds[-1] < 40:
        rounds.append(labels.next_round(rounds[-1]))
    assert rounds == [0, 5, 10, 15, 20, 25, 31, 38, 47]


def test_figures_of_the_rest_leave_labelled_rows_out():
    y = np.array([1, 1, 0, 0, 0])
    scores = np.array([9.0, 1.0, 2.0, 0.0, -1.0])
    figures = labels.judge(y, scores, [0, 2], -scores, scores > 5)
    assert figures["auroc"] == pytest.approx(5 / 6)
    assert figures["auroc_rest"] == 1.0
    assert figures["auroc_rest_0"] == 0.0
    assert figures["f1"] == pytest.approx(2 / 3)
    assert labels.judge(y, scores, [0, 1], scores)["auroc_rest"] is None


def test_one_set_from_end_to_end(small_data, tmp_path):
    pytest.importorskip("matplotlib", reason="the plot needs it")
    case = list_cases(small_data, "adbench")[1]
    peers = (labels.BOOSTING,)
    if importlib.util.find_spec("xgboost") is not None:
        peers += (labels.XGBOD,)
    records = labels.run_case(case, 100, ["0", "10"], seed=0, peers=peers)
    known = {r["labels"]: r for r in records if r["method"] == labels.ASKED}
    assert known["0"]["auroc"] == known["0"]["auroc_rest"]
    assert known["10"]["anomalies_known"] >= 1
    names = {r["method"] for r in records}
    assert len(names) == 2 + 2 * 2 * len(peers) + 3
    by_peer = {r["method"]: r["auroc"] for r in records if r["labels"] == "0"}
    assert by_peer["HistGradientBoosting (rest normal), ask"] == 0.5
    summary = labels.report(records, ["0", "10"])
    labels.draw(summary, ["0", "10"], tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes()[1:4] == b"PNG"
