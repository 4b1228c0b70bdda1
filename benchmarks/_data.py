"""The data sets of the benchmarks and the protocol by which their rows are drawn."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TASKS = ("adbench", "ovr", "mvtec", "mixed")

# Sets of ADBench that come from the same source table; results on them are not
# independent, so intervals are taken over families (see data/README.md).
FAMILIES = {
    "landsat": "statlog-satellite",
    "satellite": "statlog-satellite",
    "satimage-2": "statlog-satellite",
    "cardio": "cardiotocography",
    "Cardiotocography": "cardiotocography",
    "breastw": "wisconsin-breast-cancer",
    "WBC": "wisconsin-breast-cancer",
    "WDBC": "wisconsin-breast-cancer",
    "WPBC": "wisconsin-breast-cancer",
    "http": "kdd-cup-99",
    "smtp": "kdd-cup-99",
}

# A draw that misses the anomalies is topped up with at most this many of them,
# as the published reference script does.
TOP_UP = 20
# Measures of fewer anomalies than this are luck.
FEWEST_ANOMALIES = 5


@dataclass(frozen=True)
class Case:
    """One data set of a task.

    Attributes
    ----------
    task : {"adbench", "ovr", "mvtec", "mixed"}
        The collection it belongs to.
    name : str
        File name without extension and without ADBench's number.
    group : str
        What results are pooled by in the bootstrap: the family for "adbench",
        the source for "ovr", the set itself otherwise.
    path : pathlib.Path
        The file.
    """

    task: str
    name: str
    group: str
    path: Path


@dataclass(frozen=True)
class Table:
    """The rows of one case that are measured.

    Attributes
    ----------
    raw : ndarray or DataFrame
        What autonomaly is given: the numeric array, or the table as it was read.
    numeric : ndarray of shape (n_samples, n_features)
        What the peers are given.
    y : ndarray of shape (n_samples,) or None
        Truth, 1 = anomaly; None where nobody knows it.
    prepare_seconds : float
        Time the vectoriser and the imputation took for `numeric` (0 for arrays).
    """

    raw: object
    numeric: np.ndarray
    y: np.ndarray | None
    prepare_seconds: float


def family_of(name):
    """Return the family of an ADBench set, itself where it has no relatives."""
    return FAMILIES.get(name, name)


def source_of(name):
    """Return the source table of a one-versus-rest task: all before the last '-'."""
    return name.rsplit("-", 1)[0]


def list_cases(data, task):
    """List the cases of one task in a fixed order.

    Parameters
    ----------
    data : path-like
        The data folder, with one sub-folder per task.
    task : {"adbench", "ovr", "mvtec", "mixed"}

    Returns
    -------
    cases : list of Case

    Raises
    ------
    FileNotFoundError
        If the folder holds no set of that task.
    """
    suffix = ".npz" if task in ("adbench", "mvtec") else ".csv"
    cases = []
    for path in sorted(Path(data, task).glob(f"*{suffix}")):
        name = path.stem
        if task == "adbench":
            number, _, rest = name.partition("_")
            name = rest if number.isdigit() else name
        group = {"adbench": family_of, "ovr": source_of}.get(task, str)(name)
        cases.append(Case(task=task, name=name, group=group, path=path))
    if not cases:
        raise FileNotFoundError(
            f"No *{suffix} file in {Path(data, task)}. The benchmark needs the data "
            f"folder with one sub-folder per task ({', '.join(TASKS)}); name it with "
            "--data DIR or the environment variable AUTONOMALY_DATA."
        )
    return cases


def draw_rows(n, max_rows, y=None, min_anomalies=1):
    """Draw the rows that are measured: the published protocol.

    Parameters
    ----------
    n : int
        Number of rows there are.
    max_rows : int
        At most this many are drawn, without replacement, with
        ``numpy.random.RandomState(0)``; all rows in their order when ``n`` is
        not larger.
    y : ndarray of shape (n,), default=None
        Truth, only used for `min_anomalies`.
    min_anomalies : int, default=1
        A draw with fewer anomalies gives up its last `TOP_UP` rows for the first
        `TOP_UP` anomalies of the file (AUROC is not defined without any). The
        script behind the figures of ENGINE.md did so below 10.

    Returns
    -------
    rows : ndarray of int
    """
    if n <= max_rows:
        return np.arange(n)
    rows = np.random.RandomState(0).choice(n, max_rows, replace=False)
    if y is not None and y[rows].sum() < min_anomalies:
        n_kept = max(max_rows - TOP_UP, max_rows // 2)
        anomalies = np.flatnonzero(y == 1)[: max_rows - n_kept]
        rows = np.unique(np.concatenate([rows[:n_kept], anomalies]))
    return rows


def thin_anomalies(y, max_share):
    """Leave out anomalies until they are rare.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Truth, 1 = anomaly.
    max_share : float in (0, 1]
        Anomalies are drawn with ``numpy.random.RandomState(0)`` until they are this
        share of the rows, but at least `FEWEST_ANOMALIES` where there are as many.

    Returns
    -------
    rows : ndarray of int
        Ascending.
    """
    anomalies, normal = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    if max_share * len(y) >= len(anomalies):
        return np.arange(len(y))
    size = max(round(max_share / (1 - max_share) * len(normal)), FEWEST_ANOMALIES)
    size = min(size, len(anomalies))
    kept = np.random.RandomState(0).choice(anomalies, size, replace=False)
    return np.sort(np.concatenate([normal, kept]))


def drop_constant(X):
    """Leave out the columns of an array that hold one value only."""
    varying = (X != X[:1]).any(axis=0)
    # Boolean indexing may return columns first; some peers compile per memory layout.
    return np.ascontiguousarray(X[:, varying] if varying.any() else X[:, :1])


def numeric_table(frame):
    """Turn a raw table into the numbers the peers need.

    ``skrub.TableVectorizer()`` as it is, median imputation, constant columns
    dropped.

    Parameters
    ----------
    frame : DataFrame

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
    """
    from sklearn.impute import SimpleImputer
    from skrub import TableVectorizer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        X = np.asarray(TableVectorizer().fit_transform(frame), dtype=float)
        X[~np.isfinite(X)] = np.nan
        X = X[:, ~np.isnan(X).all(axis=0)]
        return drop_constant(SimpleImputer(strategy="median").fit_transform(X))


def load_case(case, max_rows, min_anomalies=1, max_share=1.0):
    """Read one case and draw its rows.

    Parameters
    ----------
    case : Case
    max_rows, min_anomalies : int
        See `draw_rows`.
    max_share : float, default=1.0
        See `thin_anomalies`; of the rows that were drawn.

    Returns
    -------
    table : Table
    """
    if case.path.suffix == ".npz":
        with np.load(case.path, allow_pickle=False) as stored:
            X = stored["X"].astype(float)
            y = stored["y"].astype(int).ravel()
        rows = draw_rows(len(X), max_rows, y, min_anomalies)
        rows = rows[thin_anomalies(y[rows], max_share)]
        X = drop_constant(X[rows])
        return Table(raw=X, numeric=X, y=y[rows], prepare_seconds=0.0)

    import pandas as pd

    frame = pd.read_csv(case.path)
    y = None
    if "anomaly" in frame:
        y = frame.pop("anomaly").to_numpy().astype(int)
    rows = draw_rows(len(frame), max_rows, y, min_anomalies)
    if y is not None:
        rows = rows[thin_anomalies(y[rows], max_share)]
    frame = frame.iloc[rows].reset_index(drop=True)
    start = time.perf_counter()
    numeric = numeric_table(frame)
    seconds = time.perf_counter() - start
    return Table(
        raw=frame,
        numeric=numeric,
        y=None if y is None else y[rows],
        prepare_seconds=seconds,
    )


def write_smoke_data(folder):
    """Write a tiny data folder from scikit-learn's bundled sets, for ``--smoke``.

    Parameters
    ----------
    folder : path-like
    """
    import pandas as pd
    from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

    folder = Path(folder)
    for task in TASKS:
        (folder / task).mkdir(parents=True)
    for name, loader, rare, n_rare, task in (
        ("1_WDBC", load_breast_cancer, 0, 15, "adbench"),
        ("2_wine", load_wine, 2, 8, "adbench"),
        ("digits", load_digits, 1, 8, "mvtec"),
    ):
        X, y = loader(return_X_y=True)
        common = np.flatnonzero(y != rare)[:200]
        kept = np.concatenate([common, _first(y, rare, n_rare)])
        y = (y[kept] == rare).astype(int)
        np.savez(folder / task / f"{name}.npz", X=X[kept], y=y)
    iris = load_iris(as_frame=True).frame
    iris["shade"] = np.where(iris.index % 3 == 0, "light", "dark")
    iris.loc[::17, "petal width (cm)"] = np.nan
    for rare in (0, 1):
        kept = np.concatenate(
            [np.flatnonzero(iris.target != rare), _first(iris.target, rare, 7)]
        )
        frame = iris.iloc[kept].drop(columns="target")
        labelled = frame.assign(anomaly=(iris.target.iloc[kept] == rare).astype(int))
        labelled.to_csv(folder / "ovr" / f"iris-out{rare}.csv", index=False)
    labelled.to_csv(folder / "mixed" / "iris.csv", index=False)
    dates = pd.date_range("2024-01-01", periods=len(frame), freq="h")
    frame.assign(when=dates.astype(str)).to_csv(
        folder / "mixed" / "iris_unlabelled.csv", index=False
    )


def _first(y, value, count):
    return np.flatnonzero(np.asarray(y) == value)[:count]
