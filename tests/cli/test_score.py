import io

import joblib
import numpy as np
import pandas as pd


def _frame(orders):
    return pd.read_csv(orders).drop(columns=["id", "odd"])


def test_training_rows_get_their_scores_again(run, results, orders, tmp_path):
    code, out, err = run(
        *("score", "--model", results / "model.joblib", "--dataset", orders),
        *("--ignore-column", "id", "--truth-column", "odd"),
        *("--output", tmp_path / "new.csv"),
    )
    assert (code, err) == (0, "")
    assert "AUROC 1.000" in " ".join(out.split())
    first = pd.read_csv(results / "scores.csv")
    again = pd.read_csv(tmp_path / "new.csv")
    np.testing.assert_allclose(again["score"], first["score"])
    np.testing.assert_array_equal(again["label"], first["label"])


def test_scores_go_to_stdout(run, results, orders, tmp_path):
    _frame(orders).iloc[[3, 11]].to_csv(tmp_path / "new.csv", index=False)
    code, out, err = run(
        "score", "-m", results / "model.joblib", "-d", tmp_path / "new.csv"
    )
    assert code == 0
    table = pd.read_csv(io.StringIO(out))
    assert table["row"].tolist() == [0, 1]
    assert table["score"][1] < table["score"][0]
    assert table["label"][1] == -1
    assert "Flagged" in err


def test_unseen_categories_and_missing_values(run, results, orders, tmp_path):
    frame = _frame(orders).iloc[:3].copy()
    frame.loc[0, "country"] = "XX"
    frame.loc[1, "amount"] = np.nan
    frame.to_csv(tmp_path / "new.csv", index=False)
    code, out, err = run(
        "score", "-m", results / "model.joblib", "-d", tmp_path / "new.csv", "-q"
    )
    assert (code, err) == (0, "")
    assert np.isfinite(pd.read_csv(io.StringIO(out))["score"]).all()


def test_values_that_cannot_be_read_are_said_once(run, results, orders, tmp_path):
    frame = _frame(orders).astype({"amount": object})
    frame.loc[[3, 4], "amount"] = ["broken", "n/a"]
    frame.to_csv(tmp_path / "new.csv", index=False)
    code, out, err = run(
        *("score", "-m", results / "model.joblib", "-d", tmp_path / "new.csv"),
        *("-o", tmp_path / "scores.csv"),
    )
    assert code == 0
    assert err.count("\n") == 1
    assert "1 of 120 in 'amount', a column of numbers, such as 'broken'" in err


def test_many_unseen_categories_are_said(run, results, orders, tmp_path):
    frame = _frame(orders)
    frame["country"] = frame["country"].str.lower()
    frame.loc[:9, "country"] = frame.loc[:9, "country"].str.upper()
    frame.to_csv(tmp_path / "new.csv", index=False)
    code, out, err = run(
        *("score", "-m", results / "model.joblib", "-d", tmp_path / "new.csv"),
        *("-o", tmp_path / "scores.csv"),
    )
    assert code == 0
    assert err.count("\n") == 1
    assert "110 of 120 in 'country', such as '" in err


def test_units(run, orders, tmp_path):
    frame = _frame(orders)
    frame["amount"] = [f"${value:,.2f}" for value in frame["amount"]]
    frame["mass"] = [f"{i % 17} kg" for i in range(118)] + ["3 lb", "4 lb"]
    frame.to_csv(tmp_path / "t.csv", index=False)
    code, out, err = run(
        *("auto", "detect", "--dataset", tmp_path / "t.csv"),
        *("--output", tmp_path / "out", "--save-model"),
    )
    assert code == 0
    assert "amount = $9,000.00 ($" in out
    assert err.count("\n") == 1
    assert "2 of 120 in 'mass', a column of numbers in kg, such as '3 lb'" in err
    code, out, err = run(
        *("score", "--model", tmp_path / "out" / "model.joblib"),
        *("--dataset", tmp_path / "t.csv", "--output", tmp_path / "new.csv"),
    )
    assert code == 0
    assert "amount = $9,000.00 ($" in out
    assert err.count("\n") == 1
    assert "2 of 120 in 'mass', a column of numbers in kg, such as '3 lb'" in err
    first = pd.read_csv(tmp_path / "out" / "scores.csv")
    again = pd.read_csv(tmp_path / "new.csv")
    np.testing.assert_allclose(again["score"], first["score"])


