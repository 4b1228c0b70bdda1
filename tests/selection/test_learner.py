"""The meta-learner learns what suits which data, and says how sure it is."""

import copy

import numpy as np
import pytest

from autonomaly.exceptions import DataError
from autonomaly.profiling import DataProfiler
from autonomaly.selection import (
    KnowledgeBase,
    MeasuredAlgorithm,
    MetaFeaturesExtractor,
    MetaLearner,
    PoolMember,
)

from .conftest import MEMBERS, make_task, measure

NEW = MeasuredAlgorithm(name="new", detector="pyod_inne", view="squashed")


def extract(kind, seed):
    X, y = make_task(kind, seed)
    return MetaFeaturesExtractor().extract(X), X, y


@pytest.fixture(scope="module")
def learner(base):
    return MetaLearner(base).fit()


def test_what_suits_the_data_is_learnt(learner):
    names = ["dependency_squashed", "tails_robust"]
    algorithms = [learner.base_.resolve(name) for name in names]

    def advantage(kind):
        metas = [extract(kind, seed)[0] for seed in range(1001, 1007)]
        return np.mean(
            [learner.predict(m, algorithms).advantage for m in metas], axis=0
        )

    broken, far = advantage("dependency"), advantage("marginal")
    assert broken[0] > 0.05
    assert broken[1] < -0.05
    assert far[0] < broken[0] - 0.05
    assert far[1] > broken[1] + 0.1


def test_intervals_cover_unseen_results(learner):
    covered, better = [], []
    for seed in range(1010, 1019):
        meta, X, y = extract(("dependency", "marginal", "gap")[seed % 3], seed)
        predictions = learner.predict(meta, metrics=("auroc", "average_precision"))
        results = [measure(member, X, y) for member in MEMBERS]
        for metric in ("auroc", "average_precision"):
            true = np.array([result[metric] for result in results])
            expected = predictions.expected[metric]
            low, high = predictions.low[metric], predictions.high[metric]
            assert (low <= expected).all()
            assert (expected <= high).all()
            assert (low >= 0).all()
            assert (high <= 1).all()
            covered += ((low <= true) & (true <= high)).tolist()
        auroc = np.array([result["auroc"] for result in results])
        better += list(
            zip(predictions.confidence, auroc > np.median(auroc), strict=True)
        )
    assert 0.75 < np.mean(covered) < 1  # 12 families: the 90 % cannot be met exactly
    sure = np.array([confidence > 0.5 for confidence, _ in better])
    won = np.array([win for _, win in better])
    assert won[sure].mean() > won[~sure].mean() + 0.2


def test_predict_performance(learner):
    meta, X, _ = extract("dependency", 1001)
    found = learner.predict_performance(meta, "dependency_squashed")
    assert set(found.metrics) == set(found.interval) == {"auroc", "average_precision"}
    low, high = found.interval["auroc"]
    assert 0 <= low <= found.metrics["auroc"] <= high <= 1
    assert 0.5 < found.confidence <= 1
    assert "above the mean algorithm" in found.reasoning
    assert "for it: " in found.reasoning
    assert "(typical " in found.reasoning
    assert "log10" not in found.reasoning
    assert "below" in learner.predict_performance(meta, "tails_robust").reasoning
    profile = DataProfiler(cache=False).profile(X)
    assert learner.predict_performance(profile, PoolMember("x", "knn", "robust"))


def test_models_are_trained_once_and_alike(base, knowledge_document):
    first, again = MetaLearner(base), MetaLearner(KnowledgeBase([knowledge_document]))
    assert first.fit()._model is again.fit()._model
    meta, _, _ = extract("gap", 1001)
    other = MetaLearner(base.without(["family-0"]))
    assert other.fit()._model is not first._model
    before = first.predict(meta).expected["auroc"]
    assert (before == again.predict(meta).expected["auroc"]).all()
    assert (before != other.predict(meta).expected["auroc"]).any()


def test_detectors_nobody_measured(learner):
    meta, _, _ = extract("marginal", 1001)
    predictions = learner.predict(meta, [NEW, *learner.base_.algorithms])
    assert predictions.known.tolist() == [False] + [True] * len(MEMBERS)
    assert predictions.advantage[0] == 0
    assert predictions.confidence[0] == 0.5
    assert predictions.low["auroc"][0] < predictions.high["auroc"][0]
    found = learner.predict_performance(meta, NEW)
    assert "pyod_inne was measured on 0 tasks" in found.reasoning


