"""Labels as people write them, turned into known anomalies and known normal rows."""

import copy
from collections.abc import Mapping
from numbers import Integral

import numpy as np

from autonomaly._utils._json import python_value
from autonomaly.exceptions import DataError

__all__ = ["LabelCode", "read_feedback", "read_labels"]

# Codes in which it is plain which value is the anomaly: scikit-learn's, and that of
# nearly every data set with a column of labels.
_PLAIN = "-1 where 1 is normal, 1 where 0 is normal, or True"


class LabelCode:
    """Which value means anomaly, and which one normal.

    Parameters
    ----------
    outlier_label : object, default=None
        The value of an anomaly. ``None`` finds it out where it is plain: labels are
        -1 and 1 (-1 is the anomaly), or 0 and 1 (1 is). Booleans, True for anomalies,
        may then stand among either.

    Attributes
    ----------
    outlier, normal : object
        The two values, None as long as they are unknown.
    """

    def __init__(self, outlier_label=None):
        self._told = outlier_label is not None
        self.outlier = outlier_label
        self.normal = None

    def read(self, values):
        """Tell which labels mean anomaly.

        Parameters
        ----------
        values : ndarray of object of shape (n_samples,)
            Labels, none of them missing.

        Returns
        -------
        ndarray of bool of shape (n_samples,)
            True for anomalies.

        Raises
        ------
        DataError
            If the labels do not fit the code.
        """
        if self._told:
            return self._read(values)
        # True == 1, which may be the normal value: set booleans apart before comparing.
        booleans = np.array(
            [isinstance(python_value(v), bool) for v in values], dtype=bool
        )
        outlying = np.empty(len(values), dtype=bool)
        outlying[booleans] = values[booleans]
        outlying[~booleans] = self._read(values[~booleans])
        return outlying

    def _read(self, values):
        import pandas as pd

        try:
            found = [python_value(value) for value in pd.unique(values)]
        except TypeError as error:  # lists, arrays
            raise DataError(
                f"Labels must be numbers, strings or booleans, got one that cannot be "
                f"compared with others ({error})."
            ) from error
        known = [v for v in (self.outlier, self.normal) if v is not None]
        everything = known + [v for v in found if v not in known]
        if len(everything) > 2 or _of_two_kinds(everything):
            self._refuse(found, everything)
        outlier = self.outlier
        if outlier is None and found:
            outlier = _plain_outlier(everything)
        others = [v for v in everything if v != outlier]
        self.outlier, self.normal = outlier, others[0] if others else None
        return np.array(
            [python_value(value) == outlier for value in values], dtype=bool
        )

    def _refuse(self, found, everything):
        shown = _shown(found)
        if self.outlier is not None and self.outlier not in found:
            known = "" if self.normal is None else f" (normal is {self.normal!r})"
            raise DataError(
                f"No label equals outlier_label={self.outlier!r}{known}, got {shown}. "
                f"Pass the value that marks anomalies."
            )
        raise DataError(
            f"Labels have more than two values: {_shown(everything)}. Use one value "
            f"for anomalies and one for normal rows, and mark unknown labels as "
            f"missing (NaN or None)."
        )


def _shown(values):
    return ", ".join(repr(v) for v in values[:5]) + ", ..." * (len(values) > 5)


def read_labels(y, n_samples, code):
    """Read the labels given to ``fit``.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels; NaN, None and NA where there is none.
    n_samples : int
        Number of rows they belong to.
    code : LabelCode
        What they mean; learns the values.

    Returns
    -------
    dict of int to bool
        Positions of the labelled rows, True for anomalies.

    Raises
    ------
    DataError
        If the labels do not fit the rows or the code.

    Examples
    --------
    >>> from autonomaly._utils._labels import LabelCode, read_labels
    >>> read_labels([0, None, 1, float("nan")], 4, LabelCode())
    {0: False, 2: True}
    """
    import pandas as pd

    if isinstance(y, np.ma.MaskedArray):
        y = np.where(np.ma.getmaskarray(y), None, y.data.astype(object))
    values = np.asarray(y, dtype=object)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1 or len(values) != n_samples:
        raise DataError(
            f"y has shape {values.shape}, but X has {n_samples} rows. Pass one label "
            f"per row, NaN or None where it is unknown."
        )
    known = np.flatnonzero(~pd.isna(values))
    return dict(zip(known.tolist(), code.read(values[known]).tolist(), strict=True))


def read_feedback(labels, n_samples, code):
    """Read labels given by position.

    Parameters
    ----------
    labels : dict of int to label
        NaN, None and NA take a label back.
    n_samples : int
        Number of rows there are.
    code : LabelCode
        What labels mean; not changed.

    Returns
    -------
    labels : dict of int to bool or None
        True for anomalies, None where a label is taken back.
    code : LabelCode
        With the values learnt.

    Raises
    ------
    DataError
        If a position or a label cannot be.
    """
    import pandas as pd

    if not isinstance(labels, Mapping):
        raise DataError(
            "labels must be a dict that maps positions of rows to labels, for example "
            f"{{17: -1, 42: 1}}, got {type(labels).__name__}."
        )
    for row in labels:
        if not isinstance(row, Integral) or not 0 <= row < n_samples:
            raise DataError(
                f"Positions of training rows must be integers from 0 to "
                f"{n_samples - 1}, as returned by ask(), got {row!r}."
            )
    values = np.empty(len(labels), dtype=object)
    values[:] = list(labels.values())
    known = ~pd.isna(values)
    code = copy.copy(code)
    found = np.full(len(values), None, dtype=object)
    found[known] = code.read(values[known]).tolist()
    return dict(zip(map(int, labels), found.tolist(), strict=True)), code


def _plain_outlier(values):
    if all(isinstance(v, (int, float)) for v in values):
        if set(values) <= {-1, 1} and -1 in values:
            return -1
        if set(values) <= {0, 1} and 0 in values:
            return 1
    shown = ", ".join(repr(v) for v in values)
    raise DataError(
        f"Cannot tell which label marks anomalies, got {shown}. Pass it as "
        f"outlier_label (by default, anomalies are {_PLAIN})."
    )


def _of_two_kinds(values):
    """Whether texts and numbers are mixed: somebody mistook one code for another."""
    return len({isinstance(value, str) for value in values}) > 1
