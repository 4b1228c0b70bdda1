"""Where a table begins in a file, and what its columns are called."""

import warnings

import pandas as pd
import pytest

from autonomaly.exceptions import AutonomalyWarning
from autonomaly.io import _chunks as chunks_module
from autonomaly.io import load_dataset, read_chunks

HEADERS = [
    ("1.5,2\n2.5,3\n", ["x0", "x1"], 2),  # numbers above numbers: data
    ("a,b\n1,2\n", ["a", "b"], 1),
    ("0,1,2\n1.5,2,3\n4.5,5,6\n", ["0", "1", "2"], 2),  # as pandas writes it
    (",0,1\n0,1.5,2\n1,2.5,3\n", ["unnamed_0", "0", "1"], 2),
    ("name,2019,2020\nx,1,2\ny,3,4\n", ["name", "2019", "2020"], 2),
    ("5,3,1\n4,3,2\n", ["x0", "x1", "x2"], 2),
    ("red,big\nblue,small\nred,small\nblue,big\n", ["x0", "x1"], 4),
    ("color,size\nred,big\nred,small\n", ["color", "size"], 2),
    ("red,1.5\nblue,2.5\n", ["x0", "x1"], 2),
    ("1,2\n", ["x0", "x1"], 1),
    ("a,a,\n1,2,3\n", ["a", "a_2", "unnamed_2"], 1),
    ("a,a_2,a\n1,2,3\n", ["a", "a_2", "a_3"], 1),
]


@pytest.mark.parametrize(("text", "names", "n_rows"), HEADERS)
def test_header_is_found(tmp_path, text, names, n_rows):
    frame = load_dataset(_write(tmp_path, text)).data
    assert list(frame.columns) == names
    assert len(frame) == n_rows


def test_header_can_be_given(tmp_path):
    path = _write(tmp_path, "5,3\n4,2\n")
    assert list(load_dataset(path, header=True).data) == ["5", "3"]
    path = _write(tmp_path, "a,b\nc,d\n")
    assert len(load_dataset(path, header=False).data) == 2


def test_a_header_that_is_repeated_is_one(tmp_path):
    rows = [b"%d,%s" % (i, b"x" if i % 2 else b"y") for i in range(9)]
    page = b"\n".join([b"amount,kind", *rows, b""])
    frame = load_dataset(_write(tmp_path, 3 * page)).data
    assert list(frame) == ["amount", "kind"]
    assert len(frame) == 3 * 10 - 1  # nothing is lost


TABLE = [["day", "shop", "sum", "kind"]] + [
    [f"2026-05-{i + 1:02d}", "A" if i % 3 else "B", f"{10 + i / 8}", "x"]
    for i in range(12)
]
TITLES = {
    "a title": [["Sales in May"]],
    "a title and an empty line": [["Sales in May"], []],
    "a title on two lines": [["Sales\nin May"], ["made by", "Ann"]],
    "an empty line first": [[], ["Sales in May"], [], []],
}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("titles", TITLES)
@pytest.mark.parametrize("first", ["", "sep"])
def test_titles_above_a_table(tmp_path, monkeypatch, titles, padded, separator, first):
    lines = _lines(TITLES[titles] + TABLE, separator)
    if not padded:
        lines = "\n".join(line.rstrip(separator) for line in lines.split("\n"))
    start = f"sep={separator}\n" if first else ""
    path = _write(tmp_path, start + lines)
    with pytest.warns(AutonomalyWarning, match="Skipped in 't.csv'.*Sales"):
        frame = load_dataset(path).data
    expected = pd.DataFrame(TABLE[1:], columns=TABLE[0]).astype({"sum": float})
    pd.testing.assert_frame_equal(frame, expected, check_dtype=False)
    monkeypatch.setattr(chunks_module, "_WHOLE_FILE_BYTES", 0)
    with pytest.warns(AutonomalyWarning, match="Skipped"):
        chunks = pd.concat(read_chunks(path, chunk_rows=5), ignore_index=True)
    pd.testing.assert_frame_equal(chunks, expected, check_dtype=False)


def test_titles_above_a_sheet(tmp_path):
    pytest.importorskip("openpyxl", reason="the extra 'files' is not installed")
    rows = TITLES["a title and an empty line"] + TABLE
    _padded(rows).to_excel(tmp_path / "t.xlsx", index=False, header=False)
    with pytest.warns(AutonomalyWarning, match="Skipped in 't.xlsx'.*Sales"):
        frame = load_dataset(tmp_path / "t.xlsx").data
    assert list(frame) == TABLE[0]
    assert len(frame) == 12
    literal = load_dataset(tmp_path / "t.xlsx", header=True).data
    assert len(literal) == 14
    bare = load_dataset(tmp_path / "t.xlsx", header=False).data
    assert list(bare) == ["x0", "x1", "x2", "x3"]
    assert len(bare) == 15


NO_TITLES = {
    "rows with gaps": [["Ann", "", "", ""], ["a", "b", "c", "d"], ["e", "", "", ""]],
    "unnamed columns": [["day", "", "", ""]] + TABLE[1:],
    "two columns": [["Ann", ""], ["Bob", "x"], ["Cid", "y"]],
    "nothing but titles": [["Sales"], ["in"], ["May"]],
    "numbers first": [["1", "", "", ""]] + TABLE[1:],
}


@pytest.mark.parametrize("name", NO_TITLES)
def test_nothing_is_taken_for_a_title(tmp_path, name):
    rows = NO_TITLES[name]
    text = _lines(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = load_dataset(_write(tmp_path, text)).data
    assert len(frame) >= len(rows) - 1


def test_a_header_that_is_given_is_the_first_line(tmp_path):
    text = _lines(TITLES["a title"] + TABLE)
    frame = load_dataset(_write(tmp_path, text), header=True).data
    assert list(frame)[0] == "Sales in May"
    assert len(frame) == 13


def test_too_many_lines_are_no_titles(tmp_path):
    text = _lines([["note"]] * 21 + TABLE)
    assert len(load_dataset(_write(tmp_path, text)).data) >= 33


def _write(folder, content):
    path = folder / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _padded(rows):
    """Give all rows as many cells as the widest has."""
    width = max(map(len, rows))
    return pd.DataFrame([row + [""] * (width - len(row)) for row in rows])


def _lines(rows, separator=","):
    return _padded(rows).to_csv(index=False, header=False, sep=separator)
