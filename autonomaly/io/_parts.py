"""Readers that give a file piece by piece."""

from collections.abc import Callable
from typing import Any

import numpy as np

from autonomaly.exceptions import LoadError
from autonomaly.io._files import (
    FILE_READERS,
    arrow_frame,
    damaged_file,
    import_arrow,
    open_numpy,
    two_dimensional,
)
from autonomaly.io._text_files import read_separated_in_parts

__all__ = ["part_reader"]


def _parquet_parts(path, chunk_rows):
    parquet = import_arrow("parquet")
    import pyarrow as pa

    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=chunk_rows):
                yield arrow_frame(pa.Table.from_batches([batch]))
    except pa.ArrowException as error:
        raise damaged_file(path, "parquet", error) from error


def _arrow_parts(path, chunk_rows):
    ipc = import_arrow("ipc")
    import pyarrow as pa

    with pa.memory_map(str(path)) as file:
        try:
            reader = ipc.open_file(file)
            batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
        except pa.ArrowException:
            file.seek(0)
            batches = _stream_batches(ipc, file)
        try:
            for batch in batches:
                for start in range(0, batch.num_rows, chunk_rows):
                    part = batch.slice(start, chunk_rows)
                    yield arrow_frame(pa.Table.from_batches([part]))
        except pa.ArrowException as error:
            raise damaged_file(path, "arrow", error) from error


def _stream_batches(ipc, file):
    with ipc.open_stream(file) as reader:
        yield from reader


def _npy_parts(path, chunk_rows):
    array = two_dimensional(open_numpy(path, np.ndarray, mmap_mode="r"), path)
    for start in range(0, len(array), chunk_rows):
        yield np.array(array[start : start + chunk_rows])


def _separated_parts(path, chunk_rows, **options):
    rows = 0
    for frame in read_separated_in_parts(path, chunk_rows, **options):
        rows += len(frame)
        yield frame
    if not rows:
        raise LoadError(
            f"The file {str(path)!r} has no rows. Check how it was written."
        )


def _tab_separated_parts(path, chunk_rows, *, separator="\t", **options):
    return _separated_parts(path, chunk_rows, separator=separator, **options)


_TEXT_OPTIONS = {"separator", "encoding", "header"}

# Format -> the options known, and read(path, chunk_rows, **options).
_PART_READERS: dict[str, tuple[set[str], Callable[..., Any]]] = {
    "csv": (_TEXT_OPTIONS, _separated_parts),
    "tsv": (_TEXT_OPTIONS, _tab_separated_parts),
    "parquet": (set(), _parquet_parts),
    "arrow": (set(), _arrow_parts),
    "npy": (set(), _npy_parts),
}


def part_reader(path):
    """Find how to read a file piece by piece.

    Parameters
    ----------
    path : str or Path
        Its name tells the format.

    Returns
    -------
    tuple of (set of str, callable) or None
        The options known, and ``read(path, chunk_rows, **options)``; None for a format
        that is only read as a whole.
    """
    name = str(path).lower()
    for kind, (suffixes, _) in FILE_READERS.items():
        if name.endswith(suffixes):
            return _PART_READERS.get(kind)
    return None
