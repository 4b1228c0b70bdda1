"""Whether data is one homogeneous population."""

import time

import numpy as np
import pandas as pd
import pytest

from autonomaly import AutonomousDetector
from autonomaly.ensemble._structure import _draw_block, _root, joint_structure
from autonomaly.preprocessing import AutonomousPreprocessor


@pytest.mark.parametrize("shape", [(200, 6), (20, 50)])
def test_surrogates_have_the_covariance_of_the_rows(shape):
    Z = np.random.RandomState(0).randn(*shape)
    Z -= Z.mean(axis=0)
    root = _root(Z)
    np.testing.assert_allclose(root.T @ root, Z.T @ Z / len(Z), atol=1e-12)
    assert len(root) == min(shape)


@pytest.mark.parametrize("shape", [(300, 5), (100, 400)])
def test_noise_has_none_and_clusters_have_some(shape):
    rng = np.random.RandomState(0)
    noise = rng.randn(*shape)
    clusters = noise + 20 * rng.randint(0, 4, size=(len(noise), 1))
    assert joint_structure(noise) > 0.97
    assert joint_structure(clusters) < joint_structure(noise)


def tables_of_noise():
    rng = np.random.RandomState(0)
    n = 600
    numbers = {f"x{j}": rng.randn(n) for j in range(3)}
    three = {"kind": rng.choice(list("abc"), n)}
    yield "category", {**numbers, **three}
    yield "categories", {**numbers, **three, "other": rng.choice(list("uvwxyz"), n)}
    gaps = np.where(rng.rand(n) < 0.4, np.nan, rng.randn(n))
    yield "gaps", {**numbers, "gaps": gaps}
    seconds = rng.randint(0, 4 * 365 * 86_400, n)
    dates = pd.Timestamp("2022-01-01") + pd.to_timedelta(seconds, unit="s")
    yield "date", {**numbers, "date": dates}
    many = rng.choice([f"c{i}" for i in range(60)], n)
    yield "many categories", {**numbers, "many": many}


@pytest.mark.parametrize(("name", "columns"), list(tables_of_noise()))
def test_columns_of_one_source_are_no_structure(name, columns):
    preprocessor = AutonomousPreprocessor()
    X = preprocessor.fit_transform(pd.DataFrame(columns))
    sources = list(preprocessor.feature_sources_.values())
    assert joint_structure(X, sources=sources) > 0.95
    if name != "many categories":  # nearly all of which share a column
        # Torn apart, they are: no row of a surrogate has one category of each.
        assert joint_structure(X, sources=range(X.shape[1])) < 0.97
    if name.startswith("categor"):  # recognised without being told, too
        assert joint_structure(X) > 0.95


def test_a_detector_knows_which_columns_come_from_a_date():
    table = pd.DataFrame(dict(tables_of_noise())["date"])
    detector = AutonomousDetector(algorithms=["mahalanobis"]).fit(table)
    assert detector.ensemble_.structure_ > 0.98


def test_few_and_discrete_columns_give_a_steady_figure():
    found = []
    for seed in range(8):
        rng = np.random.RandomState(seed)
        kind = np.eye(3)[rng.randint(0, 3, 600)]
        X = np.column_stack([rng.gamma(4, 10, 600), rng.poisson(3, 600), kind])
        found.append(joint_structure(X))
    # With the median of the distances, many of them equal, 0.91 to 1.04.
    assert min(found) > 0.95
    assert max(found) < 1.05


def test_categories_that_depend_on_numbers_are_structure():
    rng = np.random.RandomState(0)
    group = rng.randint(0, 4, 600)
    X = rng.randn(600, 3) + 6 * np.eye(4)[group][:, :3]
    X = np.column_stack([X, np.eye(4)[group]])
    assert joint_structure(X) < 0.9


def test_blocks_are_drawn_row_by_row():
    rng = np.random.RandomState(0)
    kind = rng.choice(4, 500, p=[0.6, 0.25, 0.1, 0.05])
    one_hot = np.eye(4)[kind]
    drawn = rng.randn(500, 4) + 2 * one_hot[::-1]
    block = _draw_block(one_hot, drawn)
    np.testing.assert_array_equal(block.sum(axis=0), one_hot.sum(axis=0))
    assert (block.sum(axis=1) == 1).all()
    # Where much was drawn for a category, it is there.
    assert np.mean(block.argmax(axis=1) == kind[::-1]) > 0.7
    value = rng.randn(500)
    missing = rng.rand(500) < 0.3
    pair = np.column_stack([np.where(missing, 0.0, value), missing])
    block = _draw_block(pair, drawn[:, :2])
    assert sorted(map(tuple, block)) == sorted(map(tuple, pair))
    assert (np.argsort(block[:, 0]) == np.argsort(drawn[:, 0])).mean() > 0.5


def test_time_is_not_cubic_in_the_columns():
    X = np.random.RandomState(0).randn(20, 4000)
    started = time.process_time()
    joint_structure(X)
    # Hundredths of a second, and 10 s with the eigenvalues of all pairs of columns.
    assert time.process_time() - started < 4


def test_copies_are_no_structure():
    X = np.random.RandomState(0).randn(400, 4)
    assert joint_structure(np.r_[X, X]) > 0.96
    assert joint_structure(np.r_[X, X[:200]]) > 0.96
    grid = np.random.RandomState(0).randint(0, 3, (3000, 4)).astype(float)
    for seed in range(4):
        assert joint_structure(grid, seed) > 0.96
