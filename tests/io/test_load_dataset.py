"""Every source is read whole, or refused with one clear error."""

import gzip
import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autonomaly.exceptions import (
    AutonomalyWarning,
    DataError,
    LoadError,
    MissingExtraError,
)
from autonomaly.io import (
    Dataset,
    infer_roles,
    load_dataset,
    loaders,
    read_chunks,
    register_loader,
    unregister_loader,
)
from autonomaly.io import _chunks as chunks_module

FRAME = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, 2.5], "c": ["x", "y", "x"]})


def write(folder, name, content):
    path = folder / name
    if isinstance(content, str):
        content = content.encode("utf-8")
    path.write_bytes(content)
    return path


WRITERS = {
    "t.csv": lambda path: FRAME.to_csv(path, index=False),
    "t.csv.gz": lambda path: FRAME.to_csv(path, index=False),
    "t.tsv": lambda path: FRAME.to_csv(path, index=False, sep="\t"),
    "t.txt": lambda path: FRAME.to_csv(path, index=False, sep=";"),
    "t.json": lambda path: FRAME.to_json(path, orient="records"),
    "t2.json": lambda path: path.write_text(json.dumps(FRAME.to_dict("list"))),
    "t.jsonl": lambda path: FRAME.to_json(path, orient="records", lines=True),
    "t.parquet": FRAME.to_parquet,
    "t.feather": FRAME.to_feather,
    "t.arrow": lambda path: pl.from_pandas(FRAME).write_ipc(path),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kind", [str, Path])
def test_files_come_back_as_written(tmp_path, name, kind):
    path = tmp_path / name
    WRITERS[name](path)
    dataset = load_dataset(kind(path))
    pd.testing.assert_frame_equal(dataset.data, FRAME, check_dtype=False)
    assert dataset.name == name.split(".")[0]
    assert dataset.truth is None
    assert {"source", "format", "loaded_at"} <= set(dataset.metadata)
    assert dataset.metadata["source"] == str(path)
    json.dumps(dataset.metadata)


def test_arrow_stream(tmp_path):
    pl.from_pandas(FRAME).write_ipc_stream(tmp_path / "s.arrow")
    frame = load_dataset(tmp_path / "s.arrow").data
    pd.testing.assert_frame_equal(frame, FRAME, check_dtype=False)


def test_tables_in_memory_are_not_copied():
    X = np.arange(6.0).reshape(3, 2)
    assert load_dataset(X).data is X
    assert load_dataset(FRAME).data is FRAME
    polars = pl.from_pandas(FRAME)
    assert load_dataset(polars).data is polars
    assert load_dataset(polars.lazy()).data.equals(polars)
    assert load_dataset(FRAME["a"]).data.shape == (3, 1)
    assert load_dataset(polars["a"]).data.shape == (3, 1)
    assert load_dataset([1, 2, 3]).data.shape == (3, 1)
    mixed = load_dataset([[1, "a"], [2, "b"]]).data
    assert mixed[0, 0] == 1
    assert not isinstance(mixed[0, 0], str)


def test_repeated_and_number_names_are_made_unique_strings():
    frame = pd.DataFrame(np.eye(3), columns=["a", "a", 7])
    dataset = load_dataset(frame)
    assert list(dataset.data.columns) == ["a", "a_2", "7"]
    assert dataset.metadata["renamed"] == {"a_2": "a", "7": 7}
    assert list(frame.columns) == ["a", "a", 7]


# Text files ------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separator_is_found(tmp_path, separator):
    path = write(tmp_path, "t.csv", FRAME.to_csv(index=False, sep=separator))
    dataset = load_dataset(path)
    pd.testing.assert_frame_equal(dataset.data, FRAME, check_dtype=False)
    assert dataset.metadata["separator"] == separator


def test_separator_within_text_does_not_mislead(tmp_path):
    text = 'id,genres\n1,"a;b"\n2,"c;d"\n3,"e;f"\n'
    assert list(load_dataset(write(tmp_path, "t.csv", text)).data) == ["id", "genres"]


def test_one_column_of_text_with_commas(tmp_path):
    text = "remark\nhello, world\nfine\nyes, no, perhaps\n"
    frame = load_dataset(write(tmp_path, "t.csv", text)).data
    assert frame["remark"].tolist() == ["hello, world", "fine", "yes, no, perhaps"]


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16")]
    + [("utf-32", "utf-32"), ("latin-1", "latin-1")],
)
def test_encodings(tmp_path, encoding, found):
    text = "größe,ort\n1,köln\n2,münchen\n"
    dataset = load_dataset(write(tmp_path, "t.csv", text.encode(encoding)))
    assert dataset.metadata["encoding"] == found
    assert list(dataset.data) == ["größe", "ort"]
    assert dataset.data["ort"].tolist() == ["köln", "münchen"]


