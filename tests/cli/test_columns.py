import numpy as np
import pandas as pd
import pytest

from autonomaly.cli._columns import looks_like_truth, read_table
from autonomaly.exceptions import DataError


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "orders.csv"
    frame = pd.DataFrame(
        {"id": range(6), "amount": [1, 2, 3, 4, 5, 99], "anomaly": [0] * 5 + [1]}
    )
    frame.to_csv(path, index=False)
    return str(path)


def test_truth_and_ignored_columns_are_no_features(source):
    name, data, truth = read_table(source, "anomaly", ["id"])
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
