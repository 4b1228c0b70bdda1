"""The voting ensemble as an estimator of its own."""

import io
import pickle
import threading
import warnings
from functools import partial
from threading import Thread

import joblib
import numpy as np
import pytest
from pyod.models.hbos import HBOS
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.covariance import EllipticEnvelope
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import OneClassSVM
from threadpoolctl import threadpool_info, threadpool_limits

from autonomaly import VotingOutlierEnsemble, load_dataset
from autonomaly.detectors import (
    DependencyDetector,
    ForestDetector,
    HistogramDetector,
    KNNDetector,
    LOFDetector,
    MahalanobisDetector,
    TailDetector,
)
from autonomaly.preprocessing import (
    AutonomousPreprocessor,
    MinMaxView,
    NormalView,
    RobustView,
    SquashedView,
)
from autonomaly.resources import bytes_per_row


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def members():
    return [
        ("knn", make_pipeline(SquashedView(), KNNDetector(n_neighbors=10))),
        ("lof", make_pipeline(RobustView(), LOFDetector(n_neighbors=15))),
        ("mahalanobis", make_pipeline(RobustView(), MahalanobisDetector())),
        ("forest", make_pipeline(RobustView(), ForestDetector(n_estimators=20))),
    ]


def data(n=300, d=4, n_far=9, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.randn(n, d)
    X[:n_far] += 10 * rng.choice([-1, 1], (n_far, d))
    return X


X = data()
SETTINGS = [
    {},
    {"voting": "hard"},
    {"contamination": 0.05},
    {"voting": "hard", "contamination": 0.05},
    {"combination": "mean", "trimming": None},
    {"combination": "max", "trimming": (0.2,)},
    {"combination": "median", "weights": [1, 2, 0, 0.5]},
    {"max_false_discovery_rate": 0.2},
    {"max_reference": 100},
]


def quick(**settings):
    """An ensemble that leaves out the fits for p-values where nothing needs them."""
    calibrate = "max_false_discovery_rate" in settings
    return VotingOutlierEnsemble(members(), calibrate=calibrate, **settings)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_far_rows_score_lowest(settings):
    fitted = quick(**settings).fit(X)
    scores = fitted.score_samples(X)
    assert scores.shape == (300,)
    assert np.isfinite(scores).all()
    assert scores[:9].max() <= np.sort(scores)[12]
    np.testing.assert_allclose(
        fitted.decision_function(X), scores - fitted.offset_, rtol=1e-12
    )
    labels = fitted.predict(X)
    assert set(labels) <= {-1, 1}
    np.testing.assert_array_equal(labels == -1, fitted.decision_function(X) < 0)
    assert fitted.contamination_ == pytest.approx(np.mean(labels == -1))


def tables():
    rng = np.random.RandomState(3)
    yield "plain", X
    yield "duplicates", np.repeat(X[:60], 5, axis=0)
    yield "ties", rng.randint(0, 3, (300, 3)).astype(float)
    yield "binary", (rng.rand(200, 4) < 0.1).astype(float)
    yield "constant column", np.column_stack([X, np.ones(300)])
    yield "all equal", np.ones((50, 2))
    yield "few rows", X[:6]
    yield "wide", rng.randn(40, 60)
    yield "large", data(2500)


@pytest.mark.parametrize("settings", SETTINGS[:3] + SETTINGS[-2:], ids=str)
@pytest.mark.parametrize(("name", "table"), [*tables()], ids=[n for n, _ in tables()])
def test_fit_predict_is_fit_then_predict(settings, name, table):
    if name == "large":
        settings = {"max_reference": 400, **settings}
    labels = quick(**settings).fit_predict(table)
    fitted = quick(**settings).fit(table)
    np.testing.assert_array_equal(fitted.predict(table), labels)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.5])
@pytest.mark.parametrize("max_reference", [5000, 400])
def test_given_contamination_is_the_share_flagged(share, max_reference):
    table = data(1000)
    fitted = quick(contamination=share, max_reference=max_reference).fit(table)
    assert fitted.contamination_ == pytest.approx(share, abs=0.002)
    assert np.mean(fitted.predict(table) == -1) == pytest.approx(share, abs=0.002)


