"""Labels that came with a table: which rows are known to be anomalies."""

import numpy as np

from autonomaly._utils._json import python_value
from autonomaly._utils._words import unknown_name_message
from autonomaly.exceptions import LoadError
from autonomaly.io._columns import ColumnValues, table

__all__ = ["read_truth", "split_truth"]


def read_truth(values):
    """Read 0/1 (1 = anomaly) or -1/1 (-1 = anomaly).

    Parameters
    ----------
    values : ndarray of float of shape (n_samples,)
        Labels.

    Returns
    -------
    ndarray of shape (n_samples,) or None
        -1 for anomalies, 1 for normal rows; None for anything else, and for nothing but
        1, which can mean either.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.io._truth import read_truth
    >>> read_truth(np.array([0, 1, 0])).tolist()
    [1, -1, 1]
    >>> print(read_truth(np.array([1, 1, 1])))
    None
    """
    found = set(np.unique(values).tolist())
    if not found or found == {1} or not (found <= {0, 1} or found <= {-1, 1}):
        return None
    return np.where(values == (-1 if -1 in found else 1), -1, 1)


def split_truth(data, column):
    """Split a table into the other columns and the truth.

    Parameters
    ----------
    data : ndarray or data frame of shape (n_samples, n_columns)
        The table.
    column : str
        Name of the column that tells the truth.

    Returns
    -------
    rest : ndarray or data frame of shape (n_samples, n_columns - 1)
        The other columns.
    truth : ndarray of shape (n_samples,)
        -1 for anomalies, 1 for normal rows.

    Raises
    ------
    LoadError
        If there is no such column, no other one, or it does not tell.
    """
    names, columns, _ = table(data)
    if column not in names:
        raise LoadError(unknown_name_message("column", column, names))
    place = names.index(column)
    values = ColumnValues(columns[place]).numbers()
    truth = read_truth(values)
    if truth is None and len(values) and (values == 1).all():
        raise LoadError(
            f"The truth column {column!r} holds only 1, which is ambiguous. "
            "Remove the column from the table, or write 0 for normal rows."
        )
    if truth is None:
        import pandas as pd

        cells = pd.Series(list(columns[place]), dtype=object).drop_duplicates()
        shown = ["missing" if pd.isna(c) else repr(python_value(c)) for c in cells[:6]]
        raise LoadError(
            f"The truth column {column!r} holds {', '.join(shown)}"
            f"{', ...' * (len(cells) > 6)}. Allowed are 0 and 1 (1 or True is the "
            "anomaly) or -1 and 1 (-1 is the anomaly), none missing."
        )
    others = [j for j in range(len(names)) if j != place]
    if not others:
        raise LoadError(f"The table has no column but the truth column {column!r}.")
    rest = data.iloc[:, others] if hasattr(data, "iloc") else data[:, others]
    return rest, truth
