"""Large files are read in chunks; nothing that is printed or written changes."""

import numpy as np
import pandas as pd
import pytest

from autonomaly.cli import _detect, _large
from autonomaly.io import _chunks


@pytest.fixture
def pattern(orders, tmp_path):
    frame = pd.read_csv(orders)
    for i in range(3):
        frame[i * 40 : i * 40 + 40].to_parquet(tmp_path / f"part-{i}.parquet")
    return tmp_path / "part-*.parquet"


def detect(run, pattern, output, *more):
    code, out, err = run(
        *("auto", "detect", "--dataset", pattern, "--output", output),
        *("--ignore-column", "id", "--truth-column", "odd", "--max-models", 2, *more),
    )
    assert (code, err) == (0, "")
    return out, (output / "scores.csv").read_text("utf-8")


def test_the_same_results(run, pattern, tmp_path, monkeypatch):
    whole, scores = detect(run, pattern, tmp_path / "a")
    monkeypatch.setattr(_large, "_LARGE_BYTES", 0)
    monkeypatch.setattr(_chunks, "load_dataset", _no_glob(_chunks.load_dataset))
    streamed, streamed_scores = detect(run, pattern, tmp_path / "b")
    assert streamed.replace(str(tmp_path / "b"), str(tmp_path / "a")) == whole
    assert "AUROC 1.000" in streamed
    first, second = (pd.read_csv(tmp_path / name / "scores.csv") for name in ("a", "b"))
    pd.testing.assert_frame_equal(first, second)


def _no_glob(load):
    def load_part(source, **options):
        assert "*" not in str(source)
        return load(source, **options)

    return load_part


def test_oddest_rows_keep_their_numbers(run, pattern, tmp_path, monkeypatch):
    monkeypatch.setattr(_large, "_LARGE_BYTES", 0)
    monkeypatch.setattr(_large, "_TYPICAL_ROWS", 5)
    monkeypatch.setattr(_detect, "_MIN_MEMORY", 1)
    code, out, err = run(
        *("auto", "detect", "--dataset", pattern, "--output", tmp_path / "out"),
        *("--ignore-column", "id", "--truth-column", "odd", "--max-models", 2),
        *("--memory-limit", "40kB"),
    )
    assert code == 0
    assert "--memory-limit='40kB' cannot be kept" in err
    oddest = [line for line in out.splitlines() if "amount = " in line][:2]
    assert {line.split()[0] for line in oddest} == {"11*", "77*"}


def test_profile_and_wrong_columns(run, pattern, monkeypatch):
    monkeypatch.setattr(_large, "_LARGE_BYTES", 0)
    code, out, _ = run("profile", "--dataset", pattern)
    assert code == 0
    assert "120 rows, 5 columns" in " ".join(out.split())
    code, _, err = run("auto", "detect", "--dataset", pattern, "--truth-column", "od")
    assert code != 0
    assert "did you mean 'odd'" in err


def test_the_truth_in_a_large_array(run, orders, tmp_path, monkeypatch):
    frame = pd.read_csv(orders).drop(columns=["id", "country"])
    np.save(tmp_path / "a.npy", frame.to_numpy(dtype=float))
    arguments = ("auto", "detect", "--dataset", tmp_path / "a.npy", "--max-models", 2)
    whole = run(*arguments, "--truth-column", "x2")
    monkeypatch.setattr(_large, "_LARGE_BYTES", 0)
    assert run(*arguments, "--truth-column", "x2") == whole
    assert "AUROC 1.000" in whole[1]
    code, _, err = run(*arguments, "--truth-column", "x7")
    assert code == 2
    assert "x2" in err


def test_packed_files_are_as_large_as_what_is_in_them(tmp_path, monkeypatch):
    path = tmp_path / "t.csv.gz"
    pd.DataFrame({"a": [1.5] * 5000, "b": 2}).to_csv(path, index=False)
    assert path.stat().st_size < 2000
    monkeypatch.setattr(_large, "_LARGE_BYTES", 20_000)
    assert _large.chunks_if_large(str(path)) is not None
    monkeypatch.setattr(_large, "_LARGE_BYTES", 40_000)
    assert _large.chunks_if_large(str(path)) is None


def test_files_that_are_large_together(tmp_path, monkeypatch):
    for i in range(3):
        (tmp_path / f"{i}.csv").write_text("a,b\n" + 100 * "1,2\n")
    monkeypatch.setattr(_large, "_LARGE_BYTES", 1000)
    assert _large.chunks_if_large(str(tmp_path / "0.csv")) is None
    assert _large.chunks_if_large(str(tmp_path / "*.csv")) is not None
    (tmp_path / "3.json").write_text('[{"a": 1, "b": 2}]')  # cannot be read in parts
    assert _large.chunks_if_large(str(tmp_path / "*")) is None
