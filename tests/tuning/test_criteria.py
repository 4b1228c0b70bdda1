"""Criteria prefer good detectors to bad ones, and do so again."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from tuning_detectors import FarFromZero

from autonomaly.detectors import KNNDetector
from autonomaly.tuning import (
    CRITERIA,
    blended_agreement_score,
    consensus_agreement_score,
    consensus_top_score,
    excess_mass_score,
    get_criterion,
    inject_anomalies,
    injection_score,
    mass_volume_score,
    stability_score,
)

# A fixed function of the row, however wild, is perfectly stable.
JUDGING = [name for name in CRITERIA if name != "stability"]


@pytest.mark.parametrize("name", JUDGING)
def test_good_detectors_are_preferred(name, planted):
    X, _ = planted
    criterion = get_criterion(name).on(X)
    blind, seeing = (FarFromZero(skill=skill).fit(X) for skill in (0.0, 1.0))
    assert criterion(blind, X) < criterion(seeing, X)


@pytest.mark.parametrize("name", CRITERIA)
def test_criteria_repeat_themselves_and_leave_no_trace(name, planted):
    X, _ = planted
    detector = KNNDetector().fit(X)
    np.random.seed(3)  # noqa: NPY002
    before, filters = np.random.get_state()[1].copy(), list(warnings.filters)  # noqa: NPY002
    attributes = dict(vars(detector))
    values = [CRITERIA[name](detector, X) for _ in range(2)]
    assert values[0] == values[1]
    assert type(values[0]) is float
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert warnings.filters == filters
    assert vars(detector) == attributes


@pytest.mark.parametrize("name", CRITERIA)
def test_what_is_prepared_once_changes_nothing(name, planted):
    X, _ = planted
    detector = KNNDetector().fit(X)
    prepared = pickle.loads(pickle.dumps(get_criterion(name).on(X)))
    assert prepared(detector, X) == pytest.approx(get_criterion(name)(detector, X))
    rows = np.arange(0, 200, 2)
    part = KNNDetector().fit(X[rows])
    assert np.isfinite(prepared.part(rows)(part, X[rows]))


def test_unknown_names_are_explained():
    with pytest.raises(ValueError, match="did you mean 'consensus'"):
        get_criterion("concensus")
    with pytest.raises(ValueError, match="did you mean 'local'"):
        inject_anomalies(np.zeros((9, 2)), 3, "locale")


@pytest.mark.parametrize("name", CRITERIA)
@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (lambda X: np.full(len(X), np.nan), "not finite"),
        (lambda X: np.zeros((len(X), 2)), "shape"),
    ],
)
def test_scores_that_cannot_be_used_are_refused(name, scores, said, planted):
    X, _ = planted

    class Broken(FarFromZero):
        def fit(self, X, y=None):
            return self

        def score_samples(self, X):
            return scores(X)

    with pytest.raises(ValueError, match=said):
        CRITERIA[name](Broken(), X)


def test_they_are_scorers_of_scikit_learn(planted):
    X, _ = planted
    rows = np.arange(len(X))
    search = GridSearchCV(
        FarFromZero(),
        {"skill": [0.0, 1.0]},
        scoring=get_criterion("excess_mass"),
        cv=[(rows, rows)],
    )
    assert search.fit(X).best_params_ == {"skill": 1.0}


def test_stability_sees_who_hangs_on_single_rows(planted):
    X, _ = planted
    few, many = KNNDetector(n_neighbors=1), KNNDetector(n_neighbors=30)
    assert stability_score(few, X) < stability_score(many, X) < 1
    assert stability_score(FarFromZero(), X) == pytest.approx(1)


@pytest.mark.parametrize("score", [excess_mass_score, mass_volume_score])
def test_volumes_do_not_depend_on_units(score, planted):
    X, _ = planted

    class Fitted(KNNDetector):  # neighbours in units of the column's spread
        def fit(self, X, y=None):
            self.spread_ = X.std(axis=0)
            return super().fit(X / self.spread_)

        def score_samples(self, X):
            return super().score_samples(X / self.spread_)

    # powers of two: not a digit of the scores changes
    assert score(Fitted(), X) == score(Fitted(), X * [1.0, 1024.0, 0.125])


def test_many_columns_are_looked_at_a_few_at_a_time():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(120, 30))
    widths = []

    class Watching(FarFromZero):
        def fit(self, X, y=None):
            widths.append(X.shape[1])
            return super().fit(X)

    excess_mass_score(Watching(), X)
    assert widths == [5, 5, 5]


def test_made_anomalies_are_what_they_say():
    rng = np.random.RandomState(0)
    x = rng.normal(size=300)
    X = np.column_stack([x, x, rng.uniform(5, 6, 300)])
    shuffled = inject_anomalies(X, 200, "dependency")
    assert np.isin(shuffled, X).all()
    assert abs(np.corrcoef(shuffled.T)[0, 1]) < 0.3
    low, high = X.min(axis=0), X.max(axis=0)
    scattered = inject_anomalies(X, 200, "scattered")
    assert (scattered >= low - 0.11 * (high - low)).all()
    assert (scattered <= high + 0.11 * (high - low)).all()
    marginal = inject_anomalies(X, 200, "marginal")
    assert ((marginal != X[:, None]).sum(axis=2).min(axis=0) == 1).all()
    local = inject_anomalies(X, 200, "local")
    assert local[:, 0].std() > 1.4 * X[:, 0].std()
    assert np.allclose(local[:, 0], local[:, 1])  # it keeps to the dependencies


def test_kinds_of_made_anomalies_are_told_apart():
    rng = np.random.RandomState(0)
    x = rng.normal(size=(300, 1))
    X = np.hstack([x, x + 0.05 * rng.normal(size=(300, 1))])
    blind = FarFromZero()  # it sees how far, not how odd together
    seeing = KNNDetector()
    kinds = ("dependency",)
    assert injection_score(seeing, X, kinds=kinds) > 0.8
    assert injection_score(blind, X, kinds=kinds) < 0.6


@pytest.mark.parametrize(
    "criterion",
    [excess_mass_score, mass_volume_score, stability_score, injection_score],
)
@pytest.mark.parametrize("n", [4, 5, 7])
def test_four_rows_are_enough(criterion, n):
    X = np.random.RandomState(0).randn(n, 2)
    assert -1 <= criterion(KNNDetector(), X) <= 1


@pytest.mark.parametrize(
    ("criterion", "parameters"),
    [
        (stability_score, {"n_repeats": 1}),
        (stability_score, {"sample_share": 1.5}),
        (injection_score, {"kinds": ()}),
        (injection_score, {"kinds": "local"}),
        (consensus_top_score, {"top_share": 5}),
        (excess_mass_score, {"n_draws": 0}),
        (mass_volume_score, {"n_uniform": 0}),
        (mass_volume_score, {"max_features": 0}),
    ],
)
def test_parameters_that_say_nothing_are_refused(criterion, parameters, planted):
    X, _ = planted
    (name,) = parameters
    with pytest.raises(ValueError, match=name):
        criterion(KNNDetector().fit(X), X, **parameters)


def test_some_anomalies_are_made():
    with pytest.raises(ValueError, match="n_anomalies"):
        inject_anomalies(np.eye(3), 0, "local")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["scattered", "dependency", "local", "marginal"])
def test_anomalies_made_of_the_largest_numbers(kind):
    X = np.random.RandomState(0).randn(60, 2)
    X[:2] = [[1e307], [-1e307]]
    assert np.isfinite(inject_anomalies(X, 200, kind)).all()
    X[:2] *= 17
    with pytest.raises(ValueError, match=r"beyond 1e\+307; scale the columns"):
        inject_anomalies(X, 200, kind)
    with pytest.raises(ValueError, match=r"beyond 1e\+307; scale the columns"):
        injection_score(KNNDetector(), X, kinds=(kind,))


@pytest.mark.parametrize(
    "name",
    [consensus_agreement_score, consensus_top_score, blended_agreement_score],
)
@pytest.mark.parametrize("scores", [np.arange(5.0), np.full(120, np.nan)])
def test_a_consensus_is_one_score_for_each_row(name, scores):
    X = np.random.RandomState(0).randn(120, 2)
    detector = KNNDetector().fit(X)
    with pytest.raises(ValueError, match="one finite score for every row"):
        name(detector, X, consensus=scores)
