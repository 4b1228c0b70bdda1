import json
import re
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest

import autonomaly
from autonomaly import AutonomousDetector, DecisionRecord, load_dataset
from autonomaly.cli import _app

# Members enough for what is asked here: what they find is tested elsewhere.
FEW = ("--max-models", "2")


def test_results(results, orders):
    assert sorted(path.name for path in results.iterdir()) == [
        "model.joblib",
        "record.json",
        "scores.csv",
    ]
    scores = pd.read_csv(results / "scores.csv")
    assert list(scores.columns) == ["row", "score", "p_value", "label"]
    assert scores["row"].tolist() == list(range(120))
    assert set(scores["score"].nsmallest(2).index) == {11, 77}
    assert scores["p_value"].between(0, 1, inclusive="right").all()
    assert set(scores["label"]) == {-1, 1}
    assert (scores["label"][[11, 77]] == -1).all()
    record = DecisionRecord.from_json((results / "record.json").read_text("utf-8"))
    (settings,), (source,) = (record.filter("run", s) for s in ("settings", "source"))
    assert settings.choice == "defaults"
    assert settings.evidence == {
        "autonomaly": autonomaly.__version__,
        "random_state": 0,
    }
    assert source.choice == str(orders)
    assert source.evidence == {"truth_column": "odd", "ignored_columns": ["id"]}


def test_scores_are_those_of_the_estimator(results, orders):
    frame = pd.read_csv(orders).drop(columns=["id", "odd"])
    detector = AutonomousDetector().fit(frame)
    scores = pd.read_csv(results / "scores.csv")
    np.testing.assert_allclose(scores["score"], detector.score_samples(frame))
    np.testing.assert_allclose(scores["p_value"], detector.outlier_pvalues(frame))
    np.testing.assert_array_equal(scores["label"], detector.predict(frame))
    saved = joblib.load(results / "model.joblib")
    np.testing.assert_array_equal(
        saved.score_samples(frame), detector.score_samples(frame)
    )


def test_summary(run, orders, tmp_path):
    code, out, err = run(
        *("auto", "detect", "--dataset", orders, "--output", tmp_path / "out"),
        *("--ignore-column", "id", "--truth-column", "odd"),
    )
    assert (code, err) == (0, "")
    text = " ".join(out.split())
    assert "orders: 120 rows, 3 columns" in text
    assert "AUROC 1.000" in text
    assert "of 120 rows" in text
    lines = out.splitlines()
    oddest = [line for line in lines if "amount = " in line][:2]
    assert {line.split()[0] for line in oddest} == {"11*", "77*"}
    assert str(tmp_path / "out" / "scores.csv") in lines[-2]
    assert str(tmp_path / "out" / "record.json") in lines[-1]
    assert max(map(len, lines[:-2])) <= 80


def test_labels_among_the_features_are_pointed_out(run, tmp_path):
    frame = pd.DataFrame({"a": np.arange(30.0), "anomaly": [0] * 29 + [1]})
    frame.to_csv(tmp_path / "x.csv", index=False)
    code, out, _ = run("auto", "detect", "--dataset", tmp_path / "x.csv", *FEW)
    assert code == 0
    assert "--truth-column anomaly" in out


def test_quiet_says_nothing(run, orders, tmp_path):
    arguments = ("auto", "detect", "--dataset", orders, "--output", tmp_path, "-q")
    assert run(*arguments, *FEW) == (0, "", "")
    assert (tmp_path / "scores.csv").is_file()
    assert not (tmp_path / "model.joblib").exists()


def test_verbose_prints_the_decisions(run, orders):
    code, out, err = run("auto", "detect", "--dataset", orders, "--verbose", *FEW)
    assert code == 0
    assert "reason: " in out
    assert "profiling" in err


def test_a_terminal_shows_the_time_left(run, orders, terminal):
    with terminal() as shown:
        code, out, _ = run("auto", "detect", "--dataset", orders, *FEW)
    assert code == 0
    assert "\u2501" not in out
    text = "".join(shown)
    assert "\u2501" in text
    assert re.search(r"\d:\d\d:\d\d|-:--:--", text)


def test_quiet_on_a_terminal_shows_no_bar(run, orders, terminal):
    with terminal() as shown:
        assert run("auto", "detect", "--dataset", orders, "-q", *FEW)[0] == 0
    assert shown == []


def test_options_reach_the_detector(run, orders, tmp_path):
    code, _, _ = run(
        *("auto", "detect", "--dataset", orders, "--output", tmp_path, "--save-model"),
        *("--contamination", "0.25", "--max-models", "2", "--seed", "7"),
        *("--time-budget", "60", "--memory-limit", "1GB", "--n-jobs", "1", "--quiet"),
    )
    assert code == 0
    model = joblib.load(tmp_path / "model.joblib")
    expected = {
        "contamination": 0.25,
        "max_models": 2,
        "random_state": 7,
        "time_budget": 60.0,
        "memory_limit": "1GB",
        "n_jobs": 1,
    }
    assert expected.items() <= model.get_params().items()
    assert len(model.recommendations_) == 2
    assert (pd.read_csv(tmp_path / "scores.csv")["label"] == -1).sum() == 30


