"""What did well on similar data sets is carried over."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autonomaly.selection import (
    KnowledgeBase,
    MeasuredAlgorithm,
    MetaFeatures,
    TransferLearner,
)
from autonomaly.selection._transfer import _combine


def meta_of(base, i):
    return MetaFeatures(dict(zip(base.meta_features, base.meta[i], strict=True)))


def test_the_same_data_is_most_similar(base):
    learner = TransferLearner(base)
    for i in range(0, 36, 7):
        found = learner.find_similar_datasets(meta_of(base, i))
        assert found[0].dataset == base.tasks[i]
        assert found[0].similarity == pytest.approx(1)
        assert found[0].family == base.families[i]
        assert found[0].kind == "generated"
        similarity = [dataset.similarity for dataset in found]
        assert similarity == sorted(similarity, reverse=True)
        assert min(similarity) > 0.7
        best = found[0].best_algorithms
        assert [v for _, v in best] == sorted(base.auroc[i], reverse=True)[: len(best)]
    few = TransferLearner(base, threshold=0, max_datasets=3)
    assert len(few.find_similar_datasets(meta_of(base, 0))) == 3


def test_similar_sets_are_of_the_same_kind(base):
    learner = TransferLearner(base, threshold=0, max_datasets=4)
    same = [
        dataset.dataset.split("-")[0] == base.tasks[i].split("-")[0]
        for i in range(36)
        for dataset in learner.find_similar_datasets(meta_of(base, i))[1:]
    ]
    assert np.mean(same) > 0.7  # a third by chance


def test_nothing_similar(base):
    far = MetaFeatures(dict.fromkeys(base.meta_features, 1e3))
    learner = TransferLearner(base)
    assert learner.find_similar_datasets(far) == []
    assert learner.transfer_hyperparameters(far, "knn") == {}
    assert TransferLearner(KnowledgeBase([])).find_similar_datasets(far) == []


def test_hyperparameters_are_transferred(base, tmp_path):
    learner = TransferLearner(base, threshold=0)
    meta = meta_of(base, 0)
    found = learner.transfer_hyperparameters(meta, "knn")
    assert set(found) == {"n_neighbors"}
    assert 5 <= found["n_neighbors"] <= 40
    assert isinstance(found["n_neighbors"], int)
    assert learner.transfer_hyperparameters(meta, "mahalanobis") == {}
    assert learner.transfer_hyperparameters(meta, "pyod_inne") == {}  # never measured
    with pytest.raises(ValueError, match="did you mean 'lof'"):
        learner.transfer_hyperparameters(meta, "loff")


def _recorded(tmp_path, base, settings_of):
    """A base in which a detector is measured with some settings on some tasks."""
    own = KnowledgeBase(
        [
            {
                "schema": 1,
                "meta_features": base.meta_features,
                "algorithms": [],
                "tasks": [],
            }
        ]
    )
    for i, results in settings_of.items():
        for number, (parameters, auroc) in enumerate(results):
            algorithm = MeasuredAlgorithm(
                name=f"{parameters}",
                detector="mine",
                view="robust",
                parameters=parameters,
            )
            own.record(
                meta_of(base, i),
                algorithm,
                {"auroc": auroc - 0.01 * number},
                path=tmp_path / "own.json",
                task=f"task {i}",
            )
    return own


def test_sets_without_the_algorithm_do_not_vote(base, tmp_path):
    other = MeasuredAlgorithm(name="other", detector="knn", view="robust")
    own = _recorded(
        tmp_path,
        base,
        {0: [({"mode": "a"}, 0.9), ({"mode": "b"}, 0.5)], 3: [({"mode": "b"}, 0.9)]},
    )
    for i in (0, 6, 9):
        own.record(
            meta_of(base, i),
            other,
            {"auroc": 0.99},
            path=tmp_path / "own.json",
            task=f"without {i}",
        )
    learner = TransferLearner(own, threshold=0)
    assert learner.transfer_hyperparameters(meta_of(base, 0), "mine") == {"mode": "a"}
    assert learner.transfer_hyperparameters(meta_of(base, 3), "mine") == {"mode": "b"}


def test_amounts_are_averaged(base, tmp_path):
    own = _recorded(
        tmp_path,
        base,
        {
            0: [({"k": 10, "share": 0.2}, 0.9)],
            3: [({"k": 1000, "share": 0.4}, 0.9)],
        },
    )
    found = TransferLearner(own, threshold=0).transfer_hyperparameters(
        meta_of(base, 0), "mine"
    )
    assert 10 <= found["k"] < 500  # by its logarithm, nearer to the set itself
    assert 0.2 <= found["share"] < 0.3


votes = st.lists(
    st.tuples(st.floats(0.01, 100), st.floats(0.01, 1)), min_size=1, max_size=8
)


@settings(max_examples=50)
@given(votes)
def test_means_are_between(weighted):
    values = [value for value, _ in weighted]
    mean = _combine(weighted, values)
    assert min(values) * (1 - 1e-9) <= mean <= max(values) * (1 + 1e-9)


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", True, None, 3]), st.floats(0.01, 1)),
        min_size=1,
        max_size=8,
    )
)
def test_votes_are_one_of_those_given(weighted):
    values = [value for value, _ in weighted]
    if all(value == 3 and value is not True for value in values):
        return
    winner = _combine(weighted, values)
    total = {repr(value): 0.0 for value in values}
    for value, weight in weighted:
        total[repr(value)] += weight
    assert total[repr(winner)] == pytest.approx(max(total.values()))


def test_equal_amounts_stay_as_they_are():
    weighted = [(0.1, 0.7123), (0.1, 0.9), (0.1, 0.81)]
    assert _combine(weighted, [0.1]) == 0.1
