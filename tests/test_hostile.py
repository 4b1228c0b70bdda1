"""Random and hostile tables: a finite score for every row, or an error that names why.

``HYPOTHESIS_PROFILE=thorough`` tries 10,000 tables, the default a few hundred.
"""

import datetime
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autonomaly import AutonomousDetector
from autonomaly.exceptions import AutonomalyWarning

# One or two in a fit: every detector and every shared computation has its turn, "knn"
# is all members of that kind. The whole pool takes a second: it comes less often.
MEMBERS = [
    "dependency_squashed",
    "dependency_normal",
    "knn",
    "knn5_minmax",
    "lof",
    "mixture_squashed",
    "mahalanobis",
    "histogram_squashed",
    "tails_robust",
    "pyod_hbos",
    "sklearn_ocsvm",
]
LARGEST = np.finfo(np.float64).max


def magnitudes():
    """Floats of any size, the special ones more often than chance has it."""
    special = [
        0.0, -0.0, 1.0, -1.0, 1e300, -1e300, 1e-300, 5e-324, LARGEST, -LARGEST,
        np.nan, np.inf, -np.inf, 1e16, 0.1,
    ]  # fmt: skip
    return st.one_of(
        st.sampled_from(special),
        st.floats(width=64),
        st.floats(-1e3, 1e3),
        st.tuples(st.floats(-10, 10), st.integers(-300, 300)).map(
            lambda pair: pair[0] * 10.0 ** pair[1]
        ),
    )


DTYPES = st.sampled_from(["f8", "f4", "f2", ">f8", "i8", "i1", "u8", "bool", "O"])
# One row is an error, which has tests of its own.
SHAPES = st.tuples(st.integers(2, 12), st.integers(1, 12))


@st.composite
def arrays(draw):
    """Number arrays, and the things that happen to them."""
    shape = draw(SHAPES)
    X = draw(hnp.arrays(np.float64, shape, elements=magnitudes(), fill=magnitudes()))
    happening = draw(
        st.sampled_from(["", "duplicates", "constant", "missing", "scaled"])
    )
    n_ordinary = draw(st.sampled_from([0, 40, 40, 150]))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if happening == "duplicates":
            X = np.repeat(X, draw(st.integers(2, 6)), axis=0)
        elif happening == "constant":
            X[:, draw(st.integers(0, shape[1] - 1))] = draw(magnitudes())
        elif happening == "missing":
            X[:, draw(st.integers(0, shape[1] - 1))] = np.nan
        elif happening == "scaled":
            X = X * 10.0 ** draw(st.integers(-300, 300))
        if n_ordinary:
            noise = np.random.RandomState(draw(st.integers(0, 99)))
            X = np.vstack([X, noise.standard_normal((n_ordinary, shape[1]))])
        dtype = draw(DTYPES)
        if np.dtype(dtype).kind in "iu":
            X = np.nan_to_num(X, nan=0.0, posinf=9.0, neginf=0.0)
        return X.astype(dtype)


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    magnitudes(),
    st.text(max_size=8),
    st.sampled_from(["a", "b", "", "nan", "2024-01-01", "1e400", "x\x00", "\ud800"]),
    st.binary(max_size=3),
    st.dates(),
    st.datetimes(),
    st.just(pd.NaT),
    st.just(pd.NA),
    st.decimals(allow_nan=True),
    st.complex_numbers(),
    st.tuples(st.integers()),
    st.lists(st.integers(), max_size=2),
    st.fractions(),
    st.timedeltas(),
)


@st.composite
def frames(draw):
    """Tables of columns of many kinds, and object columns of mixed ones."""
    n = draw(st.integers(2, 25))
    columns = {}
    for j in range(draw(st.integers(1, 5))):
        kind = draw(
            st.sampled_from(
                ["mixed", "float", "int", "text", "date", "bool", "category", "null"]
            )
        )

        def column(elements):
            return draw(st.lists(elements, min_size=n, max_size=n))  # noqa: B023

        if kind == "mixed":
            values = pd.Series(column(CELLS), dtype=object)
        elif kind == "float":
            values = pd.Series(column(magnitudes()), dtype=float)
        elif kind == "int":
            values = pd.Series(column(st.integers(-(2**62), 2**62)), dtype="Int64")
        elif kind == "text":
            values = pd.Series(column(st.text(max_size=20)), dtype=object)
        elif kind == "date":
            dates = st.datetimes(
                datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1)
            )
            values = pd.Series(column(st.one_of(dates, st.none())))
        elif kind == "bool":
            values = pd.Series(column(st.one_of(st.booleans(), st.none())))
        elif kind == "category":
            values = pd.Series(pd.Categorical(column(st.sampled_from("abc"))))
        else:
            values = pd.Series([None] * n, dtype=object)
        columns[draw(st.sampled_from(["", "a", "b", "c d", "é"])) + str(j)] = values
    return pd.DataFrame(columns)


def settings_of_detector():
    few = st.lists(st.sampled_from(MEMBERS), min_size=1, max_size=2)
    rare = st.sampled_from([None, None, ["forest"]])
    return st.fixed_dictionaries(
        {"algorithms": st.integers(0, 29).flatmap(lambda i: rare if i == 17 else few)},
        optional={
            "contamination": st.sampled_from([0.01, 0.5]),
            "max_false_discovery_rate": st.just(0.2),
        },
    )


def check(X, parameters, new=None):
    """Fit and score without a warning; return the scores, or None where refused."""
    with warnings.catch_warnings(record=True) as caught:
        # As an error, a warning in a member would be a reason to go without it.
        warnings.simplefilter("always")
        scores = _fitted_and_scored(X, parameters, new)
    foreign = [w for w in caught if not issubclass(w.category, AutonomalyWarning)]
    assert not foreign, "\n".join(map(str, foreign))
    event("refused" if scores is None else "scored")
    return scores