def test_windows_files_keep_their_euros(tmp_path):
    text = "größe;preis\n" + "".join(f"{i};{i * 7}.50 €\n" for i in range(40))
    dataset = load_dataset(write(tmp_path, "t.csv", text.encode("cp1252")))
    assert dataset.metadata["encoding"] == "cp1252"
    assert dataset.data["preis"][3] == "21.50 €"
    assert infer_roles(dataset.data)["preis"] == "numeric"
    # cp1252 has no 0x81
    dataset = load_dataset(write(tmp_path, "u.csv", b"a,b\n\x80,1\n\x81,2\n"))
    assert dataset.metadata["encoding"] == "latin-1"


def test_encoding_far_into_the_file(tmp_path):
    text = "a,b\n" + "1,x\n" * 400_000 + "2,é\n"
    dataset = load_dataset(write(tmp_path, "t.csv", text.encode("latin-1")))
    assert dataset.metadata["encoding"] == "latin-1"
    assert dataset.data["b"].iloc[-1] == "é"


def test_numbers_with_separators(tmp_path):
    text = 'k,v,w\nx,"1,234",1\ny,12,"2,5"\nz,?,3\n'
    frame = load_dataset(write(tmp_path, "t.csv", text)).data
    np.testing.assert_array_equal(frame["v"], [1234, 12, np.nan])
    assert frame["w"].dtype.kind == "O" or str(frame["w"].dtype) == "str"
    text = "v;w\n1.234,5;7\n2,25;8\n"
    frame = load_dataset(write(tmp_path, "u.csv", text)).data
    assert frame["v"].tolist() == [1234.5, 2.25]


@pytest.mark.parametrize("name", ["t.tsv", "t.csv"])
def test_decimal_commas_without_semicolons(tmp_path, name):
    frame = pd.DataFrame(
        {
            "price": [f"{i},{i % 4}5" for i in range(9)],
            "mass": [f"{i},125" for i in range(9)],
            "pair": [f"{i},5,{i}" for i in range(9)],
            "plain": range(9),
        }
    )
    path = tmp_path / name
    frame.drop(columns="mass").to_csv(path, sep="\t" if name == "t.tsv" else ",")
    data = load_dataset(path).data
    assert data["price"].tolist() == [float(f"{i}.{i % 4}5") for i in range(9)]
    assert data["pair"].tolist() == frame["pair"].tolist()
    assert data["plain"].tolist() == list(range(9))
    # "0,125" is no thousand, "1,125" is one as well as not: nobody can tell
    frame[["price", "mass"]].iloc[1:].to_csv(path, sep="\t", index=False)
    data = load_dataset(path, separator="\t").data
    assert data["mass"].tolist() == [1000 * i + 125 for i in range(1, 9)]
    assert data["price"].tolist() == frame["price"].tolist()[1:]


def test_addresses_are_no_decimals(tmp_path):
    text = "host\tload\n" + "".join(f"192.168.10{i}.200\t{i}\n" for i in range(9))
    data = load_dataset(write(tmp_path, "t.tsv", text)).data
    assert data["host"][0] == "192.168.100.200"


def test_a_truth_that_cannot_be_read_is_shown(tmp_path):
    path = write(tmp_path, "t.csv", "a,odd\n1,yes\n2,no\n3,\n4,yes\n")
    with pytest.raises(LoadError, match="holds 'yes', 'no', missing\\. Allowed"):
        load_dataset(path, truth_column="odd")