def test_feedback_counts_from_the_first_measurement(knowledge_document, tmp_path):
    mine = KnowledgeBase([knowledge_document])
    path = tmp_path / "mine.json"
    meta, _, _ = extract("gap", 1001)
    for i in range(3):
        mine.record(meta, NEW, {"auroc": 1.0}, path=path, task=mine.tasks[i])
    few = MetaLearner(mine).predict(meta, [NEW])
    above = 1 - np.nanmean(mine.auroc[:3, : len(MEMBERS)], axis=1)
    assert 0 < few.advantage[0] < above.mean()
    assert not few.known[0]
    for i in range(3, 10):
        mine.record(meta, NEW, {"auroc": 1.0}, path=path, task=mine.tasks[i])
    assert MetaLearner(mine).predict(meta, [NEW]).known[0]


def test_feedback_reaches_a_learner_that_is_in_use(knowledge_document, tmp_path):
    mine = KnowledgeBase([knowledge_document])
    learner, meta = MetaLearner(mine), extract("gap", 1001)[0]
    before = learner.predict(meta).expected["auroc"]
    for i in range(12):
        mine.record(
            meta,
            "knn5_squashed",
            {"auroc": 0.01},
            path=tmp_path / "a.json",
            task=f"{i}",
        )
        mine.record(meta, NEW, {"auroc": 0.9}, path=tmp_path / "a.json", task=f"{i}")
    after = learner.predict(meta)
    assert len(after.advantage) == len(before) + 1
    assert learner.n_tasks("pyod_inne") == 12
    knn = [a.name for a in mine.algorithms].index("knn5_squashed")
    assert after.expected["auroc"][knn] < before[knn] - 0.1


def test_models_keep_what_they_were_trained_on(knowledge_document, tmp_path):
    """Rows of a base move when something is recorded; models are shared by bases."""
    document = copy.deepcopy(knowledge_document)
    document["algorithms"].append(NEW.model_dump())
    for i, task in enumerate(document["tasks"]):  # few: they are looked up in the base
        for metric in ("auroc", "average_precision", "seconds"):
            task[metric].append(1.0 if i < 3 else None)
    first, same = KnowledgeBase([document]), KnowledgeBase([document])
    meta, _, _ = extract("gap", 1001)
    before = MetaLearner(first).predict(meta, [NEW]).advantage[0]
    assert before > 0
    for i in range(5):
        first.record(meta, "knn", {"auroc": 0.5}, path=tmp_path / "b.json", task=f"{i}")
    assert MetaLearner(same).predict(meta, [NEW]).advantage[0] == before


def test_too_little_is_a_clear_error(base):
    few = base.without(sorted(set(base.families))[:6])
    with pytest.raises(DataError, match="18 tasks of 6 families is too small"):
        MetaLearner(few).fit()


def test_tables_are_not_meta_features(learner):
    with pytest.raises(TypeError, match="Expected MetaFeatures"):
        learner.predict_performance(np.ones((3, 3)), "knn")


def test_unknown_algorithms_have_a_hint(learner):
    meta, _, _ = extract("gap", 1001)
    with pytest.raises(ValueError, match="did you mean 'tails_robust'"):
        learner.predict_performance(meta, "tail_robust")
    with pytest.raises(ValueError, match="did you mean 'tails_robust'"):
        learner.predict(meta, ["tail_robust"])
    with pytest.raises(ValueError, match="Unknown metric 'f1'"):
        learner.predict(meta, metrics=("f1",))
    expected = learner.predict_performance(meta, "tails_robust").metrics["auroc"]
    assert learner.predict(meta, ["tails_robust"]).expected["auroc"] == expected


def test_logarithms_are_said_as_amounts(base):
    from autonomaly.selection import META_FEATURES
    from autonomaly.selection._reasons import _said

    features = {feature.name: feature for feature in META_FEATURES}
    assert _said(features["log_n"], 4.0, 2.5) == "rows 10000 (typical 316)"
    dimension = _said(features["id_per_column"], -1.0, 0.0)
    assert dimension == "intrinsic dimension per column 0.5 (typical 1)"
    assert (
        _said(features["hopkins"], 0.5, 0.71)
        == "tendency to cluster 0.5 (typical 0.71)"
    )
