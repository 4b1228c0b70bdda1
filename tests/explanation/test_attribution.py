import numpy as np
import pandas as pd
import pytest

from autonomaly import AutonomousDetector
from autonomaly.explanation import _attribution
from autonomaly.explanation._attribution import ordinary_rows, telling_columns


def _told(data, rows, **parameters):
    """Fit a detector; name the columns that make rows odd."""
    detector = AutonomousDetector(**parameters).fit(data)
    ordinary = ordinary_rows(detector, data, detector.score_samples(data))
    odd = data.iloc[rows] if hasattr(data, "iloc") else data[rows]
    return telling_columns(detector, odd, ordinary)


def _names(data, told):
    return [[data.columns[j] for j, _, _ in columns] for columns in told]


def _visits(seed, n=600):
    """A table with pairs of columns that go together."""
    rng = np.random.RandomState(seed)
    start, weight = np.sort(rng.uniform(0, 1000, n)), rng.normal(70, 10, n)
    ordered = pd.Timestamp("2023-01-01") + pd.to_timedelta(start * 8, unit="h")
    group = rng.choice(list("abc"), n)
    level = np.select([group == "a", group == "b"], [0, 10], 20)
    return pd.DataFrame(
        {
            "start": start.round(1),
            "end": (start + 3 + rng.normal(size=n)).round(1),
            "ordered": ordered.astype(str),
            "shipped": (ordered + pd.Timedelta(days=3)).strftime("%d.%m.%Y"),
            "weight": weight.round(2),
            "dose": (2 * weight + rng.normal(size=n)).round(2),
            "group": group,
            "level": (level + rng.normal(size=n)).round(2),
            "amount": rng.normal(100, 10, n).round(1),
            "country": rng.choice(["DE", "AT"], n, p=[0.8, 0.2]),
        }
    )


@pytest.mark.parametrize("frame", [False, True])
def test_the_odd_value_is_named_first(frame):
    X = np.random.RandomState(0).normal(size=(200, 4))
    X[7, 2] = 30.0
    X[9, 0] = -40.0
    before = X.copy()
    data = pd.DataFrame(X, columns=list("abcd")) if frame else X
    told = _told(data, [7, 9])
    assert [[j for j, _, _ in columns] for columns in told] == [[2], [0]]
    assert told[0][0][1] == 30.0
    assert abs(told[0][0][2]) < 0.2
    np.testing.assert_array_equal(np.asarray(data), before)


@pytest.mark.parametrize("seed", range(3))
def test_ordinary_values_of_columns_that_go_together_are_not_named(seed):
    data = _visits(seed)
    data.loc[100, "amount"] = 250.0
    data.loc[500, "country"] = "KP"
    assert _names(data, _told(data, [100, 500])) == [["amount"], ["country"]]


@pytest.mark.parametrize("seed", range(3))
def test_both_values_that_do_not_go_together_are_named(seed):
    data = _visits(seed)
    data.loc[50, ["weight", "dose"]] = [85.0, 110.0]
    data.loc[300, ["group", "level"]] = ["a", 20.0]
    broken, mixed = _names(data, _told(data, [50, 300]))
    assert set(broken) == {"weight", "dose"}
    assert mixed[0] in {"group", "level"}


def test_of_three_values_the_one_that_does_not_fit_is_named():
    data = _visits(0)
    data.loc[50, "end"] = 900.0
    assert _names(data, _told(data, [50])) == [["end"]]


def test_values_that_are_far_together_are_both_named():
    data = _visits(0)
    data.loc[50, ["weight", "dose"]] = [200.0, 400.0]
    (names,) = _names(data, _told(data, [50]))
    assert set(names) == {"weight", "dose"}


def test_a_missing_value_is_named():
    rng = np.random.RandomState(0)
    data = pd.DataFrame(
        {"kind": rng.choice(["a", "b"], 300), "size": rng.normal(size=300)}
    )
    data.loc[3, "kind"] = None
    ((told,),) = _told(data, [3])
    assert told[0] == 0
    assert pd.isna(told[1])


def test_wide_tables_are_scored_in_parts(monkeypatch):
    X = np.random.RandomState(0).normal(size=(60, 300))
    X[0, 299] = 500.0
    monkeypatch.setattr(_attribution, "_MAX_VALUES_AT_ONCE", 100_000)
    detector = AutonomousDetector(max_models=1).fit(X)
    ordinary = ordinary_rows(detector, X, detector.score_samples(X))
    sizes, score = [], detector._scores

    def counted(Z):
        sizes.append(Z.size)
        return score(Z)

    monkeypatch.setattr(detector, "_scores", counted)
    (told, *_) = telling_columns(detector, X[:10], ordinary)
    assert told[0][0] == 299
    assert len(sizes) > 3
    assert max(sizes) <= 100_000


