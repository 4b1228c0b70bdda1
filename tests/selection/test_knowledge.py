"""The knowledge base: what goes in comes out, and bad files are clear errors."""

import copy
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autonomaly.exceptions import DataError
from autonomaly.profiling import DataProfiler
from autonomaly.selection import (
    KnowledgeBase,
    MeasuredAlgorithm,
    MetaFeaturesExtractor,
    PoolMember,
)
from autonomaly.selection._knowledge import METRICS

META = MetaFeaturesExtractor().extract(np.random.RandomState(0).randn(60, 3))


def test_arrays_are_what_the_document_says(base, knowledge_document):
    assert len(base) == 36
    assert base.meta.shape == (36, len(base.meta_features))
    assert base.tasks == [task["name"] for task in knowledge_document["tasks"]]
    for metric in METRICS:
        expected = [task[metric] for task in knowledge_document["tasks"]]
        np.testing.assert_array_equal(getattr(base, metric), expected)
    assert len(set(base.families)) == 12
    assert base.sizes[0].tolist() == [
        knowledge_document["tasks"][0]["n_samples"],
        knowledge_document["tasks"][0]["n_features"],
    ]


def test_round_trip_through_a_file(base, knowledge_document, tmp_path):
    path = tmp_path / "base.json"
    path.write_text(json.dumps(knowledge_document))
    again = KnowledgeBase.load(path, shipped=False)
    assert again.fingerprint == base.fingerprint
    assert again.algorithms == base.algorithms


def test_record_and_load(base, knowledge_document, tmp_path):
    path = tmp_path / "mine.json"
    mine = KnowledgeBase([knowledge_document])
    assert KnowledgeBase.load(path, shipped=False).tasks == []
    mine.record(META, "knn5_squashed", {"auroc": 0.75}, path=path)
    assert mine.fingerprint != base.fingerprint
    assert len(mine) == len(base) + 1
    svm = PoolMember("svm", "sklearn_ocsvm", "squashed", {"nu": 0.3})
    metrics = {"auroc": 0.5, "average_precision": 0.25, "seconds": 2}
    mine.record(META, svm, metrics, path=path, task="again")
    mine.record(META, "pyod_hbos", {"average_precision": 0.5}, path=path)
    assert [a.name for a in mine.algorithms][-2:] == ["svm", "pyod_hbos"]
    mine.record(META, "tails", {"auroc": 1 + 2e-16}, path=path)  # as it is rounded
    own = KnowledgeBase.load(path, shipped=False)
    assert len(own) == 2  # the same data has the same name
    columns = {a.name: j for j, a in enumerate(own.algorithms)}
    assert own.auroc[0, columns["knn5_squashed"]] == 0.75
    assert np.isnan(own.auroc[1, columns["knn5_squashed"]])
    assert own.average_precision[0, columns["pyod_hbos"]] == 0.5
    assert own.seconds[1, columns["svm"]] == 2
    np.testing.assert_allclose(own.meta[0], META.to_array())
    assert own.families.tolist() == own.tasks
    assert not list(tmp_path.glob("*.part"))
    # What others wrote meanwhile is kept.
    KnowledgeBase([knowledge_document]).record(
        META, "tails_robust", {"auroc": 0.9}, path=path, task="third"
    )
    mine.record(META, "tails_robust", {"auroc": 0.8}, path=path, task="fourth")
    assert {"third", "fourth"} <= set(mine.tasks)


def test_your_own_measurements_win(knowledge_document, tmp_path):
    path = tmp_path / "mine.json"
    mine = KnowledgeBase([knowledge_document])
    name = mine.tasks[3]
    mine.record(META, "tails_robust", {"auroc": 0.125}, path=path, task=name)
    i, j = (
        mine.tasks.index(name),
        [a.name for a in mine.algorithms].index("tails_robust"),
    )
    assert mine.auroc[i, j] == 0.125
    others = knowledge_document["tasks"][3]["auroc"]
    assert mine.auroc[i, 0] == others[0]  # what you did not measure is still known


json_values = st.one_of(
    st.booleans(), st.integers(-9, 9), st.floats(-9, 9), st.text(max_size=4), st.none()
)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from(["a", "b"]), json_values, max_size=2),
            st.sampled_from([0.0, 0.3, 0.5]),
            st.floats(0, 1),
            st.sampled_from(["one", "two", "three"]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_what_is_recorded_is_loaded(tmp_path_factory, measurements):
    path = tmp_path_factory.mktemp("base") / "mine.json"
    base, expected = KnowledgeBase([]), {}
    for parameters, trimmed, value, task in measurements:
        name = json.dumps([parameters, trimmed])
        algorithm = MeasuredAlgorithm(
            name=name,
            detector="knn",
            view="robust",
            parameters=parameters,
            trimmed=trimmed,
        )
        base.record(META, algorithm, {"auroc": value}, path=path, task=task)
        expected[algorithm.identity, task] = value
    loaded = KnowledgeBase.load(path, shipped=False)
    assert loaded.fingerprint == base.fingerprint
    found = {
        (algorithm.identity, task): loaded.auroc[i, j]
        for i, task in enumerate(loaded.tasks)
        for j, algorithm in enumerate(loaded.algorithms)
        if not np.isnan(loaded.auroc[i, j])
    }
    assert found == expected


def _without(document, key):
    del document[key]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: d.update(schema=2), "at schema: Input should be 1"),
        (lambda d: _without(d, "tasks"), "at tasks: Field required"),
        (lambda d: d.update(extra=1), "Extra inputs are not permitted"),
        (lambda d: d["tasks"][0].update(kind="made up"), "'real' or 'generated'"),
        (lambda d: d["tasks"][0]["auroc"].append(0.5), "9 values of auroc, expected 8"),
        (lambda d: d["tasks"][0]["meta"].pop(), "values of meta"),
        (lambda d: d["tasks"][2]["auroc"].__setitem__(0, 1.5), "less than or equal"),
        (lambda d: d["tasks"].append(d["tasks"][0]), "tasks named twice"),
        (lambda d: d["meta_features"].__setitem__(0, "size"), r"missing \['log_n'\]"),
    ],
)
def test_bad_documents_are_clear_errors(knowledge_document, tmp_path, spoil, message):
    document = copy.deepcopy(knowledge_document)
    spoil(document)
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(document))
    with pytest.raises(DataError, match=message) as caught:
        KnowledgeBase.load(path, shipped=False)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "\x00"])
