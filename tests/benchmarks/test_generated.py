"""The generated tasks of the knowledge base: what is planted is what it is called."""

import _generated
import numpy as np
import pytest
from _generated import ANOMALIES, MAX_ROWS, POPULATIONS, generate_task
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors


@pytest.fixture(scope="module")
def real():
    rng = np.random.default_rng(0)
    clean = rng.standard_normal((300, 4)) @ rng.standard_normal((4, 4))
    odd = rng.standard_normal((40, 4)) + 6
    return [("family", np.vstack([clean, odd]), np.repeat([0, 1], [300, 40]))]


def test_tasks_are_repeatable_and_sound(real):
    kinds = set()
    for number in range(40):
        task, again = generate_task(number, real), generate_task(number, real)
        np.testing.assert_array_equal(task.X, again.X)
        assert task.X.shape[0] == len(task.y) <= 1.5 * MAX_ROWS
        assert np.isfinite(task.X).all()
        assert (task.X.std(axis=0) > 0).all()
        assert 2 <= task.y.sum() < len(task.y) / 2
        assert task.family in ("family", *POPULATIONS)
        kinds.add(task.anomaly)
    assert kinds == set(ANOMALIES)


def test_resampled_anomalies_are_real_rows(real):
    task = next(
        task
        for task in (generate_task(number, real) for number in range(30))
        if task.anomaly == "resampled" and task.X.shape[1] == 4
    )
    known = {row.tobytes() for row in real[0][1]}
    assert all(row.tobytes() in known for row in task.X)


@pytest.fixture(scope="module")
def clean():
    rng = np.random.default_rng(1)
    hidden = rng.standard_normal((500, 1))
    return hidden + 0.1 * rng.standard_normal((500, 3))


def plant(clean, anomaly):
    return _generated._plant(clean, anomaly, 0.1, np.random.default_rng(2))


def test_dependency_keeps_the_marginals_and_breaks_what_binds_them(clean):
    X, y = plant(clean, "dependency")
    odd = X[y == 1]
    for j in range(3):
        assert set(odd[:, j]) <= set(clean[:, j])
    assert np.corrcoef(clean.T)[0, 1] > 0.9 > 0.5 > np.corrcoef(odd.T)[0, 1]


def test_clustered_anomalies_are_near_each_other_and_far_from_the_rest(clean):
    X, y = plant(clean, "clustered")
    odd = X[y == 1]
    to_each_other = NearestNeighbors(n_neighbors=2).fit(odd).kneighbors(odd)[0][:, 1]
    to_the_rest = NearestNeighbors(n_neighbors=1).fit(clean).kneighbors(odd)[0][:, 0]
    assert np.median(to_each_other) < np.median(to_the_rest)


@pytest.mark.parametrize("anomaly", ["local", "global", "contextual"])
def test_planted_rows_stand_out_from_their_neighbours(clean, anomaly):
    X, y = plant(clean, anomaly)
    distances, _ = NearestNeighbors(n_neighbors=6).fit(clean).kneighbors(X)
    assert roc_auc_score(y, distances[:, 5]) > 0.7


def test_categorical_anomalies_hold_rare_values():
    rng = np.random.default_rng(3)
    clean = rng.choice(4, size=(600, 3), p=[0.6, 0.3, 0.09, 0.01]).astype(float)
    X, y = plant(clean, "categorical")
    rare = (X == 3).any(axis=1)
    assert rare[y == 1].mean() > 5 * rare[y == 0].mean()
    assert set(np.unique(X)) <= {0.0, 1.0, 2.0, 3.0}
