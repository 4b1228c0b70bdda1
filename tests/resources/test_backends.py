"""Results do not depend on where the work is done."""

import joblib
import numpy as np
import pytest

from autonomaly import AutonomousDetector

SMALL = {"max_models": 2}


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_backends_of_joblib(backend):
    X = np.random.RandomState(0).randn(300, 3)
    X[:4] += 8
    here = AutonomousDetector(**SMALL).fit(X)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        there = AutonomousDetector(**SMALL).fit(X)
        scores = there.score_samples(X)
    np.testing.assert_array_equal(scores, here.score_samples(X))
    np.testing.assert_array_equal(there.outlier_pvalues(X), here.outlier_pvalues(X))
