"""Which members serve, and what is said about those that do not."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from autonomaly import AutonomousDetector
from autonomaly.detectors import catalogue, register_detector, unregister_detector
from autonomaly.profiling import DataProfiler
from autonomaly.selection import POOL, AlgorithmSelector, build_member
from autonomaly.selection._pool import VIEW_CLASSES

PROFILE = DataProfiler(cache=False).profile(np.random.RandomState(0).randn(200, 4))


def select(n_reference=None, n_columns=None, **parameters):
    selector = AlgorithmSelector(**parameters)
    return selector.select(PROFILE, n_reference, n_columns)


def test_the_broad_pool_by_default():
    selection = select()
    assert {m.name for m in selection.members} == {m.name for m in POOL}
    assert selection.refused == {}
    assert len({m.name for m in POOL}) == len(POOL)
    for recommendation, member in zip(
        selection.recommendations, selection.members, strict=True
    ):
        spec = catalogue()[member.detector]
        assert recommendation.algorithm == member.name
        assert recommendation.view == member.view
        assert spec.description in recommendation.reasoning
        assert "part of the broad pool" in recommendation.reasoning
        assert recommendation.confidence is None  # nothing was measured
        assert recommendation.hyperparameters == member.parameters


@pytest.mark.parametrize("member", POOL, ids=lambda m: m.name)
def test_pool_members_can_be_built(member):
    name, pipeline = build_member(member)
    assert name == member.name
    assert isinstance(pipeline, Pipeline)
    assert isinstance(pipeline[0], VIEW_CLASSES[member.view])
    for parameter, value in member.parameters.items():
        assert getattr(pipeline[-1], parameter) == value


def test_max_models_keeps_different_kinds_first():
    names = [m.name for m in select(max_models=4).members]
    families = [catalogue()[m.detector].family for m in select(max_models=4).members]
    assert len(set(families)) == 4
    # Fewer are the first of more.
    assert [m.name for m in select(max_models=2).members] == names[:2]
    refused = select(max_models=2).refused
    assert len(refused) == len(POOL) - 2
    assert all("max_models=2" in why for why in refused.values())
    assert len(select(max_models=100).members) == len(POOL)
    # In whatever order they are named.
    asked = sorted(names), sorted(names, reverse=True)
    for some in asked:
        members = select(algorithms=some, max_models=2).members
        assert [m.name for m in members] == names[:2]


def test_algorithms_are_names_of_the_pool_or_the_catalogue():
    members = select(algorithms=["knn20_normal", "pyod_hbos", "pyod_hbos"]).members
    assert sorted(m.name for m in members) == ["knn20_normal", "pyod_hbos"]
    knn = [m.name for m in POOL if m.detector == "knn"]
    assert {m.name for m in select(algorithms=["knn"]).members} == set(knn)
    for both in (["knn", "knn5_minmax"], ["knn5_minmax", "knn"]):
        assert sorted(m.name for m in select(algorithms=both).members) == sorted(knn)
    projection = select(algorithms=["projection"]).recommendations[0]
    assert "requested by the user" in projection.reasoning
    assert projection.detector == "projection"


def test_exclude():
    selection = select(exclude=["knn", "tails_robust"])
    assert not any(m.detector == "knn" for m in selection.members)
    assert selection.refused["tails_robust"] == "excluded by the user"
    assert selection.refused["knn20_normal"] == "excluded by the user"


def test_refusals_say_why():
    assert select(n_columns=1).refused == {
        m.name: "needs 2 columns, but there is 1"
        for m in POOL
        if m.detector == "dependency"
    }
    few = select(algorithms=["knn", "pyod_cblof"], n_reference=10)
    assert few.refused == {"pyod_cblof": "needs 20 rows, but there are 10"}
    for n_reference in (20, 10_000):  # the limits themselves are allowed
        limits = ["pyod_cblof", "sklearn_ocsvm"]
        assert not select(algorithms=limits, n_reference=n_reference).refused
    many = select(algorithms=["knn", "sklearn_ocsvm"], n_reference=10_001)
    assert "too slow beyond 10000 rows" in many.refused["sklearn_ocsvm"]


def test_categories_need_no_normal_scores():
    rng = np.random.RandomState(0)
    categories = {f"c{j}": rng.choice(list("abcd"), 200) for j in range(5)}
    numbers = {f"n{j}": rng.randn(200) for j in range(5)}
    normal = {m.name for m in POOL if m.view == "normal"}
    for columns, without in [
        (categories, normal),
        (numbers, set()),
        (categories | numbers, set()),
    ]:
        profile = DataProfiler(cache=False).profile(pd.DataFrame(columns))
        selection = AlgorithmSelector().select(profile, 200, 20)
        assert set(selection.refused) == without
        assert {m.name for m in POOL} - without == {m.name for m in selection.members}
        assert all("two values" in why for why in selection.refused.values())
    assert normal


def test_nothing_left_names_every_reason():
    with pytest.raises(ValueError, match="leave no detector") as caught:
        select(algorithms=["pyod_cblof", "tails"], exclude=["tails"], n_reference=10)
    assert "pyod_cblof: needs 20 rows" in str(caught.value)
    assert "tails_robust: excluded by the user" in str(caught.value)


@pytest.mark.parametrize("parameter", ["algorithms", "exclude"])
def test_unknown_names_have_a_hint(parameter):
    with pytest.raises(ValueError, match="did you mean 'histogram'"):
        select(**{parameter: ["histogramm"]})


def test_rules_of_the_user():
    asked = []

    def rule(profile):
        asked.append(profile)
        return True

    register_detector("mine", object, should_recommend=rule, confidence=lambda p: 0.5)
    try:
        (mine,) = (r for r in select().recommendations if r.algorithm == "mine")
        assert asked == [PROFILE]
        assert mine.confidence == 0.5
        # Asked for by name, no rule is asked.
        assert len(select(algorithms=["mine"]).members) == 1
        assert len(asked) == 1
    finally:
        unregister_detector("mine")


@pytest.mark.parametrize("max_models", [1, 2, 3, 5])
def test_few_members_see_a_value_far_out_among_many_columns(max_models):
    X = np.random.RandomState(0).randn(300, 60)
    X[17, 5] = 1e6
    detector = AutonomousDetector(max_models=max_models)
    assert np.flatnonzero(detector.fit_predict(X) == -1).tolist() == [17]
    assert detector.score_samples(X).argmin() == 17
