"""Results do not depend on where the work is done."""

import threading
import time
import warnings

import joblib
import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from joblib.parallel import LokyBackend, ThreadingBackend

from autonomaly import AutonomousDetector
from autonomaly.ensemble._committee import Committee
from autonomaly.resources import (
    Deadline,
    Parallel,
    _backends,
    parallel_threads,
    run_here,
    workers_in_time,
)

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


def _change_filters(i, entered, left):
    """Enter first and leave first: what was saved second is brought back last."""
    if i:
        entered[0].wait()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        entered[i].set()
        entered[1].wait()
        if i:
            left.wait()
    left.set()


def test_threads_leave_warning_filters_alone():
    before = list(warnings.filters)
    entered, left = [threading.Event(), threading.Event()], threading.Event()
    Parallel(n_jobs=2, backend="threading")(
        joblib.delayed(_change_filters)(i, entered, left) for i in range(2)
    )
    assert warnings.filters == before


def test_workers_are_started_where_there_is_time():
    get_reusable_executor(max_workers=2).shutdown(wait=True)
    started = time.monotonic()
    assert workers_in_time(2, Deadline(3.0)) == 1
    assert time.monotonic() - started < 0.3  # and not a quarter of the time
    assert workers_in_time(2, Deadline(None)) == 2  # they come up with the work
    assert workers_in_time(2, Deadline(300.0)) == 2
    assert workers_in_time(None, Deadline(3.0)) == 1
    with joblib.parallel_config(backend="threading", n_jobs=2):
        assert workers_in_time(None, Deadline(3.0)) == 2


def test_workers_that_come_late_are_done_without(monkeypatch):
    get_reusable_executor(max_workers=2).shutdown(wait=True)
    monkeypatch.setattr(_backends, "_WORTH_WORKERS", 0.0)
    started = time.monotonic()
    assert workers_in_time(2, Deadline(0.04)) == 1
    assert time.monotonic() - started < 1.0


def _workers(**options):
    return parallel_threads(**options)._effective_n_jobs()


def test_threads_by_default(monkeypatch):
    monkeypatch.setattr(_backends, "openmp_threads", lambda: 3)
    assert _workers() == 3
    assert _workers(n_tasks=2) == 2
    assert _workers(n_tasks=0) == 1
    assert _workers(n_jobs=2) == 2
    assert _workers(automatic=False) == 1
    with joblib.parallel_config(backend="loky"):  # processes, where they are asked for
        assert isinstance(parallel_threads(n_jobs=2)._backend, LokyBackend)
        assert isinstance(parallel_threads()._backend, ThreadingBackend)
        given = []
        parallel = parallel_threads(n_jobs=2, here=True)
        parallel(joblib.delayed(given.append)(i) for i in range(3))
        assert given == [0, 1, 2]
    assert _workers(n_jobs=2, here=True) == _workers(here=True) - 1 == 2
    for config in ({"n_jobs": 1}, {"backend": "sequential"}):
        with joblib.parallel_config(**config):
            assert _workers() == 1
    with joblib.parallel_config(n_jobs=2):
        assert _workers() == 2
    with run_here():
        assert _workers() == 1
    within = Parallel(n_jobs=2, backend="threading")(
        joblib.delayed(_workers)() for _ in range(2)
    )
    assert within == [1, 1]  # the outermost work is what runs in parallel
    assert parallel_threads().speed > parallel_threads(n_jobs=1).speed == 1


def test_results_do_not_depend_on_the_threads(monkeypatch):
    X = np.random.RandomState(0).randn(9000, 3)
    detector = AutonomousDetector(**SMALL, n_jobs=1).fit(X)
    alone, pvalues = detector.score_samples(X), detector.outlier_pvalues(X)
    together, score = threading.Barrier(4, timeout=60), Committee.scores

    def scores(committee, X):
        together.wait()  # breaks where fewer chunks are scored at a time
        return score(committee, X)

    monkeypatch.setattr(_backends, "openmp_threads", lambda: 4)
    again = AutonomousDetector(**SMALL).fit(X)
    monkeypatch.setattr(Committee, "scores", scores)
    np.testing.assert_array_equal(again.score_samples(X), alone)
    np.testing.assert_array_equal(again.outlier_pvalues(X), pvalues)
