"""Tables that come in chunks of rows, and a sample of their rows."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from autonomaly.exceptions import DataError
from autonomaly.io._columns import is_polars
from autonomaly.io._encodings import unpacked_size
from autonomaly.io._globs import files_of
from autonomaly.io._raw import take
from autonomaly.io._registry import _registered, load_dataset, source_text

__all__ = [
    "Chunks",
    "Sample",
    "as_chunks",
    "read_chunks",
    "sample_rows",
]

# Rows per chunk: enough for vectorised work, 10 MB at 20 columns.
_CHUNK_ROWS = 65_536
# Text files up to this size are read whole: types are then found as in memory.
_WHOLE_FILE_BYTES = 2**26


class Chunks:
    """A table that comes in chunks of rows, as often as it is asked for.

    Parameters
    ----------
    make : callable
        Takes nothing and returns an iterable of tables, or one table, for one pass.
    name : str
        Where they come from, for messages.
    once : bool, default=False
        Whether there is one pass only.

    See Also
    --------
    read_chunks : Chunks of files.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.io import Chunks
    >>> chunks = Chunks(lambda: (np.full((2, 3), i) for i in range(4)), "numbers")
    >>> sum(len(chunk) for chunk in chunks), sum(len(chunk) for chunk in chunks)
    (8, 8)
    """

    def __init__(
        self, make: Callable[[], Iterable[Any]], name: str, *, once: bool = False
    ) -> None:
        self._make = make
        self.name = name
        self.once = once
        self._begun = False

    def __iter__(self) -> Iterator[Any]:
        """Yield tables with the same columns in the same order.

        Raises
        ------
        DataError
            If there is no second pass, the columns differ, or no row comes.
        """
        if self.once and self._begun:
            name = self.name[:1].upper() + self.name[1:]
            raise DataError(
                f"{name} can be read only once, but a second pass is needed: "
                f"fit reads the rows once and scoring reads them again. Pass a list "
                f"of chunks, a glob of files, or a function that returns new chunks "
                f"each time it is called."
            )
        self._begun = True
        columns = None
        for i, chunk in enumerate(_several(self._make(), self.name), start=1):
            if getattr(chunk, "shape", (1,))[:1] == (0,):
                continue  # an hour in which nothing happened is no fault
            chunk = load_dataset(chunk).data
            if columns is None:
                columns, polars = _columns(chunk), is_polars(chunk)
            elif is_polars(chunk) != polars:
                raise DataError(
                    f"Chunk {i} of {self.name} is a {type(chunk).__module__} table, "
                    f"but the first is not. All chunks must be tables of one package."
                )
            else:
                chunk = _with_columns(chunk, columns, f"Chunk {i} of {self.name}")
            yield chunk
        if columns is None:
            raise DataError(
                f"Found no chunk with rows in {self.name}. Check the source."
            )

    def map(self, function: Callable[[Any], Any]) -> "Chunks":
        """Return the chunks that a function makes of these.

        Parameters
        ----------
        function : callable
            From table to table, rows kept.

        Returns
        -------
        Chunks
            The new ones.
        """
        return Chunks(lambda: map(function, self), self.name, once=self.once)


def _several(made, name):
    """Take one table, or the path of one, as the only chunk."""
    # Iterating over a frame would give its names, over a path its letters.
    if is_polars(made) or getattr(made, "ndim", 0) == 2 or isinstance(made, str | Path):
        return [made]
    if not hasattr(made, "__iter__"):
        raise DataError(
            f"Expected {name} as a table or an iterable of tables, got "
            f"{type(made).__name__}. The function must return one each time it is "
            "called."
        )
    return made


def _columns(chunk):
    """Names of the columns, or their number where they have none."""
    return list(chunk.columns) if hasattr(chunk, "columns") else chunk.shape[1]


def _with_columns(chunk, columns, what):
    found = _columns(chunk)
    if found == columns:
        return chunk
    if isinstance(found, list) and isinstance(columns, list):
        if sorted(map(str, found)) == sorted(map(str, columns)):
            return chunk[columns]
        missing = [name for name in columns if name not in found]
        more = [name for name in found if name not in columns]
        differences = [
            f"{word} {', '.join(map(repr, names[:5]))}"
            for word, names in (("without", missing), ("with", more))
            if names
        ]
        raise DataError(
            f"{what} has different columns from the first: {', '.join(differences)}. "
            f"All chunks must have the same columns."
        )
    raise DataError(
        f"{what} has {_said(found)}, but the first has {_said(columns)}. All chunks "
        f"must have the same columns."
    )


def _said(columns):
    named = isinstance(columns, list)
    n_columns = len(columns) if named else columns
    return f"{n_columns} columns {'with' if named else 'without'} names"


def as_chunks(X: Any) -> Chunks | None:
    """Take as chunks what is no table in memory.

    Parameters
    ----------
    X : object
        Path or glob of files (str or Path), `Chunks`, an iterator, iterable or list of
        tables, or a function that returns one, or one table; or a table.

    Returns
    -------
    Chunks or None
        None if X is to be taken as a table.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.io import as_chunks
    >>> X = np.zeros((4, 2))
    >>> as_chunks(X) is None, as_chunks(X.tolist()) is None
    (True, True)
    >>> [len(chunk) for chunk in as_chunks([X, X[:1]])]
    [4, 1]
    """
    if isinstance(X, Chunks):
        return X
    if isinstance(X, str | Path):
        return read_chunks(X)
    # Asked of the class: a lazy table would have to find out, and warns of it.
    a_table = any(
        hasattr(type(X), name)
        for name in ("shape", "columns", "__array__", "__dataframe__")
    )
    if X is None or a_table or isinstance(X, dict | set | bytes | type):
        return None
    if callable(X):
        return Chunks(X, f"the chunks of {getattr(X, '__name__', 'the function')}()")
    if isinstance(X, list | tuple):
        tables = X and all(getattr(x, "ndim", 0) == 2 or is_polars(x) for x in X)
        return Chunks(lambda: X, "the list of chunks") if tables else None
    if hasattr(X, "__next__"):
        return Chunks(lambda: X, f"the {type(X).__name__}", once=True)
    if hasattr(X, "__iter__"):
        return Chunks(lambda: X, f"the chunks of the {type(X).__name__}")
    return None


def read_chunks(
    source: str | Path, *, chunk_rows: int = _CHUNK_ROWS, **options: Any
) -> Chunks:
    r"""Read files in chunks of rows, so that the table need not fit into memory.

    Parameters
    ----------
    source : str or Path
        What :func:`~autonomaly.load_dataset` reads. Parquet, Arrow, csv, tsv and npy
        files are read piece by piece, other sources as a whole.
    chunk_rows : int, default=65536
        Rows per chunk at most.
    **options : dict
        As of :func:`~autonomaly.load_dataset`, of csv and tsv files for example
        ``separator``.

    Returns
    -------
    Chunks
        They can be read as often as needed.

    Raises
    ------
    LoadError
        If the source cannot be read; only once the chunks are asked for, unless no
        file matches.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from autonomaly.io import read_chunks
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for day in range(3):
    ...         _ = Path(folder, f"{day}.csv").write_text("a,b\n1,2\n3,4\n")
    ...     [chunk.shape for chunk in read_chunks(f"{folder}/*.csv")]
    [(2, 2), (2, 2), (2, 2)]
    """
    if isinstance(chunk_rows, bool) or not chunk_rows >= 1:
        raise ValueError(
            f"chunk_rows must be an integer of at least 1, got {chunk_rows!r}."
        )
    files = files_of(source)

    def make():
        return itertools.chain.from_iterable(
            _read_file(file, chunk_rows, options) for file in files
        )

    return Chunks(make, source_text(source))


def _is_large(path):
    return unpacked_size(path, _WHOLE_FILE_BYTES + 1) > _WHOLE_FILE_BYTES


def _read_file(file, chunk_rows, options):
    """Yield the chunks of one file."""
    from autonomaly.io._loaders import existing_file
    from autonomaly.io._parts import part_reader

    own = any(loader.can_load(file) for loader in _registered.values())
    options_known, read = part_reader(file) or (set(), None)
    if not own and read is not None and set(options) <= options_known:
        path = existing_file(file)
        text_file = bool(options_known)
        if not text_file or _is_large(path):
            yield from read(path, chunk_rows, **options)
            return
    data = load_dataset(file, **options).data
    for start in range(0, len(data), chunk_rows):
        yield data[start : start + chunk_rows]


class Sample:
    """Rows of a stream, each kept with the same chance, in their order.

    The sample does not depend on how the rows were cut into chunks. A column that is
    constant in the sample, but not in the stream, gives it one row more: what varies
    at all must not look as if it never did.

    Parameters
    ----------
    capacity : callable
        ``capacity(n_rows, n_features)`` says how many of so many rows may be held:
        all of them up to some number, a fixed number beyond.
    seed : int
        Chooses the rows.

    Attributes
    ----------
    n_rows : int
        Rows seen.
    complete : bool
        Whether all of them are held.

    References
    ----------
    .. [1] Vitter, J. S. "Random sampling with a reservoir." ACM Transactions on
           Mathematical Software 11, 1985. :doi:`10.1145/3147.3165`
    """

    def __init__(self, capacity, seed):
        self._capacity = capacity
        # Drawn row by row: where the chunks begin makes no difference.
        self._random = np.random.default_rng(seed)
        self._parts = []  # (table, priorities, positions)
        self._limit = np.inf
        self._witnesses = _Witnesses()
        self._width = None
        self.n_rows = self._n_held = 0
        self.complete = True

    def fits(self, chunk):
        """Tell whether all rows, those of one more chunk too, can be held."""
        n_rows = self.n_rows + len(chunk)
        return self.complete and self._capacity(n_rows, self._cells(chunk)) >= n_rows

    def add(self, chunk):
        """Take in a chunk.

        Parameters
        ----------
        chunk : ndarray, pandas.DataFrame or polars.DataFrame
            Rows; not copied while all rows are held.
        """
        fits, n = self.fits(chunk), len(chunk)
        priority = self._random.random(n)
        position = np.arange(self.n_rows, self.n_rows + n)
        self.n_rows += n
        self._witnesses.look(chunk, position)
        self._parts.append((chunk, priority, position))
        self._n_held += n
        if not fits:
            self.complete = False
            size = self._capacity(self.n_rows, self._width)
            if self._limit < np.inf:
                self._thin(priority <= self._limit)
            if self._n_held > 1.5 * size or self._limit == np.inf:
                self._shrink(size)

    def _cells(self, chunk):
        """Columns that the rows take the memory of, strings counted as they are."""
        if self._width is None:
            self._width = max(chunk.shape[1], -(-_bytes(chunk) // (8 * len(chunk))))
        return self._width

    def _thin(self, keep):
        """Keep some rows of the last part."""
        part = self._parts.pop()
        self._n_held -= int((~keep).sum())
        if keep.any():
            self._parts.append(_rows_of(part, keep))

    def _shrink(self, size):
        """Keep the rows with the smallest priorities."""
        priority = np.concatenate([part[1] for part in self._parts])
        if len(priority) > size:
            self._limit = np.partition(priority, size - 1)[size - 1]
        kept = [_rows_of(part, part[1] <= self._limit) for part in self._parts]
        tables, priorities, positions = zip(*kept, strict=True)
        whole = concatenate(tables)
        self._parts = [(whole, np.concatenate(priorities), np.concatenate(positions))]
        self._n_held = len(whole)

    def table(self):
        """Return the sample.

        Returns
        -------
        ndarray, pandas.DataFrame or polars.DataFrame
            Rows in the order in which they came.

        Raises
        ------
        DataError
            If no row came.
        """
        if not self.n_rows:
            raise DataError("Found no chunk with rows. Check the source.")
        if self.complete:
            return concatenate([table for table, _, _ in self._parts])
        self._shrink(self._capacity(self.n_rows, self._width))
        ((table, _, positions),) = self._parts
        more = self._witnesses.missing_from(table, positions)
        if not more:
            return table
        tables, extra = zip(*more, strict=True)
        order = np.argsort(np.r_[positions, extra], kind="stable")
        return take(concatenate([table, *tables]), order)


class _Witnesses:
    """Of every column the first row that differs from the first row of all."""

    def __init__(self):
        self._first = None
        self._found = {}  # column -> (table of one row, its position)

    def look(self, chunk, positions):
        if self._first is None:
            self._first = [_column(chunk, j).iloc[0] for j in range(chunk.shape[1])]
        for j, first in enumerate(self._first):
            if j not in self._found:
                where = np.flatnonzero(_differs(_column(chunk, j), first))[:1]
                if len(where):
                    self._found[j] = take(chunk, where), positions[where[0]]

    def missing_from(self, table, positions):
        """Return the rows, each once, that show variation a sample does not have."""
        held, out = set(positions.tolist()), {}
        for j, (row, position) in self._found.items():
            column = _column(table, j)
            if int(position) not in held and not _differs(column, column.iloc[0]).any():
                out[int(position)] = row
        return [(row, position) for position, row in out.items()]


def _column(table, j):
    import pandas as pd

    if is_polars(table):
        return pd.Series(table.get_column(table.columns[j]).to_list(), dtype=object)
    column = table.iloc[:, j] if hasattr(table, "iloc") else pd.Series(table[:, j])
    # Whatever objects a column holds, their texts can be compared.
    return column.astype(object) if column.dtype.kind not in "biufM" else column


def _differs(column, first):
    import pandas as pd

    missing = column.isna().to_numpy()
    if column.dtype == object:
        other = (column.map(str) != str(first)).to_numpy(dtype=bool)
        try:
            gone = bool(pd.isna(first))
        except ValueError:  # an array in a cell
            gone = False
    else:
        other, gone = (column != first).to_numpy(dtype=bool), bool(pd.isna(first))
    return ~missing if gone else other | missing


def _bytes(table):
    if is_polars(table):
        return int(table.estimated_size())
    if hasattr(table, "memory_usage"):
        return int(table.memory_usage(index=False, deep=True).sum())
    return table.nbytes


def _rows_of(part, keep):
    table, priority, position = part
    if keep.all():
        return part
    return take(table, np.flatnonzero(keep)), priority[keep], position[keep]


def concatenate(tables):
    """Make one table of parts with the same columns."""
    first = tables[0]
    if len(tables) == 1:
        return first
    if is_polars(first):
        import polars as pl

        return pl.concat(tables, how="vertical_relaxed")
    if hasattr(first, "iloc"):
        import pandas as pd

        return pd.concat(tables, ignore_index=True)
    return np.concatenate(tables)


def sample_rows(chunks, capacity, seed):
    """Draw a sample of the rows of a stream, in one pass.

    Parameters
    ----------
    chunks : iterable of tables
        The stream.
    capacity : callable
        See :class:`Sample`.
    seed : int
        Chooses the rows.

    Returns
    -------
    Sample
        After the last chunk.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.io._chunks import sample_rows
    >>> X = np.arange(2000.0).reshape(1000, 2)
    >>> sample = sample_rows(np.array_split(X, 7), lambda n, d: min(n, 100), seed=0)
    >>> sample.n_rows, sample.complete, len(sample.table())
    (1000, False, 100)
    """
    sample = Sample(capacity, seed)
    for chunk in chunks:
        sample.add(chunk)
    return sample
