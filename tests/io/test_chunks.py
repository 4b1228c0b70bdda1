"""Tables in chunks: where they come from, and what is kept of them."""

import gzip

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autonomaly.exceptions import DataError, LoadError
from autonomaly.io import Dataset, as_chunks, load_dataset, read_chunks
from autonomaly.io import _chunks as chunks_module
from autonomaly.io._chunks import sample_rows
from autonomaly.io._encodings import unpacked_size

FRAME = pd.DataFrame(
    {
        "amount": [1.5, np.nan, 3.0, 4.0, 5.5, 6.0, 7.0],
        "shop": ["a", "b", "a", None, "c", "a", "b"],
        "n": range(7),
    }
)
SHAPES = [(3, 3), (3, 3), (1, 3)]


def whole(chunks):
    return pd.concat(list(chunks), ignore_index=True)


def write(frame, path):
    table = pa.Table.from_pandas(frame, preserve_index=False)
    match path.suffix:
        case ".parquet":
            frame.to_parquet(path, index=False)
        case ".feather":
            feather.write_feather(table, path)
        case ".arrow":
            with pa.OSFile(str(path), "wb") as sink:
                with pa.ipc.new_stream(sink, table.schema) as writer:
                    writer.write_table(table)
        case ".csv":
            frame.to_csv(path, index=False)
        case ".tsv":
            frame.to_csv(path, index=False, sep="\t")
        case ".jsonl":
            frame.to_json(path, orient="records", lines=True)


@pytest.mark.parametrize(
    "suffix", ["parquet", "feather", "arrow", "csv", "tsv", "jsonl"]
)
@pytest.mark.parametrize("large", [False, True])
def test_files_are_read_piece_by_piece(tmp_path, suffix, large, monkeypatch):
    if large:
        monkeypatch.setattr(chunks_module, "_WHOLE_FILE_BYTES", 0)
    path = tmp_path / f"table.{suffix}"
    write(FRAME, path)
    chunks = read_chunks(path, chunk_rows=3)
    assert [chunk.shape for chunk in chunks] == SHAPES
    pd.testing.assert_frame_equal(
        whole(chunks), load_dataset(path).data, check_dtype=False
    )


def test_compressed_files_are_as_large_as_what_is_in_them(tmp_path):
    plain, packed = tmp_path / "t.csv", tmp_path / "t.csv.gz"
    plain.write_text("a,b\n" + "1,2\n" * 600_000)
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    size = plain.stat().st_size
    assert packed.stat().st_size < size / 100
    for path in (plain, packed):
        assert unpacked_size(path, 2 * size) == size
    assert unpacked_size(packed, 5) < size  # no more is unpacked than it takes to tell
    packed.write_bytes(packed.read_bytes()[:-9])
    assert unpacked_size(packed, 2 * size) <= size


def test_a_function_may_return_one_table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    frame = pd.DataFrame({"a": [1, 3], "b": [2, 4]})
    for one in (frame, pl.from_pandas(frame), frame.to_numpy(), path, str(path)):
        for _ in range(2):
            (chunk,) = as_chunks(lambda one=one: one)
            np.testing.assert_array_equal(np.asarray(chunk), frame.to_numpy())
    with pytest.raises(DataError, match=r"got NoneType.* must return one"):
        list(as_chunks(lambda: None))


def test_large_parquet_is_never_read_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    write(FRAME, path)
    monkeypatch.setattr("pyarrow.parquet.read_table", None)
    assert len(whole(read_chunks(path, chunk_rows=2))) == 7


def test_npy(tmp_path):
    X = np.arange(12.0).reshape(6, 2)
    np.save(tmp_path / "x.npy", X)
    chunks = list(read_chunks(tmp_path / "x.npy", chunk_rows=4))
    assert [len(chunk) for chunk in chunks] == [4, 2]
    np.testing.assert_array_equal(np.concatenate(chunks), X)


def test_large_csv_is_checked_like_a_small_one(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks_module, "_WHOLE_FILE_BYTES", 0)
    path = tmp_path / "a.csv"
    path.write_text("a;b\n1,5;x\n2.000,5;y\n")
    assert whole(read_chunks(path))["a"].tolist() == [1.5, 2000.5]
    path.write_text("a,b\n1,2\n3\n")
    with pytest.raises(LoadError, match="Line 3 of .* has 1 cells"):
        list(read_chunks(path))
    path.write_text("a\n1\n\n2\n\n\n")
    assert whole(read_chunks(path, chunk_rows=2))["a"].isna().tolist() == [0, 1, 0]


@pytest.mark.parametrize("size", [0, 2**20])
def test_options_of_files(tmp_path, size, monkeypatch):
    monkeypatch.setattr(chunks_module, "_WHOLE_FILE_BYTES", size)
    path = tmp_path / "a.csv"
    path.write_text("low,high\n1,2\n")
    assert len(whole(read_chunks(path))) == 1
    assert len(whole(read_chunks(path, header=False))) == 2


def test_glob_in_the_order_of_names(tmp_path):
    for i in (2, 0, 1):
        write(FRAME.assign(n=i), tmp_path / f"{i}.parquet")
    assert whole(read_chunks(tmp_path / "*.parquet"))["n"].unique().tolist() == [
        0, 1, 2,
    ]  # fmt: skip
    with pytest.raises(LoadError, match="No file matches"):
        read_chunks(tmp_path / "*.csv")
    write(FRAME.drop(columns="shop").assign(more=1), tmp_path / "9.parquet")
    with pytest.raises(DataError, match=r"without 'shop', with 'more'"):
        list(read_chunks(tmp_path / "*.parquet"))


