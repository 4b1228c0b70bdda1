import warnings

import numpy as np
import pandas as pd
import pytest

from autonomaly import AutonomousDetector
from autonomaly.cli._columns import looks_like_truth, match_columns, read_table
from autonomaly.exceptions import AutonomalyWarning, DataError, UnreadableWarning
from autonomaly.io import Chunks


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "orders.csv"
    frame = pd.DataFrame(
        {"id": range(6), "amount": [1, 2, 3, 4, 5, 99], "anomaly": [0] * 5 + [1]}
    )
    frame.to_csv(path, index=False)
    return str(path)


def test_truth_and_ignored_columns_are_no_features(source):
    name, data, truth, _ = read_table(source, "anomaly", ["id"])
    assert name == "orders"
    assert list(data.columns) == ["amount"]
    np.testing.assert_array_equal(truth, [1] * 5 + [-1])


def test_unknown_columns_get_a_hint(source):
    with pytest.raises(DataError, match="did you mean 'amount'"):
        read_table(source, None, ["amuont"])
    with pytest.raises(DataError, match="did you mean 'anomaly'"):
        read_table(source, "anomly", [])


def test_a_column_must_be_left(source):
    with pytest.raises(DataError, match="no column is left"):
        read_table(source, None, ["id", "amount", "anomaly"])


def test_arrays_have_no_names(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((3, 2)))
    with pytest.raises(DataError, match="no named columns"):
        read_table(str(tmp_path / "x.npy"), None, ["a"])


def test_labels_among_the_features_are_noticed(source):
    frame = pd.read_csv(source)
    assert looks_like_truth(frame) == ["anomaly"]
    assert looks_like_truth(frame.rename(columns={"anomaly": "size"})) == []
    assert looks_like_truth(frame.assign(anomaly=range(6))) == []
    assert looks_like_truth(frame.to_numpy()) == []


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.RandomState(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "b": rng.normal(size=60)})
    frame["kind"] = rng.choice(["x", "y"], size=60)
    return AutonomousDetector(max_models=1).fit(frame), frame


def test_columns_may_come_in_any_order(fitted):
    detector, frame = fitted
    mixed = frame[["kind", "b", "a"]]
    pd.testing.assert_frame_equal(match_columns(detector, mixed, "f"), frame)
    chunks = Chunks(lambda: [mixed[:20], mixed[20:]], "parts")
    parts = pd.concat(match_columns(detector, chunks, "f"))
    pd.testing.assert_frame_equal(parts, frame)


def test_columns_that_differ_are_named_with_what_to_do(fitted):
    detector, frame = fitted
    with pytest.raises(DataError, match="f lacks the column b. The model was fitted"):
        match_columns(detector, frame[["a", "kind"]], "f")
    with pytest.raises(DataError, match="has the columns c, d, .*--ignore-column c$"):
        match_columns(detector, frame.assign(c=1, d=2), "f")
    with pytest.raises(DataError, match="lacks the column a and has the column A"):
        match_columns(detector, frame.rename(columns={"a": "A"}), "f")
    for n in (2, 4):
        said = f"{n} columns without names, .* on 3: a, b, kind"
        with pytest.raises(DataError, match=said):
            match_columns(detector, np.zeros((5, n)), "f")


def test_columns_without_names_are_said_to_be_taken_in_order(fitted):
    detector, _ = fitted
    with pytest.warns(AutonomalyWarning, match="f have no names.*a, b, kind"):
        data = match_columns(detector, np.zeros((4, 3)), "f")
    assert list(data.columns) == ["a", "b", "kind"]


def test_dates_may_come_as_texts():
    frame = pd.DataFrame({"day": pd.date_range("2020-01-01", periods=60)})
    frame["a"] = np.random.RandomState(0).normal(size=60)
    detector = AutonomousDetector(max_models=1).fit(frame)
    texts = frame.assign(day=frame["day"].dt.strftime("%Y-%m-%d"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        match_columns(detector, frame, "f")
        data = match_columns(detector, texts, "f")
    np.testing.assert_array_equal(
        detector.score_samples(data), detector.score_samples(frame)
    )


def test_a_model_without_names_takes_columns_as_they_are():
    X = np.random.RandomState(0).normal(size=(60, 2))
    detector = AutonomousDetector(max_models=1).fit(X)
    frame = pd.DataFrame(X, columns=["p", "q"])
    data = match_columns(detector, frame, "f")
    np.testing.assert_array_equal(data, X)
    texts = match_columns(detector, frame.assign(q="a"), "f")
    with pytest.warns(UnreadableWarning, match="60 of 60 in 'x1'.*'a'"):
        detector.score_samples(texts)
