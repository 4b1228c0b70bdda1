"""Files the command line writes and reads: atomically, and never over others."""

import contextlib
import json
import os
import zlib
from pathlib import Path

import numpy as np

from autonomaly._utils._atomic import atomic_path
from autonomaly.exceptions import DataError

# What every record, and every profile, has.
_OURS = {"schema_version", "decisions"}, {"schema_version", "quality", "n_samples"}
# Where both stand in a file of ours: the names of the columns, or the schema.
_HEAD_BYTES = 4096
MODEL_FILE = "model.joblib"
SCORE_COLUMNS = ["row", "score", "p_value", "label"]


def score_table(detector, data):
    """Score, judge and label rows.

    Parameters
    ----------
    detector : AutonomousDetector
        Fitted.
    data : ndarray or DataFrame of shape (n_samples, n_features), or Chunks
        The rows.

    Returns
    -------
    pandas.DataFrame
        One line per row, in the order of the data; ``row`` counts from 0.
    """
    import pandas as pd

    scores = detector.score_samples(data)
    pvalues = _pvalues(detector, data, scores)
    # What predict gives, without scoring the rows once more.
    labels = np.where(scores - detector.offset_ < 0, -1, 1)
    columns = [range(len(scores)), scores, pvalues, labels]
    return pd.DataFrame(dict(zip(SCORE_COLUMNS, columns, strict=True)))


def _pvalues(detector, data, scores):
    calibration = detector.ensemble_.calibration_
    if calibration is None:  # a time budget may have left no time for p-values
        return np.nan
    if detector.known_labels_:  # p-values are those of the vote without labels
        return detector.outlier_pvalues(data)
    return calibration.pvalues(-scores)


def smallest_pvalue(detector):
    """Return the smallest p-value that a detector can give.

    Parameters
    ----------
    detector : AutonomousDetector
        Fitted.

    Returns
    -------
    float
        NaN if it gives none.
    """
    calibration = detector.ensemble_.calibration_
    if calibration is None:
        return np.nan
    return calibration.pvalues(np.array([np.finfo(float).max]))[0]


def write_files(contents):
    """Write files: all of them, or none.

    Parameters
    ----------
    contents : dict of Path to (pandas.DataFrame, str or AutonomousDetector)
        Score tables become csv, texts UTF-8, detectors are pickled by joblib.
    """
    with contextlib.ExitStack() as stack:
        for path, content in contents.items():
            temporary = stack.enter_context(atomic_path(path))
            try:
                _write(temporary, content)
            except OSError as error:  # a full disk has no name of its own
                raise OSError(error.errno, error.strerror, str(path)) from error


def _write(path, content):
    if isinstance(content, str):
        path.write_text(content + "\n", encoding="utf-8")
    elif hasattr(content, "to_csv"):
        content.to_csv(path, index=False)
    else:
        import joblib

        joblib.dump(content, path, compress=3)


def check_replaceable(path, inputs=()):
    """Refuse to write where something would be lost.

    Results of an earlier run can be made again, so they may be replaced. What
    was read in this run, and files that autonomaly did not write, may not.

    Parameters
    ----------
    path : Path
        The file to write.
    inputs : iterable of str
        Sources that this run reads.

    Raises
    ------
    DataError
        If `path` is such a file, or cannot be written for another reason.
    """
    if path.is_dir():
        raise DataError(f"{path} is a directory; pass the name of a file to write.")
    if not path.parent.is_dir():
        raise DataError(f"{path.parent} is not a directory; create it first.")
    if not _writable(path.parent):
        raise DataError(
            f"The directory {path.parent} of {path.name} is not writable; choose "
            "another one."
        )
    if not path.exists():
        return
    if not path.is_file():  # a pipe would wait for somebody to read it
        raise DataError(
            f"{path} is not a regular file; pass the name of a file to write. Without "
            "--output, 'autonomaly score' writes to stdout."
        )
    for source in inputs:
        if Path(source).exists() and path.samefile(source):
            raise DataError(f"{path} is an input of this run; write somewhere else.")
    if not _is_ours(path):
        raise DataError(
            f"{path} exists and was not written by autonomaly; move it away or "
            "write somewhere else."
        )


def _writable(directory):
    effective = os.access in os.supports_effective_ids
    return os.access(directory, os.W_OK, effective_ids=effective)


def _is_ours(path):
    """Tell whether a file is a result of an earlier run."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if path.suffix == ".joblib":
            return _is_model(head)
        if head.splitlines()[:1] == [",".join(SCORE_COLUMNS).encode()]:
            return True
        if b'"schema_version"' not in head:
            return False
        content = json.loads(path.read_text(encoding="utf-8"))
        return isinstance(content, dict) and any(keys <= set(content) for keys in _OURS)
    except (OSError, ValueError, zlib.error):
        return False


def _is_model(head):
    """Look at what a pickle begins with; loading one would run the code in it."""
    start = zlib.decompressobj().decompress(head, _HEAD_BYTES)
    return b"autonomaly._detector" in start[:200] and b"AutonomousDetector" in start


def prepare_directory(path, names, inputs):
    """Make the output directory and check every file that will be written.

    Parameters
    ----------
    path : str
        The directory.
    names : list of str
        The files that will be written into it.
    inputs : list of str
        Sources that this run reads.

    Returns
    -------
    Path
        The directory, which now exists.
    """
    if not str(path).strip():
        raise DataError("--output is empty; pass a directory, or omit it.")
    directory = Path(path)
    if directory.exists() and not directory.is_dir():
        raise DataError(f"--output {path} is a file; pass a directory.")
    directory.mkdir(parents=True, exist_ok=True)
    if not _writable(directory):
        raise DataError(f"--output {path} is not writable; choose another one.")
    for name in names:
        check_replaceable(directory / name, inputs)
    model = directory / MODEL_FILE
    if MODEL_FILE not in names and model.is_file() and _is_ours(model):
        raise DataError(
            f"{model} is from an earlier run and would be left beside the results of "
            "this one. Replace it (--save-model), move it away, or choose another "
            "directory."
        )
    return directory


def load_model(path):
    """Read a fitted detector.

    Parameters
    ----------
    path : str
        A file that ``auto detect --save-model`` wrote.

    Returns
    -------
    estimator
        The fitted detector.

    Raises
    ------
    DataError
        If the file is no such model.
    """
    import joblib
    from sklearn.utils.validation import check_is_fitted

    from autonomaly._detector import AutonomousDetector

    advice = "Pass a file written by 'autonomaly auto detect --save-model'."
    if Path(path).is_dir():
        raise DataError(f"--model {path} is a directory. {advice}")
    with open(path, "rb"):
        pass  # a missing or unreadable file has a clear error of its own
    try:
        model = joblib.load(path)
    # A file that is no pickle fails in any way there is, from KeyError to
    # UnicodeDecodeError.
    except Exception as error:
        why = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise DataError(
            f"--model {path} is not an autonomaly model ({why}). {advice}"
        ) from error
    if not isinstance(model, AutonomousDetector):
        raise DataError(f"--model {path} holds a {type(model).__name__}. {advice}")
    check_is_fitted(model)
    return model