def test_arrays_of_objects_and_cut_ones_are_told_apart(tmp_path):
    path = tmp_path / "t.npy"
    np.save(path, np.array([["a", 1]], dtype=object))
    with pytest.raises(LoadError, match="holds Python objects"):
        load_dataset(path)
    np.save(path, np.zeros((99, 3)))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(LoadError, match=r"not a valid NumPy file \(.*read"):
        load_dataset(path)
    path.write_bytes(b"abcdef" * 30)
    with pytest.raises(LoadError, match=r"not a valid NumPy file\. Write"):
        load_dataset(path)
    np.savez(tmp_path / "t.npz")
    with pytest.raises(LoadError, match="holds no array"):
        load_dataset(tmp_path / "t.npz")


def test_empty_lines(tmp_path):
    frame = load_dataset(write(tmp_path, "t.csv", "a,b\n1,2\n\n3,4\n\n")).data
    assert len(frame) == 2
    # in a table of one column an empty line is a missing value
    frame = load_dataset(write(tmp_path, "u.csv", "v\n1\n\n3\n\n")).data
    np.testing.assert_array_equal(frame["v"], [1, np.nan, 3])


def test_quoted_line_ends_are_one_row(tmp_path):
    text = 'a,b\n1,"two\nlines"\n2,"a ""quote"""\n'
    frame = load_dataset(write(tmp_path, "t.csv", text)).data
    assert frame["b"].tolist() == ["two\nlines", 'a "quote"']


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\x1f"), max_size=8)


@settings(max_examples=100)
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=12))
def test_no_row_is_lost(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("rows") / "t.csv"
    frame = pd.DataFrame(rows, columns=["first", "second"])
    frame.to_csv(path, index=False, quoting=1)
    data = load_dataset(path, separator=",", header=True).data
    assert data.shape == frame.shape


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", "", ["empty"]),
        ("blank.csv", "\n \n", ["empty"]),
        ("mark.csv", b"\xef\xbb\xbf", ["empty"]),
        ("mark_and_line.csv", b"\xef\xbb\xbf\r\n", ["empty"]),
        ("wide_mark.csv", b"\xff\xfe", ["empty"]),
        ("long_cell.csv", "a,b\n1,2\n3," + "x" * 131_073 + "\n", ["line 3", "131,072"]),
        (
            "far_cell.csv",
            "a,b\n" + "1,2\n" * 2000 + "3," + "x" * 131_073,
            ["line 2002"],
        ),
        ("header.csv", "a,b\n", ["no rows", "header=False"]),
        ("short.csv", "a,b,c\n1,2,3\n1,2\n", ["Line 3", "2 cells", "3"]),
        ("long.csv", "a,b\n1,2\n1,2,3\n", ["Line 3", "3 cells"]),
        ("quote.csv", 'a,b\n1,"2\n3,4\n', ["line 3", "quote"]),
        ("zip.csv", b"PK\x03\x04\0\0", ["binary", "xlsx"]),
        ("bytes.csv", bytes(range(256)), ["binary"]),
        (
            "cut.csv.gz",
            gzip.compress(b"a,b\n1,2\n" * 999, mtime=0)[:-20],
            ["decompress"],
        ),
        (
            "spoilt.csv.gz",
            gzip.compress(b"a,b\n1,2\n", mtime=0)[:10] + b"\xff" * 60,
            ["decompress", "damaged"],
        ),
        ("no.csv.gz", b"a,b\n1,2\n", ["decompress"]),
        ("cut.json", '[{"a": 1},', ["not valid JSON", "truncated"]),
        ("scalar.json", '{"a": 1}', ["not a table"]),
        ("deep.json", "[" * 100_000 + "]" * 100_000, ["too deeply"]),
        ("deep.jsonl", "[" * 100_000 + "]" * 100_000, ["too deeply"]),
        ("none.json", "[]", ["not a table"]),
        ("uneven.json", '{"a": [1], "b": [1, 2]}', ["not a table"]),
        ("cut.jsonl", '{"a": 1}\n{"a":', ["Line 2"]),
        ("no.npz", b"abc", ["not a valid NumPy file"]),
        ("no.npy", b"", ["not a valid NumPy file"]),
        ("no.parquet", b"PAR1", ["not a valid parquet file"]),
        ("no.arrow", b"abc", ["not a valid arrow file"]),
        ("what.xyz", "a,b\n1,2\n", ["does not tell", ".parquet", "format="]),
    ],
)
def test_bad_files_are_one_clear_error(tmp_path, name, content, words, monkeypatch):
    path = write(tmp_path, name, content)
    monkeypatch.setattr(chunks_module, "_WHOLE_FILE_BYTES", 0)
    for read in (load_dataset, lambda path: list(read_chunks(path))):
        with pytest.raises(LoadError) as caught:
            read(path)
        for word in [*words, name]:
            assert word in str(caught.value)


