"""Warnings name the line of the user's that led to them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from autonomaly import (
    AutonomousDetector,
    AutonomousPreprocessor,
    VotingOutlierEnsemble,
)
from autonomaly.detectors import KNNDetector
from autonomaly.exceptions import BudgetWarning, UnreadableWarning
from autonomaly.tuning import _search as search_module

X = np.random.RandomState(0).randn(3000, 5)
TABLE = pd.DataFrame({"a": range(60), "b": np.arange(60) % 7})
UNREADABLE = TABLE.astype(object).replace(3, "three")


@pytest.mark.parametrize("method", ["fit", "fit_predict"])
@pytest.mark.parametrize("piped", [False, True])
@pytest.mark.parametrize(
    "estimator",
    [AutonomousDetector(), VotingOutlierEnsemble([("a", KNNDetector())])],
    ids=["detector", "ensemble"],
)
def test_the_budget(estimator, piped, method):
    estimator.set_params(time_budget=1e-6)
    estimator = make_pipeline(estimator) if piped else estimator
    with pytest.warns(BudgetWarning) as caught:
        getattr(estimator, method)(X)
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_what_cannot_be_read(output):
    preprocessor = AutonomousPreprocessor().set_output(transform=output).fit(TABLE)
    detector = AutonomousDetector(max_models=1).fit(TABLE)
    for call in (
        preprocessor.transform,
        detector.predict,
        detector.score_samples,
        detector.outlier_pvalues,
    ):
        with pytest.warns(UnreadableWarning) as caught:
            call(UNREADABLE)
        assert {warning.filename for warning in caught} == {__file__}


def test_a_search_that_has_no_time_to_finish(monkeypatch):
    search = search_module.OutlierSearch(KNNDetector(), n_trials=3, search="random")
    run_within = search_module.run_within

    def out_of_time(deadline, what, work):
        if what.startswith("refitting"):
            raise search_module.OutOfTime("out of time")
        return run_within(deadline, what, work)

    monkeypatch.setattr(search_module, "run_within", out_of_time)
    with pytest.warns(BudgetWarning, match="on part of the rows") as caught:
        search.set_params(max_samples=1000).fit(X)
    assert {warning.filename for warning in caught} == {__file__}
