"""Columns that are not features: the truth, and what the user leaves out."""

import os
import warnings
from pathlib import Path

from autonomaly._utils._words import unknown_name_message
from autonomaly.cli._large import chunks_if_large, take_truth
from autonomaly.exceptions import AutonomalyWarning, DataError
from autonomaly.io import Chunks, load_dataset

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
    data : ndarray, DataFrame or Chunks
        The features; chunks of large files.
    truth : ndarray of shape (n_samples,) or None
        -1 for anomalies, 1 for normal rows.
    anomalies : str or None
        What the anomalies are, where the data set says so.

    Raises
    ------
    DataError
        If the source cannot be read or a column is not there.
    """
    chunks, truth = chunks_if_large(source), None
    if chunks is not None:
        if truth_column is not None:
            chunks, truth = take_truth(chunks, truth_column)
        if ignore_columns:
            chunks = chunks.map(lambda chunk: _without(chunk, ignore_columns))
        return _name_of(source), chunks, truth, None
    dataset = load_dataset(source, truth_column=truth_column)
    data = dataset.data
    if ignore_columns:
        data = _without(data, ignore_columns)
    anomalies = None if dataset.truth is None else dataset.metadata.get("truth")
    return dataset.name, data, dataset.truth, anomalies


def _name_of(source):
    """Name a data set as `load_dataset` does."""
    name = Path(source).name
    return (
        name.partition(".")[0] if os.path.isfile(os.path.expanduser(source)) else name
    )


def _without(data, ignored):
    """Drop columns, and say which ones there are if one is not."""
    option = f"--ignore-column {ignored[0]}"
    if not hasattr(data, "columns"):
        raise DataError(
            f"{option}: this data has no named columns. Omit the option, or pass a "
            "file with a header."
        )
    names = [str(name) for name in data.columns]
    for name in ignored:
        if name not in names:
            raise DataError(
                f"--ignore-column: {unknown_name_message('column', name, names)}"
            )
    kept = [j for j, name in enumerate(names) if name not in ignored]
    if not kept:
        raise DataError(f"{option}: no column is left. Ignore fewer columns.")
    return data.iloc[:, kept]


def looks_like_truth(data):
    """Name the columns whose name and two values suggest that they are labels.

    Parameters
    ----------
    data : ndarray, pandas.DataFrame or Chunks
        The features; the first chunk is looked at.

    Returns
    -------
    list of str
        Their names.
    """
    if isinstance(data, Chunks):
        data = next(iter(data))
    if not hasattr(data, "columns"):
        return []
    return [
        str(name)
        for j, name in enumerate(data.columns)
        if str(name).lower() in _LABEL_NAMES and data.iloc[:, j].nunique() == 2
    ]


def match_columns(detector, data, source):
    """Give rows the columns that a detector was fitted on, in their order.

    Parameters
    ----------
    detector : AutonomousDetector
        Fitted.
    data : ndarray, pandas.DataFrame or Chunks
        The rows.
    source : str
        Where they come from, for messages.

    Returns
    -------
    ndarray, DataFrame or Chunks
        The same rows.

    Raises
    ------
    DataError
        If a column is missing, or there is one that the detector does not know.

    Warns
    -----
    AutonomalyWarning
        If the columns have no names.
    """
    if isinstance(data, Chunks):
        return data.map(lambda chunk: match_columns(detector, chunk, source))
    known = getattr(detector, "feature_names_in_", None)
    if known is None:
        # names that nobody can compare; the number of columns is checked on scoring
        return data.to_numpy() if hasattr(data, "columns") else data
    known = list(known)
    if not hasattr(data, "columns"):
        import pandas as pd

        if data.shape[1] != len(known):
            raise DataError(
                f"{source} has {data.shape[1]} columns without names, but the model "
                f"was fitted on {len(known)}: {_listed(known)}. Pass these columns."
            )
        warnings.warn(
            f"the columns of {source} have no names; they are assumed to be "
            f"{_listed(known)}",
            AutonomalyWarning,
            stacklevel=2,
        )
        data = pd.DataFrame(data, columns=known)
    found = list(data.columns)
    missing = [name for name in known if name not in found]
    unknown = [name for name in found if name not in known]
    if missing or unknown:
        raise DataError(f"{source} {_difference(missing, unknown, known)}")
    return data[known]


def _difference(missing, unknown, known):
    """Say how columns differ from those of the model, and what to do."""
    said = []
    if missing:
        said.append(f"lacks {_columns(missing)}")
    if unknown:
        said.append(f"has {_columns(unknown)}, which the model does not know")
    advice = f"The model was fitted on {_listed(known)}."
    if unknown and not missing:
        advice = f"Ignore unknown columns: --ignore-column {unknown[0]}"
    return f"{' and '.join(said)}. {advice}"


def _columns(names):
    return f"the column{'s' * (len(names) > 1)} {_listed(names)}"


def _listed(names):
    return ", ".join(map(str, names[:10])) + ", ..." * (len(names) > 10)