def test_wrong_columns(run, results, orders, tmp_path):
    frame = _frame(orders).rename(columns={"amount": "amuont"})
    frame.to_csv(tmp_path / "new.csv", index=False)
    code, out, err = run(
        "score", "-m", results / "model.joblib", "-d", tmp_path / "new.csv"
    )
    assert (code, out) == (2, "")
    assert "amount" in err
    assert "amuont" in err
    assert err.count("\n") == 1


def test_no_model(run, orders):
    code, out, err = run("score", "--model", orders, "--dataset", orders)
    assert (code, out) == (2, "")
    assert "is not an autonomaly model" in err
    assert err.count("\n") == 1


def test_the_model_is_not_overwritten(run, results, orders):
    before = (results / "model.joblib").read_bytes()
    code, _, err = run(
        *("score", "--model", results / "model.joblib", "--dataset", orders),
        *("--output", results / "model.joblib"),
    )
    assert code == 2
    assert "an input of this run" in err
    assert (results / "model.joblib").read_bytes() == before


def test_columns_in_another_order_give_the_same_scores(run, results, orders, tmp_path):
    frame = _frame(orders)
    frame[frame.columns[::-1]].to_csv(tmp_path / "new.csv", index=False)
    code, out, err = run(
        "score", "-m", results / "model.joblib", "-d", tmp_path / "new.csv"
    )
    assert code == 0
    first = pd.read_csv(results / "scores.csv")
    np.testing.assert_allclose(pd.read_csv(io.StringIO(out))["score"], first["score"])
    # why the threshold is where it is, is about the rows of the fit
    assert "the threshold found in training" in " ".join(err.split())
    assert "homogeneous" not in err


def test_a_warning_is_one_line(run, results, tmp_path):
    np.save(tmp_path / "new.npy", np.ones((3, 3)))
    code, _, err = run(
        *("score", "-m", results / "model.joblib", "-d", tmp_path / "new.npy"),
        *("-q", "-o", tmp_path / "new.csv"),
    )
    assert code == 0
    assert err.startswith("autonomaly: warning: the columns of ")
    assert err.count("\n") == 1


def test_one_row_is_explained_by_the_training_table(run, results, orders, tmp_path):
    _frame(orders).iloc[[11]].to_csv(tmp_path / "one.csv", index=False)
    code, out, err = run(
        *("score", "-m", results / "model.joblib", "-d", tmp_path / "one.csv"),
        *("-o", tmp_path / "new.csv"),
    )
    assert (code, err) == (0, "")
    assert "1 row, counted from 0" in " ".join(out.split())
    typical = _frame(orders)["amount"].median()
    (line,) = (line for line in out.splitlines() if "amount = 9000 (" in line)
    assert line.split()[0] == "0*"
    assert abs(float(line.split("(")[1].rstrip(")")) - typical) < 0.1


def test_rows_are_explained_alike_by_detect_and_score(run, orders, tmp_path):
    code, first, _ = run(
        "auto",
        "detect",
        "-d",
        orders,
        "--ignore-column",
        "id",
        *("-o", tmp_path / "out", "--save-model"),
    )
    assert code == 0
    code, again, _ = run(
        *("score", "-m", tmp_path / "out" / "model.joblib", "-d", orders),
        *("--ignore-column", "id", "-o", tmp_path / "new.csv"),
    )
    assert code == 0
    rows = [
        text[text.index("Oddest") : text.index("Written")] for text in (first, again)
    ]
    assert rows[0] == rows[1]


def test_a_model_fitted_again_knows_no_rows_of_the_table_before(run, orders, tmp_path):
    code, _, _ = run(
        *("auto", "detect", "-d", orders, "-o", tmp_path / "out", "--save-model")
    )
    assert code == 0
    model = joblib.load(tmp_path / "out" / "model.joblib")
    joblib.dump(model.fit(np.random.RandomState(0).randn(60, 2)), tmp_path / "m.joblib")
    path = tmp_path / "t.npy"
    np.save(path, np.r_[np.random.RandomState(1).randn(30, 2), [[9.0, 0.0]]])
    code, out, err = run(
        *("score", "-m", tmp_path / "m.joblib", "-d", path, "-o", tmp_path / "n.csv")
    )
    assert (code, err) == (0, "")
    assert "x0 = 9 (" in out