def test_a_short_time_budget_is_told_as_it_was_given(run, tmp_path):
    rows = np.random.RandomState(0).normal(size=(3000, 8))
    pd.DataFrame(rows, columns=list("abcdefgh")).to_csv(tmp_path / "x.csv", index=False)
    code, out, _ = run(
        *("auto", "detect", "--dataset", tmp_path / "x.csv", "--time-budget", "0.02")
    )
    assert code == 0
    out = " ".join(out.split())
    assert "x: 3000 rows, 8 columns" in out
    assert "no duplicate rows in the 1000 rows profiled" in out
    # one line for all that are left out, not one for each
    assert out.count("the time budget of 0.02 s was spent before it began") == 1


def test_a_second_run_replaces_the_first(run, orders, tmp_path):
    arguments = ("auto", "detect", "--dataset", orders, "--output", tmp_path, *FEW)
    assert run(*arguments, "--ignore-column", "odd")[0] == 0
    first = (tmp_path / "scores.csv").read_bytes()
    assert run(*arguments, "--ignore-column", "odd")[0] == 0
    assert (tmp_path / "scores.csv").read_bytes() == first
    assert run(*arguments, "--ignore-column", "amount")[0] == 0
    assert (tmp_path / "scores.csv").read_bytes() != first


def test_foreign_results_are_kept(run, orders, tmp_path):
    (tmp_path / "scores.csv").write_text("name,points\n")
    code, out, err = run("auto", "detect", "--dataset", orders, "--output", tmp_path)
    assert (code, out) == (2, "")
    assert "not written by autonomaly" in err
    assert (tmp_path / "scores.csv").read_text() == "name,points\n"
    assert not (tmp_path / "record.json").exists()


def test_an_unknown_detector_gets_a_hint(run, orders):
    code, _, err = run("auto", "detect", "--dataset", orders, "--algorithms", "nothing")
    assert code == 2
    assert "'nothing'" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("limit", ["2 parsecs", "-1GB", "0", "1B", "1KB", "9.9MB"])
def test_bad_memory_limits(run, orders, limit):
    code, _, err = run("auto", "detect", "--dataset", orders, f"--memory-limit={limit}")
    assert code == 2
    assert "--memory-limit" in err
    assert err.count("\n") == 1


def test_the_command_of_the_readme(run, tmp_path):
    code, out, err = run(
        *("auto", "detect", "--dataset", "sklearn:breast_cancer"),
        *("--output", tmp_path / "results"),
    )
    assert (code, err) == (0, "")
    assert "AUROC" in out
    assert "anomalies: malignant rows, thinned to 19 of 376" in " ".join(out.split())
    dataset = load_dataset("sklearn:breast_cancer")
    scores = pd.read_csv(tmp_path / "results" / "scores.csv")
    assert len(scores) == len(dataset.data)
    # malignant rows stand out
    assert scores["p_value"][dataset.truth == -1].median() < 0.1
    json.loads((tmp_path / "results" / "record.json").read_text("utf-8"))


def test_piped_output_is_plain(orders):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            *("autonomaly", "auto", "detect", "--dataset", orders),
            *FEW,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--max-false-discovery-rate", "0"], "0 is not in (0, 1)"),
        (["--max-false-discovery-rate", "1"], "1 is not in (0, 1)"),
        (["--max-false-discovery-rate", "nan"], "nan is not in (0, 1)"),
        (
            ["--max-false-discovery-rate", "0.1", "--contamination", "0.1"],
            "--contamination and --max-false-discovery-rate both set the threshold",
        ),
        (["--time-budget", "0"], "--time-budget: 0 is not a positive"),
        (["--time-budget", "inf"], "--time-budget: inf is not a positive"),
        (["--algorithms", "knn", "--exclude", "knn"], "--algorithms=['knn'] and --ex"),
    ],
)
def test_refusals_name_options(run, orders, options, said):
    code, out, err = run("auto", "detect", "--dataset", orders, *options)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert "AutonomousDetector" not in err


def test_messages_name_options_but_not_the_data():
    say = _app._as_options
    assert say("time_budget=2 is spent") == "--time-budget=2 is spent"
    assert say("The 'n_jobs' parameter of X is 0") == "--n-jobs is 0"
    assert say("exclude=['a'], random_state=1") == "--exclude=['a'], --seed=1"
    kept = "column 'n_jobs' excludes my_n_jobs; --time-budget"
    assert say(kept) == kept
