"""A real cluster of two worker processes, one of which is killed."""

import os
import signal
import threading
import time

import joblib
import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from autonomaly import AutonomousDetector, VotingOutlierEnsemble
from autonomaly.detectors import KNNDetector
from autonomaly.resources import Parallel, run_here
from autonomaly.tuning import OutlierSearch

distributed = pytest.importorskip(
    "dask.distributed", reason="dask.distributed is not installed (the extra "
    "'distributed')",
)  # fmt: skip

SMALL = {"max_models": 2}


@pytest.fixture(scope="module")
def X():
    X = np.random.RandomState(0).randn(420, 4)
    X[:5] += 8
    return X


@pytest.fixture(scope="module")
def client():
    """Two worker processes; a nanny starts a killed one anew."""
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs=50,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


class Killer(threading.Thread):
    """Kill the first worker that is seen at work."""

    def __init__(self, client):
        super().__init__(daemon=True)
        client.wait_for_workers(2, timeout=60)
        self._client = client
        self._pids = client.run(os.getpid)
        self._done = threading.Event()
        self.killed = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc_info):
        self._done.set()
        self.join()

    def run(self):
        while not self._done.is_set():
            busy = [w for w, tasks in self._client.processing().items() if tasks]
            if busy:
                self._done.wait(0.1)
                self.killed = self._pids[busy[0]]
                os.kill(self.killed, signal.SIGKILL)
                return
            time.sleep(0.01)


def test_fit_survives_the_loss_of_a_worker(client, X):
    here = AutonomousDetector(**SMALL).fit(X)
    with joblib.parallel_config(backend="dask"), Killer(client) as killer:
        there = AutonomousDetector(**SMALL).fit(X)
        scores = there.score_samples(X)
    assert killer.killed is not None
    np.testing.assert_array_equal(scores, here.score_samples(X))
    np.testing.assert_array_equal(there.predict(X), here.predict(X))
    np.testing.assert_array_equal(there.outlier_pvalues(X), here.outlier_pvalues(X))


def test_search_survives_the_loss_of_a_worker(client, X):
    def search():
        return OutlierSearch(
            KNNDetector(),
            search_space={"n_neighbors": [2, 5, 10, 20]},
            search="grid",
            random_state=0,
        ).fit(X)

    here = search()
    with joblib.parallel_config(backend="dask"), Killer(client) as killer:
        there = search()
    assert killer.killed is not None
    assert there.best_params_ == here.best_params_
    values = [[trial.value for trial in found.trials_] for found in (here, there)]
    assert values[0] == values[1]
    np.testing.assert_array_equal(there.score_samples(X), here.score_samples(X))


def test_work_is_done_on_the_workers(client):
    def pid_of_work():  # local: workers cannot import this file
        return os.getpid(), Parallel(n_jobs=2)(
            joblib.delayed(os.getpid)() for _ in "ab"
        )

    client.wait_for_workers(2, timeout=60)  # with one, joblib stays here
    with joblib.parallel_config(backend="dask"):
        pids = Parallel()(joblib.delayed(pid_of_work)() for _ in range(4))
        with run_here():
            mine = Parallel()(joblib.delayed(os.getpid)() for _ in range(2))
    assert os.getpid() not in {pid for pid, _ in pids}
    # What a task starts in parallel stays where the task is.
    assert all(inner == [pid] * 2 for pid, inner in pids)
    assert set(mine) == {os.getpid()}


def test_time_budget_on_a_cluster(client):
    table = np.random.RandomState(0).randn(6000, 3)
    members = [("knn", KNNDetector()), ("forest", IsolationForest(n_estimators=10))]
    options = {"max_reference": 500, "random_state": 0}
    here = VotingOutlierEnsemble(members, **options).fit(table)
    with joblib.parallel_config(backend="dask"):
        ensemble = VotingOutlierEnsemble(members, time_budget=300, **options)
        labels = ensemble.fit_predict(table)
    assert not ensemble.undone_
    np.testing.assert_allclose(ensemble.score_samples(table), here.score_samples(table))
    np.testing.assert_array_equal(labels, ensemble.predict(table))
