"""Columns of any library as arrays of NumPy."""

import numpy as np

from autonomaly.exceptions import DataError
from autonomaly.io._integers import EXACT

__all__ = [
    "is_polars",
    "raw_values",
    "refuse_masked",
    "refuse_records",
    "rows_array",
    "take",
]


def is_polars(X):
    """Tell whether an object comes from polars, without importing it."""
    return type(X).__module__.partition(".")[0] == "polars"


def rows_array(rows, error=DataError):
    """Make an array of rows in which every cell is what it is by itself.

    NumPy gives all cells one type: beside a float a flag becomes a number and a large
    integer loses digits, beside a None they do not, and beside a text all are texts.

    Parameters
    ----------
    rows : sequence or array-like
        Rows of equal length.
    error : type of DataError, default=DataError
        What to raise if they are not.

    Returns
    -------
    ndarray
        Of objects where one type would not do.

    Examples
    --------
    >>> from autonomaly.io._raw import rows_array
    >>> rows_array([[1.5, 2], [2.5, 3]]).dtype, rows_array([[1.5, True]]).tolist()
    (dtype('float64'), [[1.5, True]])
    """
    try:
        array = np.asarray(rows)
    except ValueError:
        array = None
    if array is None:
        raise error(
            "The rows do not form a table: they differ in length. Pass an array, "
            "a data frame or rows of equal length."
        )
    if array.dtype.kind in "US" or _would_change(array, rows):
        return np.asarray(rows, dtype=object)
    return array


def refuse_masked(X):
    """Raise an error for an array with masked cells: they would become data."""
    if np.ma.is_masked(X):
        raise DataError(
            "Expected 2D array, got a masked array, whose masked cells would be read "
            "as values. Mark them as missing: X.astype(float).filled(np.nan)."
        )


def take(table, rows):
    """Return some rows of a table, or values of a column, by position."""
    return table.iloc[rows] if hasattr(table, "iloc") else table[rows]


def _would_change(array, rows):
    """Tell whether flags or large integers are no longer what they were."""
    if array.dtype.kind not in "biuf" or array.ndim != 2:
        return False
    if not isinstance(rows, list | tuple):
        return False
    kinds = set()
    for row in rows:
        kinds.update([row.dtype.type] if hasattr(row, "dtype") else map(type, row))
    if any(issubclass(kind, bool | np.bool_) for kind in kinds):
        return True
    large = array.dtype.kind == "f" and (np.abs(array) >= EXACT).any()
    return large and any(issubclass(kind, int | np.integer) for kind in kinds)


def raw_values(column):
    """Turn a column into an array of numbers, datetimes, timedeltas or objects."""
    if is_polars(column):
        return _raw_polars(column)
    if not isinstance(column, np.ndarray) and hasattr(column, "dtype"):
        return _raw_pandas(column)
    values = np.asarray(column)
    return values if values.dtype.kind in "biufcmMO" else values.astype(object)


def refuse_records(X, error=DataError):
    """Raise an error for an array of records: its columns are fields of one dimension.

    Parameters
    ----------
    X : object
        What was given as a table.
    error : type of DataError
        What to raise.
    """
    if isinstance(X, np.ndarray) and X.dtype.names is not None:
        raise error(
            "Expected 2D array or a data frame, got a structured array with the fields "
            f"{', '.join(X.dtype.names[:5])}{', ...' * (len(X.dtype.names) > 5)}. "
            "Convert it with pandas.DataFrame(X)."
        )


def _raw_polars(column):
    kind = column.dtype
    name = str(kind.base_type())
    if kind.is_numeric():
        import polars as pl

        values = column.cast(pl.Float64).to_numpy()
        if not kind.is_integer() or np.nanmax(np.abs(values), initial=0) < EXACT:
            return values
        if not column.null_count() and name in ("Int64", "UInt64"):
            return column.to_numpy()
    if name == "Datetime":
        if kind.time_zone is not None:
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return column.to_numpy()
    if name in ("Date", "Duration"):
        return column.to_numpy()
    values = np.empty(len(column), dtype=object)
    values[:] = column.to_list()
    return values


def _raw_pandas(column):
    import pandas as pd

    kind = column.dtype
    if isinstance(kind, np.dtype):
        return np.asarray(column)
    if isinstance(kind, pd.DatetimeTZDtype):
        return column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    if isinstance(kind, pd.PeriodDtype):
        return column.dt.to_timestamp().to_numpy()
    if isinstance(kind, pd.SparseDtype):
        return np.asarray(column)
    if pd.api.types.is_bool_dtype(kind):
        return column.astype(object).to_numpy()
    if pd.api.types.is_numeric_dtype(kind) and kind.kind in "iuf":
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        if kind.kind == "f" or np.nanmax(np.abs(values), initial=0) < EXACT:
            return values
        if not column.hasnans:
            return column.to_numpy(dtype=kind.numpy_dtype)
    return column.astype(object).to_numpy()
