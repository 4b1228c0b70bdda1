"""One reader per file format."""

import json
import tokenize
import zipfile
import zlib

import numpy as np

from autonomaly._utils._optional import import_optional_dependency
from autonomaly._utils._warn import warn_user
from autonomaly.exceptions import AutonomalyWarning, LoadError
from autonomaly.io._columns import unique_names
from autonomaly.io._encodings import find_encoding, open_text
from autonomaly.io._header import SNIFFED_ROWS, count_titles, warn_of_titles
from autonomaly.io._raw import refuse_records
from autonomaly.io._text_files import read_separated
from autonomaly.io._truth import read_truth

__all__ = [
    "FILE_READERS",
    "arrow_frame",
    "damaged_file",
    "frame_of_json",
    "import_arrow",
    "open_numpy",
    "two_dimensional",
]

_WITHIN = "\x1f"  # unit separator: stands in no name
# What NumPy and openpyxl raise on damaged files; SyntaxError is that of XML, too.
_DAMAGED = (
    *(ValueError, TypeError, AttributeError, LookupError, EOFError, SyntaxError),
    *(RuntimeError, tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)


def _read_csv(path, *, separator=None, encoding=None, header=None):
    frame, metadata = read_separated(
        path, separator=separator, encoding=encoding, header=header
    )
    return frame, metadata, None


def _read_tsv(path, *, separator="\t", encoding=None, header=None):
    return _read_csv(path, separator=separator, encoding=encoding, header=header)


def _read_json(path, *, encoding=None):
    encoding = find_encoding(path, encoding)
    with open_text(path, encoding) as file:
        try:
            content = json.load(file)
        except json.JSONDecodeError as error:
            raise LoadError(
                f"The file {str(path)!r} is not valid JSON ({error}). If it holds one "
                "object per line, name it .jsonl; if it is truncated, copy it again."
            ) from error
        except RecursionError as error:
            raise _too_deep(path) from error
    if isinstance(content, dict) and set(content) & {"data", "records", "rows"}:
        inner = next(
            content[key] for key in ("data", "records", "rows") if key in content
        )
        if isinstance(inner, list) and inner and isinstance(inner[0], list | dict):
            names = content.get("columns")
            return frame_of_json(inner, path, names), {"encoding": encoding}, None
    return frame_of_json(content, path), {"encoding": encoding}, None


def _read_jsonl(path, *, encoding=None):
    encoding, records = find_encoding(path, encoding), []
    with open_text(path, encoding) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                records.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise LoadError(
                    f"Line {number} of {str(path)!r} is not valid JSON ({error}). "
                    "Every line must hold one object; correct it, or copy the file "
                    "again if it is truncated."
                ) from error
            except RecursionError as error:
                raise _too_deep(path) from error
    if len(records) == 1 and _holds_objects(records[0]):
        records = records[0]  # a JSON file by another name
    return frame_of_json(records, path), {"encoding": encoding}, None


def _holds_objects(content):
    return isinstance(content, list) and any(isinstance(row, dict) for row in content)


def _too_deep(path):
    return LoadError(
        f"The JSON in {str(path)!r} is nested too deeply to be read. A table is a list "
        "of rows; extract that list from the file."
    )


def frame_of_json(content, path, names=None):
    """Make a data frame of parsed JSON.

    Parameters
    ----------
    content : list or dict
        Rows as objects or lists, or columns.
    path : Path or str
        Where it came from.
    names : list or None
        Names of the columns, for rows that are lists.

    Returns
    -------
    pandas.DataFrame
        The table.
    """
    import pandas as pd

    if isinstance(content, list) and content:
        if all(isinstance(row, dict) for row in content):
            # Objects within objects become columns such as "size.width"; a name with
            # a dot of its own, next to them, must not take the place of one.
            try:
                frame = pd.json_normalize(content, sep=_WITHIN)
            except RecursionError as error:
                raise _too_deep(path) from error
            names = [str(name).replace(_WITHIN, ".") for name in frame]
            return frame.set_axis(unique_names(names), axis=1)
        widths = {len(row) if isinstance(row, list) else None for row in content}
        if len(widths) == 1 and None not in widths:
            frame = pd.DataFrame(content)
            named = isinstance(names, list) and len(names) == frame.shape[1]
            columns = map(str, names) if named else [f"x{j}" for j in frame]
            return frame.set_axis(unique_names(list(columns)), axis=1)
    if isinstance(content, dict) and content:
        columns = list(content.values())
        if (
            all(isinstance(c, list) for c in columns)
            and len(set(map(len, columns))) == 1
        ):
            return pd.DataFrame({str(k): v for k, v in content.items()})
        if all(isinstance(c, dict) for c in columns):  # as pandas writes a frame
            return pd.DataFrame(content)
    raise LoadError(
        f"The JSON in {str(path)!r} is not a table. Expected a list of objects, a list "
        "of lists of equal length, or an object of columns of equal length."
    )


def _read_parquet(path):
    parquet = import_arrow("parquet")
    import pyarrow as pa

    try:
        # Unlike read_table, this takes names that occur twice.
        with parquet.ParquetFile(path) as file:
            return arrow_frame(file.read()), {}, None
    except pa.ArrowException as error:
        raise damaged_file(path, "parquet", error) from error


def _read_arrow(path):
    ipc = import_arrow("ipc")
    import pyarrow as pa

    errors = []
    for open_file in (ipc.open_file, ipc.open_stream):
        try:
            with pa.OSFile(str(path)) as file, open_file(file) as reader:
                return arrow_frame(reader.read_all()), {}, None
        except pa.ArrowException as error:
            errors.append(error)
    raise damaged_file(path, "arrow", errors[0]) from errors[0]


def import_arrow(part):
    """Import a part of pyarrow, or say which extra brings it."""
    import_optional_dependency("pyarrow", "files")
    return import_optional_dependency(f"pyarrow.{part}", "files")


def arrow_frame(arrow_table):
    """Make a data frame, without the columns that were the index of one of pandas.

    ``pandas.read_parquet`` makes these the index again, and an index is no feature.
    """
    stored = (arrow_table.schema.pandas_metadata or {}).get("index_columns", [])
    given = arrow_table.column_names
    # Where the rows were only counted, an index is described, and no column.
    kept = [i for i, name in enumerate(given) if name not in stored]
    kept = kept or list(range(len(given)))  # nothing but an index was stored
    names = unique_names([given[i] for i in kept])
    return arrow_table.select(kept).rename_columns(names).to_pandas()


def damaged_file(path, kind, error):
    """Make the error for a file that is not what its name says."""
    reason = str(error).partition("\n")[0].rstrip(".")
    return LoadError(
        f"The file {str(path)!r} is not a valid {kind} file"
        f"{f' ({reason})' if reason else ''}. Write it again if it is damaged, or give "
        "it the extension of its real format."
    )


def _is_npy(path):
    with path.open("rb") as file:
        return file.read(6) == b"\x93NUMPY"


def _read_npz(path, *, X=None, y=None):
    with open_numpy(path, np.lib.npyio.NpzFile) as arrays:
        names = arrays.files
        read = {name: _member(arrays, name, path) for name in names}
    wide = [name for name in names if read[name].ndim == 2]
    main = X or next((n for n in ("X", "x", "data") if n in names), None)
    if main is None and len(wide) == 1:
        main = wide[0]
    if main is None or main not in names:
        held = f"the arrays {', '.join(names)}" if names else "no array"
        raise LoadError(
            f"The file {str(path)!r} holds {held}. The table must be the array X, or "
            "the only 2D array. Save it as X, or name another in Python with "
            "load_dataset(source, X='...')."
        )
    truth, metadata = None, {"arrays": names}
    label = y or next((n for n in ("y", "Y", "labels", "label") if n in names), None)
    if label is not None:
        if label not in names:
            raise LoadError(
                f"The file {str(path)!r} has no array {label!r}; it holds "
                f"{', '.join(names)}. Name one of these with y='...'."
            )
        truth = _truth_of_array(read[label], len(read[main]))
        metadata["truth_array"] = label if truth is not None else None
    return two_dimensional(read[main], path), metadata, truth


def _read_npy(path):
    return two_dimensional(open_numpy(path, np.ndarray), path), {}, None


def open_numpy(path, kind, mmap_mode=None):
    """Open a file of NumPy's that holds one kind of object."""
    try:
        content = np.load(path, allow_pickle=False, mmap_mode=mmap_mode)
    except _DAMAGED as error:
        if "allow_pickle" in str(error) and _is_npy(path):
            raise LoadError(
                f"The array in {str(path)!r} holds Python objects. They are not "
                "loaded, since that could run foreign code; save numbers or strings."
            ) from error
        # what NumPy takes for a pickle is a file of another kind
        reason = "" if "pickle" in str(error) else str(error)
        raise damaged_file(path, "NumPy", reason) from error
    if not isinstance(content, kind):
        raise damaged_file(path, path.suffix, "it holds another NumPy format")
    return content


def _member(arrays, name, path):
    try:
        return arrays[name]
    except _DAMAGED as error:
        raise LoadError(
            f"The array {name!r} in {str(path)!r} cannot be read ({error}). Objects "
            "are not loaded, since that could run foreign code; save numbers."
        ) from error


def two_dimensional(array, path):
    """Make a table of an array, or refuse it.

    Parameters
    ----------
    array : ndarray
        One dimension is a single column.
    path : Path or str
        Where it came from.

    Returns
    -------
    ndarray of shape (n, d)
        The table.
    """
    refuse_records(array, LoadError)
    if array.ndim == 1:
        array = array.reshape(-1, 1)
    if array.ndim != 2:
        raise LoadError(
            f"The array in {str(path)!r} must be 2D, got shape {array.shape}. A table "
            "has rows and columns; reshape it before saving."
        )
    return array


def _truth_of_array(labels, n_rows):
    """Read an array of labels, None if it is no truth of these rows."""
    labels = labels.ravel()
    if len(labels) != n_rows or labels.dtype.kind not in "biuf":
        return None
    return read_truth(labels)


def _read_excel(path, *, sheet=0, header=None):
    import_optional_dependency("openpyxl", "files")
    import pandas as pd

    try:
        with pd.ExcelFile(path, engine="openpyxl") as book:
            sheets = book.sheet_names
            if sheet in sheets or (_is_whole(sheet) and 0 <= sheet < len(sheets)):
                if sheet == 0 and len(sheets) > 1:
                    warn_user(
                        f"Of the {len(sheets)} sheets of {path.name!r}, only the first "
                        f"one, {sheets[0]!r}, is read, not "
                        f"{', '.join(map(repr, sheets[1:]))}. To read another, use "
                        "load_dataset(source, sheet='NAME').",
                        AutonomalyWarning,
                    )
                n_titles = _count_titles(path, book, sheet) if header is None else 0
                names_in = None if header is False else n_titles
                frame = pd.read_excel(book, sheet_name=sheet, header=names_in)
                if header is False:
                    frame.columns = [f"x{j}" for j in frame]
                return frame, {"sheet": sheet}, None
    except _DAMAGED as error:
        raise damaged_file(path, "Excel", error) from error
    raise LoadError(
        f"sheet={sheet!r} does not exist in {str(path)!r}, which has the sheets "
        f"{', '.join(map(repr, sheets))}. Pass one of these names, or a number from 0 "
        f"to {len(sheets) - 1}."
    )


def _count_titles(path, book, sheet):
    """Count the rows of a sheet above the names of its columns."""
    import pandas as pd

    head = pd.read_excel(book, sheet_name=sheet, header=None, nrows=SNIFFED_ROWS)
    gaps = head.isna().to_numpy()
    rows = np.where(gaps, "", head.to_numpy().astype(str)).tolist()
    n_titles = count_titles(rows) if rows else 0
    if n_titles:
        warn_of_titles(path, rows[:n_titles])
    return n_titles


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


# Format -> endings of file names, and read(path, **options).
FILE_READERS = {
    "csv": ((".csv", ".txt", ".dat", ".csv.gz"), _read_csv),
    "tsv": ((".tsv", ".tab", ".tsv.gz"), _read_tsv),
    "jsonl": ((".jsonl", ".ndjson", ".jsonl.gz"), _read_jsonl),
    "json": ((".json", ".json.gz"), _read_json),
    "parquet": ((".parquet", ".pq"), _read_parquet),
    "arrow": ((".arrow", ".feather", ".ipc"), _read_arrow),
    "npz": ((".npz",), _read_npz),
    "npy": ((".npy",), _read_npy),
    "excel": ((".xlsx", ".xlsm"), _read_excel),
}
