"""Threads of the numeric libraries."""

import multiprocessing
import os
import subprocess
import sys

import pytest

FIT_IN_A_FORK = """
import multiprocessing, numpy as np
from autonomaly import AutonomousDetector

X = np.random.RandomState(0).randn(600, 5)

def fit(_):
    return AutonomousDetector(max_models=3).fit(X).score_samples(X)

here = fit(0)
with multiprocessing.get_context("fork").Pool(1) as pool:
    (there,) = pool.map_async(fit, [0]).get(timeout=60)
assert np.array_equal(here, there)
"""


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="needs fork"
)
def test_a_forked_process_can_fit_too():
    # With more than one thread, it would wait for those its parent has.
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", FIT_IN_A_FORK],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
