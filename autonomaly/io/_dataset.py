"""A table with its origin and, where it is known, the truth."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autonomaly._utils._words import count
from autonomaly.exceptions import DataError

__all__ = ["Dataset"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table with its origin and, where it is known, the truth.

    Parameters
    ----------
    name : str
        A short name.
    data : ndarray, pandas.DataFrame or polars.DataFrame of shape (n, d)
        The table.
    metadata : dict, default={}
        ``source`` (where it came from), ``format``, ``loaded_at`` (ISO 8601, UTC)
        and what the loader has to tell, such as ``encoding``.
    truth : array-like of shape (n,) or None, default=None
        -1 for an anomaly, +1 for a normal row; None if the labels are unknown.

    Raises
    ------
    DataError
        If the table has no rows or the truth does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.io import Dataset
    >>> Dataset("toy", np.zeros((3, 2)), truth=[1, 1, -1])
    Dataset('toy', 3 rows x 2 columns, 1 known anomaly)
    """

    name: str
    data: Any
    metadata: dict[str, Any] = field(default_factory=dict)
    # array-like when it is given, an array of integers from then on
    truth: Any = None

    def __post_init__(self) -> None:
        """Check that table and truth belong together."""
        shape: tuple[int, ...] = getattr(self.data, "shape", ())
        if len(shape) != 2:
            raise DataError(
                f"The data of {self.name!r} must be a table of rows and columns (an "
                f"array or a data frame), got shape {shape}."
            )
        if min(shape) == 0:
            raise DataError(
                f"{self.name!r} has {shape[0]} row(s) and {shape[1]} column(s), but a "
                "table needs at least one of each. Check the source."
            )
        if self.truth is None:
            return
        truth = np.asarray(self.truth)
        if truth.shape != (shape[0],) or not np.isin(truth, (-1, 1)).all():
            raise DataError(
                f"truth must hold -1 (anomaly) or 1 (normal) for each of {shape[0]} "
                f"rows, got shape {truth.shape} with the values "
                f"{np.unique(truth)[:5].tolist()}."
            )
        object.__setattr__(self, "truth", truth.astype(np.int64))

    def __repr__(self) -> str:
        """Name and size."""
        rows, columns = self.data.shape
        known = ""
        if self.truth is not None:
            n_known = int((self.truth == -1).sum())
            known = f", {n_known or 'no'} known anomal{'y' if n_known == 1 else 'ies'}"
        size = f"{count(rows, 'row')} x {count(columns, 'column')}"
        return f"Dataset({self.name!r}, {size}{known})"
