"""Files that need not fit into memory: read in chunks, as often as needed."""

import os
from pathlib import Path

import numpy as np

from autonomaly.io import read_chunks
from autonomaly.io._chunks import concatenate
from autonomaly.io._columns import table as as_columns
from autonomaly.io._encodings import unpacked_size
from autonomaly.io._globs import files_of
from autonomaly.io._parts import part_reader
from autonomaly.io._raw import take
from autonomaly.io._truth import split_truth

# Files that are larger together are read in chunks.
_LARGE_BYTES = 2**28
# Rows that typical values are found on.
_TYPICAL_ROWS = 10_000


def chunks_if_large(source):
    """Open a source in chunks if its files are large.

    Parameters
    ----------
    source : str
        What `load_dataset` reads.

    Returns
    -------
    Chunks or None
        None if the source is to be loaded as a whole.
    """
    files = [Path(os.path.expanduser(file)) for file in files_of(source)]
    if not all(map(os.path.isfile, files)):
        return None
    if not all(map(part_reader, files)):
        return None
    return read_chunks(source) if _are_large(files) else None


def _are_large(files):
    total = 0
    for file in files:
        total += unpacked_size(file, _LARGE_BYTES + 1)
        if total > _LARGE_BYTES:
            return True
    return False


def take_truth(chunks, column):
    """Split chunks into the other columns and the truth of all rows.

    Parameters
    ----------
    chunks : Chunks
        The table.
    column : str
        The column that holds the truth.

    Returns
    -------
    tuple of (Chunks, ndarray of shape (n_samples,))
        The features, and -1 for anomalies, 1 for normal rows.
    """
    import pandas as pd

    cells = []
    for chunk in chunks:
        names, columns, _ = as_columns(chunk)
        if column not in names:
            split_truth(chunk, column)  # says which columns there are
        cells.append(pd.Series(columns[names.index(column)]))
    whole = pd.DataFrame({column: pd.concat(cells, ignore_index=True), "feature": 0})
    _, truth = split_truth(whole, column)
    return chunks.map(lambda chunk: _without(chunk, column)), truth


def _without(chunk, column):
    if hasattr(chunk, "columns"):
        return chunk.drop(columns=column)
    return np.delete(chunk, as_columns(chunk)[0].index(column), axis=1)


def rows_to_show(table, chunks, n_oddest):
    """Fetch the rows that a report shows or compares with.

    Parameters
    ----------
    table : pandas.DataFrame
        Scores of all rows, see `score_table`.
    chunks : Chunks
        The rows.
    n_oddest : int
        Rows with the lowest scores.

    Returns
    -------
    tuple of (pandas.DataFrame, DataFrame or ndarray)
        Their scores and their values, rows with typical values among them.
    """
    order = table["score"].to_numpy().argsort(kind="stable")
    typical = np.linspace(0, len(table) - 1, min(len(table), _TYPICAL_ROWS))
    wanted = np.unique(np.r_[order[:n_oddest], typical.astype(int)])
    found, start = [], 0
    for chunk in chunks:
        stop = start + len(chunk)
        inside = wanted[(start <= wanted) & (wanted < stop)] - start
        if len(inside):
            found.append(take(chunk, inside))
        start = stop
    return table.iloc[wanted].reset_index(drop=True), concatenate(found)
