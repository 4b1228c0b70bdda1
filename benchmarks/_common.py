"""What every benchmark script shares: data sets, measuring, JSON, tables."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import importlib.metadata
import json
import math
import os
import platform
import threading
import time
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
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

PACKAGES = (
    "autonomaly",
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "pyod",
    "skrub",
    "joblib",
    "numba",
)


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


def load_case(case, max_rows, min_anomalies=1):
    """Read one case and draw its rows.

    Parameters
    ----------
    case : Case
    max_rows, min_anomalies : int
        See `draw_rows`.

    Returns
    -------
    table : Table
    """
    if case.path.suffix == ".npz":
        with np.load(case.path, allow_pickle=False) as stored:
            X = stored["X"].astype(float)
            y = stored["y"].astype(int).ravel()
        rows = draw_rows(len(X), max_rows, y, min_anomalies)
        X = drop_constant(X[rows])
        return Table(raw=X, numeric=X, y=y[rows], prepare_seconds=0.0)

    import pandas as pd

    frame = pd.read_csv(case.path)
    y = None
    if "anomaly" in frame:
        y = frame.pop("anomaly").to_numpy().astype(int)
    rows = draw_rows(len(frame), max_rows, y, min_anomalies)
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


class PeakMemory:
    """Measure the peak resident memory of a block beyond what was resident before.

    On Linux the kernel keeps the exact high-water mark, which is reset at the
    start of the block (``/proc/self/clear_refs``); memory that the C library holds
    back from earlier work is returned first, or it would hide what the block
    needs. Elsewhere a thread samples the resident size every 5 ms.

    Attributes
    ----------
    bytes_ : int
        Peak resident size within the block minus resident size at its start.
    """

    def __enter__(self):
        gc.collect()
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
        self._exact = True
        try:
            Path("/proc/self/clear_refs").write_text("5")
            self._start = self._status("VmRSS")
        except OSError:
            self._exact = False
            self._sample()
        return self

    def __exit__(self, *exc_info):
        if self._exact:
            self.bytes_ = max(0, self._status("VmHWM") - self._start)
        else:
            self._done.set()
            self._thread.join()
            self.bytes_ = max(0, self._peak - self._start)

    @staticmethod
    def _status(field):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return 1024 * int(line.split()[1])
        raise OSError(f"/proc/self/status has no field {field}")

    def _sample(self):
        import psutil

        process = psutil.Process()
        self._start = self._peak = process.memory_info().rss
        self._done = threading.Event()

        def watch():
            while not self._done.wait(0.005):
                self._peak = max(self._peak, process.memory_info().rss)

        self._thread = threading.Thread(target=watch, daemon=True)
        self._thread.start()


def machine():
    """Describe the machine and the thread settings, for the JSON."""
    from threadpoolctl import threadpool_info

    model = platform.processor()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    memory = None
    with contextlib.suppress(ValueError, OSError, AttributeError):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": platform.platform(),
        "processor": model,
        "n_cpus": os.cpu_count(),
        "memory_bytes": memory,
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS"),
        "blas_threads": sorted({pool["num_threads"] for pool in threadpool_info()}),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def versions():
    """Return Python's version and those of the packages that matter."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = None
    return found


def plain(value):
    """Turn numpy scalars, arrays and non-finite numbers into what JSON can hold."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_json(path, script, arguments, **content):
    """Write a result file in one step, so that an interrupted run leaves it whole.

    Parameters
    ----------
    path : path-like or None
        Nothing is written for None.
    script : str
        Name of the benchmark.
    arguments : argparse.Namespace
        The options of the run.
    **content : dict
        Results.
    """
    if path is None:
        return
    path = Path(path)
    document = {
        "script": script,
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "arguments": {key: str(v) for key, v in sorted(vars(arguments).items())},
        "versions": versions(),
        "machine": machine(),
        **content,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(plain(document), indent=1, allow_nan=False))
    os.replace(temporary, path)


def read_json(path):
    """Read a result file; an empty one where there is none yet."""
    if path is None or not Path(path).exists():
        return {}
    return json.loads(Path(path).read_text())


def print_table(title, columns, rows, notes=()):
    """Print a table to the terminal.

    Parameters
    ----------
    title : str
    columns : list of str
        The first column is aligned to the left, the others to the right.
    rows : list of list
        Cells; floats are shown with three decimals (None as "-").
    notes : iterable of str
        Lines below the table.
    """
    from rich.console import Console
    from rich.table import Table as RichTable

    # Piped output has no width of its own: leave room for every column.
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    table = RichTable(title=title, title_justify="left")
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    console.print(table)
    for note in notes:
        console.print(note, highlight=False, markup=False)


def _cell(value):
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.3f}" if isinstance(value, (float, np.floating)) else str(value)


def argument_parser(description):
    """Return a parser with the options all scripts share."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        "--json", metavar="OUT", help="write results, versions and machine to OUT"
    )
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="tiny sizes, to see that the script runs; the figures mean nothing",
    )
    return parser


def add_data_argument(parser):
    """Add ``--data``, whose default is the environment variable AUTONOMALY_DATA."""
    parser.add_argument(
        "--data",
        metavar="DIR",
        default=os.environ.get("AUTONOMALY_DATA"),
        help="folder with adbench/, ovr/, mvtec/, mixed/",
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
        kept = np.concatenate([np.flatnonzero(y != rare)[:200], _first(y, rare, n_rare)])
        np.savez(folder / task / f"{name}.npz", X=X[kept], y=(y[kept] == rare).astype(int))
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
