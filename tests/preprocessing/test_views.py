"""The numeric pictures: what they are equal to, and what no column may do to them."""

import time

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer

from autonomaly.preprocessing import MinMaxView, NormalView, RobustView, SquashedView
from autonomaly.preprocessing._views import _quantiles

VIEWS = [MinMaxView, NormalView, RobustView, SquashedView]


def hard_columns():
    """Constant, two values, ties, huge, tiny, heavy-tailed, one that is far out."""
    rng = np.random.RandomState(0)
    n = 200
    far = rng.randn(n)
    far[0] = 1e12
    return np.column_stack(
        [
            np.full(n, 7.0),
            np.arange(n) % 2,
            rng.randint(0, 5, n),
            rng.randn(n) * 1e300,
            rng.randn(n) * 1e-300,
            rng.standard_cauchy(n),
            far,
        ]
    )


@pytest.mark.parametrize("View", VIEWS)
def test_any_column_gives_finite_numbers(View):
    X = hard_columns()
    view = View().fit(X)
    limits = np.array([X.min(axis=0), X.max(axis=0)]) * [[1e5], [-1e5]]
    for rows in (X, limits, np.zeros((1, X.shape[1]))):
        assert np.isfinite(view.transform(rows)).all()


@pytest.mark.parametrize("View", VIEWS)
@pytest.mark.parametrize("tiny", [5e-324, 1e-310, 1e-300, 1e-150])
def test_traces_beside_large_numbers_give_finite_ones(View, tiny):
    X = np.random.RandomState(0).randn(40, 2) * tiny
    X[:3] = 3.3
    for fitted in (X, X[2:], X[3:]):
        assert np.isfinite(View().fit(fitted).transform(X)).all()


@pytest.mark.parametrize(
    "view",
    [
        *(RobustView(clip=-1), RobustView(clip=np.nan), SquashedView(limit=0)),
        *(SquashedView(clip=0), MinMaxView(clip=-0.1), NormalView(n_quantiles=-5)),
    ],
)
def test_parameters_are_checked(view):
    with pytest.raises(ValueError, match="parameter of .*View must be"):
        view.fit(np.eye(3))


@pytest.mark.parametrize("View", VIEWS)
def test_order_is_kept_column_by_column(View):
    X = hard_columns()
    Z = View().fit_transform(X)
    for j in range(X.shape[1]):
        order = np.argsort(X[:, j], kind="stable")
        assert (np.diff(Z[order, j]) >= -1e-12).all()


@pytest.mark.parametrize("View", VIEWS)
def test_units_do_not_matter(View):
    X = np.random.RandomState(0).randn(300, 3)
    Z = View().fit_transform(X)
    np.testing.assert_allclose(View().fit_transform(1e5 * X + 7), Z, atol=1e-6)


@pytest.mark.parametrize("n_rows", [50, 1000, 3000])
def test_normal_is_the_quantile_transformer(n_rows):
    rng = np.random.RandomState(0)
    X = np.column_stack(
        [rng.exponential(size=n_rows), rng.randint(0, 4, n_rows), rng.randn(n_rows)]
    )
    known = QuantileTransformer(
        n_quantiles=min(1000, n_rows), output_distribution="normal", subsample=None
    ).fit(X)
    new = rng.randn(100, 3) * 3
    view = NormalView().fit(X)
    margin = 0.5 / n_rows
    for rows in (X, new):
        Z = view.transform(rows)
        expected = ndtri(margin + (1 - 2 * margin) * ndtr(known.transform(rows)))
        # The transformer sends the smallest and largest values seen to the ends, those
        # beyond them too.
        inside = (rows > X.min(axis=0)) & (rows < X.max(axis=0))
        assert inside.mean() > 0.3
        np.testing.assert_allclose(Z[inside], expected[inside], atol=1e-6)
    share = np.mean(X[:, 1] == 0)
    lowest = view.transform(X)[X[:, 1] == 0, 1]
    np.testing.assert_allclose(lowest, ndtri(share / 2), atol=0.05)


@pytest.mark.parametrize("n_rows", [20, 1000, 5000])
def test_the_largest_of_few_rows_is_not_far_out(n_rows):
    X = np.random.RandomState(0).randn(n_rows, 3)
    X[:2, 1] = 9.0  # two rows share the largest value
    view = NormalView().fit(X)
    Z = view.transform(X)
    expected = ndtri(1 - 0.5 / n_rows)
    np.testing.assert_allclose(Z[:, [0, 2]].max(axis=0), expected, atol=1e-6)
    np.testing.assert_allclose(Z[:, [0, 2]].min(axis=0), -expected, atol=1e-6)
    assert Z[:2, 1] == pytest.approx(ndtri(1 - 1 / n_rows), abs=0.2)
    beyond = view.transform([[10.0, 10.0, -10.0]])[0]
    np.testing.assert_allclose(
        beyond, ndtri(1 - 0.05 / n_rows) * np.array([1, 1, -1]), atol=1e-6
    )