def test_all_rows_count_where_the_share_is_given():
    table = np.random.RandomState(0).randn(25_000, 2)
    members = [("mahalanobis", MahalanobisDetector())]
    settings = {"max_reference": 1000, "trimming": None}
    given = VotingOutlierEnsemble(members, contamination=0.01, **settings).fit(table)
    assert given.n_scored_ == 25_000
    assert (given.predict(table) == -1).sum() == 250
    guessed = VotingOutlierEnsemble(members, **settings).fit(table)
    assert guessed.n_scored_ == 21_000  # enough to find a threshold


def test_score_depends_on_the_row_alone():
    fitted = quick().fit(X)
    new = data(50, seed=1)
    scores = fitted.score_samples(new)
    alone = np.concatenate([fitted.score_samples(row[None]) for row in new])
    np.testing.assert_allclose(alone, scores, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(
        fitted.score_samples(np.vstack([1e6 + X, new]))[-50:], scores, atol=1e-8
    )
    # Rows are scored in chunks, the same for any size of them.
    fitted.set_params(memory_limit=300_000)
    np.testing.assert_allclose(fitted.score_samples(new), scores, atol=1e-8)


class CountsRows(BaseEstimator):
    """Notes how many rows it is given at a time."""

    sizes = []

    def fit(self, X, y=None):
        return self

    def score_samples(self, X):
        self.sizes.append(len(X))
        return -np.abs(X).sum(axis=1)


@pytest.mark.parametrize(
    ("memory_limit", "time_budget"), [(None, None), (2 * 10**6, None), (2 * 10**6, 600)]
)
def test_rows_are_scored_in_chunks_that_fit_into_memory(memory_limit, time_budget):
    table = data(9000, d=10)
    # Chunks of equal size may be larger by a row.
    most = min(memory_limit or np.inf, 2**29) / 16 / bytes_per_row(10) + 1
    ensemble = VotingOutlierEnsemble(
        [("counts", CountsRows())],
        max_reference=100,
        memory_limit=memory_limit,
        time_budget=time_budget,
    )
    CountsRows.sizes.clear()
    ensemble.fit_predict(table)
    assert sum(CountsRows.sizes) >= 9000
    assert max(CountsRows.sizes) <= max(most, 100)  # the reference comes as a whole
    for score in (ensemble.score_samples, ensemble.member_scores):
        CountsRows.sizes.clear()
        score(table)
        assert sum(CountsRows.sizes) == len(ensemble.depths_) * 9000
        assert max(CountsRows.sizes) <= most


def test_the_last_digits_of_equal_rows_do_not_matter():
    # Members that are constant on the reference, but for rounding.
    rows = np.repeat(np.random.RandomState(1).randn(2, 3), 30, axis=0)
    pair = [("dependency", DependencyDetector()), ("knn", KNNDetector())]
    ensemble = VotingOutlierEnsemble(pair).fit(rows)
    alone = [ensemble.score_samples(row[None])[0] for row in rows[::30]]
    np.testing.assert_allclose(ensemble.score_samples(rows)[::30], alone, atol=1e-5)


@pytest.mark.parametrize("n_rows", [2, 3, 4])
def test_labels_of_few_rows_do_not_depend_on_the_batch(n_rows):
    for seed in range(8):
        rows = np.random.RandomState(seed).randn(n_rows, 5)
        fitted = VotingOutlierEnsemble(members()).fit(rows)
        alone = [fitted.predict(row[None])[0] for row in rows]
        np.testing.assert_array_equal(fitted.predict(rows), alone)


ROUNDED = {
    "up": lambda X: np.nextafter(X, np.inf),
    "down": lambda X: np.nextafter(X, -np.inf),
    "single": lambda X: X.astype(np.float32),
    "arithmetic": lambda X: (X / 3 - 0.1) * 3 + 0.3,
}


@pytest.mark.parametrize("rounded", ROUNDED.values(), ids=ROUNDED)
def test_rows_that_come_back_rounded_are_scored_alike(rounded):
    rng = np.random.RandomState(0)
    grid = rng.poisson(2, (400, 2)) / 10
    constant, amounts = np.full(400, 0.1), rng.rand(400) * (rng.rand(400) < 0.1)
    table = np.column_stack([grid, constant, amounts, rng.randn(400)])
    names = ["robust", "squashed", "normal", "minmax"]
    views = RobustView(), SquashedView(), NormalView(), MinMaxView()
    some = [
        *zip(names, (make_pipeline(v, KNNDetector()) for v in views), strict=True),
        ("tails", TailDetector()),
        ("histogram", HistogramDetector()),
    ]
    fitted = VotingOutlierEnsemble(some).fit(table)
    scores = fitted.score_samples(table)
    np.testing.assert_allclose(fitted.score_samples(rounded(table)), scores, atol=1e-4)


def test_new_extremes_keep_their_order():
    # On a view that does not clip.
    fitted = VotingOutlierEnsemble([("knn", KNNDetector())]).fit(X)
    scores = fitted.score_samples(np.outer(np.logspace(1, 9, 30), np.ones(4)))
    assert (np.diff(scores) < 0).all()


@pytest.mark.parametrize("how", ["pickle", "joblib", "clone", "n_jobs"])
def test_identical_after(how):
    table, new = data(2500), data(300, seed=1)
    ensemble = VotingOutlierEnsemble(members(), max_reference=400)
    # Small chunks, so that two threads have something to share.
    ensemble.set_params(memory_limit=1_000_000, n_jobs=1)
    fitted = ensemble.fit(table)
    if how == "pickle":
        other = pickle.loads(pickle.dumps(fitted))
    elif how == "joblib":
        file = io.BytesIO()
        joblib.dump(fitted, file)
        file.seek(0)
        other = joblib.load(file)
    elif how == "clone":
        other = clone(fitted).fit(table)
    else:
        other = clone(fitted).set_params(n_jobs=2).fit(table)
    for method in ("score_samples", "predict", "outlier_pvalues"):
        np.testing.assert_array_equal(
            getattr(other, method)(new), getattr(fitted, method)(new)
        )
    assert other.offset_ == fitted.offset_
    assert other.contamination_ == fitted.contamination_


def test_scoring_changes_nothing():
    fitted = VotingOutlierEnsemble(members()).fit(X)
    before = pickle.dumps(fitted)
    fitted.score_samples(X[:7])
    fitted.predict(X + 1)
    fitted.member_scores(X)
    fitted.outlier_pvalues(X)
    assert pickle.dumps(fitted) == before


def test_fitting_leaves_members_and_data_alone():
    table, given = X.copy(), members()
    before = pickle.dumps(given)
    VotingOutlierEnsemble(given).fit(table)
    assert pickle.dumps(given) == before
    np.testing.assert_array_equal(table, X)


def test_members_are_parameters():
    ensemble = VotingOutlierEnsemble(
        [("knn", KNNDetector()), ("svm", OneClassSVM())], voting="soft"
    )
    parameters = ensemble.get_params()
    assert parameters["knn__n_neighbors"] == 20
    assert isinstance(parameters["svm"], OneClassSVM)
    assert "knn" not in ensemble.get_params(deep=False)
    ensemble.set_params(knn__n_neighbors=3, svm=LocalOutlierFactor(novelty=True))
    fitted = ensemble.fit(X)
    assert fitted.named_estimators_["knn"][-1].n_neighbors == 3
    with pytest.raises(ValueError, match="Invalid parameter 'nobody'"):
        ensemble.set_params(nobody__x=1)


def test_fitted_members_are_named_and_score():
    fitted = quick(trimming=(0.0, 0.3)).fit(X)
    names = list(fitted.named_estimators_)
    assert names[:4] == ["knn", "lof", "mahalanobis", "forest"]
    assert {"knn@0.3", "lof@0.3"} <= set(names)
    assert len(fitted.estimators_) == len(names)
    assert len(fitted.depths_) == 2
    votes = fitted.member_scores(X)
    assert list(votes) == names
    for name, pipeline in fitted.named_estimators_.items():
        alone = pipeline.score_samples(X)
        # The ensemble's figure is the member's own score on another scale.
        np.testing.assert_array_equal(
            np.argsort(alone, kind="stable")[:5],
            np.argsort(votes[name], kind="stable")[:5],
        )
        assert np.corrcoef(alone.argsort().argsort(),
                           votes[name].argsort().argsort())[0, 1] > 0.999  # fmt: skip
        assert pipeline.predict(X)[0] == -1
    assert set(fitted.agreement_with_vote_) == {"knn", "lof", "mahalanobis", "forest"}
    assert all(-1 <= a <= 1 for a in fitted.agreement_with_vote_.values())
    assert fitted.agreement_ > 0.3


def test_trimming_helps_where_anomalies_crowd():
    rng = np.random.RandomState(0)
    table = rng.randn(500, 5)
    table[:40] = 6 + 0.3 * rng.randn(40, 5)  # a dense crowd whose rows vouch for it
    truth = np.arange(500) < 40
    pair = [("knn", KNNDetector()), ("mahalanobis", MahalanobisDetector())]
    plain, trimmed = (
        roc_auc_score(truth, -fitted.score_samples(table))
        for fitted in (
            VotingOutlierEnsemble(pair, trimming=trimming).fit(table)
            for trimming in (None, "auto")
        )
    )
    assert plain < 0.97
    assert trimmed > 0.99


def test_only_trimmed_levels_with_members_that_need_none():
    fitted = VotingOutlierEnsemble(
        [("forest", ForestDetector(n_estimators=20)), ("knn", KNNDetector())],
        trimming=(0.3,),
    ).fit(X)
    assert np.isfinite(fitted.score_samples(X)).all()
    assert fitted.depths_ == (0.3,)  # all rows were fitted to find whom to trust
    fitted = VotingOutlierEnsemble(
        [("forest", ForestDetector(n_estimators=20))], trimming=(0.3, 0.5)
    ).fit(X)
    assert fitted.predict(X[:1]) == -1


@pytest.mark.parametrize("seed", range(3))
def test_hard_votes_look_at_rows_beside_their_like(seed):
    rng = np.random.RandomState(seed)
    table = np.column_stack([rng.randn(400, 2), 3 * (rng.rand(400) < 0.03)])
    detector = VotingOutlierEnsemble([("knn", KNNDetector())], voting="hard")
    assert (detector.fit_predict(table) == -1).mean() < 0.01


def test_hard_votes_are_shares():
    fitted = quick(voting="hard", trimming=None).fit(X)
    scores = fitted.score_samples(X)
    np.testing.assert_allclose(scores * 4, np.round(scores * 4), atol=1e-12)
    assert scores.min() >= -1
    assert scores.max() <= 0
    np.testing.assert_array_equal(fitted.predict(X) == -1, scores < -0.5)
    assert fitted.offset_ == -0.5  # half of them is not enough
    weighted = clone(fitted).set_params(weights=[1, 0, 0, 0], contamination=0.1)
    weighted.fit(X)
    assert set(weighted.score_samples(X)) == {-1.0, 0.0}
    flagged = -weighted.member_scores(X)["knn"] > np.quantile(
        -weighted.member_scores(X)["knn"], 0.9
    )
    np.testing.assert_array_equal(weighted.predict(X) == -1, flagged)


def test_weights_change_the_vote():
    one = quick(weights=[0, 0, 1, 0], trimming=None).fit(X)
    np.testing.assert_allclose(
        one.score_samples(X), one.member_scores(X)["mahalanobis"]
    )
    equal = quick(weights=[2, 2, 2, 2]).fit(X)
    none = quick().fit(X)
    np.testing.assert_allclose(equal.score_samples(X), none.score_samples(X))


def test_weights_may_differ_between_depths():
    depths = {"trimming": (0.0, 0.5)}
    at_half = np.zeros((4, 2))
    at_half[1, 1] = 3.0
    fitted = VotingOutlierEnsemble(members(), weights=at_half, **depths).fit(X)
    alone = fitted.member_scores(X)["lof@0.5"]
    np.testing.assert_allclose(fitted.score_samples(X), alone)
    same = VotingOutlierEnsemble(members(), weights=np.ones((4, 2)), **depths)
    plain = VotingOutlierEnsemble(members(), **depths)
    np.testing.assert_array_equal(
        same.fit(X).score_samples(X), plain.fit(X).score_samples(X)
    )


def test_any_outlier_detector_can_vote():
    dataset = load_dataset("sklearn:breast_cancer")
    Z = AutonomousPreprocessor().fit_transform(dataset.data)
    truth = np.asarray(dataset.truth) == -1
    fitted = VotingOutlierEnsemble(
        [
            ("svm", make_pipeline(StandardScaler(), OneClassSVM())),
            ("forest", IsolationForest(n_estimators=20)),
            ("lof", LocalOutlierFactor(novelty=True)),
            ("ellipse", EllipticEnvelope(support_fraction=0.9)),
            ("hbos", HBOS()),
            ("nested", make_pipeline(StandardScaler(), RobustView(), KNNDetector())),
        ],
        calibrate=False,
    ).fit(Z)
    assert fitted.rejected_ == {}
    assert roc_auc_score(truth, -fitted.score_samples(Z)) > 0.85


def test_seeds_are_given_to_the_members():
    def scores(seed):
        forest = [("forest", IsolationForest(n_estimators=10))]
        ensemble = VotingOutlierEnsemble(forest, calibrate=False, random_state=seed)
        return ensemble.fit(X).score_samples(X)

    np.testing.assert_array_equal(scores(1), scores(1))
    assert (scores(1) != scores(2)).any()


@pytest.mark.parametrize("seeds", [(None, None, None), (0, 1, 2), (0, 0, 3)])
@pytest.mark.parametrize("Forest", [IsolationForest, ForestDetector])
def test_members_of_one_class_are_not_copies(Forest, seeds):
    forests = [
        (f"forest{i}", Forest(n_estimators=10, random_state=seed))
        for i, seed in enumerate(seeds)
    ]
    fitted = VotingOutlierEnsemble(forests, trimming=None).fit(X)
    a, b, c = fitted.member_scores(X).values()
    assert (a != b).any()
    assert (b != c).any()
    assert fitted.agreement_ < 1


def test_a_seed_that_was_chosen_counts():
    def scores(seed, random_state):
        forest = [("forest", ForestDetector(n_estimators=10, random_state=seed))]
        ensemble = VotingOutlierEnsemble(forest, random_state=random_state)
        return ensemble.fit(X).score_samples(X)

    np.testing.assert_array_equal(scores(5, 1), scores(5, 2))
    assert (scores(5, 1) != scores(6, 1)).any()


def test_views_of_other_classes_are_not_shared():
    class Signs(StandardScaler):
        def transform(self, X):
            return np.sign(super().transform(X))

    Signs.__name__ = Signs.__qualname__ = "StandardScaler"
    own = make_pipeline(Signs(), KNNDetector())
    theirs = make_pipeline(StandardScaler(), KNNDetector())
    pair = [("theirs", theirs), ("own", own)]
    fitted = VotingOutlierEnsemble(pair, trimming=None).fit(X)
    a, b = fitted.member_scores(X).values()
    assert (a != b).any()


def test_equal_views_and_graphs_are_shared():
    fitted = VotingOutlierEnsemble(
        [
            ("a", make_pipeline(RobustView(), KNNDetector(n_neighbors=3))),
            ("b", make_pipeline(RobustView(), LOFDetector(n_neighbors=9))),
            ("c", make_pipeline(RobustView(clip=5.0), KNNDetector(n_neighbors=3))),
            ("d", make_pipeline(RobustView(), HistogramDetector())),
        ],
        trimming=None,
    ).fit(X)
    a, b, c, d = fitted.estimators_
    assert a[0] is b[0] is d[0]
    assert a[0] is not c[0]
    assert a[-1]._source is b[-1]._source
    assert a[-1]._source is not c[-1]._source
    # The member with fewer neighbours is not changed by the one with more.
    alone = KNNDetector(n_neighbors=3).fit(RobustView().fit_transform(X))
    np.testing.assert_allclose(
        a.score_samples(X), alone.score_samples(RobustView().fit_transform(X))
    )


def test_views_of_others():
    """What a view does to its rows is not seen by other members."""
    given = X.copy()
    in_place = make_pipeline(StandardScaler(copy=False), KNNDetector())
    near = make_pipeline(FunctionTransformer(lambda X: X[:, :1]), KNNDetector())
    ensemble = VotingOutlierEnsemble(
        [("in place", in_place), ("not pickled", near), ("knn", KNNDetector())]
    ).fit(X)
    np.testing.assert_array_equal(X, given)
    alone = VotingOutlierEnsemble([("knn", KNNDetector())], trimming=None).fit(X)
    found = ensemble.member_scores(X)
    np.testing.assert_allclose(found["knn"], alone.member_scores(X)["knn"])
    assert not np.allclose(found["knn"], found["not pickled"])
    np.testing.assert_array_equal(X, given)


def test_global_output_of_transformers_does_not_matter():
    steps = StandardScaler(), PCA(2), KNNDetector()
    make = partial(VotingOutlierEnsemble, [*members(), ("pca", make_pipeline(*steps))])
    plain = make().fit(X)
    expected = plain.score_samples(X)
    for kind in ("pandas", "polars"):
        with config_context(transform_output=kind):
            fitted = make().fit(X)
            np.testing.assert_array_equal(plain.score_samples(X), expected)
        np.testing.assert_array_equal(fitted.score_samples(X), expected)


class Meets(BaseEstimator):
    """The first row to come leaves while the second is still there."""

    second_came, first_left = threading.Event(), threading.Event()

    def fit(self, X, y=None):
        return self

    def score_samples(self, X):
        if len(X) == 1:
            assert self.second_came.wait(60)
        if len(X) == 2:
            self.second_came.set()
            assert self.first_left.wait(60)
        return X[:, 0]


def test_threads_leave_the_process_as_it_was():
    ensemble = VotingOutlierEnsemble([("meets", Meets()), ("svm", OneClassSVM())])
    ensemble.set_params(calibrate=False).fit(X)
    expected = ensemble.score_samples(X)[:2]
    found = [None, None]

    def process():
        pools = [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]
        state = np.random.get_state()[1].tolist()  # noqa: NPY002
        return pools, state, list(warnings.filters)

    def score(n):
        found[n - 1] = ensemble.score_samples(X[:n])

    with threadpool_limits(2):
        np.random.seed(5)  # noqa: NPY002
        before = process()
        first, second = (Thread(target=score, args=(n,)) for n in (1, 2))
        first.start()
        second.start()
        first.join()
        Meets.first_left.set()
        second.join()
        assert process() == before
    np.testing.assert_allclose(found[0], expected[:1])
    np.testing.assert_allclose(found[1], expected)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"estimators": []}, "must be a non-empty list"),
        ({"estimators": [KNNDetector()]}, "list of .name, detector. tuples"),
        ({"estimators": [("a", KNNDetector()), ("a", KNNDetector())]}, "not unique"),
        ({"estimators": [("a__b", KNNDetector())]}, "must not contain __"),
        ({"estimators": [("a@0.3", KNNDetector())]}, "'@'"),
        ({"voting": "loud"}, "'voting' parameter"),
        ({"combination": "min"}, "'combination' parameter"),
        ({"weights": [1, 2]}, "must be 4 finite numbers"),
        ({"weights": ["a", "b", "c", "d"]}, "must be 4 finite numbers"),
        ({"weights": {"a": 1}}, "must be 4 finite numbers"),
        ({"weights": [[1, 2], [3], [4], [5]]}, "must be 4 finite numbers"),
        ({"weights": [1, 2, 3, -1]}, "none negative"),
        ({"weights": [0, 0, 0, 0]}, "not all zero"),
        ({"weights": [1, 2, 3, np.nan]}, "finite"),
        ({"weights": [1, 2, 3, np.inf]}, "finite"),
        ({"weights": [1e308, 1, 1, 1]}, "finite"),
        ({"trimming": (0.3, 0.3)}, "must differ in their first six digits"),
        ({"trimming": (0.3, 0.30000001)}, "must differ in their first six digits"),
        ({"trimming": (1.0,)}, r"shares? in \[0, 1\)|share.* in \[0, 1\)"),
        ({"trimming": ("much",)}, "trimming"),
        ({"trimming": "deep"}, "'trimming' parameter"),
        ({"contamination": 0.7}, "'contamination' parameter"),
        ({"max_false_discovery_rate": 1}, "'max_false_discovery_rate' parameter"),
        ({"max_reference": 1}, "'max_reference' parameter"),
        ({"time_budget": 0}, "'time_budget' parameter"),
        ({"memory_limit": 0}, "memory_limit must be .*got 0"),
    ],
)
def test_bad_parameters(settings, message):
    ensemble = VotingOutlierEnsemble(**{"estimators": members(), **settings})
    with pytest.raises(ValueError, match=message):
        ensemble.fit(X)
    with pytest.raises(ValueError, match=message):
        ensemble.fit_predict(X)
