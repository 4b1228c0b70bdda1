"""Who can load what."""

import datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from autonomaly._utils._words import unknown_name_message
from autonomaly.exceptions import LoadError
from autonomaly.io._dataset import Dataset
from autonomaly.io._truth import split_truth

__all__ = [
    "Loader",
    "load_dataset",
    "loaders",
    "register_loader",
    "unregister_loader",
]


@runtime_checkable
class Loader(Protocol):
    """What a loader has to offer; no base class is needed."""

    def can_load(self, source: Any) -> bool:
        """Tell whether this loader is the one for a source."""
        ...

    def load(self, source: Any, **options: Any) -> Dataset:
        """Load a source; raise LoadError if it cannot be read."""
        ...


_registered: dict[str, Loader] = {}
_built_in: dict[str, Loader] = {}


def _known():
    """All loaders, those of the user first, the last registered before others."""
    if not _built_in:
        from autonomaly.io._loaders import built_in_loaders

        _built_in.update(built_in_loaders(load_dataset))
    return dict(reversed(_registered.items())) | {
        name: loader for name, loader in _built_in.items() if name not in _registered
    }


def loaders() -> list[str]:
    """List the loaders in the order in which they are asked.

    Returns
    -------
    list of str
        Names; loaders that were registered come first.

    Examples
    --------
    >>> from autonomaly.io import loaders
    >>> "csv" in loaders()
    True
    """
    return list(_known())


def register_loader(name: str, loader: Loader) -> None:
    """Add a loader, or put another in the place of one.

    Parameters
    ----------
    name : str
        Its name; the ``format`` option of ``load_dataset`` uses it.
    loader : Loader
        An object with ``can_load(source)`` and ``load(source, **options)``. It is
        asked before those that are built in, also when it is registered under one of
        their names.

    Raises
    ------
    TypeError
        If one of the two methods is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.io import (
    ...     Dataset, load_dataset, register_loader, unregister_loader
    ... )
    >>> class Zeros:
    ...     def can_load(self, source):
    ...         return str(source).startswith("zeros:")
    ...     def load(self, source, **options):
    ...         return Dataset(source, np.zeros((int(source[6:]), 2)))
    >>> register_loader("zeros", Zeros())
    >>> load_dataset("zeros:4")
    Dataset('zeros:4', 4 rows x 2 columns)
    >>> unregister_loader("zeros")
    """
    if not isinstance(name, str) or not name:
        raise TypeError(f"name must be a non-empty string, got {name!r}.")
    if not isinstance(loader, Loader) or isinstance(loader, type):
        raise TypeError(
            "loader must be an object, not a class, with the methods can_load(source) "
            f"and load(source, **options), got {loader!r}."
        )
    _registered.pop(name, None)
    _registered[name] = loader


def unregister_loader(name: str) -> None:
    """Take back a loader that was registered.

    Parameters
    ----------
    name : str
        Its name. A built-in loader of that name comes back.

    Raises
    ------
    ValueError
        If no loader was registered under that name.

    Examples
    --------
    >>> from autonomaly.io import unregister_loader
    >>> unregister_loader("mine")
    Traceback (most recent call last):
    ...
    ValueError: Cannot unregister 'mine': no loader is registered; built-in ones stay.
    """
    if name not in _registered:
        raise ValueError(
            unknown_name_message("registered loader", name, _registered)
            if _registered
            else f"Cannot unregister {name!r}: no loader is registered; built-in ones "
            "stay."
        )
    del _registered[name]


