import warnings

import numpy as np
import pandas as pd
import pytest

from autonomaly import AutonomousDetector, AutonomousPreprocessor
from autonomaly.exceptions import UnseenWarning

RNG = np.random.RandomState(0)
TABLE = pd.DataFrame({"paid": RNG.choice(["yes", "no"], 200), "x": RNG.rand(200)})


def test_many_rows_with_unseen_categories_are_one_warning():
    upper = TABLE.assign(paid=TABLE["paid"].str.upper())
    detector = AutonomousDetector(max_models=1).fit(TABLE)
    with pytest.warns(UnseenWarning) as caught:
        detector.predict(upper)
    (warning,) = caught
    example = upper["paid"][0]
    assert f"200 of 200 in 'paid', such as '{example}'" in str(warning.message)


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
