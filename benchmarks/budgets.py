"""Measure whether time and memory budgets are kept, from outside the process.

Every measurement runs in a child process of its own. Seconds are those of the call that
has the budget; peak memory is what the operating system reports to the parent when the
child ends. See benchmarks/README.rst.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from _common import argument_parser, print_table, write_json
from scaling import in_child, make_rows

# What the issue asks for: seconds beyond the budget (10 %, at least 1 s), and bytes.
TOLERANCE = 0.1, 1.0
MEMORY_LIMIT, MEMORY_ALLOWED = "1GB", 1.2e9
ROWS_PER_FILE = 250_000


def plant(X, seed=0):
    """Move 1 % of the rows away, each in three columns of its own."""
    rng = np.random.default_rng(seed)
    n, d = X.shape
    odd = rng.choice(n, max(1, n // 100), replace=False)
    for i in odd:
        columns = rng.choice(d, min(3, d), replace=False)
        X[i, columns] += rng.choice([-1, 1], len(columns)) * 6 * X[:, columns].std(0)
    y = np.zeros(n, dtype=int)
    y[odd] = 1
    return y


# --- what runs in the children -----------------------------------------------------


def child_time(n, d, budget, method, seed):
    """Fit with a time budget; score afterwards, without one."""
    from sklearn.metrics import roc_auc_score

    from autonomaly import AutonomousDetector
    from autonomaly.resources import slowness

    # Imports and compilation are paid before the clock starts.
    AutonomousDetector().fit(make_rows(300, d, seed=1))
    X = make_rows(n, d, seed=seed)
    y = plant(X, seed)
    detector = AutonomousDetector(time_budget=budget)
    slow = slowness()
    cpu, started = time.process_time(), time.perf_counter()
    getattr(detector, method)(X)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    ensemble = detector.ensemble_
    shown = np.r_[np.flatnonzero(y), np.flatnonzero(1 - y)[: min(n, 10_000)]]
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "slowness": slow,
        "members": len(detector.recommendations_),
        "columns": len(ensemble.estimators_),
        "reference": ensemble.reference_size_,
        "undone": ensemble.undone_,
        "auroc": roc_auc_score(y[shown], -detector.score_samples(X[shown])),
    }


def child_memory(folder, memory_limit, score_files):
    """Fit on all files of a folder, and score some."""
    from autonomaly import AutonomousDetector

    files = sorted(Path(folder).glob("*.parquet"))
    detector = AutonomousDetector(memory_limit=memory_limit)
    started = time.perf_counter()
    detector.fit(str(Path(folder) / "*.parquet"))
    fit = time.perf_counter() - started
    started = time.perf_counter()
    scores = detector.score_samples(
        str(Path(folder) / f"[0-{score_files - 1}].parquet")
    )
    held = detector.record_.filter("resources", "chunks")[0]
    return {
        "fit_seconds": fit,
        "score_seconds": time.perf_counter() - started,
        "scored": len(scores),
        "finite": bool(np.isfinite(scores).all()),
        "files": len(files),
        "rows": detector.profile_.n_samples,
        "held": held.choice,
    }


def child_write(folder, n, d, rows_per_file):
    """Write a table as Parquet files, one after the other."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    for i in range(-(-n // rows_per_file)):
        X = make_rows(min(rows_per_file, n - i * rows_per_file), d)
        X += 1e-3 * np.random.default_rng(i).standard_normal(X.shape)
        columns = {f"x{j}": X[:, j] for j in range(d)}
        parquet.write_table(pa.table(columns), Path(folder) / f"{i}.parquet")
    return {}


CHILDREN = {"time": child_time, "memory": child_memory, "write": child_write}


# --- reports -----------------------------------------------------------------------


def measure_time(n, d, budgets, methods, seeds, timeout):
    """Run every budget in a child of its own."""
    rows = []
    for method in methods:
        for budget in budgets:
            for seed in seeds:
                parameters = {"n": n, "d": d, "budget": budget, "method": method}
                result = in_child(
                    "time", timeout, script=__file__, **parameters, seed=seed
                )
                rows.append({**parameters, "seed": seed, **result})
                print(rows[-1], file=sys.stderr, flush=True)
    return rows


def overshoot(row):
    """Seconds beyond the budget."""
    return row["seconds"] - row["budget"]