def test_rows_of_many_characters_are_no_long_cells(tmp_path):
    text = f"{','.join(f'c{i}' for i in range(40_000))}\n" + "1," * 39_999 + "2\n"
    assert load_dataset(write(tmp_path, "t.csv", text)).data.shape == (1, 40_000)


def test_names_with_dots_and_objects_within_objects(tmp_path):
    rows = [{"a.b": 1, "a": {"b": 2, "c": {"d": 3}}}, {"a": {"b": 4}}]
    frame = load_dataset(write(tmp_path, "t.json", json.dumps(rows))).data
    assert frame.columns.tolist() == ["a.b", "a.b_2", "a.c.d"]
    assert frame["a.b_2"].tolist() == [2, 4]


def test_places_without_a_file(tmp_path):
    write(tmp_path, "sales.csv", "a\n1\n")
    with pytest.raises(LoadError, match=r"no file .*Nearby: sales\.csv"):
        load_dataset(tmp_path / "sale.csv")
    with pytest.raises(LoadError, match="is a directory"):
        load_dataset(tmp_path)
    with pytest.raises(LoadError, match="No file matches"):
        load_dataset(tmp_path / "*.json")
    with pytest.raises(LoadError, match="empty string"):
        load_dataset("")
    for pipe in ("-", os.devnull):
        with pytest.raises(LoadError, match="not a regular file. A table is read more"):
            load_dataset(pipe, format="csv")
    with pytest.raises(LoadError, match="network"):
        load_dataset("https://example.org/t.csv")
    # No such user, and names longer than the file system takes.
    for name in ("~nobody0/t.csv", "t" * 300 + ".csv", "t" * 300):
        with pytest.raises(LoadError, match="There is no file"):
            load_dataset(name)
    for pattern in ("~nobody0/*.csv", "t" * 300 + "*.csv"):
        with pytest.raises(LoadError, match="No file matches"):
            load_dataset(pattern)
    for source in (None, 3, object()):
        with pytest.raises(LoadError, match="Allowed are arrays"):
            load_dataset(source)


def test_format_and_options(tmp_path):
    path = write(tmp_path, "t.xyz", "a:b\n1:2\n")
    assert load_dataset(path, format="csv", separator=":").data.shape == (1, 2)
    with pytest.raises(LoadError, match="did you mean 'csv'"):
        load_dataset(path, format="cvs")
    with pytest.raises(TypeError, match="Unknown option 'separatr'"):
        load_dataset(path, format="csv", separatr=":")
    with pytest.raises(LoadError, match="one character"):
        load_dataset(path, format="csv", separator="::")
    latin = write(tmp_path, "l.csv", "a\né\n".encode("latin-1"))
    with pytest.raises(LoadError, match="not encoded as 'utf-8'"):
        load_dataset(latin, encoding="utf-8")
    with pytest.raises(LoadError, match="Unknown encoding"):
        load_dataset(latin, encoding="utf-88")


# Globs, NumPy, scikit-learn, databases ---------------------------------------


def test_glob_puts_files_together(tmp_path):
    write(tmp_path, "d1.csv", "a,b\n1,2\n")
    write(tmp_path, "d2.csv", "b,a\n3,4\n5,6\n")  # another order
    dataset = load_dataset(tmp_path / "d*.csv")
    assert dataset.data.to_dict("list") == {"a": [1, 4, 6], "b": [2, 3, 5]}
    assert dataset.metadata["rows_per_file"] == [1, 2]
    write(tmp_path, "d3.csv", "a,c\n1,2\n")
    with pytest.raises(
        LoadError, match=r"d3\.csv.*different columns.*\['b'\].*\['c'\]"
    ):
        load_dataset(str(tmp_path / "d*.csv"))


