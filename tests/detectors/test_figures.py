"""The figures of our detectors are those of the textbook, computed another way."""

import time

import numpy as np
import pytest
from scipy.stats import multivariate_normal, skew
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import Ridge
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import StandardScaler

from autonomaly._utils._one_hot import one_hot_variables
from autonomaly.detectors import (
    DependencyDetector,
    ForestDetector,
    HistogramDetector,
    KNNDetector,
    LOFDetector,
    MahalanobisDetector,
    MixtureDetector,
    ProjectionDetector,
    TailDetector,
)
from autonomaly.detectors._dependency import SplineBasis
from autonomaly.detectors._tails import SharedRanks
from autonomaly.preprocessing import SquashedView


@pytest.fixture(scope="module")
def wine():
    return StandardScaler().fit_transform(load_wine().data)


NEW = np.random.RandomState(1).randn(40, 13) * 2


@pytest.mark.parametrize("k", [1, 5, 20])
def test_knn_is_the_leave_one_out_mean_distance(wine, k):
    detector = KNNDetector(n_neighbors=k).fit(wine)
    search = NearestNeighbors(n_neighbors=k).fit(wine)
    inside, _ = search.kneighbors()  # without the row itself
    outside, _ = search.kneighbors(NEW)
    np.testing.assert_allclose(-detector.score_samples(wine), inside.mean(axis=1))
    np.testing.assert_allclose(-detector.score_samples(NEW), outside.mean(axis=1))


def test_knn_uses_all_others_where_there_are_fewer(wine):
    few = wine[:6]
    distances, _ = NearestNeighbors(n_neighbors=5).fit(few).kneighbors()
    np.testing.assert_allclose(
        -KNNDetector(n_neighbors=50).fit(few).score_samples(few),
        distances.mean(axis=1),
    )


@pytest.mark.parametrize("k", [5, 30])
def test_lof_is_scikit_learns(wine, k):
    detector = LOFDetector(n_neighbors=k).fit(wine)
    peer = LocalOutlierFactor(n_neighbors=k).fit(wine)
    # Ours is the log of the mean density ratio, theirs the mean ratio itself.
    np.testing.assert_allclose(
        np.exp(-detector.score_samples(wine)),
        -peer.negative_outlier_factor_,
        rtol=1e-6,
    )
    novel = LocalOutlierFactor(n_neighbors=k, novelty=True).fit(wine)
    np.testing.assert_allclose(
        np.exp(detector.score_samples(NEW)), -1 / novel.score_samples(NEW), rtol=1e-6
    )


def test_forest_is_scikit_learns(wine):
    detector = ForestDetector(n_estimators=25, random_state=3).fit(wine)
    peer = IsolationForest(n_estimators=25, random_state=3).fit(wine.astype(np.float32))
    for X in (wine, NEW):
        np.testing.assert_allclose(
            detector.score_samples(X), peer.score_samples(X.astype(np.float32))
        )


def test_histogram_counts(wine):
    detector = HistogramDetector(n_bins=10).fit(wine)
    n, expected = len(wine), 0.0
    for column in wine.T:
        counts, edges = np.histogram(
            column, bins=10, range=(column.min(), column.max() + 1e-9)
        )
        cell = np.clip(np.searchsorted(edges, column, side="right") - 1, 0, 9)
        expected = expected - np.log((counts[cell] + 0.5) / (n + 5))
    np.testing.assert_allclose(-detector.score_samples(wine), expected)
    # Outside of everything seen a value is rarer than in an empty bin.
    inside, outside = wine[:1].copy(), wine[:1].copy()
    outside[0, 0] = wine[:, 0].max() + 10
    gap = np.array([[*outside[0]]])
    assert detector.score_samples(gap) < detector.score_samples(inside)
    empty = -np.log(0.5 / (n + 5))
    assert -np.log(0.1 / (n + 1)) > empty


def test_tails_count_rows_at_least_as_far(wine):
    detector = TailDetector().fit(wine)
    n = len(wine)
    left = np.array([(wine <= row).sum(axis=0) for row in NEW])
    right = np.array([(wine >= row).sum(axis=0) for row in NEW])
    log_left, log_right = (np.log((t + 0.5) / (n + 1)) for t in (left, right))
    centred = wine - wine.mean(axis=0)
    leans_left = (centred**3).mean(axis=0) < 0
    leaning = np.where(leans_left, log_left, log_right).sum(axis=1)
    expected = -np.min([log_left.sum(axis=1), log_right.sum(axis=1), leaning], axis=0)
    np.testing.assert_allclose(-detector.score_samples(NEW), expected)


def test_mahalanobis_is_whitened_pca(wine):
    pca = PCA(whiten=True).fit(wine)
    expected = (pca.transform(NEW) ** 2).sum(axis=1)
    detector = MahalanobisDetector(reg_covar=1e-12).fit(wine)
    np.testing.assert_allclose(-detector.score_samples(NEW), expected, rtol=1e-6)
    assert len(detector.explained_variance_) == 13