def test_files_that_are_something_else(tmp_path, content):
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(DataError, match="bad.json"):
        KnowledgeBase.load(path, shipped=False)
    before = path.read_bytes()
    with pytest.raises(DataError):
        KnowledgeBase([]).record(META, "knn", {"auroc": 0.5}, path=path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "metrics",
    [{}, {"seconds": 1}, {"auroc": 1.2}, {"auroc": np.nan}, {"f1": 0.5, "auroc": 0.5}],
)
def test_bad_metrics(tmp_path, metrics):
    with pytest.raises(ValueError, match=r"auroc|metric"):
        KnowledgeBase([]).record(META, "knn", metrics, path=tmp_path / "x.json")
    assert not list(tmp_path.iterdir())


def test_unknown_algorithms_have_a_hint(tmp_path):
    with pytest.raises(ValueError, match="did you mean 'tails_robust'"):
        KnowledgeBase([]).record(
            META, "tail_robust", {"auroc": 1}, path=tmp_path / "x.json"
        )


def test_one_name_is_one_algorithm(base, knowledge_document, tmp_path):
    other = PoolMember("knn5_squashed", "knn", "minmax")
    mine = KnowledgeBase([knowledge_document])
    with pytest.raises(DataError, match="Two algorithms are named 'knn5_squashed'"):
        mine.record(META, other, {"auroc": 0.5}, path=tmp_path / "x.json")
    assert mine.fingerprint == base.fingerprint
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_taken_leaves_the_base_whole(knowledge_document, tmp_path):
    base = KnowledgeBase([knowledge_document])
    base.record(META, "pyod_inne", {"auroc": 0.7}, path=tmp_path / "a.json", task="a")
    before = base.fingerprint, base.algorithms, base.auroc.shape
    other = PoolMember("knn5_squashed", "knn", "minmax")
    with pytest.raises(DataError, match="Two algorithms"):
        base.record(META, other, {"auroc": 0.5}, path=tmp_path / "b.json")
    assert (base.fingerprint, base.algorithms, base.auroc.shape) == before


def test_what_cannot_be_written_is_not_in_the_base(base, knowledge_document, tmp_path):
    mine = KnowledgeBase([knowledge_document])
    with pytest.raises(OSError, match="missing"):
        mine.record(META, "knn", {"auroc": 0.5}, path=tmp_path / "missing" / "a.json")
    assert mine.fingerprint == base.fingerprint


@pytest.mark.parametrize("names", [{"task": ""}, {"task": 3}, {"family": 4}])
def test_names_of_tasks_are_text(names, tmp_path):
    path = tmp_path / "a.json"
    with pytest.raises(ValueError, match="must be a non-empty string or None"):
        KnowledgeBase([]).record(META, "knn", {"auroc": 0.5}, path=path, **names)
    assert not path.exists()


def test_profiles_that_keep_rows_are_enough(tmp_path):
    X = np.random.RandomState(0).randn(80, 3)
    profile = DataProfiler(cache=False).profile(X)
    base = KnowledgeBase([])
    base.record(profile, "knn", {"auroc": 0.5}, path=tmp_path / "a.json", task="a")
    base.record(
        MetaFeaturesExtractor().extract(X),
        "knn",
        {"auroc": 0.5},
        path=tmp_path / "a.json",
        task="b",
    )
    # The rows are scaled before they are described, which zeros do not survive.
    moved = [
        name
        for name, a, b in zip(base.meta_features, *base.meta, strict=True)
        if abs(a - b) > 1e-6
    ]
    assert moved == []
    bare = DataProfiler(cache=False, mergeable=False).profile(X)
    with pytest.raises(DataError, match="keeps no rows"):
        base.record(bare, "knn", {"auroc": 0.5}, path=tmp_path / "a.json")
    with pytest.raises(TypeError, match="got ndarray"):
        base.record(X, "knn", {"auroc": 0.5}, path=tmp_path / "a.json")


def test_profiles_of_mixed_tables():
    rng = np.random.RandomState(0)
    frame = pd.DataFrame(
        {
            "amount": rng.exponential(size=200),
            "kind": rng.choice(["a", "b", "c"], 200),
            "when": pd.date_range("2024-01-01", periods=200, freq="h"),
            "id": [f"row {i}" for i in range(200)],
        }
    )
    frame.loc[::9, "kind"] = None
    profile = DataProfiler(cache=False).profile(frame)
    meta = MetaFeaturesExtractor().extract_profile(profile)
    assert meta["log_n"] == np.log10(200)
    assert meta["categorical_share"] == 0.25
    assert meta["binary_share"] > 0.3  # the levels of kind
    assert 0 < meta["missing_share"] < 0.1
    texts = DataProfiler(cache=False).profile(frame[["id"]])
    assert np.isfinite(MetaFeaturesExtractor().extract_profile(texts).to_array()).all()