def test_glob_of_one_format(tmp_path):
    for i in range(2):
        write(tmp_path, f"part{i}", f"a,b\n{i},2\n")
    assert load_dataset(tmp_path / "part*", format="csv").data["a"].tolist() == [0, 1]


def test_glob_with_options(tmp_path):
    for i in range(2):
        write(tmp_path, f"{i}.csv", f"low,high\n{i},2\n")
    data = load_dataset(tmp_path / "*.csv", header=False).data
    assert data.iloc[:, 0].tolist() == ["low", "0", "low", "1"]


def test_glob_keeps_the_truth_of_every_file(tmp_path):
    for i, y in enumerate([[0, 1], [0, 0]]):
        np.savez(tmp_path / f"{i}.npz", X=np.eye(2), y=y)
    assert load_dataset(tmp_path / "*.npz").truth.tolist() == [1, -1, 1, 1]
    np.savez(tmp_path / "2.npz", X=np.eye(2))
    assert load_dataset(tmp_path / "*.npz").truth is None


def test_brackets_in_the_name_of_a_file(tmp_path):
    path = write(tmp_path, "t[1].csv", "a,b\n1,2\n")
    assert load_dataset(path).data.shape == (1, 2)


@pytest.mark.parametrize(
    ("y", "truth"),
    [
        ([0, 0, 1], [1, 1, -1]),
        ([False, True, False], [1, -1, 1]),
        ([1, -1, 1], [1, -1, 1]),
        ([0, 1, 2], None),
        ([0, 1], None),
    ],
)
def test_npz(tmp_path, y, truth):
    X = np.arange(6.0).reshape(3, 2)
    np.savez(tmp_path / "t.npz", X=X, y=np.array(y))
    dataset = load_dataset(tmp_path / "t.npz")
    np.testing.assert_array_equal(dataset.data, X)
    if truth is None:
        assert dataset.truth is None
    else:
        np.testing.assert_array_equal(dataset.truth, truth)


def test_npz_by_name_and_npy(tmp_path):
    np.savez(tmp_path / "t.npz", train=np.eye(2), test=np.ones((3, 2)))
    assert load_dataset(tmp_path / "t.npz", X="test").data.shape == (3, 2)
    with pytest.raises(LoadError, match="train, test"):
        load_dataset(tmp_path / "t.npz")
    np.save(tmp_path / "v.npy", np.arange(4))
    assert load_dataset(tmp_path / "v.npy").data.shape == (4, 1)
    np.save(tmp_path / "c.npy", np.zeros((2, 2, 2)))
    with pytest.raises(LoadError, match=r"\(2, 2, 2\)"):
        load_dataset(tmp_path / "c.npy")


def test_pickled_objects_are_not_loaded(tmp_path):
    np.savez(tmp_path / "o.npz", X=np.array([[{}]], dtype=object))
    with pytest.raises(LoadError, match="foreign code"):
        load_dataset(tmp_path / "o.npz")
    np.save(tmp_path / "o.npy", np.array([[{}]], dtype=object))
    with pytest.raises(LoadError, match="foreign code"):
        load_dataset(tmp_path / "o.npy")


def test_breast_cancer():
    dataset = load_dataset("sklearn:breast_cancer")
    assert dataset.data.shape == (376, 30)
    assert (dataset.truth == 1).sum() == 357
    assert np.mean(dataset.truth == -1) == pytest.approx(0.05, abs=0.002)
    assert dataset.data.columns[0] == "mean radius"
    again = load_dataset("sklearn:breast_cancer")
    pd.testing.assert_frame_equal(dataset.data, again.data)
    # malignant cells are larger, so the labels are the right way round
    radius = dataset.data["mean radius"].to_numpy()
    assert radius[dataset.truth == -1].mean() > radius[dataset.truth == 1].mean() + 3


@pytest.mark.parametrize("name", ["iris", "wine", "digits"])
def test_other_bundled_sets(name):
    dataset = load_dataset(f"sklearn:{name}")
    assert np.mean(dataset.truth == -1) == pytest.approx(0.05, abs=0.005)
    assert dataset.name == name