def test_columns_in_another_order_are_put_in_order():
    first, second = FRAME, FRAME[["n", "shop", "amount"]]
    for chunk in as_chunks([first, second]):
        assert list(chunk.columns) == list(FRAME.columns)
    with pytest.raises(DataError, match="Chunk 2 of the list of chunks has 2 columns"):
        list(as_chunks([np.zeros((2, 3)), np.zeros((2, 2))]))


def test_chunks_of_two_packages_are_refused():
    first, second = pd.DataFrame({"a": [1]}), pl.DataFrame({"a": [2]})
    with pytest.raises(DataError, match="Chunk 2 .* polars.* one package"):
        list(as_chunks([first, second]))
    with pytest.raises(DataError, match="Chunk 2 .* pandas.* one package"):
        list(as_chunks([second, first]))


def test_registered_loaders_come_first(tmp_path):
    from autonomaly.io import register_loader, unregister_loader

    class Ours:
        def can_load(self, source):
            return str(source).endswith(".parquet")

        def load(self, source, **options):
            return Dataset("ours", np.ones((2, 2)))

    write(FRAME, tmp_path / "a.parquet")
    register_loader("ours", Ours())
    try:
        (chunk,) = read_chunks(tmp_path / "a.parquet")
    finally:
        unregister_loader("ours")
    np.testing.assert_array_equal(chunk, np.ones((2, 2)))


def test_what_are_chunks_and_what_is_a_table():
    X = np.zeros((2, 2))
    for table in (X, X.tolist(), FRAME, pl.DataFrame({"a": [1]}), None, [], [X[0]],
                  {"a": [1]}, np.zeros((2, 2, 2)), (1, 2)):  # fmt: skip
        assert as_chunks(table) is None
    for source in ([X, X], (FRAME,), [pl.DataFrame({"a": [1]})]):
        chunks = as_chunks(source)
        assert not chunks.once
        assert len(list(chunks)) == len(list(chunks)) == len(source)
    again = as_chunks(lambda: iter([X, X]))
    assert len(list(again)) == len(list(again)) == 2
    once = as_chunks(chunk for chunk in [X])
    assert once.once
    assert len(list(once)) == 1
    with pytest.raises(DataError, match="The generator can be read only once"):
        list(once)
    doubled = as_chunks([X + 1]).map(lambda chunk: 2 * chunk)
    assert [chunk.sum() for chunk in doubled] == [8]
    assert not doubled.once
    assert as_chunks(iter([X])).map(abs).once


def cap(n):
    return lambda n_rows, n_features: n_rows if n_rows <= 2 * n else n


@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=12),
    capacity=st.integers(1, 50),
    seed=st.integers(0, 2**32),
)
def test_sample_does_not_depend_on_the_chunks(sizes, capacity, seed):
    X = np.arange(float(sum(sizes))).reshape(-1, 1)
    parts = np.split(X, np.cumsum(sizes)[:-1])
    sample = sample_rows(parts, cap(capacity), seed)
    other = sample_rows([X], cap(capacity), seed)
    table = sample.table()
    np.testing.assert_array_equal(table, other.table())
    assert sample.n_rows == len(X)
    assert sample.complete == (len(X) <= 2 * capacity)
    if sample.complete:
        np.testing.assert_array_equal(table, X)
    else:
        # One row more may show that the column varies.
        assert len(table) - capacity in ((0, 1) if capacity == 1 else (0,))
        assert (np.diff(table[:, 0]) > 0).all()


def test_sample_is_fair_and_bounded():
    seen = np.zeros(500)
    for seed in range(200):
        X = np.arange(500.0).reshape(-1, 1)
        sample = sample_rows(np.array_split(X, 50), cap(50), seed)
        seen[sample.table()[:, 0].astype(int)] += 1
    # 20 expected, standard deviation 4.2.
    assert seen.sum() == 200 * 50
    assert 2 < seen.min() < seen.max() < 45
    assert abs(seen[:250].sum() - 5000) < 250


def test_sample_of_frames_keeps_what_varies():
    n = 3000
    frame = pd.DataFrame(
        {
            "x": np.arange(n, dtype=float),
            "flag": np.r_[np.zeros(n - 1), 1.0],
            "word": ["same"] * (n - 2) + ["other"] * 2,
            "gap": [None] * (n - 1) + [1.0],
            "same": 7,
        }
    )
    for table in (frame, pl.from_pandas(frame)):
        parts = [table[a : a + 100] for a in range(0, n, 100)]
        found = sample_rows(parts, cap(20), seed=3).table()
        assert 20 < len(found) <= 23
        assert np.all(np.diff(np.asarray(found["x"])) > 0)
        for name in ("flag", "word", "gap"):
            assert len(set(map(str, found[name]))) == 2
        assert set(found["same"]) == {7}
    with pytest.raises(DataError, match="Found no chunk with rows"):
        sample_rows([], cap(20), 0).table()


def test_strings_count_for_what_they_are():
    widths = []

    def capacity(n_rows, n_features):
        widths.append(n_features)
        return n_rows

    sample_rows([pd.DataFrame({"a": ["x" * 800] * 10})], capacity, 0)
    assert 100 <= widths[-1] < 130
