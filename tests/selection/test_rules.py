"""Rules of thumb, and what measurements say of them."""

import copy

import numpy as np
import pytest
from sklearn.svm import OneClassSVM

from autonomaly.detectors import catalogue
from autonomaly.profiling import DataProfiler
from autonomaly.selection import (
    RULES,
    KnowledgeBase,
    Rule,
    check_rule,
    recommended_by_rules,
)
from autonomaly.selection._rules import applies, facts_of

# Detectors that rules of the field name and that a later room brings.
NOT_THERE = {"autoencoder", "deep_ensemble", "lstm", "seasonal_decomposition"}
TAILS = Rule("tails", (("n_samples", ">", 0),), ("tails",), "voting", "a reason")


@pytest.fixture(scope="module")
def real_base(knowledge_document):
    """The same measurements, taken for real sets that are mostly of one kind."""
    document = copy.deepcopy(knowledge_document)
    for task in document["tasks"]:
        task["kind"] = "real" if task["anomaly"] == "dependency" else "generated"
    return KnowledgeBase([document])


def test_every_rule_can_be_read_and_followed():
    for rule in RULES:
        assert rule.reason
        assert set(rule.prefers) <= {*catalogue(), *NOT_THERE}
        assert applies(rule, dict(_facts_for(rule)))
    assert len({rule.name for rule in RULES}) == len(RULES)


def _facts_for(rule):
    for fact in ("n_samples", "n_features", "noise_level", "temporal"):
        limits = [(c, v) for f, c, v in rule.conditions if f == fact]
        if fact == "temporal":
            yield fact, True
        elif limits:
            low = max((v for c, v in limits if c == ">"), default=0)
            high = min((v for c, v in limits if c != ">"), default=2 * low + 2)
            yield fact, (low + high) / 2


def test_the_matrix_covers_every_size_and_width():
    matrix = RULES[:6]
    for n in (10, 999, 1000, 100_000, 100_001, 10**7):
        for d in (1, 100, 101, 5000):
            found = [r for r in matrix if applies(r, {"n_samples": n, "n_features": d})]
            assert len(found) == 1


def test_what_is_not_known_holds_for_no_rule():
    facts = facts_of(DataProfiler(cache=False).profile(np.random.rand(50, 3)))  # noqa: NPY002
    assert facts["n_samples"] == 50
    assert facts["temporal"] is False
    assert not any(applies(rule, {}) for rule in RULES)
    preferred, _ = recommended_by_rules({})
    assert list(preferred) == ["forest", "lof"]


def test_detectors_that_are_not_there_are_passed_over(real_base, register):
    facts = {"n_samples": 10**6, "n_features": 500, "temporal": True}
    for base in (None, real_base):
        preferred, _ = recommended_by_rules(facts, base)
        assert preferred
        assert set(preferred) <= set(catalogue())
    assert list(recommended_by_rules({"temporal": True})[0]) == ["forest", "lof"]
    register("lstm", OneClassSVM)
    assert list(recommended_by_rules({"temporal": True})[0]) == ["lstm"]


def test_preferred_detectors_come_with_reasons():
    preferred, contradicted = recommended_by_rules(
        {"n_samples": 300, "n_features": 500}
    )
    assert contradicted == {}
    assert list(preferred)[0] in ("lof", "pyod_pca")  # asked for by two rules
    assert {"lof", "sklearn_ocsvm", "pyod_pca", "forest"} == set(preferred)
    assert all(preferred.values())


def test_evidence_is_the_measured_difference(real_base):
    evidence = check_rule(TAILS, real_base)
    rows = real_base.kinds == "real"
    names = [a.name for a in real_base.algorithms]
    values = real_base.auroc[rows]
    gain = values[:, names.index("tails_robust")] - values.mean(axis=1)
    assert evidence.n_tasks == rows.sum() == 12
    assert evidence.advantage == pytest.approx(gain.mean())
    assert evidence.low < evidence.advantage < evidence.high < 0
    assert evidence.contradicted
    assert "measured -" in str(evidence)
    assert "12 real sets" in str(evidence)
    praised = Rule("other", TAILS.conditions, ("dependency",), "voting", "a reason")
    assert not check_rule(praised, real_base).contradicted


def test_measurements_lead(real_base, monkeypatch):
    monkeypatch.setattr("autonomaly.selection._rules.RULES", (TAILS,))
    facts = {"n_samples": 100, "n_features": 5}
    followed, _ = recommended_by_rules(facts)
    assert list(followed) == ["tails"]
    instead, contradicted = recommended_by_rules(facts, real_base)
    assert "tails" not in instead
    assert "measured -" in contradicted["tails"]


def test_what_is_contradicted_does_not_come_back_as_a_safe_start(
    real_base, monkeypatch
):
    monkeypatch.setattr("autonomaly.selection._rules.RULES", (TAILS,))
    monkeypatch.setattr("autonomaly.selection._rules.COLD_START", ("tails",))
    followed, contradicted = recommended_by_rules(
        {"n_samples": 100, "n_features": 5}, real_base
    )
    assert contradicted
    assert followed == {}
    assert list(recommended_by_rules({}, real_base)[0]) == ["tails"]


def test_nothing_measured_contradicts_nothing(base):
    evidence = check_rule(TAILS, base)  # generated tasks only
    assert evidence.advantage is None
    assert not evidence.contradicted
    assert str(evidence) == "not measured on such data"
