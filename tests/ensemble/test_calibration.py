"""p-values that mean what they say."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest
from sklearn.pipeline import make_pipeline

from autonomaly import AutonomousDetector, VotingOutlierEnsemble
from autonomaly.detectors import (
    HistogramDetector,
    KNNDetector,
    MahalanobisDetector,
    MixtureDetector,
)
from autonomaly.ensemble._calibration import Calibration, n_discoveries
from autonomaly.ensemble._threshold import _beyond_a_gap
from autonomaly.preprocessing import RobustView


def test_pvalue_is_the_rank_among_the_held_out():
    calibration = Calibration(np.linspace(0, 1, 19)[::-1])
    p = calibration.pvalues(np.array([-1.0, 0.0, 0.5, 0.51, 1.0, 99.0]))
    np.testing.assert_allclose(p, np.array([20, 20, 11, 10, 2, 1]) / 20)


def test_outliers_among_the_held_out_do_not_hide_each_other():
    bulk = np.random.RandomState(0).randn(500)
    clean = Calibration(bulk)
    assert clean.n_left_out <= 2
    dirty = Calibration(np.r_[np.full(20, 15.0), bulk])
    assert 20 <= dirty.n_left_out <= 40
    assert dirty.pvalues(np.array([15.0]))[0] < 1 / 400
    np.testing.assert_allclose(dirty.pvalues(bulk), clean.pvalues(bulk), atol=0.04)


TAILS = {
    "exponential": lambda rng, n: rng.exponential(size=n),
    "log-normal": lambda rng, n: rng.lognormal(0, 2, n),
    "Pareto": lambda rng, n: rng.pareto(1, n),
}


@pytest.mark.parametrize("draw", TAILS.values(), ids=TAILS)
@pytest.mark.parametrize("n", [200, 5000])
def test_a_gap_shows_few_outliers_beyond_any_tail(draw, n):
    clean = [
        np.log1p(draw(np.random.RandomState(seed), n)) for seed in range(20)
    ]  # scores are logarithmic in their tails
    assert [_beyond_a_gap(scores) for scores in clean] == [0] * 20
    for scores in clean:
        odd = scores.max() + 15 + 0.1 * np.arange(8)
        assert _beyond_a_gap(np.append(scores, odd)) == 8


def test_few_clear_anomalies_are_discovered_among_many_rows():
    X = np.random.RandomState(0).randn(4500, 4)
    X[:25] += 5
    flagged = AutonomousDetector(max_false_discovery_rate=0.1).fit_predict(X) == -1
    assert flagged[:25].all()
    assert flagged.sum() <= 30


def test_last_digits_of_a_score_do_not_matter():
    held_out = np.random.RandomState(0).randn(200) * 5
    calibration = Calibration(held_out)
    p = calibration.pvalues(held_out)
    np.testing.assert_array_equal(calibration.pvalues(held_out * (1 + 1e-15)), p)
    np.testing.assert_array_equal(calibration.pvalues(held_out * (1 - 1e-15)), p)


SHAPES = {
    "log-normal": lambda rng: rng.lognormal(size=(500, 1)),
    "Cauchy": lambda rng: rng.standard_cauchy((500, 2)),
    "gamma": lambda rng: rng.gamma(2, size=(500, 1)),
    "counts": lambda rng: rng.poisson(3, (500, 1)).astype(float),
    "categories": lambda rng: rng.choice(
        list("abcdefgh"),
        (500, 5),
        p=[0.4, 0.25, 0.15, 0.1, 0.05, 0.03, 0.015, 0.005],
    ),
    "equal categories": lambda rng: rng.choice(list("abcde"), (500, 3)),
    "booleans": lambda rng: rng.rand(500, 8) < 0.1,
    "zeros and amounts": lambda rng: np.column_stack(
        [
            rng.randn(500),
            np.where(rng.rand(500) < 0.06, rng.lognormal(8, 1, 500), 0),
        ]
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_no_false_discovery_in_long_tails_and_few_values(shape):
    n_flagged, p = [], []
    for seed in range(3):
        X, new = (SHAPES[shape](np.random.RandomState(s)) for s in (seed, seed + 99))
        detector = AutonomousDetector(max_false_discovery_rate=0.1).fit(X)
        n_flagged.append((detector.predict(X) == -1).sum())
        p.append(detector.outlier_pvalues(new))
    assert sorted(n_flagged)[1] == 0
    assert np.mean(np.concatenate(p) <= 0.01) < 0.04


def test_the_larger_of_two_pvalues_counts():
    held_out, seen = np.arange(99.0), np.arange(99.0) + 20
    both = Calibration(held_out, seen=seen)
    new = np.array([-1.0, 30.5, 110.5, 200.0])
    np.testing.assert_array_equal(
        both.pvalues(new),
        np.maximum(Calibration(held_out).pvalues(new), Calibration(seen).pvalues(new)),
    )
    assert both.pvalues(new[2:3]) > Calibration(held_out).pvalues(np.array([110.5]))


def test_pvalues_of_exchangeable_scores_are_uniform():
    rng = np.random.RandomState(0)
    p = np.concatenate(
        [Calibration(rng.randn(99)).pvalues(rng.randn(1)) for _ in range(4000)]
    )
    for level in (0.01, 0.05, 0.2, 0.5, 0.9):
        assert np.mean(p <= level) == pytest.approx(level, abs=0.025)


@pytest.mark.parametrize("seed", range(5))
def test_benjamini_hochberg(seed):
    rng = np.random.RandomState(seed)
    p = np.r_[rng.rand(80), rng.rand(20) * 1e-3]
    ordered = np.sort(p)
    expected = max(
        (k for k in range(1, 101) if ordered[k - 1] <= 0.1 * k / 100), default=0
    )
    assert n_discoveries(p, 0.1) == expected
    assert n_discoveries(np.ones(10), 0.5) == 0
    assert n_discoveries(np.zeros(10), 0.01) == 10


def rows(rng, n):
    """Correlated, skewed and heavy-tailed columns."""
    X = rng.standard_t(4, (n, 6))
    X[:, 1] += X[:, 0]
    X[:, 2] = np.exp(X[:, 2] / 4)
    return X


def ensemble(**parameters):
    kinds = {
        "knn": KNNDetector(n_neighbors=5),
        "mahalanobis": MahalanobisDetector(),
        "histogram": HistogramDetector(n_bins=20),
        "mixture": MixtureDetector(n_components=2, max_samples=500),
    }
    members = [(n, make_pipeline(RobustView(), k)) for n, k in kinds.items()]
    return VotingOutlierEnsemble(members, **parameters)


@pytest.mark.parametrize(
    ("n", "max_reference", "n_seeds", "bound"),
    [
        (100, 5000, 8, 0.09),
        (300, 5000, 5, 0.06),
        (3000, 5000, 1, 0.06),
        (3000, 500, 2, 0.05),
        (700, 500, 3, 0.06),
    ],
)
def test_pvalues_of_clean_new_rows_are_uniform(n, max_reference, n_seeds, bound):
    pooled = []
    for seed in range(n_seeds):
        rng = np.random.RandomState(seed)
        fitted = ensemble(max_reference=max_reference).fit(rows(rng, n))
        p = fitted.outlier_pvalues(rows(rng, 1500))
        assert (p > 0).all()
        assert (p <= 1).all()
        assert len(fitted.calibration_.scores) >= 0.8 * min(n, 250)
        pooled.append(p)
    # The calibration sample of one fit is off by about 1 / sqrt(n); on average the
    # p-values are right, which scores of rows seen in training are not.
    assert kstest(np.concatenate(pooled), "uniform").statistic < bound
    assert np.mean(np.concatenate(pooled) <= 0.05) == pytest.approx(
        0.05, abs=0.05 if n == 100 else 0.04
    )


def amounts(rng, n, d):
    return rng.randn(n, d)


def orders(rng, n, d):
    table = pd.DataFrame(rng.randn(n, d), columns=[f"x{j}" for j in range(d)])
    return table.assign(
        kind=rng.choice(list("abc"), n, p=[0.5, 0.4, 0.1]), flag=rng.rand(n) < 0.1
    )


@pytest.mark.parametrize(
    ("make", "n", "d", "n_seeds", "bound"),
    [
        (amounts, 120, 3, 4, 0.1),
        (amounts, 100, 60, 3, 0.2),
        (amounts, 900, 30, 1, 0.09),
        (amounts, 2500, 10, 1, 0.06),
        (orders, 2500, 3, 1, 0.08),
    ],
)
def test_pvalues_of_the_detector(make, n, d, n_seeds, bound):
    pooled = []
    for seed in range(n_seeds):
        rng = np.random.RandomState(seed)
        fitted = AutonomousDetector().fit(make(rng, n, d))
        pooled.append(fitted.outlier_pvalues(make(rng, 1500, d)))
    p = np.concatenate(pooled)
    assert kstest(p, "uniform").statistic < bound
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.025)


@pytest.mark.parametrize("n_rows", [500, 1000, 1199, 3000])
def test_the_reference_is_never_larger_than_allowed(n_rows):
    X = np.random.RandomState(0).randn(n_rows, 3)
    for bound in (None, 0.1):
        fitted = ensemble(max_reference=200, max_false_discovery_rate=bound).fit(X)
        assert fitted.reference_size_ == 200


def test_from_2000_rows_on_some_are_held_out_for_good():
    X = np.random.RandomState(0).randn(2000, 3)
    held_out = ensemble().fit(X)
    assert (held_out.reference_size_, len(held_out.calibration_.scores)) == (1000, 1000)
    assert ensemble().fit(X[:1999]).reference_size_ == 1999
    # Discoveries take as many rows as odd as any as few are held out.
    in_turn = ensemble(max_false_discovery_rate=0.1).fit(X)
    assert in_turn.reference_size_ == 2000
    assert len(in_turn.calibration_.scores) >= 1990


def test_scores_seen_in_training_would_not_do():
    # The bound of the test above is one that the obvious shortcut breaks.
    wrong = []
    for seed in range(5):
        rng = np.random.RandomState(seed)
        X = rows(rng, 100)
        fitted = ensemble(calibrate=False).fit(X)
        naive = Calibration(-fitted.score_samples(X))
        wrong.append(naive.pvalues(-fitted.score_samples(rows(rng, 1500))))
    assert kstest(np.concatenate(wrong), "uniform").statistic > 0.12


def test_far_rows_have_the_smallest_pvalue():
    X = rows(np.random.RandomState(0), 400)
    fitted = ensemble().fit(X)
    far = X[:3] + 50 * X.std(axis=0)
    assert (fitted.outlier_pvalues(far) <= 2 / 401).all()


@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_false_discovery_rate_on_clean_data(rate):
    flagged = []
    for seed in range(5):
        X = np.random.RandomState(seed).randn(400, 6)
        fitted = ensemble(max_false_discovery_rate=rate).fit(X)
        flagged.append(fitted.contamination_)
        assert "Benjamini-Hochberg" in fitted.threshold_reason_
    # With no anomaly there any flag is a false alarm: they must be rare altogether.
    assert np.mean(flagged) <= 0.002


def test_false_discovery_rate_with_heavy_tails():
    # What lies beyond the tail of the bulk is taken for an anomaly; few rows do.
    flagged = [
        ensemble(max_false_discovery_rate=0.1)
        .fit(rows(np.random.RandomState(seed), 400))
        .contamination_
        for seed in range(5)
    ]
    assert np.mean(flagged) <= 0.05


def test_false_discovery_rate_finds_planted_rows():
    rng = np.random.RandomState(0)
    X = rng.randn(600, 4)
    X[:20] = 12 + 0.5 * rng.randn(20, 4)
    labels = ensemble(max_false_discovery_rate=0.1).fit_predict(X)
    assert (labels[:20] == -1).all()
    assert (labels[20:] == -1).sum() <= 5


def test_few_rows_are_discovered_since_all_held_out_rows_count():
    X = np.random.RandomState(0).randn(22_000, 2)
    X[:16] += 20
    ensemble = VotingOutlierEnsemble(
        [("mahalanobis", MahalanobisDetector())],
        max_false_discovery_rate=0.1,
        max_reference=2000,
        trimming=None,
    )
    assert np.flatnonzero(ensemble.fit_predict(X) == -1).tolist() == list(range(16))


def test_false_discovery_rate_is_a_bound():
    rate, false, found = 0.2, [], []
    for seed in range(8):
        rng = np.random.RandomState(seed)
        X = rng.randn(1000, 3)
        X[:40] += 4 * rng.choice([-1, 1], (40, 3))
        flagged = ensemble(max_false_discovery_rate=rate).fit_predict(X) == -1
        false.append(flagged[40:].sum() / max(1, flagged.sum()))
        found.append(flagged[:40].mean())
    assert np.mean(false) <= rate
    assert np.mean(found) >= 0.7


def test_members_weigh_the_same_in_the_calibration():
    X = np.random.RandomState(0).randn(200, 3)
    X[:5] *= 5
    pair = [("knn", KNNDetector()), ("mahalanobis", MahalanobisDetector())]
    weighted = VotingOutlierEnsemble(pair, weights=[1, 0], trimming=None).fit(X)
    alone = VotingOutlierEnsemble(pair[:1], trimming=None).fit(X)
    np.testing.assert_allclose(weighted.outlier_pvalues(X), alone.outlier_pvalues(X))


def test_without_calibration():
    X = rows(np.random.RandomState(0), 60)
    fitted = ensemble(calibrate=False).fit(X)
    assert fitted.calibration_ is None
    with pytest.raises(ValueError, match="Fit with calibrate=True"):
        fitted.outlier_pvalues(X)
    with pytest.raises(ValueError, match="max_false_discovery_rate needs held-out"):
        ensemble(calibrate=False, max_false_discovery_rate=0.1).fit(X)
