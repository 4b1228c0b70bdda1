"""Measure time and memory from 1,000 to 1,000,000 rows, and small-scale latency.

Every measurement runs in a child process of its own; its peak resident memory is
what the operating system reports to the parent when the child ends.
See benchmarks/README.rst.
"""

from __future__ import annotations

import functools
import json
import os
import statistics
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
from _common import argument_parser, print_table, write_json

OWN = "autonomaly"
FOREST = "IsolationForest"
ENGINE = "ADEngine"
PAIR_SHAPE = 10_000, 20

# What issue and README promise: ratios to the peers' medians, megabytes, ms.
LIMITS = {
    "fit_predict 10,000 x 20 / ADEngine.investigate": 3.0,
    "fit_predict 10,000 x 20 / IsolationForest.fit_predict": 15.0,
    "fit + score 1,000,000 x 10 / IsolationForest": 10.0,
    "peak MB at 1,000,000 x 10": 2000.0,
    "growth exponent of fit + score, 1e5 to 1e6 rows": 1.05,
    "score one row, ms": 20.0,
}


def make_rows(n, d, seed=0):
    """Draw three correlated Gaussian clusters and 2 % of uniform rows around them.

    Parameters
    ----------
    n, d : int
        Rows and columns.
    seed : int, default=0

    Returns
    -------
    X : ndarray of shape (n, d)
    """
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    mixing = rng.standard_normal((d, d)) / np.sqrt(d)
    centres = 4 * rng.standard_normal((3, d))
    which = rng.integers(3, size=n)
    # In blocks, so that making the data does not need a second copy of it.
    for start in range(0, n, 50_000):
        block = slice(start, start + 50_000)
        X[block] = X[block] @ mixing + centres[which[block]]
    odd = rng.choice(n, max(1, n // 50), replace=False)
    X[odd] = rng.uniform(-12, 12, size=(len(odd), d))
    return X


def make_detector(name):
    """Return an unfitted detector with default parameters."""
    if name == OWN:
        from autonomaly import AutonomousDetector

        return AutonomousDetector(random_state=0)
    from sklearn.ensemble import IsolationForest

    return IsolationForest(random_state=0)


def investigate(X):
    """Run PyOD's engine with default parameters."""
    from pyod.utils.ad_engine import ADEngine

    return ADEngine(random_state=0).investigate(X)


def seconds_of(function, *arguments):
    """Return the wall time of one call."""
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


# --- what runs in the children -----------------------------------------------------


def child_fit_and_score(detector, n, d):
    """Fit and score the same rows once."""
    # Imports and compilation are paid before the clock starts.
    small = make_rows(300, d, seed=1)
    make_detector(detector).fit(small).score_samples(small)
    X = make_rows(n, d)
    model = make_detector(detector)
    fit = seconds_of(model.fit, X)
    score = seconds_of(model.score_samples, X)
    return {"fit_seconds": fit, "score_seconds": score, "data_bytes": X.nbytes}


def child_side_by_side(n, d, repeats):
    """Run labels for the same rows by all three, in turn, several times."""
    X = make_rows(n, d)
    runs = {
        OWN: lambda X: make_detector(OWN).fit_predict(X),
        FOREST: lambda X: make_detector(FOREST).fit_predict(X),
        ENGINE: investigate,
    }
    seconds = {name: [] for name in runs}
    for run in runs.values():
        run(X[:300])
    # In turn, so that a busy moment of the machine does not hit one of them only.
    for _ in range(repeats):
        for name, run in runs.items():
            seconds[name].append(seconds_of(run, X))
    return {"seconds": seconds}


def child_one_row(detector, n, d, repeats):
    """Score single rows, old and new, with a fitted detector."""
    model = make_detector(detector).fit(make_rows(n, d))
    rows = make_rows(repeats, d, seed=2)
    model.score_samples(rows[:1])
    return {"ms": [1e3 * seconds_of(model.score_samples, row[None]) for row in rows]}


CHILDREN = {
    "fit_and_score": child_fit_and_score,
    "side_by_side": child_side_by_side,
    "one_row": child_one_row,
}


def in_child(task, timeout, *, script=__file__, **parameters):
    """Run one of the `CHILDREN` of a script in a process of its own.

    Parameters
    ----------
    task : str
    timeout : float
        Seconds after which the child is killed and the measurement fails.
    script : str, default=this one
        File that takes ``--child``.
    **parameters : dict
        Arguments of the child's function.

    Returns
    -------
    result : dict
        What the function returned, ``peak_bytes`` and ``error`` (None if it worked).
    """
    command = [sys.executable, script, "--child", task, json.dumps(parameters)]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    result = {}
    try:
        out, err = _communicate(child, timeout)
    except subprocess.TimeoutExpired:
        result["error"] = f"not done after {timeout:.0f} s"
    else:
        if child.returncode == 0:
            result = {**json.loads(out.splitlines()[-1]), "error": None}
        else:
            result["error"] = (err.strip().splitlines() or ["no message"])[-1]
    return {**result, "peak_bytes": child.peak_bytes}


def _communicate(child, timeout):
    """Read a child's output and reap it with its own resource usage."""
    texts = {}

    def read(name):
        texts[name] = getattr(child, name).read()

    readers = [threading.Thread(target=read, args=(s,)) for s in ("stdout", "stderr")]
    for reader in readers:
        reader.start()
    deadline = time.monotonic() + timeout
    late = False
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            break
        if not late and time.monotonic() > deadline:
            child.kill()
            late = True
        time.sleep(0.02)
    child.returncode = os.waitstatus_to_exitcode(status)
    # Kilobytes on Linux, bytes on macOS. A child counts at least what its parent
    # held when it was started, hence the few imports at the top of this script.
    child.peak_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    for reader in readers:
        reader.join()
    if late:
        raise subprocess.TimeoutExpired(child.args, timeout)
    return texts["stdout"], texts["stderr"]


# --- reports -----------------------------------------------------------------------


def growth_exponent(rows, detector, d):
    """Slope of log(seconds) over log(n) between the two largest sizes measured."""
    points = sorted(
        (r["n"], r["fit_seconds"] + r["score_seconds"])
        for r in rows
        if r["detector"] == detector and r["d"] == d and r["error"] is None
    )[-2:]
    if len(points) < 2:
        return None
    (n0, t0), (n1, t1) = points
    return float(np.log(t1 / t0) / np.log(n1 / n0))


def measure_scaling(sizes, widths, max_cells, timeout):
    """Measure all sizes for autonomaly and IsolationForest."""
    rows = []
    for d in widths:
        for n in sizes:
            if n * d > max_cells:
                continue
            for name in (OWN, FOREST):
                result = in_child("fit_and_score", timeout, detector=name, n=n, d=d)
                rows.append({"detector": name, "n": n, "d": d, **result})
                print(f"{name} {n} x {d}: {result}", file=sys.stderr, flush=True)
    return rows


def report_scaling(rows):
    """Print the table of sizes."""
    by_key = {(r["n"], r["d"], r["detector"]): r for r in rows}
    cells = []
    for r in rows:
        other = by_key[r["n"], r["d"], FOREST]
        ratio = None
        if r["error"] is None and other["error"] is None:
            ratio = _total(r) / _total(other)
        cells.append(
            [
                f"{r['n']:,} x {r['d']}",
                r["detector"],
                r.get("fit_seconds"),
                r.get("score_seconds"),
                None if ratio is None else f"{ratio:.1f}",
                f"{r['peak_bytes'] / 1e6:.0f}",
                f"{r['n'] * r['d'] * 8 / 1e6:.0f}",
                r["error"] or "",
            ]
        )
    print_table(
        "Fit and score the same rows, one child process each",
        ["rows x columns", "detector", "fit s", "score s", "x forest"]
        + ["peak MB", "data MB", "failed"],
        cells,
        ["peak MB is the whole process: interpreter, libraries, data and work space."],
    )


def _total(row):
    return row["fit_seconds"] + row["score_seconds"]


def measured_claims(rows, side_by_side, one_row):
    """Compare what was measured with `LIMITS`; what was not measured is None."""
    medians = {}
    if side_by_side["error"] is None:
        seconds = side_by_side["seconds"]
        medians = {k: statistics.median(v) for k, v in seconds.items()}
    big = {r["detector"]: r for r in rows if (r["n"], r["d"]) == (1_000_000, 10)}
    complete = bool(big) and all(r["error"] is None for r in big.values())
    values = (
        medians[OWN] / medians[ENGINE] if medians else None,
        medians[OWN] / medians[FOREST] if medians else None,
        _total(big[OWN]) / _total(big[FOREST]) if complete else None,
        big[OWN]["peak_bytes"] / 1e6 if complete else None,
        growth_exponent(rows, OWN, 10) if complete else None,
        statistics.median(one_row["ms"]) if one_row["error"] is None else None,
    )
    return [
        {
            "claim": claim,
            "measured": value,
            "limit": limit,
            "holds": None if value is None else bool(value <= limit),
        }
        for (claim, limit), value in zip(LIMITS.items(), values, strict=True)
    ]


def plot(rows, path):
    """Draw seconds and peak memory over rows, log-log.

    Parameters
    ----------
    rows : list of dict
    path : path-like
        The suffix decides on the format.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    colours = {OWN: "tab:blue", FOREST: "tab:orange"}
    for name, colour in colours.items():
        for i, d in enumerate(sorted({r["d"] for r in rows})):
            style = ("-", "--", ":")[i % 3]
            kept = [r for r in rows if (r["detector"], r["d"]) == (name, d)]
            kept = [r for r in kept if r["error"] is None]
            n = [r["n"] for r in kept]
            options = {"color": colour, "linestyle": style, "marker": "o"}
            options["label"] = f"{name}, {d} columns"
            left.loglog(n, [_total(r) for r in kept], **options)
            right.loglog(n, [r["peak_bytes"] / 1e6 for r in kept], **options)
    left.set(xlabel="rows", ylabel="fit + score, seconds")
    right.set(xlabel="rows", ylabel="peak resident memory, MB")
    left.legend()
    for axes in (left, right):
        axes.grid(which="major", alpha=0.3)
    figure.savefig(path, dpi=150)


def parse(argv=None):
    """Read the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument(
        "--sizes", nargs="+", type=lambda s: int(float(s)), metavar="N",
        default=[1_000, 10_000, 100_000, 1_000_000], help="numbers of rows",
    )  # fmt: skip
    parser.add_argument("--columns", nargs="+", type=int, default=[10, 100])
    parser.add_argument(
        "--max-cells",
        type=float,
        default=1e7,
        help="skip larger tables (1e8 includes 1,000,000 x 100)",
    )
    parser.add_argument("--repeats", type=int, default=5, help="of fit_predict")
    parser.add_argument("--timeout", type=float, default=1800, help="s per child")
    parser.add_argument("--plot", metavar="FILE", help="draw the log-log plot there")
    parser.add_argument(
        "--child", nargs=2, metavar=("TASK", "PARAMETERS"), help="used internally"
    )
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
    (n, d), n_single = PAIR_SHAPE, 101
    if arguments.smoke:
        arguments.sizes, arguments.columns, arguments.repeats = [500], [5], 1
        n, d, n_single = 500, 5, 5
    run = functools.partial(in_child, timeout=arguments.timeout)
    side_by_side = run("side_by_side", n=n, d=d, repeats=arguments.repeats)
    rows = measure_scaling(
        arguments.sizes, arguments.columns, arguments.max_cells, arguments.timeout
    )
    one_row = {
        name: run("one_row", detector=name, n=n, d=d, repeats=n_single)
        for name in (OWN, FOREST)
    }
    report_scaling(rows)
    if side_by_side["error"] is None:
        medians = {k: statistics.median(v) for k, v in side_by_side["seconds"].items()}
        print_table(
            f"Labels for {n:,} x {d}: median of {arguments.repeats} runs in turn",
            ["detector", "seconds", "autonomaly takes"],
            [[k, v, f"{medians[OWN] / v:.1f} x"] for k, v in medians.items()],
        )
    for name, result in one_row.items():
        if result["error"] is None:
            median = statistics.median(result["ms"])
            print(f"Scoring one row, {name}: median {median:.2f} ms")
    failures = {"fit_predict side by side": side_by_side["error"]}
    failures.update({f"one row, {k}": v["error"] for k, v in one_row.items()})
    for what, error in failures.items():
        if error:
            print(f"FAILED: {what}: {error}")
    claims = measured_claims(rows, side_by_side, one_row[OWN])
    if not arguments.smoke:
        print_table(
            "Limits",
            ["claim", "measured", "limit", "holds"],
            [[c["claim"], c["measured"], c["limit"], c["holds"]] for c in claims],
        )
    if arguments.plot:
        plot(rows, Path(arguments.plot))
    write_json(
        arguments.json,
        "scaling",
        arguments,
        sizes=rows,
        side_by_side=side_by_side,
        one_row=one_row,
        claims=claims,
    )


if __name__ == "__main__":
    main()