def holds(row):
    """Tell whether a run ended within its budget and the tolerance."""
    share, least = TOLERANCE
    allowed = max(share * row["budget"], least)
    return row["error"] is None and overshoot(row) <= allowed


def report_time(rows):
    """Print the table of budgets."""
    cells = []
    for row in rows:
        if row["error"] is not None:
            cells.append([row["method"], row["budget"], *[None] * 8, row["error"]])
            continue
        cells.append(
            [
                row["method"],
                row["budget"],
                row["seconds"],
                overshoot(row),
                row["cpu_seconds"],
                f"{row['slowness']:.1f}",
                row["members"],
                row["columns"],
                row["reference"],
                row["auroc"],
                "yes" if holds(row) else "NO",
            ]
        )
    n, d = rows[0]["n"], rows[0]["d"]
    print_table(
        f"time_budget on {n:,} x {d}, 1 % of the rows planted",
        ["call", "budget s", "took s", "over s", "cpu s", "slowness", "members"]
        + ["fits that vote", "reference", "AUROC", "holds"],
        cells,
        ["slowness: of the machine at that moment, 1 where the plan was measured."],
    )


def report_memory(result, n, d, scored_files):
    """Print the memory of the fit on files."""
    if result["error"] is not None:
        print(f"FAILED: memory: {result['error']}")
        return
    data = n * d * 8
    print_table(
        f"memory_limit={MEMORY_LIMIT}, {n:,} x {d} float64 in {result['files']} files",
        ["", "value"],
        [
            ["peak MB of the whole process", f"{result['peak_bytes'] / 1e6:.0f}"],
            ["allowed MB", f"{MEMORY_ALLOWED / 1e6:.0f}"],
            ["data MB", f"{data / 1e6:.0f}"],
            ["fit s", result["fit_seconds"]],
            [f"score {result['scored']:,} rows s", result["score_seconds"]],
            ["held", result["held"]],
            ["holds", "yes" if result["peak_bytes"] <= MEMORY_ALLOWED else "NO"],
        ],
    )


def parse(argv):
    """Parse the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument("--budgets", nargs="+", type=float, default=[2, 5, 10])
    parser.add_argument("--methods", nargs="+", default=["fit", "fit_predict"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--timeout", type=float, default=3600, help="s per child")
    parser.add_argument(
        "--score-files", type=int, default=1, help="files scored after the fit (of 8)"
    )
    parser.add_argument("--skip", choices=["time", "memory"], help="measure one only")
    parser.add_argument("--child", nargs=2, help="used internally")
    return parser.parse_args(argv)


def main(argv=None):
    """Run the script."""
    arguments = parse(argv)
    if arguments.child:
        task, parameters = arguments.child
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            print(json.dumps(CHILDREN[task](**json.loads(parameters))))
        return
    (n, d), (n_large, d_large), per_file = (100_000, 30), (2_000_000, 20), ROWS_PER_FILE
    if arguments.smoke:
        (n, d), (n_large, d_large), per_file = (3000, 5), (4000, 4), 1000
        arguments.budgets, arguments.methods = [1.0], ["fit_predict"]
    rows, memory = [], None
    if arguments.skip != "time":
        rows = measure_time(
            n,
            d,
            arguments.budgets,
            arguments.methods,
            arguments.seeds,
            arguments.timeout,
        )
        report_time(rows)
    if arguments.skip != "memory":
        folder = tempfile.mkdtemp(prefix="autonomaly-budgets-")
        try:
            sizes = {"n": n_large, "d": d_large, "rows_per_file": per_file}
            written = in_child(
                "write", arguments.timeout, script=__file__, folder=folder, **sizes
            )
            if written["error"] is not None:
                raise RuntimeError(f"no files could be written: {written['error']}")
            memory = in_child(
                "memory",
                arguments.timeout,
                script=__file__,
                folder=folder,
                memory_limit=MEMORY_LIMIT,
                score_files=arguments.score_files,
            )
        finally:
            shutil.rmtree(folder)
        report_memory(memory, n_large, d_large, arguments.score_files)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    failed = [row for row in rows if row["error"] is not None]
    if arguments.smoke and (failed or (memory or {}).get("error")):
        raise SystemExit(f"failed: {failed or memory['error']}")
    write_json(arguments.json, "budgets", arguments, time=rows, memory=memory)


if __name__ == "__main__":
    main()