def test_bundled_sets_without_classes_and_unknown_ones():
    assert load_dataset("sklearn:diabetes").truth is None
    with pytest.raises(LoadError, match="did you mean 'breast_cancer'"):
        load_dataset("sklearn:breast_cancr")
    with pytest.raises(LoadError, match="downloaded"):
        load_dataset("sklearn:california_housing")


def test_excel(tmp_path):
    pytest.importorskip("openpyxl", reason="the extra 'files' is not installed")
    FRAME.to_excel(tmp_path / "t.xlsx", index=False)
    frame = load_dataset(tmp_path / "t.xlsx").data
    pd.testing.assert_frame_equal(frame, FRAME, check_dtype=False)
    with pytest.raises(LoadError, match="not a valid Excel file"):
        load_dataset(write(tmp_path, "u.xlsx", b"abc"))
    for sheet in ("Sheet2", 1, None):
        with pytest.raises(LoadError, match="has the sheets 'Sheet1'"):
            load_dataset(tmp_path / "t.xlsx", sheet=sheet)


@pytest.mark.parametrize("name", ["t.xlsx", "t.npz", "t.npy"])
def test_damaged_bytes_anywhere(name, tmp_path):
    if name == "t.xlsx":
        pytest.importorskip("openpyxl", reason="the extra 'files' is not installed")
        pd.concat([FRAME] * 30).to_excel(tmp_path / name, index=False)
    elif name == "t.npz":
        np.savez_compressed(tmp_path / name, X=np.arange(60.0).reshape(-1, 2))
    else:
        np.save(tmp_path / name, np.arange(60.0).reshape(-1, 2))
    whole = (tmp_path / name).read_bytes()
    rng, refused = np.random.RandomState(0), 0
    for _ in range(60):
        damaged = bytearray(whole)
        at = rng.randint(len(whole) - 8)
        damaged[at : at + 8] = bytes(b ^ 255 for b in damaged[at : at + 8])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of openpyxl
            try:
                load_dataset(write(tmp_path, name, bytes(damaged)))
            except LoadError:  # no other error may come
                refused += 1
    assert refused > 5


def test_json_by_the_name_of_jsonl(tmp_path):
    path = tmp_path / "t.jsonl"
    FRAME.to_json(path, orient="records")
    pd.testing.assert_frame_equal(load_dataset(path).data, FRAME)


def test_sheets_that_are_not_read_are_named(tmp_path):
    pytest.importorskip("openpyxl", reason="the extra 'files' is not installed")
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        FRAME[:2].to_excel(book, sheet_name="Info", index=False)
        FRAME.to_excel(book, sheet_name="Claims", index=False)
    with pytest.warns(AutonomalyWarning, match="'Info', is read, not 'Claims'"):
        assert len(load_dataset(tmp_path / "t.xlsx").data) == 2
    assert len(load_dataset(tmp_path / "t.xlsx", sheet="Claims").data) == len(FRAME)


def test_the_separator_that_excel_is_told(tmp_path):
    path = write(tmp_path, "t.csv", b"sep=;\r\na;b\r\n1,5;x\r\n2,5;y\r\n")
    frame = load_dataset(path).data
    assert list(frame) == ["a", "b"]
    assert frame["a"].tolist() == [1.5, 2.5]
    assert sum(len(chunk) for chunk in read_chunks(path)) == 2
    with pytest.raises(LoadError, match="Line 3 of"):
        load_dataset(write(tmp_path, "u.csv", b"sep=;\na;b\n1;2;3\n"))
    for alone in (b"sep=;\n", b"sep=;\n\n"):
        with pytest.raises(LoadError, match="no rows"):
            load_dataset(write(tmp_path, "v.csv", alone))


def test_database(tmp_path, monkeypatch):
    sqlalchemy = pytest.importorskip(
        "sqlalchemy", reason="the extra 'files' is not installed"
    )
    url = f"sqlite:///{tmp_path / 't.db'}"
    engine = sqlalchemy.create_engine(url)
    FRAME.to_sql("first", engine, index=False)
    frame = load_dataset(url).data
    pd.testing.assert_frame_equal(frame, FRAME, check_dtype=False)
    assert load_dataset(url, query="SELECT a FROM first WHERE a > 1").data.shape == (
        2,
        1,
    )
    FRAME.to_sql("second", engine, index=False)
    engine.dispose()
    with pytest.raises(LoadError, match="first, second"):
        load_dataset(url)
    assert load_dataset(url, table="second").data.shape == (3, 3)
    with pytest.raises(LoadError, match="cannot be read"):
        load_dataset(url, query="SELEC")
    with pytest.raises(LoadError, match="no file"):
        load_dataset(f"sqlite:///{tmp_path / 'none.db'}")
    assert not (tmp_path / "none.db").exists()
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(LoadError, match="driver that is not installed.*psycopg2"):
        load_dataset("postgresql+psycopg2://host/db")