def load_dataset(
    source: Any,
    *,
    format: str | None = None,
    name: str | None = None,
    truth_column: str | None = None,
    **options: Any,
) -> Dataset:
    """Load a table from wherever it is.

    Parameters
    ----------
    source : array-like, data frame, str or path
        An array, a pandas or polars DataFrame, the path of a file, a glob of files
        with the same columns (``"day-*.csv"``), ``"sklearn:NAME"`` for a data set that
        comes with scikit-learn (see Notes), or a database URL (with ``query`` or
        ``table``).
        Files: csv, tsv (also txt and dat), json, jsonl (also ndjson), parquet,
        arrow/feather, npz, npy, xlsx; csv, tsv and jsonl also with ``.gz``.
    format : str or None, default=None
        Name of the loader to use, for a file whose name does not tell; see
        ``loaders()``.
    name : str or None, default=None
        Name of the data set; the loader's choice if None.
    truth_column : str or None, default=None
        A column that says which rows are anomalies: 1, True or -1 for an anomaly and
        0, False or 1 for a normal row. It is taken out of the table and becomes
        ``truth``.
    **options : dict
        Passed on to the loader. csv and tsv: ``separator`` (str), ``encoding`` (str),
        ``header`` (bool). npz: ``X`` and ``y`` (names of the arrays). Excel:
        ``sheet``, ``header``. SQL: ``query`` or ``table``.

    Returns
    -------
    Dataset
        The table, with ``metadata`` and, where it is known, the truth.

    Raises
    ------
    LoadError
        If the source cannot be read; the message says what was given, what is
        allowed and what to do.
    MissingExtraError
        If a package is missing that the format needs.

    Notes
    -----
    *Data sets of scikit-learn* with classes become anomaly detection tasks: one class
    is the anomaly, thinned to a drawn 5 % of the rows, the same every time.
    ``"sklearn:breast_cancer"`` has 376 of the 569 rows, 19 of the 212 malignant ones
    among them; ``iris`` has 105 of 150 rows (5 of 50 virginica), ``wine`` 137 of 178
    (7 of 48 of the third class) and ``digits`` 1,704 of 1,797 (85 of 178 zeros).
    ``diabetes`` and ``linnerud`` are whole and have no truth.

    *Encoding.* UTF-8 (or UTF-16 and UTF-32 with their mark); what is neither is read as
    Latin-1, or as Windows' cp1252 where a byte tells it from that (``"€"``), and
    ``metadata["encoding"]`` says so.

    *Header.* The first row of a csv file is taken as a header if one of its cells is
    not a number above a column of numbers, or if its cells are numbers that count up in
    equal steps (0, 1, 2 as pandas writes them, or the years 2019, 2020, 2021). It is
    data if numbers stand above numbers otherwise, or if all columns are strings
    and most of its cells occur again in their own column. Columns without a
    header are called x0, x1, ...; ``header=True`` or ``False`` overrules this. Up to 20
    lines above the header with most cells empty (a title, a date) are left out, and a
    warning says so.

    *Rows.* A row is never lost: a file whose rows differ in length is an error, and
    the rows read are counted against the rows in the file. Empty lines count as
    rows only if the table has one column.

    *Numbers* with thousands separators (``"1,234.5"``) or decimal commas (``1.234,5``)
    are read as numbers if all values of a column are. Where either is possible, as in
    ``1,234``, the comma is a decimal one in files separated by semicolons, and in those
    whose first 200 rows have a column that is not one of numbers otherwise, and none
    that is one of thousands. In files separated by semicolons, dots part thousands if
    every number with a dot has three digits behind it and others stand without one:
    ``2.681`` beside ``997``. Numbers with a currency or a unit (``"$1,234.50"``,
    ``"12 kg"``, ``"45%"``) stay strings, which the detector reads as numbers if the
    unit is common to the column: see :func:`autonomaly.io.infer_roles`.

    *Index.* The index of a data frame that pandas stored in a parquet or arrow file is
    no column, as in :func:`pandas.read_parquet`. To keep it, store
    ``frame.reset_index()``.

    Examples
    --------
    >>> from autonomaly.io import load_dataset
    >>> load_dataset("sklearn:breast_cancer")
    Dataset('breast_cancer', 376 rows x 30 columns, 19 known anomalies)
    """
    known = _known()
    if format is not None and format not in known:
        raise LoadError(unknown_name_message("format", format, known))
    if format is None or known["glob"].can_load(source):
        loader = next((m for m in known.values() if m.can_load(source)), None)
        if format is not None:
            options["file_format"] = format
    else:
        loader = known[format]
    if loader is None:
        raise LoadError(_unreadable_message(source))
    dataset = loader.load(source, **options)
    if not isinstance(dataset, Dataset):
        raise TypeError(
            f"A loader must return a Dataset, got {type(dataset).__name__}."
        )
    data, truth = dataset.data, dataset.truth
    if truth_column is not None:
        data, truth = split_truth(data, truth_column)
    metadata = {
        "source": source_text(source),
        "format": next(key for key, value in known.items() if value is loader),
        "loaded_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    } | dict(dataset.metadata)
    return Dataset(name or dataset.name, data, metadata, truth)


def source_text(source):
    """Describe a source in a few words."""
    if isinstance(source, str | Path):
        return str(source)
    shape = getattr(source, "shape", None)
    return type(source).__name__ + ("" if shape is None else f" of shape {shape}")


def _unreadable_message(source):
    from autonomaly.io._loaders import FILE_SUFFIXES, existing_file

    if isinstance(source, str | Path):
        existing_file(source)  # a missing file or a directory is said to be one
        fault = f"The name of the file {str(source)!r} does not tell its format"
    else:
        fault = f"{source_text(source)} is not a known source of data"
    return (
        f"{fault}. Allowed are arrays, pandas and polars data frames, 'sklearn:NAME', "
        f"database URLs and files ending in {', '.join(FILE_SUFFIXES)}. Rename the "
        "file or, in Python, name its format, as in load_dataset(source, format='csv');"
        " register_loader adds other formats."
    )
