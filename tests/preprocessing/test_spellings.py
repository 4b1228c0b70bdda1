"""A category is the same however a file, or a part of it, happens to be read."""

import csv

import numpy as np
import pandas as pd
import pytest

from autonomaly import AutonomousPreprocessor, load_dataset


@pytest.fixture
def rng():
    return np.random.default_rng(0)


COLUMNS = [
    ("TRUE", "FALSE", "UNKNOWN"),
    ("007", "012", "A12"),
    ("1E5", "2E3", "4F1"),
    ("1.10", "2.20", "beta"),
    ("1,000", "2,000", "many"),
    ("1,5", "2,5", "text"),
    ("+1", "+2", "x"),
    ("123456789012345678", "123456789012345679", "x"),
]


def _write(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("amount", "code"), *rows])
    return path


@pytest.mark.parametrize("words", COLUMNS, ids=lambda words: words[0])
def test_rows_read_alone_are_what_they_are_among_others(words, tmp_path, rng):
    rows = list(zip(rng.normal(size=90).round(3), rng.choice(words, 90), strict=True))
    whole = load_dataset(_write(tmp_path / "whole.csv", rows)).data
    preprocessor = AutonomousPreprocessor().fit(whole)
    Z = preprocessor.transform(whole)
    for k, word in enumerate(words):
        at = [i for i, row in enumerate(rows) if row[1] == word]
        part = _write(tmp_path / f"{k}.csv", [rows[i] for i in at])
        np.testing.assert_array_equal(
            preprocessor.transform(load_dataset(part).data), Z[at]
        )
    parts = load_dataset(tmp_path / "?.csv").data
    named = AutonomousPreprocessor().fit(parts).get_feature_names_out()
    assert set(named) == set(preprocessor.get_feature_names_out())


@pytest.mark.parametrize(
    "other",
    [
        lambda c: c.astype(float).astype("float32"),
        lambda c: c.astype(float),
        lambda c: c.map("{:.2f}".format),
    ],
    ids=["float32", "float64", "text"],
)
def test_categories_that_are_floats_may_come_in_other_types(other, rng):
    c = pd.Series(rng.choice([0.1, 0.2, 1e5], 60))
    x = rng.normal(size=60)
    fitted = AutonomousPreprocessor().fit(
        pd.DataFrame({"c": c.astype("category"), "x": x})
    )
    np.testing.assert_array_equal(
        fitted.transform(pd.DataFrame({"c": other(c), "x": x})),
        fitted.transform(pd.DataFrame({"c": c, "x": x})),
    )


def test_large_integers_may_come_as_strings(rng):
    X = pd.DataFrame({"i": 2**60 + rng.integers(0, 1000, 60), "x": rng.normal(size=60)})
    fitted = AutonomousPreprocessor().fit(X)
    Z = fitted.transform(X)
    assert len(np.unique(Z[:, 0])) > 50
    np.testing.assert_array_equal(fitted.transform(X.astype({"i": str})), Z)
