import datetime
import json
import pickle
import re

import numpy as np
import pytest

from autonomaly import AutonomousDetector
from autonomaly.exceptions import DataError
from autonomaly.explanation import Decision, DecisionRecord, Difference
from autonomaly.explanation._decisions import record_settings
from autonomaly.explanation._html import summary_html


@pytest.fixture
def record():
    record = DecisionRecord()
    record.add("profiling", "data", "medium", "10,000 rows", n_samples=10_000)
    record.add("selection", "lof", "used", "few columns", confidence=0.75)
    record.add("selection", "ocsvm", "rejected", "too many rows", limit=5000)
    record.add("threshold", "contamination", 0.05, "tail of the scores")
    return record


def test_decisions_come_back_in_order(record):
    assert len(record) == 4
    assert [d.subject for d in record] == ["data", "lof", "ocsvm", "contamination"]
    assert record.stages == ("profiling", "selection", "threshold")
    assert record[1] == Decision(
        "selection", "lof", "used", "few columns", {"confidence": 0.75}
    )
    assert list(record[1:3]) == list(record.filter("selection"))


def test_filter_by_stage_and_subject(record):
    assert [d.subject for d in record.filter("selection")] == ["lof", "ocsvm"]
    assert [d.choice for d in record.filter(subject="ocsvm")] == ["rejected"]
    assert len(record.filter("selection", "data")) == 0
    assert len(record) == 4


def test_evidence_is_json_safe_at_once():
    scores = np.array([[1.0, np.nan], [np.inf, 2.0]])
    decision = DecisionRecord().add(
        "a",
        "b",
        np.int64(3),
        "c",
        scalar=np.float32(0.5),
        flag=np.bool_(True),
        array=scores,
        tuple=(1, np.nan, "x"),
        nested={1: {"deep": np.arange(2)}},
        when=datetime.date(2026, 1, 2),
        kind=ValueError,
        kept={3, 1, 2},
        objects=np.array([1, "a", None], dtype=object),
    )
    assert decision.choice == 3
    assert type(decision.choice) is int
    assert decision.evidence == {
        "scalar": 0.5,
        "flag": True,
        "array": [[1.0, None], [None, 2.0]],
        "tuple": [1, None, "x"],
        "nested": {"1": {"deep": [0, 1]}},
        "when": "2026-01-02",
        "kind": "builtins.ValueError",
        "kept": [1, 2, 3],
        "objects": [1, "a", None],
    }
    assert type(decision.evidence["flag"]) is bool
    scores[0, 0] = 99.0  # what was recorded does not change afterwards
    assert decision.evidence["array"][0][0] == 1.0


def test_evidence_without_memory_addresses():
    first = DecisionRecord().add("a", "b", "c", "d", thing=object())
    second = DecisionRecord().add("a", "b", "c", "d", thing=object())
    assert first == second


def test_evidence_may_be_called_like_the_parameters():
    decision = DecisionRecord().add("a", "b", "c", "d", stage=1, reason=2, self=3)
    assert decision.evidence == {"stage": 1, "reason": 2, "self": 3}


def test_cyclic_evidence_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(ValueError, match="contains itself"):
        DecisionRecord().add("a", "b", "c", "d", loop=loop)


@pytest.mark.parametrize("position", [0, 1, 3])
def test_names_must_be_text(position):
    arguments = ["stage", "subject", "choice", "reason"]
    arguments[position] = 5
    with pytest.raises(TypeError, match="must be a string"):
        DecisionRecord().add(*arguments)


def test_constructor_takes_decisions_only():
    with pytest.raises(TypeError, match="holds Decision objects"):
        DecisionRecord(["used"])


def test_json_round_trip_is_strict(record):
    record.add("x", "naïve \ud800 <b>", float("nan"), "μ", value=-np.inf)
    text = record.to_json()
    text.encode("utf-8")
    state = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert state["schema_version"] == 1
    assert DecisionRecord.from_json(text) == record
    assert DecisionRecord.from_dict(record.to_dict()) == record
    assert "\n" not in record.to_json(indent=None)


def test_to_dict_is_a_copy(record):
    record.to_dict()["decisions"][1]["evidence"]["confidence"] = 0.0
    assert record[1].evidence["confidence"] == 0.75


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"schema_version": 2, "decisions": []}, "schema version 2"),
        ({"decisions": []}, "schema version None"),
        ([], "schema version None"),
        ({"schema_version": 1}, "damaged"),
        ({"schema_version": 1, "decisions": [{"stage": "a"}]}, "damaged"),
    ],
)
def test_foreign_states_are_refused(state, message):
    with pytest.raises(DataError, match=message):
        DecisionRecord.from_dict(state)
    with pytest.raises(DataError, match=message):
        DecisionRecord.from_json(json.dumps(state))


def test_no_json_is_refused():
    with pytest.raises(DataError, match="not valid JSON"):
        DecisionRecord.from_json("{")


def test_pickle_and_equality(record):
    copy = pickle.loads(pickle.dumps(record))
    assert copy == record
    copy.add("x", "y", "z", "w")
    assert copy != record
    assert record != "record"
    with pytest.raises(TypeError, match="unhashable"):
        hash(record)


def test_decisions_are_frozen(record):
    with pytest.raises(AttributeError):
        record[0].choice = "other"


def test_diff_of_equal_records_is_empty(record):
    assert record.diff(DecisionRecord.from_json(record.to_json())) == []


