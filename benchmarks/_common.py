"""What every benchmark script shares: measuring, JSON, tables, options."""

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
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

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
        try:
            import psutil
        except ImportError as exception:
            raise ImportError(
                "Without Linux' /proc, peak memory is sampled with psutil, which is "
                "not installed; run `pip install psutil`."
            ) from exception

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
