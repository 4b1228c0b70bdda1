"""One neighbour search, restricted to any trusted rows, against brute force."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.datasets import load_iris

from autonomaly.detectors import _graph
from autonomaly.detectors._graph import NeighborGraph


def brute_force(reference, keep, rows, k):
    """Distances to the k nearest trusted rows, one zero distance left out."""
    trusted = reference[keep]
    distances = np.sqrt(((rows[:, None] - trusted[None]) ** 2).sum(axis=2))
    distances.sort(axis=1)
    return np.array([d[1:] if d[0] == 0 else d for d in distances], dtype=object), k


def check(reference, keep, rows, n_neighbors):
    graph = NeighborGraph(n_neighbors).fit(reference)
    answer = graph.restrict(keep).answer(graph.query(rows))
    k = min(n_neighbors, len(reference) - 1, keep.sum() - 1)
    assert answer.distances.shape == answer.indices.shape == (len(rows), k)
    expected, _ = brute_force(reference, keep, rows, k)
    expected = np.array([d[:k] for d in expected], dtype=float)
    size = np.abs(reference).max() + np.abs(rows).max()
    np.testing.assert_allclose(answer.distances, expected, rtol=1e-6, atol=1e-6 * size)
    assert keep[answer.indices].all()
    # The indices are the rows whose distances are given, each once.
    real = np.linalg.norm(rows[:, None] - reference[answer.indices], axis=2)
    np.testing.assert_allclose(real, answer.distances, rtol=1e-6, atol=1e-6 * size)
    assert all(len(set(row)) == k for row in answer.indices.tolist())
    return answer


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.95])
def test_restricted_answers_are_brute_force(seed, share):
    rng = np.random.RandomState(seed)
    reference = rng.randn(120, 1 + seed) * 10.0 ** (seed - 3)
    keep = rng.rand(120) >= share
    keep[:2] = True
    new = rng.randn(30, 1 + seed) * 10.0 ** (seed - 3)
    check(reference, keep, reference, 10)
    check(reference, keep, new, 10)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_duplicates_and_ties(share):
    rng = np.random.RandomState(0)
    X = load_iris().data  # one decimal: many ties, one pair of equal rows
    grid = rng.randint(0, 3, (150, 2)).astype(float)
    for reference in (X, grid, np.repeat(X[:15], 10, axis=0)):
        keep = rng.rand(150) >= share
        keep[:2] = True
        check(reference, keep, reference, 7)
        check(reference, keep, reference + 0.01, 7)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_ties_go_to_the_lower_index_in_any_batch(share):
    rng = np.random.RandomState(1)
    reference = rng.randint(0, 4, (200, 3)).astype(float)
    keep = rng.rand(200) >= share
    graph = NeighborGraph(12).fit(reference)
    part = graph.restrict(keep)
    whole = part.answer(graph.query(reference))
    for i in (0, 57, 199):
        alone = part.answer(graph.query(reference[i : i + 1]))
        np.testing.assert_array_equal(alone.indices[0], whole.indices[i])
        np.testing.assert_allclose(alone.distances[0], whole.distances[i], rtol=1e-12)
    order = rng.permutation(200)
    shuffled = part.answer(graph.query(reference[order]))
    np.testing.assert_array_equal(shuffled.indices, whole.indices[order])
    # The rows themselves do not choose either: among equal rows the lowest come first.
    for i in range(0, 200, 23):
        distances = np.linalg.norm(reference[i] - reference, axis=1)
        rows = np.nonzero(keep)[0]
        nearest = rows[np.argsort(distances[rows], kind="stable")]
        nearest = nearest[1:] if distances[nearest[0]] == 0 else nearest
        np.testing.assert_array_equal(whole.indices[i], nearest[:12])


def test_a_row_never_counts_itself_once():
    reference = np.array([[0.0], [0.0], [1.0], [5.0]])
    graph = NeighborGraph(2).fit(reference)
    answer = graph.restrict(np.ones(4, dtype=bool)).answer(graph.query(reference))
    np.testing.assert_allclose(answer.distances, [[0, 1], [0, 1], [1, 1], [4, 5]])


def test_a_row_that_is_not_trusted_keeps_all_neighbours():
    reference = np.array([[0.0], [1.0], [3.0], [7.0]])
    keep = np.array([False, True, True, True])
    graph = NeighborGraph(2).fit(reference)
    answer = graph.restrict(keep).answer(graph.query(reference))
    np.testing.assert_allclose(answer.distances[0], [1, 3])
    np.testing.assert_allclose(answer.distances[1], [2, 6])


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_a_row_is_itself_in_single_precision_too(scale):
    X = np.random.RandomState(0).randn(300, 3) * scale
    graph = NeighborGraph(5).fit(X)
    for keep in (np.ones(300, dtype=bool), np.arange(300) % 3 > 0):
        trusted = graph.restrict(keep)
        expected = trusted.answer(graph.query(X))
        for again in (X.astype(np.float32).astype(float), X * (1 + 1e-12)):
            found = trusted.answer(graph.query(again))
            np.testing.assert_allclose(
                found.distances, expected.distances, rtol=1e-4, atol=1e-6 * scale
            )
        other = trusted.answer(graph.query(X + 1e-4 * scale))  # no longer the same
        assert (other.distances[keep, 0] < 1e-3 * scale).all()


def test_a_far_cluster_does_not_blur_small_distances():
    rng = np.random.RandomState(0)
    near = rng.randn(60, 2) * 1e-3
    reference = np.vstack([near, 1e3 + near[:5]])
    check(reference, np.ones(65, dtype=bool), reference, 5)
    graph = NeighborGraph(1).fit(reference)
    answer = graph.restrict(np.ones(65, dtype=bool)).answer(graph.query(near))
    exact = np.linalg.norm(near[:, None] - near[None], axis=2)
    np.fill_diagonal(exact, np.inf)
    np.testing.assert_allclose(answer.distances[:, 0], exact.min(axis=1), rtol=1e-3)


def test_widen_takes_the_larger():
    small, large = NeighborGraph(3), NeighborGraph(8)
    assert small.widen(large) is large
    assert large.widen(small) is large


def test_blocks_of_rows_and_many_neighbours(monkeypatch):
    monkeypatch.setattr(_graph, "_BLOCK_PAIRS", 1000)
    rng = np.random.RandomState(0)
    reference = rng.randn(300, 4)
    keep = rng.rand(300) >= 0.5
    check(reference, keep, reference, 20)
    # As many as there are, and none runs short: nothing is left to select from.
    check(reference, np.ones(300, dtype=bool), rng.randn(50, 4), 299)
    check(reference, keep, rng.randn(50, 4), 299)


@pytest.mark.parametrize("k", [1, 2, 9, 60])
@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: rng.randn(1500, 4),
        lambda rng: rng.randint(0, 4, (1500, 3)).astype(float),
        lambda rng: np.sort(rng.rand(1500, 1), axis=0) ** 9,
        lambda rng: np.ones((1500, 2)),
        lambda rng: rng.randn(1500, 2) * 10.0 ** rng.randint(-200, 140, (1500, 1)),
        lambda rng: rng.randn(1500, 2) + 1e6 * (rng.rand(1500, 1) < 0.004),
    ],
    ids=["Gaussian", "ties", "sorted", "equal", "magnitudes", "few far"],
)
def test_the_bound_of_a_sample_changes_nothing(monkeypatch, draw, k):
    reference = draw(np.random.RandomState(0))
    bounded = _graph._Search.__dict__["_within_bound"]
    counted = []

    def count(self, squares, k, *sample):
        few, counts = bounded(self, squares, k, *sample)
        counted.append(counts)
        return few, counts

    monkeypatch.setattr(_graph._Search, "_within_bound", count)
    distances, indices = _graph._Search(reference)(reference, k)
    counts = np.concatenate(counted)
    assert len(counts) == 1500  # and most rows needed no second look, at few others
    assert (counts >= k).mean() > 0.9
    assert np.median(counts) < 500
    monkeypatch.setattr(_graph, "_SAMPLE_PER_NEIGHBOR", 1500)
    without = _graph._Search(reference)(reference, k)
    assert len(np.concatenate(counted)) == 1500
    np.testing.assert_array_equal(distances, without[0])
    np.testing.assert_array_equal(indices, without[1])


@pytest.mark.parametrize("n_kept", [1, 30, 1000])
@pytest.mark.parametrize("k", [1, 9, 60])
def test_a_search_among_some_is_that_of_the_others_gone(n_kept, k):
    rng = np.random.RandomState(0)
    reference = np.vstack([rng.randn(900, 3), rng.randint(0, 2, (600, 3))])  # and ties
    keep = np.zeros(1500, dtype=bool)
    keep[rng.choice(1500, n_kept, replace=False)] = True
    distances, places = _graph._Search(reference)(reference, k, keep)
    of_them, at = _graph._Search(reference[keep])(reference, k)
    np.testing.assert_array_equal(places, np.flatnonzero(keep)[at])
    np.testing.assert_allclose(distances, of_them, atol=1e-9)


@pytest.mark.parametrize("width", [1e-4, 1e-5, 1e-8])
@pytest.mark.parametrize("k", [6, 95])
def test_a_search_within_a_tight_cluster(width, k):
    rng = np.random.RandomState(0)
    reference = np.vstack([rng.randn(600, 2), 3 + width * rng.randn(300, 2)])
    keep = rng.rand(900) < 0.7
    expected = np.sort(cdist(reference, reference[keep]), axis=1)[:, :k]
    distances, places = _graph._Search(reference)(reference, k, keep)
    np.testing.assert_allclose(distances, expected, rtol=1e-6, atol=1e-15)
    of_places = np.linalg.norm(reference[:, None] - reference[places], axis=2)
    np.testing.assert_allclose(of_places, expected, rtol=1e-6, atol=1e-15)


def test_rows_that_run_short_are_searched_again():
    rng = np.random.RandomState(0)
    reference = np.vstack([rng.randn(100, 2), 50 + rng.randn(100, 2)])
    keep = np.arange(200) >= 100  # nobody near the first half is trusted
    graph = NeighborGraph(5).fit(reference)
    assert graph.query(reference)[1].shape[1] < 100
    check(reference, keep, reference, 5)


def test_equal_numbers_whatever_the_chunk():
    rng = np.random.RandomState(0)
    reference, new = rng.randn(500, 3), rng.randn(1000, 3)
    graph = NeighborGraph(5).fit(reference)
    _, distances, indices = graph.query(new)
    for size in (1, 7, 300):
        _, d, i = graph.query(new[:size])
        np.testing.assert_array_equal(i, indices[:size])
        np.testing.assert_allclose(d, distances[:size], rtol=1e-12)


def test_what_is_no_number_is_refused():
    graph = NeighborGraph(2).fit(np.eye(3))
    with pytest.raises(ValueError, match="NaN"):
        graph.query(np.array([[0.0, np.nan, 1.0]]))
