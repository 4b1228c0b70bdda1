"""The loaders that come with the package."""

import difflib
import inspect
import os
import re
from pathlib import Path

import numpy as np
from scipy import sparse

from autonomaly._utils._optional import import_optional_dependency
from autonomaly.exceptions import LoadError
from autonomaly.io._bundled import load_bundled
from autonomaly.io._columns import is_polars, unique_names
from autonomaly.io._dataset import Dataset
from autonomaly.io._files import FILE_READERS, frame_of_json, two_dimensional
from autonomaly.io._globs import files_of, is_glob
from autonomaly.io._raw import rows_array

__all__ = ["FILE_SUFFIXES", "built_in_loaders", "existing_file"]


def existing_file(source):
    """Make sure that a path names a file.

    Parameters
    ----------
    source : str or Path
        What was given.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    LoadError
        If there is none, with the names nearby.
    """
    # os.path takes any text: no such user, or a name too long, is no file.
    path = Path(os.path.expanduser(source))
    text = str(source)
    if not text.strip():
        raise LoadError("The source is an empty string. Pass the path of a file.")
    if os.path.isdir(path):
        raise LoadError(
            f"{text!r} is a directory. Pass a file, or a glob of files with the same "
            f"columns, such as {str(path / '*.csv')!r}."
        )
    if re.match(r"(https?|ftp|s3|gs)://", text):
        raise LoadError(
            f"{text!r} is a network address, and nothing is ever downloaded. "
            "Download the file yourself and pass its path."
        )
    if text == "-" or (os.path.exists(path) and not os.path.isfile(path)):
        raise LoadError(
            f"{text!r} is a pipe or a device, not a regular file. A table is read more "
            "than once; write it to a file and pass its path."
        )
    if not os.path.isfile(path):
        parent = path.parent
        names = os.listdir(parent) if os.path.isdir(parent) else []
        near = difflib.get_close_matches(path.name, names, n=3)
        hint = f" Nearby: {', '.join(sorted(near))}." if near else ""
        raise LoadError(
            f"There is no file {text!r}.{hint} Pass the path of a file; relative paths "
            f"start at {str(Path.cwd())!r}."
        )
    return path


class _FileLoader:
    """Load files by their suffix.

    Parameters
    ----------
    suffixes : tuple of str
        Lower-case endings of the names of files.
    read : callable
        ``read(path, **options) -> (data, metadata, truth)``.
    """

    def __init__(self, suffixes, read):
        self.suffixes = suffixes
        self._read = read

    def can_load(self, source):
        """Tell whether the name of a file ends in one of the suffixes."""
        return isinstance(source, str | Path) and str(source).lower().endswith(
            self.suffixes
        )

    def load(self, source, **options):
        """Read the file."""
        path = existing_file(source)
        allowed = list(inspect.signature(self._read).parameters)[1:]
        if unknown := sorted(set(options) - set(allowed)):
            raise TypeError(
                f"Unknown option {unknown[0]!r} for {str(source)!r}. Files of this "
                f"kind accept {', '.join(allowed) or 'no options'}."
            )
        try:
            data, metadata, truth = self._read(path, **options)
        except OSError as error:
            raise LoadError(
                f"The file {str(source)!r} cannot be opened ({error}). Check that it "
                "is complete and that you have permission to read it."
            ) from error
        return Dataset(path.name.partition(".")[0], data, metadata, truth)


class _ArrayLoader:
    """Take arrays, data frames, Series and rows as they are."""

    def can_load(self, source):
        """Tell whether the source is a table in memory."""
        return (
            isinstance(source, np.ndarray | list | tuple)
            or is_polars(source)
            or hasattr(source, "iloc")
            or sparse.issparse(source)
        )

    def load(self, source):
        """Make a table of it, without a copy where none is needed."""
        if sparse.issparse(source):
            raise LoadError(
                f"Expected a dense table, got a sparse matrix of shape {source.shape}. "
                "Pass X.toarray() if it fits into memory."
            )
        if is_polars(source):
            source = source.collect() if hasattr(source, "collect") else source
            source = source if hasattr(source, "columns") else source.to_frame()
            return Dataset("polars", source, {})
        if hasattr(source, "iloc"):
            frame = source if source.ndim == 2 else source.to_frame()
            return Dataset("pandas", *_string_names(frame))
        if isinstance(source, list | tuple):
            if source and all(isinstance(row, dict) for row in source):
                return Dataset(
                    "rows", frame_of_json(list(source), "the rows given"), {}
                )
            source = rows_array(source, LoadError)
        return Dataset("array", two_dimensional(source, "memory"), {})


def _string_names(frame):
    """Give a frame string names, each once; the frame itself is left alone."""
    given = list(frame.columns)
    names = unique_names([str(name) for name in given])
    if names == given:
        return frame, {}
    pairs = zip(names, given, strict=True)
    renamed = {name: old for name, old in pairs if name != old}
    return frame.set_axis(names, axis=1), {"renamed": renamed}