@pytest.mark.parametrize("unit", [2.0**-34, 2.0**-100])
@pytest.mark.parametrize(
    "detector", [MahalanobisDetector(), DependencyDetector(), TailDetector()]
)
def test_columns_of_small_units_count_as_much_as_others(wine, detector, unit):
    units = np.where(np.arange(13) % 2, unit, 1.0)
    expected = detector.fit(wine).score_samples(NEW)
    found = detector.fit(wine * units).score_samples(NEW * units)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_rounding_among_trusted_rows_is_no_variation():
    X = np.random.RandomState(0).randn(60, 2)
    X[:, 1] = np.where(np.arange(60) % 2, 0.1 + 0.2 - 0.3, 0.0)  # 5.6e-17 and 0
    X[:3, 1] = 1.0
    detector = MahalanobisDetector()
    detector._fit(X, np.arange(60) > 2)
    assert detector.explained_variance_[1] < 1e-30


def test_mixture_is_the_log_likelihood(wine):
    detector = MixtureDetector(n_components=3, random_state=5).fit(wine)
    mixture = detector.mixture_
    assert isinstance(mixture, GaussianMixture)
    density = sum(
        w * multivariate_normal(m, c).pdf(NEW)
        for w, m, c in zip(
            mixture.weights_, mixture.means_, mixture.covariances_, strict=True
        )
    )
    np.testing.assert_allclose(detector.score_samples(NEW), np.log(density))


def test_mixture_projects_many_columns():
    X = np.random.RandomState(0).randn(120, 70)
    detector = MixtureDetector(max_samples=100).fit(X)
    assert detector.projection_.n_components_ == 50
    np.testing.assert_allclose(
        detector.score_samples(X),
        detector.mixture_.score_samples(detector.projection_.transform(X)),
    )


def test_projection_is_the_mean_robust_deviation(wine):
    detector = ProjectionDetector(n_projections=40).fit(wine)
    projected = wine @ detector.directions_
    center = np.median(projected, axis=0)
    spread = 1.4826 * np.median(np.abs(projected - center), axis=0)
    expected = (np.abs(NEW @ detector.directions_ - center) / spread).mean(axis=1)
    np.testing.assert_allclose(-detector.score_samples(NEW), expected, rtol=1e-6)


@pytest.mark.parametrize("n_knots", [0, 3])
def test_dependency_is_one_ridge_per_column(wine, n_knots):
    X = wine[:, :6]
    detector = DependencyDetector(n_knots=n_knots, alpha=0.1).fit(X)
    basis, n_basis, _ = SplineBasis(n_knots).fit(X).query(X)
    new = SplineBasis(n_knots).fit(X).query(NEW[:, :6]).values
    center, scale = basis.mean(axis=0), basis.std(axis=0) + 1e-6
    P, Q = (basis - center) / scale, (new - center) / scale
    expected = 0.0
    for j in range(6):
        own = np.arange(j * n_basis, (j + 1) * n_basis)
        others = np.setdiff1d(np.arange(P.shape[1]), own)
        ridge = Ridge(alpha=0.1 * len(P), fit_intercept=False)
        ridge.fit(P[:, others], P[:, own[0]])
        residuals = P[:, own[0]] - ridge.predict(P[:, others])
        r2 = np.clip(1 - residuals.var(), 0, 0.999)
        assert detector.r2_[j] == pytest.approx(r2, abs=1e-6)
        new_residuals = Q[:, own[0]] - ridge.predict(Q[:, others])
        square = (new_residuals / residuals.std()) ** 2
        expected = expected + (r2 + 0.01) * np.minimum(square, 50)
    np.testing.assert_allclose(-detector.score_samples(NEW[:, :6]), expected, rtol=1e-4)


def test_dependency_finds_what_breaks_a_curve():
    rng = np.random.RandomState(0)
    x = rng.uniform(-2, 2, 400)
    X = np.column_stack([x, x**2, rng.randn(400)]) + 0.05 * rng.randn(400, 3)
    X[0, :2] = [0.0, 3.5]  # each value ordinary, together impossible
    curved = DependencyDetector(n_knots=4).fit(X)
    assert curved.score_samples(X).argmin() == 0
    assert curved.r2_[1] > 0.7
    assert DependencyDetector(n_knots=0).fit(X).r2_[1] < 0.1
    assert curved.r2_[2] < 0.2


