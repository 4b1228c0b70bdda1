"""Recommendations from measurements: what is wished for is what comes."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.svm import OneClassSVM

from autonomaly.detectors import catalogue, register_detector, unregister_detector
from autonomaly.exceptions import DataError
from autonomaly.profiling import DataProfiler
from autonomaly.selection import (
    POOL,
    AlgorithmSelector,
    KnowledgeBase,
    KnowledgeCosts,
    MetaFeaturesExtractor,
    MetaLearner,
    PoolMember,
    build_member,
)
from autonomaly.selection._ranking import members_of, parse_priorities, rank_members

from .conftest import MEMBERS, make_task

X, _ = make_task("dependency", 1001)
PROFILE = DataProfiler(cache=False).profile(X)
META = MetaFeaturesExtractor().extract(X)
FAST = {"accuracy": 0.1, "speed": 0.9}
ACCURATE = {"accuracy": 0.9, "speed": 0.1}


@pytest.fixture(scope="module")
def selector(base):
    return AlgorithmSelector(learner=MetaLearner(base))


def test_recommendations_are_complete(selector):
    selection = selector.select(PROFILE, meta=META, max_candidates=3)
    assert len(selection.recommendations) == len(selection.members) == 3
    assert len(selection.refused) == len(MEMBERS) - 3
    first = selection.recommendations[0]
    assert first.detector == "dependency"
    assert 0 <= first.confidence <= 1
    low, high = first.expected_interval
    assert 0 <= low <= first.expected_performance <= high <= 1
    assert first.estimated_seconds > 0
    spec = catalogue()["dependency"]
    assert first.computational_complexity == spec.complexity
    for text in (spec.description, "expected AUROC", "for it: ", "(typical ", " s"):
        assert text in first.reasoning
    assert all(
        "max_candidates=3: expected AUROC" in why for why in selection.refused.values()
    )
    for member in selection.members:
        build_member(member)


def test_meta_features_come_from_the_profile_where_they_are_not_given(selector):
    given = selector.select(PROFILE, meta=META)
    found = selector.select(PROFILE, max_candidates=5)
    assert found.members == given.members
    bare = DataProfiler(cache=False, mergeable=False).profile(X)
    with pytest.raises(DataError, match="keeps no rows"):
        selector.select(bare, max_candidates=5)


def test_priorities_trade_on_estimated_and_measured_time(base):
    # A member of many components is much slower, and not the worst.
    rows = np.random.default_rng(0).normal(size=(4000, 12))
    profile = DataProfiler(cache=False).profile(rows)
    meta = MetaFeaturesExtractor().extract(rows)
    selector = AlgorithmSelector(learner=MetaLearner(base))
    sets = {
        name: selector.select(profile, meta=meta, priorities=wish, max_candidates=3)
        for name, wish in (("fast", FAST), ("accurate", ACCURATE))
    }
    estimated = {
        name: sum(r.estimated_seconds for r in selection.recommendations)
        for name, selection in sets.items()
    }
    assert estimated["fast"] < 0.8 * estimated["accurate"]

    def seconds(selection):
        built = [build_member(member)[1] for member in selection.members]
        start = time.process_time()
        for member in built:
            member.fit(rows).score_samples(rows)
        return time.process_time() - start

    for selection in sets.values():
        seconds(selection)  # what is imported late is not counted
    measured = {name: min(seconds(s) for _ in range(2)) for name, s in sets.items()}
    assert measured["fast"] < measured["accurate"]


@settings(max_examples=15)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=2), st.integers(0, 1000))
def test_more_speed_is_never_slower(base, weights, seed):
    learner = MetaLearner(base)
    prices = dict(
        zip(
            (member.name for member in MEMBERS),
            np.random.default_rng(seed).uniform(0.001, 10, len(MEMBERS)),
            strict=True,
        )
    )
    firsts = [
        rank_members(
            learner,
            META,
            list(members_of(base).values()),
            priorities={"accuracy": 1 - weight, "speed": weight},
            cost=lambda member: (prices[member.name], None),
            favoured=set(),
            preferred=set(),
            confidences={},
        )[0]
        for weight in sorted(weights)
    ]
    assert firsts[1].seconds <= firsts[0].seconds
    assert firsts[1].advantage <= firsts[0].advantage


def test_costs_can_be_given(selector):
    def costs(member, n_rows, n_columns):
        assert (n_rows, n_columns) == (500, 9)
        return (1e-6 if member.detector == "knn" else 60.0), 1e6

    selection = selector.select(
        PROFILE, 500, 9, meta=META, priorities={"speed": 1}, costs=costs
    )
    assert [r.detector for r in selection.recommendations[:2]] == ["knn", "knn"]
    assert selection.recommendations[0].estimated_seconds == 1e-6
    assert selection.recommendations[0].estimated_bytes == 1e6
    assert "about 1e-06 s" in selection.recommendations[0].reasoning
    small = selector.select(
        PROFILE,
        meta=META,
        priorities={"memory": 1},
        costs=lambda member, *size: (1.0, 1e3 if member.detector == "knn" else 1e9),
    )
    assert [r.detector for r in small.recommendations[:2]] == ["knn", "knn"]


def test_interpretability_and_memory(selector):
    families = [
        catalogue()[r.detector].family
        for r in selector.select(
            PROFILE, meta=META, priorities={"interpretability": "high"}
        ).recommendations[:2]
    ]
    assert "marginal" in families
    small = selector.select(PROFILE, meta=META, priorities={"memory": 1})
    assert small.recommendations[0].memory_requirements == "low"


def test_wishes_of_the_user(selector):
    preferred = selector.select(PROFILE, meta=META, preferred=["lof", "tails_robust"])
    assert {m.detector for m in preferred.members[:2]} == {"lof", "tails"}
    assert "preferred by the user" in preferred.recommendations[0].reasoning
    without = selector.select(PROFILE, meta=META, excluded=["dependency"])
    assert without.refused["dependency_squashed"] == "excluded by the user"
    assert not any(m.detector == "dependency" for m in without.members)
    only = selector.select(PROFILE, meta=META, families=["marginal", "density"])
    assert {m.detector for m in only.members} == {"histogram", "tails", "lof"}
    assert "of the family distance" in only.refused["knn5_squashed"]
    unmeasured = selector.select(PROFILE, meta=META, preferred=["pyod_hbos"])
    assert unmeasured.members[0] == PoolMember("pyod_hbos", "pyod_hbos", "squashed")
    assert "never measured" in unmeasured.recommendations[0].reasoning
    # Nothing else is recommended: the models are not asked about anything.
    wishes = {"preferred": ["pyod_hbos"], "max_candidates": 1}
    (alone,) = selector.select(PROFILE, meta=META, **wishes).recommendations
    assert alone.algorithm == "pyod_hbos"
    assert alone.reasoning == unmeasured.recommendations[0].reasoning


def test_parameters_of_the_constructor_hold(base):
    selector = AlgorithmSelector(
        algorithms=["knn", "tails", "projection"],
        exclude=["knn40_squashed"],
        max_models=2,
        learner=MetaLearner(base),
    )
    selection = selector.select(PROFILE, meta=META)
    assert len(selection.members) == 2
    names = {m.name for m in selection.members} | {*selection.refused}
    assert names == {"knn5_squashed", "knn40_squashed", "tails_robust", "projection"}
    assert selection.refused["knn40_squashed"] == "excluded by the user"


def test_data_refuse_members(selector):
    selection = selector.select(PROFILE, n_columns=1, meta=META)
    assert "2 columns, but there is 1" in selection.refused["dependency_squashed"]
    with pytest.raises(ValueError, match="leave no detector"):
        selector.select(PROFILE, meta=META, families=["boundary"])


def test_detectors_of_the_user_take_part(selector):
    asked = []

    def wants(profile):
        asked.append(profile)
        return True

    options = {"should_recommend": wants, "metadata": {"suitable_for": "boundary"}}
    register_detector("mine", OneClassSVM, confidence=lambda p: 1.0, **options)
    register_detector("modest", OneClassSVM, confidence=lambda p: 0.0, **options)
    register_detector("broken", OneClassSVM, confidence=lambda p: 1 / 0, **options)
    register_detector("silent", OneClassSVM)
    try:
        selection = selector.select(PROFILE, meta=META, max_candidates=20)
        names = [r.algorithm for r in selection.recommendations]
        assert asked == [PROFILE] * 3
        assert "silent" not in names
        assert names.index("mine") < 4 < names.index("modest")
        found = {r.algorithm: r for r in selection.recommendations}
        assert found["mine"].confidence == 1.0
        assert "its own confidence: 100 %" in found["mine"].reasoning
        assert "never measured" in found["mine"].reasoning
        assert "confidence failed: ZeroDivisionError" in found["broken"].reasoning
        assert found["broken"].confidence == 0.5
    finally:
        for name in ("mine", "modest", "broken", "silent"):
            unregister_detector(name)


@pytest.mark.parametrize("learnt", [True, False])
@pytest.mark.parametrize(
    ("said", "fault"),
    [(2.0, "2.0 is not in"), (float("nan"), "nan is not in"), (-1, "-1 is not in")],
)
def test_a_confidence_is_a_share(selector, said, fault, learnt):
    register_detector(
        "boaster",
        OneClassSVM,
        should_recommend=lambda p: True,
        confidence=lambda p: said,
    )
    try:
        wishes = {"meta": META, "max_candidates": 20} if learnt else {}
        selection = selector.select(PROFILE, **wishes)
        found = {r.algorithm: r for r in selection.recommendations}["boaster"]
        assert found.confidence == (0.5 if learnt else None)
        assert f"its confidence failed: ValueError: {fault}" in found.reasoning
    finally:
        unregister_detector("boaster")


@pytest.mark.parametrize(
    "figures", [float("nan"), -1.0, "fast", (1, 2, 3), [1, 2], (1.0, float("inf"))]
)
def test_costs_that_are_none_are_clear_errors(selector, figures):
    with pytest.raises(ValueError, match="must return seconds or"):
        selector.select(PROFILE, meta=META, costs=lambda *size: figures)


@pytest.mark.parametrize("number", [0, -1, 2.5, True])
def test_a_number_of_members_is_positive(selector, number):
    with pytest.raises(ValueError, match=f"max_candidates must .* got {number}"):
        selector.select(PROFILE, meta=META, max_candidates=number)
    with pytest.raises(ValueError, match=f"max_models must .* got {number}"):
        AlgorithmSelector(max_models=number).select(PROFILE)


def test_names_come_in_lists(selector):
    for wish in ("preferred", "excluded", "families"):
        with pytest.raises(TypeError, match=rf"{wish} must be a .*Pass \['knn'\]"):
            selector.select(PROFILE, meta=META, **{wish: "knn"})
    for parameter in ("algorithms", "exclude"):
        with pytest.raises(TypeError, match=f"{parameter} must be a list"):
            AlgorithmSelector(**{parameter: "knn"}).select(PROFILE)


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"priorities": {"sped": 1}}, "did you mean 'speed'"),
        ({"priorities": {"speed": -1}}, "must be a number of at least 0"),
        ({"priorities": {"speed": "huge"}}, "Unknown weight 'huge'"),
        ({"priorities": {"speed": 0}}, "At least one priority"),
        ({"priorities": "speed"}, "priorities must be a dict"),
        ({"preferred": ["lofff"]}, "did you mean 'lof'"),
        ({"excluded": ["dependancy"]}, "did you mean 'dependency'"),
        ({"families": ["margin"]}, "did you mean 'marginal'"),
    ],
)
def test_bad_wishes_are_clear_errors(selector, wish, message):
    with pytest.raises(ValueError, match=message):
        selector.select(PROFILE, meta=META, **wish)


def test_priorities_are_levels_or_weights():
    assert parse_priorities(None) == {"accuracy": 1.0}
    assert parse_priorities({"speed": "high", "memory": "low"}) == {
        "speed": 0.8,
        "memory": 0.2,
    }


def test_costs_grow_with_the_data(base):
    costs = KnowledgeCosts(base)
    for member in MEMBERS:
        small, large = costs(member, 200, 5), costs(member, 4000, 5)
        assert 0 < small <= large < 100
    slowest = max(costs(member, 300, 5) for member in MEMBERS)
    unknown = costs(PoolMember("x", "sklearn_ocsvm", "squashed"), 300, 5)
    assert unknown == pytest.approx(slowest, rel=0.5)


def test_the_set_does_not_depend_on_constant_columns(selector):
    wider = np.column_stack([X, np.full(len(X), 7.0)])
    profile = DataProfiler(cache=False).profile(wider)
    before = selector.select(PROFILE, max_candidates=4)
    after = selector.select(profile, max_candidates=4)
    assert [m.name for m in after.members] == [m.name for m in before.members]


def test_what_is_compiled_first_is_not_taken_for_fast():
    costs = KnowledgeCosts(KnowledgeBase.load())
    slowest = max(costs(m, 300, 5) for m in POOL)
    for name in ("pyod_hbos", "pyod_cblof"):  # seconds until the first result
        assert costs(PoolMember("x", name, "squashed"), 300, 5) > slowest + 4