def test_what_is_kept_of_a_long_table_is_little():
    X = np.random.RandomState(0).normal(size=(5000, 2))
    detector = AutonomousDetector(max_models=1).fit(X)
    rows, typical = ordinary_rows(detector, X, detector.score_samples(X))
    assert rows.shape == (2000, 2)
    assert len(typical) == 2


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, "", "NA"])
def test_a_value_that_is_rare_because_it_is_there(missing):
    alarm = pd.Series([missing] * 300, dtype=object)
    alarm[[3, 80, 200]] = "boom"
    data = pd.DataFrame({"alarm": alarm})
    data["size"] = np.random.RandomState(0).normal(size=300)
    data.loc[5, "size"] = 9.0
    boom, size = _told(data, [3, 5])
    assert boom == [(0, "boom", None)]
    assert [j for j, _, _ in size] == [1]


def test_a_value_that_is_typical_is_not_named(monkeypatch):
    data = pd.DataFrame({"kind": ["b", "b", "b", "a"] * 15})
    data["size"] = np.random.RandomState(0).normal(size=60)
    detector = AutonomousDetector(max_models=1).fit(data)
    ordinary = ordinary_rows(detector, data, detector.score_samples(data))
    # odd is the most frequent kind
    monkeypatch.setattr(detector, "_scores", lambda Z: -Z[:, 0])
    assert telling_columns(detector, data[:1], ordinary) == [[]]


@pytest.mark.parametrize(("every", "named"), [(4, []), (20, [0])])
def test_a_common_category_makes_no_row_odd_by_itself(monkeypatch, every, named):
    data = pd.DataFrame({"kind": np.where(np.arange(200) % every, "b", "a")})
    data["size"] = np.random.RandomState(0).normal(size=200)
    detector = AutonomousDetector(max_models=1).fit(data)
    ordinary = ordinary_rows(detector, data, np.zeros(200))
    b = detector._numbers(data[1:2])[0, 0]
    monkeypatch.setattr(_attribution, "_near", lambda *_: np.ones((1, 2, 2), dtype=int))
    monkeypatch.setattr(detector, "_scores", lambda Z: -1.0 * (Z[:, 0] != b))
    (told,) = telling_columns(detector, data[:1], ordinary)
    assert [j for j, _, _ in told] == named
    # but beside an amount that makes the row odd, too, it is named
    monkeypatch.setattr(
        detector, "_scores", lambda Z: -1.0 * (Z[:, 0] != b) - np.abs(Z[:, -1])
    )
    data.loc[0, "size"] = 3.0
    (told,) = telling_columns(detector, data[:1], ordinary)
    assert sorted(j for j, _, _ in told) == [0, 1]


def test_a_row_that_is_odd_in_no_single_value(monkeypatch):
    X = np.random.RandomState(0).normal(size=(60, 2))
    detector = AutonomousDetector(max_models=1).fit(X)
    ordinary = ordinary_rows(detector, X, detector.score_samples(X))
    monkeypatch.setattr(detector, "_scores", lambda Z: np.zeros(len(Z)))
    assert telling_columns(detector, X[:2], ordinary) == [[], []]


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y"])
def test_typical_values_are_as_they_are_written(form):
    days = pd.Series(pd.date_range("2021-03-01", periods=101))
    rng = np.random.RandomState(0)
    data = pd.DataFrame({"day": days[rng.permutation(101)].dt.strftime(form).array})
    data["size"] = pd.Series([f"{1000.5 + i:,}" for i in range(101)])
    data["alarm"] = pd.Series([np.nan] * 90 + [1.0] * 11)
    data["flag"] = pd.array([True, True, False, None] * 25 + [True], dtype="boolean")
    data["said"] = [
        f"the visitor asked {i} times for {i % 7} of them" for i in range(101)
    ]
    detector = AutonomousDetector(max_models=1).fit(data)
    assert list(detector.preprocessor_.roles_.values())[-1] == "text"
    _, typical = ordinary_rows(detector, data, np.zeros(101))
    assert typical == [days[50].strftime(form), "1,050.5", None, True, ""]


@pytest.mark.parametrize("seed", range(3))
def test_common_categories_that_do_not_go_together_are_both_named(seed):
    rng = np.random.RandomState(seed)
    sex = rng.choice(["F", "M"], 1500)
    data = pd.DataFrame(
        {
            "sex": sex,
            "title": np.where(sex == "F", "Ms", "Mr"),
            "age": rng.randint(20, 65, 1500),
        }
    )
    data.loc[3, "title"] = "Mr" if sex[3] == "F" else "Ms"
    told, of_an_ordinary_row = _told(data, [3, 10])
    assert {j for j, _, _ in told} == {0, 1}
    assert sorted(typical == "" for _, _, typical in told) == [False, True]
    assert 0 not in {j for j, _, _ in of_an_ordinary_row}


def test_a_number_that_does_not_go_with_a_common_category_is_named():
    rng = np.random.RandomState(0)
    product = rng.choice(4, 2000)
    price = np.array([0.5, 3, 20, 1200])[product] * rng.lognormal(0, 0.08, 2000)
    data = pd.DataFrame(
        {
            "product": np.array(["apple", "book", "lamp", "laptop"])[product],
            "price": price.round(2),
            "day": rng.randint(1, 8, 2000),
        }
    )
    row = np.flatnonzero(product == 3)[0]
    data.loc[row, "price"] = 0.55
    (told,) = _told(data, [row])
    assert (1, 0.55) in [(j, value) for j, value, _ in told]
