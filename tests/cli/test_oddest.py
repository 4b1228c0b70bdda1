import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import IsolationForest

from autonomaly import AutonomousDetector
from autonomaly.cli._oddest import amounts_of, telling_columns


def _far_from_zero(X):
    return -np.abs(np.asarray(X, dtype=float)).sum(axis=1)


@pytest.mark.parametrize("frame", [False, True])
def test_the_odd_value_is_named_first(frame):
    X = np.random.RandomState(0).normal(size=(200, 4))
    X[7, 2] = 30.0
    X[9, 0] = -40.0
    before = X.copy()
    data = pd.DataFrame(X, columns=list("abcd")) if frame else X
    model = IsolationForest(random_state=0).fit(X)

    def score(rows):
        return model.score_samples(np.asarray(rows))

    told = telling_columns(score, data, score(data), [7, 9])
    assert [columns[0][0] for columns in told] == [2, 0]
    assert told[0][0][1] == 30.0
    assert abs(told[0][0][2]) < 0.2
    np.testing.assert_array_equal(np.asarray(data), before)


def test_typical_values_occur_in_the_column():
    data = pd.DataFrame(
        {
            "number": pd.array([1, 2, 3, 2, None], dtype="Int64"),
            "kind": pd.Categorical(["a", "b", "b", None, "b"]),
            "day": pd.to_datetime(["2020-01-01"] * 4 + ["2021-01-01"]),
            "flag": [True, True, False, True, True],
            "list": [[1], [1], [2], [1], [1]],
            "nothing": [None] * 5,
        }
    )

    def score(rows):  # odd is what differs from the second row
        return np.array(
            [
                -sum(str(a) != str(b) for a, b in zip(row, data.iloc[1], strict=True))
                for row in rows.itertuples(index=False)
            ]
        )

    (told,) = telling_columns(score, data, score(data), np.array([2]), n_columns=6)
    names = [data.columns[j] for j, _, _ in told]
    assert set(names) == {"number", "flag", "list"}
    assert {data.columns[j]: typical for j, _, typical in told}["list"] == [1]


def test_a_row_that_is_odd_in_no_single_value():
    X = np.zeros((20, 2))

    def score(rows):  # odd when both are alike, so that no replacement helps
        return np.zeros(len(rows))

    assert telling_columns(score, X, score(X), np.array([0, 3])) == [[], []]


def test_wide_tables_are_scored_in_parts():
    X = np.random.RandomState(0).normal(size=(30, 900))
    X[0, 899] = 500.0
    sizes = []

    def score(rows):
        sizes.append(rows.size)
        return _far_from_zero(rows)

    (told, *_) = telling_columns(score, X, _far_from_zero(X), np.arange(10))
    assert told[0][0] == 899
    assert len(sizes) > 2
    assert max(sizes) <= 2_000_000


def test_far_less_telling_columns_are_left_out():
    X = np.zeros((50, 3))
    X[0] = [1000.0, 1.0, 0.0]
    (told,) = telling_columns(_far_from_zero, X, _far_from_zero(X), np.array([0]))
    assert [j for j, _, _ in told] == [0]


def test_a_value_that_is_typical_is_not_named():
    data = pd.DataFrame({"kind": ["b", "b", "b", "a"] * 5, "size": 0.0})
    data.loc[1, "size"] = 5.0

    def score(rows):  # a is the most normal kind, b the most frequent
        return -1.0 * (rows["kind"] == "b").to_numpy() - rows["size"].to_numpy()

    (told,) = telling_columns(score, data, score(data), np.array([1]))
    assert [data.columns[j] for j, _, _ in told] == ["size"]
    told = telling_columns(score, data, score(data), np.array([0]))
    assert told == [[]]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, "", "NA"])
def test_a_value_that_is_rare_because_it_is_there(missing):
    alarm = pd.Series([missing] * 300, dtype=object)
    alarm[[3, 80, 200]] = "boom"
    data = pd.DataFrame({"alarm": alarm, "size": 0.0})
    data.loc[5, "size"] = 9.0

    def score(rows):
        return -1.0 * (rows["alarm"] == "boom").to_numpy() - rows["size"].to_numpy()

    boom, size = telling_columns(score, data, score(data), np.array([3, 5]))
    assert boom == [(0, "boom", None)]
    assert [j for j, _, _ in size] == [1]


def test_spellings_of_a_missing_value_are_one_level():
    data = pd.DataFrame({"alarm": [None, "NA", np.nan, "", "boom", "boom"]})

    def score(rows):  # a missing value is odd, but it is what is typical
        return -1.0 * (rows["alarm"] != "boom").to_numpy()

    assert telling_columns(score, data, score(data), np.arange(4)) == [[]] * 4


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y"])
def test_the_typical_date_of_texts_is_the_median(form):
    days = pd.Series(pd.date_range("2021-03-01", periods=101))
    rng = np.random.RandomState(0)
    data = pd.DataFrame({"day": days[rng.permutation(101)].dt.strftime(form).array})
    data["size"] = pd.Series([f"{1000.5 + i:,}" for i in range(101)])
    data["alarm"] = pd.Series([np.nan] * 90 + [1.0] * 11)
    data["a"] = rng.normal(size=101)
    detector = AutonomousDetector(max_models=1).fit(data)
    roles = list(detector.preprocessor_.roles_.values())
    assert roles == ["date", "numeric", "categorical", "numeric"]

    def score(rows):  # odd is what the last row holds
        return -1.0 * (rows == data.iloc[100]).sum(axis=1).to_numpy()

    (told,) = telling_columns(
        score,
        data,
        score(data),
        np.array([100]),
        n_columns=4,
        amounts=amounts_of(detector),
    )
    typical = {data.columns[j]: value for j, _, value in told}
    assert typical["day"] == days[50].strftime(form)
    assert typical["size"] == "1,050.5"
    assert typical["alarm"] is None