@pytest.mark.parametrize(
    ("name", "package"), [("t.parquet", "pyarrow"), ("t.xlsx", "openpyxl")]
)
def test_missing_packages_are_named(tmp_path, monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    write(tmp_path, name, b"")
    with pytest.raises(MissingExtraError, match=r"autonomaly\[files\]"):
        load_dataset(tmp_path / name)


# Truth, data sets, registry --------------------------------------------------


@pytest.mark.parametrize(
    ("column", "truth"),
    [
        ([0, 1, 0], [1, -1, 1]),
        ([1, -1, 1], [1, -1, 1]),
        ([True, False, False], [-1, 1, 1]),
        (["0", "1", "0"], [1, -1, 1]),
    ],
)
@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_truth_column(column, truth, kind):
    frame = kind({"a": [1, 2, 3], "anomaly": column})
    dataset = load_dataset(frame, truth_column="anomaly")
    assert list(dataset.data.columns) == ["a"]
    np.testing.assert_array_equal(dataset.truth, truth)


def test_bad_truth_columns():
    frame = FRAME.assign(d=[0, 1, None], e=1)
    with pytest.raises(LoadError, match="did you mean 'a'"):
        load_dataset(frame, truth_column="aa")
    for column, words in {"a": "Allowed", "d": "Allowed", "e": "ambiguous"}.items():
        with pytest.raises(LoadError, match=words):
            load_dataset(frame, truth_column=column)
    with pytest.raises(LoadError, match="no column but"):
        load_dataset(pd.DataFrame({"y": [0, 1]}), truth_column="y")


def test_what_the_anomalies_of_a_bundled_set_are():
    told = load_dataset("sklearn:digits").metadata["truth"]
    assert told == "class 0 rows, thinned to 85 of 1704"


def test_dataset_checks_itself():
    for data in (np.zeros((0, 2)), np.zeros((2, 0)), np.zeros(3), [[1]]):
        with pytest.raises(DataError):
            Dataset("bad", data)
    for truth in ([1, 1], [0, 1, 1], [[1, 1, 1]]):
        with pytest.raises(DataError, match="truth"):
            Dataset("bad", np.eye(3), truth=truth)
    for truth, said in (([1, 1, -1], "1 known anomaly)"), ([1] * 3, "no known an")):
        assert said in repr(Dataset("toy", np.eye(3), truth=truth))


class _Constant:
    def __init__(self, value):
        self.value = value

    def can_load(self, source):
        return str(source).endswith(".csv")

    def load(self, source, **options):
        return Dataset("mine", np.full((2, 2), self.value), {"options": options})


def test_registered_loaders_come_first(tmp_path):
    path = write(tmp_path, "t.csv", "a,b\n1,2\n")
    register_loader("mine", _Constant(1.0))
    register_loader("csv", _Constant(2.0))
    try:
        assert loaders()[:2] == ["csv", "mine"]
        assert load_dataset(path).data[0, 0] == 2.0
        dataset = load_dataset(path, format="mine", shade="blue")
        assert dataset.data[0, 0] == 1.0
        assert dataset.metadata["options"] == {"shade": "blue"}
        assert dataset.metadata["format"] == "mine"
    finally:
        unregister_loader("mine")
        unregister_loader("csv")
    assert load_dataset(path).data.shape == (1, 2)
    with pytest.raises(ValueError, match="no loader is registered"):
        unregister_loader("csv")


def test_what_is_no_loader():
    for loader in (object(), _Constant, None):
        with pytest.raises(TypeError, match="can_load"):
            register_loader("bad", loader)
    with pytest.raises(TypeError, match="must be a non-empty string"):
        register_loader(3, _Constant(1.0))
    assert "bad" not in loaders()