def _fitted_and_scored(X, parameters, new):
    detector = AutonomousDetector(**parameters)
    refusal, first = None, None
    try:
        labels = detector.fit_predict(X)
    except (ValueError, TypeError) as error:
        refusal = str(error)
    if refusal is not None:
        assert len(refusal) > 15, "the error does not name the problem"
        return None
    for table in (X, new):
        if table is None:
            continue
        scores = detector.score_samples(table)
        assert scores.shape == (len(table),)
        assert np.isfinite(scores).all()
        first = scores if first is None else first
        p = detector.outlier_pvalues(table)
        assert ((p > 0) & (p <= 1)).all()
    assert set(labels) <= {-1, 1}
    np.testing.assert_array_equal(detector.predict(X), labels)
    return first


@given(arrays(), settings_of_detector())
@example(np.full((3, 2), LARGEST), {"algorithms": ["mahalanobis"]})
@example(np.array([[LARGEST], [-LARGEST], [0.0]]), {"algorithms": ["tails_robust"]})
@example(np.array([[np.inf], [-np.inf], [np.nan]]), {"algorithms": ["knn5_minmax"]})
@example(np.full((4, 3), np.nan), {"algorithms": ["histogram_squashed"]})
@example(np.zeros((2, 1)), {"algorithms": ["lof"]})
@example(np.array([[LARGEST, 1.0], [-LARGEST, 2.0], [0.0, np.nan]] * 9), {})
@example(np.repeat(np.eye(3), 9, axis=0), {})
@example(np.r_[np.full((3, 2), LARGEST), np.arange(80.0).reshape(40, 2)], {})
def test_arrays(X, parameters):
    scores = check(X, parameters)
    if scores is None:
        # Number arrays are refused where there is one row, or by these members.
        picky = {"dependency_squashed", "dependency_normal", "pyod_hbos"}
        assert set(parameters["algorithms"]) <= picky | {"sklearn_ocsvm"}


@given(arrays(), st.data())
def test_new_rows_of_any_size(X, data):
    reference = np.random.RandomState(0).standard_normal((30, X.shape[1]))
    new = data.draw(
        hnp.arrays(np.float64, (3, X.shape[1]), elements=magnitudes(), unique=False)
    )
    parameters = data.draw(settings_of_detector())
    check(reference, parameters, new)


@given(frames(), settings_of_detector(), st.booleans())
@example(pd.DataFrame({"a": [1, "x", None, 2.5]}), {"algorithms": ["lof"]}, False)
@example(pd.DataFrame({"a": [1, 1, 1], "b": ["x"] * 3}), {"algorithms": ["lof"]}, False)
def test_frames(X, parameters, to_polars):
    if to_polars:
        try:
            X = pl.from_pandas(X)
        except (TypeError, ValueError, pl.exceptions.PolarsError, OverflowError):
            return
        except Exception:  # pyarrow's errors have no common base
            return
    check(X, parameters)


NO_TABLES = st.one_of(
    st.none(),
    st.text(),
    st.integers(),
    st.floats(),
    st.lists(st.lists(CELLS, max_size=3), max_size=3),
    st.dictionaries(st.text(), CELLS, max_size=2),
    st.sampled_from(
        [
            (),
            np.zeros(3),
            np.zeros((0, 2)),
            np.zeros((2, 0)),
            np.zeros((2, 2, 2)),
            np.zeros((3, 2), dtype=complex),
            np.zeros((3, 1), dtype="datetime64[s]"),
            np.zeros((3, 1), dtype=[("a", "f8")]),
            pd.Series([1.0, 2.0]),
            pd.DataFrame(),
            pl.DataFrame(),
        ]
    ),
)  # fmt: skip


@st.composite
def lists_of_rows(draw):
    """Rows of anything, as lists or as an array of objects."""
    n, d = draw(st.tuples(st.integers(2, 12), st.integers(1, 3)))
    kinds = [CELLS, magnitudes(), st.sampled_from(["a", "b", "", None, 1, 2.5])]
    columns = [
        draw(st.lists(draw(st.sampled_from(kinds)), min_size=n, max_size=n))
        for _ in range(d)
    ]
    rows = [list(row) for row in zip(*columns, strict=True)]
    if not draw(st.booleans()):
        return rows
    table = np.empty((n, d), dtype=object)
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            table[i, j] = value
    return table


@example("~0")
@given(st.integers(0, 9).flatmap(lambda i: NO_TABLES if i == 7 else lists_of_rows()))
def test_lists_and_things_that_are_no_tables(X):
    check(X, {"algorithms": ["tails_robust", "histogram_squashed"]})


@pytest.mark.parametrize(
    "X", [np.zeros((1, 3)), pd.DataFrame({"a": ["x"]}), [[1.0]]], ids=type
)
def test_one_row_is_a_clear_error(X):
    with pytest.raises(ValueError, match="1 sample.*minimum of 2"):
        AutonomousDetector().fit(X)


@pytest.mark.parametrize("X", [np.zeros((0, 3)), np.zeros((3, 0)), pd.DataFrame()])
def test_empty_is_a_clear_error(X):
    with pytest.raises(ValueError, match=r"0 (sample|feature)"):
        AutonomousDetector().fit(X)


def test_unit_does_not_matter():
    rng = np.random.RandomState(0)
    X = rng.randn(80, 3)
    X[0] = 7
    labels = AutonomousDetector().fit_predict(X)
    assert labels[0] == -1
    # Squares, products and quotients of columns would overflow and underflow.
    for scale in (1e-300, 1e300, np.array([1e-300, 1e-150, 1e300])):
        found = AutonomousDetector().fit_predict(X * scale)
        np.testing.assert_array_equal(found, labels)
