import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autonomaly.ensemble import IntelligentEnsembleBuilder, pairwise_agreement

EXPECTED = {"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.6}
SURE = dict.fromkeys(EXPECTED, 1e-6)
BLIND = dict.fromkeys(EXPECTED, 100.0)


def test_certain_predictions_are_followed():
    plan = IntelligentEnsembleBuilder(temperature=0.1).build(EXPECTED, SURE)
    assert plan.members == ["a", "b", "c", "d"]
    assert plan.trust == pytest.approx(1, abs=1e-6)
    # Each step of 0.1 in performance is worth one temperature.
    assert plan.weights["a"] / plan.weights["b"] == pytest.approx(np.e, rel=1e-4)
    assert plan.expected_gain > 0


def test_uncertain_predictions_leave_the_prior():
    prior = {"a": 1.0, "b": 3.0}
    plan = IntelligentEnsembleBuilder().build(EXPECTED, BLIND, prior=prior)
    assert plan.weights == pytest.approx({"b": 0.75, "a": 0.25}, abs=1e-4)
    assert "plain ensemble" in plan.reason
    none = IntelligentEnsembleBuilder(trust=0).build(EXPECTED, SURE, prior=prior)
    assert none.weights == {"b": 0.75, "a": 0.25}
    assert none.expected_gain == 0


def test_equal_predictions_say_nothing():
    plan = IntelligentEnsembleBuilder().build(
        dict.fromkeys("ab", 0.7), {"a": 0, "b": 0}
    )
    assert plan.weights == {"a": 0.5, "b": 0.5}
    assert plan.trust == 0


def test_diversity_keeps_a_copy_out():
    # b is a copy of a; c is a little worse and sees something else.
    agreement = np.array(
        [[1, 1, 0, 0.9], [1, 1, 0, 0.9], [0, 0, 1, 0], [0.9, 0.9, 0, 1]]
    )
    build = IntelligentEnsembleBuilder(max_models=2).build
    expected = {"a": 0.90, "b": 0.90, "c": 0.80, "d": 0.60}
    plan = build(expected, SURE, agreement=agreement)
    assert set(plan.members) in ({"a", "c"}, {"b", "c"})
    greedy = IntelligentEnsembleBuilder(max_models=2, diversity_weight=0)
    assert set(greedy.build(expected, SURE).members) == {"a", "b"}


def test_front_holds_what_no_subset_beats():
    rng = np.random.RandomState(0)
    scores = rng.randn(200, 8) + 2 * rng.randn(200, 1) * (np.arange(8) < 4)
    expected = {f"m{j}": 0.6 + 0.03 * j for j in range(8)}
    error = dict.fromkeys(expected, 0.01)
    builder = IntelligentEnsembleBuilder(max_models=3)
    plan = builder.build(expected, error, agreement=pairwise_agreement(scores))
    points = [(p["performance"], p["diversity"]) for p in plan.front]
    assert points == sorted(points, key=lambda p: (-p[0], p[1]))
    assert len({q for _, q in points}) == len(points)
    assert points[0][0] == pytest.approx(np.mean([0.81, 0.78, 0.75]))
    assert sorted(plan.members) in [sorted(p["members"]) for p in plan.front]
    again = builder.build(expected, error, agreement=pairwise_agreement(scores))
    assert again == plan


def test_candidates_outside_of_the_prior_need_a_search():
    prior = {"c": 1.0, "d": 1.0}
    build = IntelligentEnsembleBuilder().build
    assert set(build(EXPECTED, SURE, prior=prior).members) == {"c", "d"}
    few = IntelligentEnsembleBuilder(max_models=2, diversity_weight=0)
    assert set(few.build(EXPECTED, SURE, prior=prior).members) == {"a", "b"}


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 5)),
        min_size=1,
        max_size=12,
    ),
    st.one_of(st.none(), st.integers(1, 12)),
)
def test_weights_are_a_distribution(figures, max_models):
    names = [f"m{j}" for j in range(len(figures))]
    columns = list(zip(*figures, strict=True))
    expected, error, prior = (dict(zip(names, c, strict=True)) for c in columns)
    builder = IntelligentEnsembleBuilder(
        max_models=max_models, n_generations=3, population_size=8
    )
    n = len(names)
    plan = builder.build(expected, error, agreement=np.eye(n), prior=prior)
    assert sum(plan.weights.values()) == pytest.approx(1)
    assert all(weight > 0 for weight in plan.weights.values())
    assert 0 <= plan.trust <= 1
    assert len(plan.members) <= (max_models or n)
    assert plan.expected_gain >= -1e-12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({}, {}), "expected is empty"),
        (({"a": 1.0}, {"b": 1.0}), "same candidates"),
        (({"a": np.nan}, {"a": 1.0}), "finite"),
        (({"a": 1.0}, {"a": -1.0}), "must not be negative"),
    ],
)
def test_unusable_predictions(arguments, message):
    with pytest.raises(ValueError, match=message):
        IntelligentEnsembleBuilder().build(*arguments)


def test_unusable_parameters():
    for bad in ({"max_models": 0}, {"trust": 2}, {"temperature": "warm"}):
        with pytest.raises(ValueError, match=f"{[*bad][0]}' parameter of Intelligent"):
            IntelligentEnsembleBuilder(**bad).build(EXPECTED, SURE)


def test_unusable_prior_and_agreement():
    with pytest.raises(ValueError, match="at least one of the candidates"):
        IntelligentEnsembleBuilder().build(EXPECTED, SURE, prior={"z": 1.0})
    few = IntelligentEnsembleBuilder(max_models=2)
    with pytest.raises(ValueError, match="pairwise_agreement"):
        few.build(EXPECTED, SURE)
    with pytest.raises(ValueError, match="4 x 4"):
        few.build(EXPECTED, SURE, agreement=np.eye(3))


def test_agreement_of_constant_scores():
    scores = np.column_stack([np.arange(5.0), np.ones(5)])
    np.testing.assert_allclose(pairwise_agreement(scores), np.eye(2), atol=1e-12)


@pytest.mark.parametrize("unit", [1, 1000, 1e6])
def test_the_best_leads_in_any_unit(unit):
    expected = {"a": 0.9 * unit, "b": 0.6 * unit, "c": 0.85 * unit}
    builder = IntelligentEnsembleBuilder(trust=1, temperature=0.05)
    plan = builder.build(expected, dict.fromkeys(expected, 0.0))
    assert plan.members[0] == "a"
    assert plan.weights["a"] > 2 * plan.weights.get("c", 0)
    cold = IntelligentEnsembleBuilder(trust=1, temperature=1e-9)
    assert cold.build(expected, dict.fromkeys(expected, 0.0)).members == ["a"]


def test_reasons_are_those_of_this_plan():
    expected, error = {"a": 0.9, "b": 0.6}, {"a": 0.01, "b": 0.01}
    kept = IntelligentEnsembleBuilder(trust=0).build(expected, error)
    assert kept.reason.endswith("those of the plain ensemble, by trust=0")
    alone = IntelligentEnsembleBuilder().build(expected, error, prior={"b": 1})
    assert alone.reason == "1 of 2 candidates; it has all the weight"


def test_agreement_needs_finite_scores():
    with pytest.raises(ValueError, match="NaN"):
        pairwise_agreement([[1, np.nan], [2, 3]])
    with pytest.raises(ValueError, match="minimum of 1"):
        pairwise_agreement(np.empty((0, 3)))
