import warnings

import numpy as np
import pandas as pd
import pytest

from autonomaly import AutonomousDetector, AutonomousPreprocessor
from autonomaly.exceptions import AutonomalyWarning, UnseenWarning

RNG = np.random.RandomState(0)
TABLE = pd.DataFrame({"paid": RNG.choice(["yes", "no"], 200), "x": RNG.rand(200)})
LITTLE_MEMORY = pytest.mark.filterwarnings(  # so that small tables are cut into parts
    "ignore:memory_limit=.* cannot be kept"
)


def test_many_rows_with_unseen_categories_are_one_warning():
    upper = TABLE.assign(paid=TABLE["paid"].str.upper())
    detector = AutonomousDetector(max_models=1).fit(TABLE)
    with pytest.warns(UnseenWarning) as caught:
        detector.predict(upper)
    (warning,) = caught
    example = upper["paid"][0]
    assert f"200 of 200 in 'paid', such as '{example}'" in str(warning.message)


@LITTLE_MEMORY
@pytest.mark.parametrize("chunked", [False, True])
def test_the_parts_of_a_batch_are_one_warning(chunked):
    few = AutonomousDetector(max_models=1, memory_limit=50_000).fit(TABLE)
    rows = pd.concat([TABLE] * 10, ignore_index=True)
    rows["x"] = rows["x"].astype(object)
    rows.loc[1500:, "paid"] = "maybe"
    rows.loc[::500, "x"] = "much"
    many = [rows[:900], rows[900:]] if chunked else rows
    for method in (few.score_samples, few.predict, few.outlier_pvalues):
        with pytest.warns(AutonomalyWarning) as caught:
            method(many)
        unread, unseen = (str(warning.message) for warning in caught)
        assert "4 of 2000 in 'x', a column of numbers, such as 'much'" in unread
        assert "500 of 2000 in 'paid', such as 'maybe'" in unseen
    # So few are many in their part, but not in the batch.
    rows = rows.replace({"paid": {"maybe": "yes"}, "x": {"much": 0}})
    rows.loc[1950:, "paid"] = "maybe"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        few.predict([rows[:1900], rows[1900:]] if chunked else rows)


@LITTLE_MEMORY
def test_rows_without_any_value_are_one_warning():
    X = RNG.randn(200, 2)
    detector = AutonomousDetector(max_models=1, memory_limit=50_000).fit(X)
    with pytest.warns(AutonomalyWarning, match="200 of 4000 rows hold no") as caught:
        detector.predict(np.vstack([X] * 19 + [np.full_like(X, np.nan)]))
    assert len(caught) == 1


def test_missing_values_where_there_were_none():
    fitted = AutonomousPreprocessor().fit(TABLE)
    with pytest.warns(UnseenWarning, match="200 of 200 in 'paid', such as a missing"):
        fitted.transform(TABLE.assign(paid=None))


@pytest.mark.parametrize(("n_rows", "n_unseen"), [(200, 9), (9, 9), (400, 15)])
def test_few_rows_are_no_reason(n_rows, n_unseen):
    rows = pd.concat([TABLE, TABLE], ignore_index=True)[:n_rows]
    rows.loc[: n_unseen - 1, "paid"] = "maybe"
    fitted = AutonomousPreprocessor().fit(TABLE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.transform(rows)


def test_of_many_categories_new_ones_are_expected():
    names = pd.Series(np.repeat(np.arange(100), 3)).map("name{}".format)
    fitted = AutonomousPreprocessor().fit(
        pd.DataFrame({"name": names, "x": RNG.rand(300)})
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.transform(pd.DataFrame({"name": names + "a", "x": 0.5}))