def test_diff_names_every_difference(record):
    other = DecisionRecord(record[:2])
    other.add("selection", "knn", "used", "cheap")
    other.add("threshold", "contamination", 0.1, "given by the user", rule="fixed")
    assert record.diff(other) == [
        Difference("selection", "ocsvm", "removed", "decision", "rejected", None),
        Difference("threshold", "contamination", "changed", "choice", 0.05, 0.1),
        Difference(
            "threshold",
            "contamination",
            "changed",
            "reason",
            "tail of the scores",
            "given by the user",
        ),
        Difference(
            "threshold", "contamination", "added", "evidence.rule", None, "fixed"
        ),
        Difference("selection", "knn", "added", "decision", None, "used"),
    ]
    texts = [str(d) for d in record.diff(other)]
    assert texts[0] == 'selection / ocsvm: "rejected", only in the first record'
    assert texts[1] == "threshold / contamination: choice changed from 0.05 to 0.1"
    assert texts[4] == 'selection / knn: "used", only in the second record'


def test_diff_is_symmetric(record):
    other = DecisionRecord(record[:2])
    forth, back = record.diff(other), other.diff(record)
    assert {d.kind for d in forth} == {"removed"}
    assert {d.kind for d in back} == {"added"}
    assert len(forth) == len(back) == 2


def test_diff_matches_repeated_decisions_by_order():
    first, second = DecisionRecord(), DecisionRecord()
    for value in (1, 2):
        first.add("trim", "round", value, "r")
    for value in (1, 3, 4):
        second.add("trim", "round", value, "r")
    assert [str(d) for d in first.diff(second)] == [
        "trim / round: choice changed from 2 to 3",
        "trim / round: 4, only in the second record",
    ]


def test_diff_ignores_named_evidence_and_tells_true_from_one():
    first, second = DecisionRecord(), DecisionRecord()
    first.add("a", "b", True, "r", seconds=0.1, k=5)
    second.add("a", "b", 1, "r", seconds=0.2, k=5)
    for ignore in (["seconds"], "seconds"):
        assert [d.what for d in first.diff(second, ignore=ignore)] == ["choice"]
    assert [d.what for d in first.diff(second)] == ["choice", "evidence.seconds"]


def test_diff_needs_a_record(record):
    with pytest.raises(TypeError, match="from_json"):
        record.diff(record.to_dict())


def test_text_is_readable(record):
    record.add("selection", "knn", "used", "word " * 60, flag=True, none=None)
    text = str(record)
    assert text.startswith("5 decisions in 3 stages\n\nprofiling\n  data: medium\n")
    assert "  lof: used\n      reason: few columns\n      confidence = 0.75" in text
    assert "flag = yes, none = none" in text
    assert max(len(line) for line in text.splitlines()) <= 92
    # stages are not torn apart by a late decision
    assert text.index("knn: used") < text.index("threshold")


def test_empty_record():
    record = DecisionRecord()
    assert str(record) == "0 decisions in 0 stages"
    assert not record
    assert DecisionRecord.from_json(record.to_json()) == record


def test_html_is_escaped_and_small():
    record = DecisionRecord()
    for _ in range(500):
        record.add("<s>", "&", "<script>alert(1)</script>", "a < b", k="<i>")
    page = record._repr_html_()
    assert "<script>" not in page
    assert "<i>" not in page
    assert "&lt;script&gt;" in page
    assert page.count("<tr>") == 101
    assert "and 400 more" in page
    assert len(page) < 50_000


def _settings(**parameters):
    record = DecisionRecord()
    record_settings(record, AutonomousDetector(**parameters), "1.2")
    return record[0]


def test_the_settings_of_a_fit_are_written_down():
    assert _settings().choice == "defaults"
    assert _settings().evidence == {"autonomaly": "1.2", "random_state": 0}
    decision = _settings(
        algorithms=["knn"], contamination=0.1, n_jobs=2, verbose=1, random_state=3
    )
    assert decision.choice == {
        "algorithms": ["knn"],
        "contamination": 0.1,
        "random_state": 3,
    }
    # what cannot be compared with a default is no default
    assert _settings(outlier_label=np.arange(2)).choice == {"outlier_label": [0, 1]}


def _summary(record):
    text = summary_html(record).replace("</tr>", "\n").replace("</th>", ": ")
    return re.sub("<[^>]*>", "", text)


def test_the_summary_says_what_is_flagged_first():
    record = DecisionRecord()
    record.add("profile", "data", "600 rows", "counted")
    record.add("preprocessing", "contamination", "dropped", "the same in every row")
    record.add("selection", "knn", "chosen", "a")
    record.add("selection", "lof", "chosen", "a")
    record.add("ensemble", "trimming", ["all rows"], "b")
    record.add("threshold", "contamination", 1 / 600, "c", offset=-3.9128, rows=600)
    assert _summary(record) == (
        "What the fit decided; reasons: print(detector.record_)"
        "Flagged: 1 of 600 rows (0.17 %), scores below -3.913\n"
        "profile: data: 600 rows\n"
        "preprocessing: dropped: contamination\n"
        "selection: chosen: knn, lof\n"
        "ensemble: trimming: [all rows]\n"
    )
    record.add("labels", "contamination", 0.05, "d", offset=-1.0)
    assert "Flagged: 5.0 % of the rows, scores below -1\n" in _summary(record)