def test_dependency_takes_the_categories_of_a_column_as_one():
    rng = np.random.RandomState(0)
    kind, other = rng.randint(0, 4, 300), rng.randint(0, 2, 300)
    size = kind + 0.1 * rng.randn(300)
    X = np.column_stack([size, np.eye(4)[kind], np.eye(2)[other], rng.randn(300)])
    X[0, 1:5] = np.eye(4)[(kind[0] + 2) % 4]  # each value ordinary, together odd
    detector = DependencyDetector().fit(X)
    assert detector._source.first_.tolist() == [0, 1, 5, 7]
    # Zeros and ones of one column predict each other; that tells nothing.
    assert (detector.r2_[5:] < 0.1).all()
    assert (detector.r2_[:5] > 0.7).all()
    assert len(set(detector.r2_[1:5])) == 1
    assert detector.score_samples(X).argmin() == 0


def test_categories_nobody_trusted_has_are_not_explained():
    rng = np.random.RandomState(0)
    kind = rng.randint(0, 8, 600)
    X = np.column_stack([rng.randn(600, 2), np.eye(8)[kind], kind == 0])
    detector = DependencyDetector()
    source = detector._shared().fit(X)
    answer = source.query(X)
    detector._fit(answer, (kind > 0) & (kind < 4))
    assert source.first_.tolist() == [0, 1, 2, 10]
    assert (detector.r2_ < 0.1).all()  # with 5 of 8 categories constant, and a column


@pytest.mark.parametrize("squashed", [False, True])
def test_dependency_of_categories_is_a_ridge_on_the_other_variables(squashed):
    rng = np.random.RandomState(1)
    kind = rng.randint(0, 3, 200)
    X = np.column_stack([rng.randn(200) + kind, np.eye(3)[kind], rng.randn(200)])
    if squashed:
        X = SquashedView().fit_transform(X)
    detector = DependencyDetector(n_knots=0).fit(X)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    ridge = Ridge(alpha=0.1 * len(Z), fit_intercept=False).fit(Z[:, [0, 4]], Z[:, 1:4])
    residuals = Z[:, 1:4] - ridge.predict(Z[:, [0, 4]])
    r2 = 1 - residuals.var(axis=0).mean()
    np.testing.assert_allclose(detector.r2_[1:4], r2, atol=1e-5)
    square = (residuals**2).sum(axis=1) / residuals.var(axis=0).sum()
    expected = (r2 + 0.01) * np.minimum(square, 50)
    for j, others in ((0, [1, 2, 3, 4]), (4, [0, 1, 2, 3])):
        ridge = Ridge(alpha=0.1 * len(Z), fit_intercept=False)
        residual = Z[:, j] - ridge.fit(Z[:, others], Z[:, j]).predict(Z[:, others])
        r2 = np.clip(1 - residual.var(), 0, 0.999)
        expected += (r2 + 0.01) * np.minimum(residual**2 / residual.var(), 50)
    np.testing.assert_allclose(-detector.score_samples(X), expected, rtol=1e-4)


def test_variables_are_runs_that_cover_every_row_once():
    a, b = np.eye(3)[[0, 1, 2, 0]], np.eye(2)[[0, 1, 1, 0]]
    twice = np.array([[1, 1.0], [0, 0], [1, 1], [0, 0]])  # as many ones as rows
    number, constant = np.array([[0.5], [2], [3], [1]]), np.ones((4, 1))
    X = np.hstack([twice, a, number, b, constant, b[:, :1], number, 1 - b[:, :1]])
    expected = [0, 1, 2, 2, 2, 5, 6, 6, 8, 9, 10, 11]
    assert one_hot_variables(X).tolist() == expected
    # A run that ends in the middle of another begins no second one.
    assert one_hot_variables(np.hstack([b, 1 - b[:, 1:]])).tolist() == [0, 0, 2]


def test_dependency_with_many_columns():
    rng = np.random.RandomState(0)
    latent = rng.randn(60, 3)
    X = latent @ rng.randn(3, 410) + 0.1 * rng.randn(60, 410)
    X[:, :10] *= 1e-3
    detector = DependencyDetector().fit(X)
    assert detector._source.columns_.tolist() == list(range(10, 410))
    assert len(detector._source.knots_) == 0
    assert np.isfinite(detector.score_samples(X)).all()


def test_columns_lean_to_the_side_of_their_skew():
    rng = np.random.RandomState(0)
    Z = np.column_stack(
        [rng.exponential(size=(90, 3)), -rng.exponential(size=(90, 3)), np.ones(90)]
    )
    keep = rng.rand(90) < 0.7
    leans = SharedRanks().fit(Z).restrict(keep).leans_left
    expected = [skew(column[keep]) < 0 for column in Z.T[:-1]]
    np.testing.assert_array_equal(leans, [*expected, False])


def test_many_columns_are_restricted_at_once():
    Z = np.random.RandomState(0).randn(20, 20_000)
    ranks = SharedRanks().fit(Z)
    started = time.process_time()
    ranks.restrict(np.arange(20) > 3)
    # Hundredths of a second, and 9.5 s one column at a time.
    assert time.process_time() - started < 3