class _BundledLoader:
    """Load the data sets that come with scikit-learn."""

    def can_load(self, source):
        """Tell whether the source starts with ``sklearn:``."""
        return isinstance(source, str) and source.startswith("sklearn:")

    def load(self, source):
        """Make an anomaly detection task of the data set."""
        return load_bundled(source.removeprefix("sklearn:"))


class _GlobLoader:
    """Load several files of the same columns as one table.

    Parameters
    ----------
    load : callable
        Loads one of the files; ``load_dataset``.
    """

    def __init__(self, load):
        self._load = load

    def can_load(self, source):
        """Tell whether the source is a pattern, and not the name of a file."""
        return is_glob(source)

    def load(self, source, *, file_format=None, **options):
        """Load the files in the order of their names, and put them together."""
        files = files_of(source)
        parts = [self._load(file, format=file_format, **options) for file in files]
        metadata = {
            "files": files,
            "rows_per_file": [len(part.data) for part in parts],
            "file_format": parts[0].metadata["format"],
        }
        truths = [part.truth for part in parts]
        truth = None if any(t is None for t in truths) else np.concatenate(truths)
        return Dataset(Path(source).name, _concatenate(parts, files), metadata, truth)


def _concatenate(parts, files):
    first = parts[0].data
    if isinstance(first, np.ndarray):
        widths = {part.data.shape[1] for part in parts}
        if len(widths) > 1:
            raise LoadError(
                f"All files must have the same number of columns, got "
                f"{sorted(widths)}. Pass files of one kind only."
            )
        return np.concatenate([part.data for part in parts])
    import pandas as pd

    columns = list(first.columns)
    for part, file in zip(parts, files, strict=True):
        if set(part.data.columns) != set(columns):
            missing = sorted(set(columns) - set(part.data.columns))
            more = sorted(set(part.data.columns) - set(columns))
            raise LoadError(
                f"{file!r} has different columns from {files[0]!r}: it lacks "
                f"{missing[:5]} and has {more[:5]} instead. All files must have the "
                "same columns."
            )
    return pd.concat([part.data[columns] for part in parts], ignore_index=True)


class _DatabaseLoader:
    """Read a table or a query through SQLAlchemy."""

    def can_load(self, source):
        """Tell whether the source is the URL of a database."""
        return isinstance(source, str) and re.match(
            r"(sqlite|postgresql|mysql|mariadb|oracle|mssql|duckdb)(\+\w+)?://", source
        )

    def load(self, source, *, query=None, table=None):
        """Run the query, or read the table; the only one if neither is given."""
        sqlalchemy = import_optional_dependency("sqlalchemy", "files")
        import pandas as pd

        try:
            url = sqlalchemy.make_url(source)
            shown = url.render_as_string(hide_password=True)
            if url.get_backend_name() == "sqlite" and url.database:
                existing_file(url.database)  # SQLite would make a new, empty one
            engine = sqlalchemy.create_engine(url)
            try:
                with engine.connect() as connection:
                    if query is None:
                        names = sqlalchemy.inspect(connection).get_table_names()
                        table = _only_table(table, names, shown)
                        frame = pd.read_sql_table(table, connection)
                    else:
                        frame = pd.read_sql_query(sqlalchemy.text(query), connection)
            finally:
                engine.dispose()
        except ImportError as error:
            raise LoadError(
                f"The database needs a driver that is not installed: {error}. Install "
                f"it, or name another one in the URL, as in 'postgresql+psycopg2://'."
            ) from error
        except (sqlalchemy.exc.SQLAlchemyError, pd.errors.DatabaseError) as error:
            reason = str(error).partition("\n")[0]
            raise LoadError(
                f"The database cannot be read: {reason}. Check the URL and the query."
            ) from error
        frame, metadata = _string_names(frame)
        metadata |= {"source": shown, "query": query, "table": table}
        return Dataset(table or url.database or "query", frame, metadata)


def _only_table(table, names, shown):
    if table in names or (table is None and len(names) == 1):
        return table or names[0]
    came = "No table was named" if table is None else f"Table {table!r} was named"
    raise LoadError(
        f"{came}; {shown} has {', '.join(sorted(names)) or 'no tables'}. Pass one as "
        "table='...', or a query='SELECT ...'."
    )


FILE_SUFFIXES = tuple(s for suffixes, _ in FILE_READERS.values() for s in suffixes)


def built_in_loaders(load):
    """Make the loaders that come with the package, in the order of asking.

    Parameters
    ----------
    load : callable
        What the loader of globs loads every file with.

    Returns
    -------
    dict of str to Loader
        By name.
    """
    out = {"array": _ArrayLoader(), "sklearn": _BundledLoader()}
    out |= {"sql": _DatabaseLoader(), "glob": _GlobLoader(load)}
    return out | {name: _FileLoader(*parts) for name, parts in FILE_READERS.items()}
