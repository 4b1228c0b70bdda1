"""Tables of Arrow: an index that pandas stored in the file is no feature."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet
import pytest

from autonomaly import AutonomousDetector
from autonomaly.io import load_dataset, read_chunks

RNG = np.random.RandomState(0)
FRAME = pd.DataFrame(
    {"a": RNG.randn(40), "b": RNG.randn(40), "kind": list("xyxx") * 10}
)
DAYS = pd.date_range("2020-01-01", periods=40, name="day")


def write(frame, path):
    if path.suffix == ".parquet":
        frame.to_parquet(path)
        return
    table = pa.Table.from_pandas(frame)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as w:
        w.write_table(table)


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(FRAME, id="counted"),
        pytest.param(FRAME[5:20], id="counted from five"),
        pytest.param(FRAME[FRAME["a"] > 0], id="filtered"),
        pytest.param(FRAME.set_index("b"), id="named"),
        pytest.param(FRAME.set_index(["b", "kind"]), id="two"),
        pytest.param(FRAME.set_index(DAYS), id="days"),
        pytest.param(FRAME.set_index(FRAME["a"].rename("b")), id="name of a column"),
    ],
)
def test_columns_are_those_that_pandas_reads(tmp_path, suffix, frame):
    path = tmp_path / f"t.{suffix}"
    write(frame, path)
    expected = frame.reset_index(drop=True)
    pd.testing.assert_frame_equal(load_dataset(path).data, expected)
    chunks = pd.concat(read_chunks(path, chunk_rows=7), ignore_index=True)
    pd.testing.assert_frame_equal(chunks, expected)


def test_nothing_but_an_index(tmp_path):
    FRAME.set_index(list(FRAME)).to_parquet(tmp_path / "t.parquet")
    assert list(load_dataset(tmp_path / "t.parquet").data) == list(FRAME)


def test_metadata_of_columns_that_are_gone(tmp_path):
    path = tmp_path / "t.parquet"
    table = pa.Table.from_pandas(FRAME.set_index("b"))
    parquet.write_table(table.drop_columns(["b"]), path)
    assert list(load_dataset(path).data) == ["a", "kind"]


def test_a_model_scores_files_with_and_without_an_index(tmp_path):
    FRAME[FRAME["a"] > -1].to_parquet(tmp_path / "1.parquet")
    FRAME.to_parquet(tmp_path / "2.parquet")
    detector = AutonomousDetector(max_models=1)
    detector.fit(load_dataset(tmp_path / "1.parquet").data)
    whole = load_dataset(tmp_path / "2.parquet").data
    np.testing.assert_array_equal(
        detector.score_samples(whole), detector.score_samples(FRAME)
    )
    both = load_dataset(tmp_path / "*.parquet").data
    assert list(both) == list(FRAME)
    chunks = pd.concat(read_chunks(tmp_path / "*.parquet"), ignore_index=True)
    pd.testing.assert_frame_equal(both, chunks)


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_repeated_names(tmp_path, suffix):
    path, table = tmp_path / f"t.{suffix}", pa.table([[1, 2], [3, 4]], ["a", "a"])
    write_file = parquet.write_table if suffix == "parquet" else feather.write_feather
    write_file(table, path)
    for data in (load_dataset(path).data, pd.concat(read_chunks(path))):
        assert data.to_dict("list") == {"a": [1, 2], "a_2": [3, 4]}
