"""Columns that are not features: the truth, and what the user leaves out."""

import numpy as np

from autonomaly.exceptions import DataError
from autonomaly.io import load_dataset

# How a truth column may be spelled; the anomaly comes first.
_SPELLINGS = [
    ("anomaly", "normal"),
    ("anomalous", "normal"),
    ("outlier", "inlier"),
    ("attack", "normal"),
    ("fraud", "normal"),
    ("true", "false"),
    ("yes", "no"),
    ("1", "0"),
    ("-1", "1"),
]
_LABEL_NAMES = {
    *("anomaly", "anomalous", "is_anomaly", "outlier", "is_outlier", "label", "labels"),
    *("fraud", "is_fraud", "attack", "target", "y", "class", "truth", "ground_truth"),
}


def read_table(source, truth_column, ignore_columns):
    """Load a source and set aside what is not a feature.

    Parameters
    ----------
    source : str
        What `load_dataset` reads.
    truth_column : str or None
        The column that holds the truth.
    ignore_columns : list of str
        Columns to leave out.

    Returns
    -------
    name : str
        The name of the data set.
    data : ndarray or DataFrame
        The features.
    truth : ndarray of shape (n_samples,) or None
        -1 for anomalies, 1 for normal rows.
    """
    dataset = load_dataset(source)
    data, truth = dataset.data, dataset.truth
    if ignore_columns:
        data = _without(data, ignore_columns, "--ignore-column")
    if truth_column is not None:
        rest = _without(data, [truth_column], "--truth-column")
        truth = read_truth(data[truth_column], truth_column)
        data = rest
    if data.shape[1] == 0:
        raise DataError("No column is left to look at; leave out fewer columns.")
    return dataset.name, data, truth


def _without(data, names, option):
    """Drop columns, and say which ones there are if one is not."""
    from autonomaly._utils._names import unknown_name_message

    if not hasattr(data, "columns"):
        raise DataError(
            f"{option} {names[0]}: this data has no named columns; leave the option "
            "out, or give a file with a header."
        )
    known = [str(name) for name in data.columns]
    for name in names:
        if name not in known:
            raise DataError(f"{option}: {unknown_name_message('column', name, known)}")
    return data.drop(columns=list(names))


def read_truth(column, name):
    """Turn a truth column into labels.

    Parameters
    ----------
    column : array-like of shape (n_samples,)
        The values; see ``--truth-column``.
    name : str
        Its name, for the messages.

    Returns
    -------
    ndarray of shape (n_samples,)
        -1 for anomalies, 1 for normal rows.
    """
    values = np.array([_spell(value) for value in column], dtype=object)
    found = set(values)
    for anomaly, normal in _SPELLINGS:
        # 1 alone would be read as anomaly or as normal with equal right
        if found == {anomaly, normal} or (
            len(found) == 1 and found != {"1"} and found <= {anomaly, normal}
        ):
            return np.where(values == anomaly, -1, 1)
    shown = ", ".join(repr(value) for value in sorted(found)[:5])
    allowed = "; ".join("/".join(pair) for pair in _SPELLINGS)
    raise DataError(
        f"--truth-column {name} holds {shown}{', ...' if len(found) > 5 else ''}; "
        f"allowed are two values, anomaly first: {allowed}."
    )


def _spell(value):
    """Write 1, 1.0, True and ' Yes ' the way `_SPELLINGS` does."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    if isinstance(value, (float, np.floating)) and value == int_or_nan(value):
        return str(int(value))
    return str(value).strip().lower()


def int_or_nan(value):
    """Round a finite float down, and keep what is not finite."""
    return int(value) if np.isfinite(value) else np.nan


def looks_like_truth(data):
    """Name the columns whose name and two values suggest that they are labels.

    Parameters
    ----------
    data : ndarray or DataFrame
        The features.

    Returns
    -------
    list of str
        Their names.
    """
    if not hasattr(data, "columns"):
        return []
    return [
        str(name)
        for name in data.columns
        if str(name).lower() in _LABEL_NAMES and data[name].nunique() == 2
    ]