def test_the_farthest_is_not_beyond_itself():
    X = np.random.RandomState(0).randn(50, 2)
    view = NormalView().fit(X)
    farthest = np.array([X.min(axis=0), X.max(axis=0)])
    for nearly in (farthest * (1 + 1e-9), farthest * (1 + 1e-7)):
        np.testing.assert_allclose(view.transform(nearly), view.transform(farthest))
    beyond = view.transform(farthest * 1.001) - view.transform(farthest)
    assert (np.abs(beyond) > 0.3).all()


def test_columns_with_one_long_tail_are_looked_at_as_logarithms():
    amounts = np.random.RandomState(0).lognormal(3, 1.5, size=(2000, 1))
    X = np.hstack([amounts, -amounts, np.log(amounts), np.exp(-amounts / 50)])
    view = RobustView().fit(X)
    assert (view.bend_[:2] * [1, -1] > 5).all()
    np.testing.assert_array_equal(view.bend_[2:], 0)
    R = view.transform(X)
    np.testing.assert_allclose(R[:, 0], -R[:, 1])
    # Nearly as it would be had one taken the logarithm: half as far out as before.
    assert np.corrcoef(R[:, 0], R[:, 2])[0, 1] > 0.96
    assert (
        np.abs(R[:, 0]).max() < 2 < RobustView(unskew=False).fit(X).transform(X).max()
    )
    low, high = np.percentile(R[:, 0], [5, 95])
    assert high - low == pytest.approx(1)
    # What is below all amounts is far out, and as steep as straight lines are.
    below = view.transform([[-10, 0, 0, 0], [-20, 0, 0, 0], [-30, 0, 0, 0]])[:, 0]
    assert below[0] < R[:, 0].min()
    assert below[0] - below[1] == pytest.approx(below[1] - below[2])


@pytest.mark.parametrize(
    "draw", ["standard_normal", "standard_exponential", "random", "standard_cauchy"]
)
def test_ordinary_columns_stay_as_they_are(draw):
    X = getattr(np.random.default_rng(0), draw)((2000, 3))
    for View in (RobustView, SquashedView):
        bent, plain = View().fit(X), View(unskew=False).fit(X)
        assert np.abs(bent.bend_).max() < 1
        np.testing.assert_array_equal(plain.bend_, 0)
        if draw != "standard_exponential":
            np.testing.assert_array_equal(bent.transform(X), plain.transform(X))


def test_far_rows_and_few_rows_are_no_long_tail():
    rng = np.random.RandomState(0)
    X = rng.randn(400, 2)
    X[:80, 0] += 9  # a fifth of the rows: the 95 % quantile is one of them
    bend = RobustView().fit(X).bend_
    assert bend[0] < 1.5
    assert bend[1] == 0
    few = rng.lognormal(0, 1.5, size=(39, 1))
    assert RobustView().fit(few).bend_ == 0
    assert RobustView().fit(np.vstack([few, few])).bend_ > 0


def test_min_max_is_the_scaler_within_its_clip():
    rng = np.random.RandomState(0)
    X, new = rng.randn(50, 2), 10 * rng.randn(50, 2)
    expected = MinMaxScaler().fit(X).transform(new)
    view = MinMaxView(clip=1.0).fit(X)
    np.testing.assert_allclose(view.transform(new), np.clip(expected, -1, 2))


def test_a_few_far_rows_do_not_move_the_robust_picture():
    X = np.random.RandomState(0).randn(200, 2)
    far = X.copy()
    far[:5] = 1e9
    Z, moved = RobustView().fit_transform(X), RobustView().fit_transform(far)
    assert np.abs(Z[5:] - moved[5:]).max() < 0.1
    assert (moved[:5] == 20).all()
    squashed = SquashedView().fit_transform(far)
    assert ((squashed > 2.9) & (squashed < 3.0))[:5].all()


@pytest.mark.parametrize("n_rows", [1, 2, 7, 1000, 1001])
def test_quantiles_are_those_of_numpy(n_rows):
    rng = np.random.RandomState(0)
    levels = np.linspace(0, 1, max(2, min(1000, n_rows)))
    for X in (rng.randn(n_rows, 3), rng.randint(0, 4, (n_rows, 3)).astype(float)):
        expected = np.quantile(X, levels, axis=0)
        np.testing.assert_array_equal(_quantiles(X, levels), expected)


def test_many_quantiles_are_fast():
    X = np.random.RandomState(0).randn(4000, 20)
    started = time.process_time()
    for _ in range(10):
        NormalView().fit(X)
    # Hundredths of a second; 1.6 s with np.quantile.
    assert time.process_time() - started < 0.6


@pytest.mark.parametrize("View", [RobustView, SquashedView, MinMaxView])
def test_a_constant_column_that_comes_back_rounded_is_constant(View):
    view = View().fit(np.full((50, 1), 0.1))
    drawn = view.transform([[0.1], [np.float32(0.1)], [0.2]]).ravel()
    assert abs(drawn[1] - drawn[0]) < 0.2
    assert drawn[2] - drawn[0] > 2
