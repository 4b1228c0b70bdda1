"""Count false alarms where nothing is to be found, and finds where something is.

Pure noise of several shapes, of numbers, of categories and with gaps, 20 far rows among
600, the share of false alarms under a bound on it, and the error of the estimated share
of anomalies on sets with known truth. See benchmarks/README.rst.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd
from _common import add_data_argument, argument_parser, print_table, write_json
from _data import list_cases, load_case, numeric_table
from _detectors import (
    AD_ENGINE,
    AUTONOMALY,
    RANK_AVERAGE,
    resolve_detectors,
    run_detector,
    warm_up,
)
from _summary import judge, share_errors
from joblib import Parallel, delayed
from scipy.stats import chi2

from autonomaly import AutonomousDetector

LIMIT = 0.05  # mean share of false alarms on noise
N_INLIERS, N_FAR = 600, 20

NOISE = {
    "gaussian": lambda rng, shape: rng.standard_normal(shape),
    "uniform": lambda rng, shape: rng.uniform(-1, 1, shape),
    "student t, 3 df": lambda rng, shape: rng.standard_t(3, shape),
    "lognormal": lambda rng, shape: rng.lognormal(size=shape),
    "laplace": lambda rng, shape: rng.laplace(size=shape),
}


# Every so many columns hold categories in these tables of noise, and every so many of
# their numbers are missing.
YES_OR_NO = "yes or no, and numbers"
TABLES = {
    "categories": (1, 0),
    "categories and numbers": (2, 0),
    "one of categories": (1000, 0),
    YES_OR_NO: (2, 0),
    "numbers with gaps": (0, 20),
    "a third missing": (0, 3),
}
RATES = (0.05, 0.1, 0.2)
# What is drawn for the bounds, in few columns, where the tails of columns show most.
SHAPES = {
    **NOISE,
    "exponential": lambda rng, shape: rng.exponential(size=shape),
    "Cauchy": lambda rng, shape: rng.standard_cauchy(shape),
    "counts": lambda rng, shape: rng.poisson(3, shape).astype(float),
    "few values": lambda rng, shape: rng.choice(
        5, shape, p=[0.05, 0.1, 0.3, 0.35, 0.2]
    ).astype(float),
    "booleans": lambda rng, shape: (rng.random(shape) < 0.1).astype(float),
    "zeros and amounts": lambda rng, shape: np.where(
        rng.random(shape) < 0.06, rng.lognormal(8, 1, shape), 0
    ),
    "categories": lambda rng, shape: pd.DataFrame(rng.choice(list("abcde"), shape)),
}


@dataclass(frozen=True)
class Trial:
    """One table of noise, with or without planted rows.

    Attributes
    ----------
    kind : str
        A key of `NOISE` or `TABLES`, or "scattered" / "clustered" for planted rows.
    n, d : int
        Rows (of noise) and columns.
    repeat : int
        Seed of the table and of the detectors.
    """

    kind: str
    n: int
    d: int
    repeat: int


def make_noise(trial):
    """Draw a table of independent columns in which nothing is odd.

    A column of categories has 2 to 12 of them, of unequal frequency: Dirichlet
    distributed with all parameters 2; or two, one of which 2 to 30 % of the rows have.
    Gaps are anywhere with the same chance.
    """
    rng = np.random.default_rng([trial.repeat, trial.n, trial.d])
    if trial.kind in NOISE:
        return NOISE[trial.kind](rng, (trial.n, trial.d))
    columns = {}
    every, gaps = TABLES[trial.kind]
    for j in range(trial.d):
        if every and j % every == 0:
            names = np.array([f"c{i}" for i in range(rng.integers(2, 13))])
            frequency = rng.dirichlet(np.full(len(names), 2.0))
            if trial.kind == YES_OR_NO:
                names, yes = np.array(["yes", "no"]), rng.uniform(0.02, 0.3)
                frequency = [yes, 1 - yes]
            columns[f"x{j}"] = rng.choice(names, trial.n, p=frequency)
        else:
            columns[f"x{j}"] = rng.standard_normal(trial.n)
            if gaps:
                columns[f"x{j}"][rng.random(trial.n) < 1 / gaps] = np.nan
    return pd.DataFrame(columns)


def make_planted(trial):
    """Draw Gaussian rows and 20 rows far outside of them.

    The far rows lie 2 to 4 times as far from the centre as the 99.9 % quantile of
    the inliers: each in a direction of its own ("scattered"), or all within half a
    standard deviation of one place ("clustered").

    Returns
    -------
    X : ndarray of shape (n + 20, d)
    y : ndarray of shape (n + 20,)
        1 = planted.
    """
    rng = np.random.default_rng([trial.repeat, trial.n, trial.d])
    reach = np.sqrt(chi2.ppf(0.999, trial.d))
    far = rng.standard_normal((N_FAR, trial.d))
    if trial.kind == "scattered":
        far *= reach * rng.uniform(2, 4, (N_FAR, 1)) / _norms(far)
    else:
        centre = rng.standard_normal((1, trial.d))
        far = 0.5 * far + 3 * reach * centre / _norms(centre)
    X = np.concatenate([rng.standard_normal((trial.n, trial.d)), far])
    y = np.repeat([0, 1], [trial.n, N_FAR])
    order = rng.permutation(len(X))
    return X[order], y[order]


def run_rates(trial):
    """Flag rows under bounds on the share of false alarms.

    Parameters
    ----------
    trial : Trial
        Its kind is how many of the rows are anomalies: four standard deviations out
        in every column, up or down.

    Returns
    -------
    records : list of dict
        One per bound: ``false``, the share of false alarms among the rows flagged, and
        ``recall``.
    """
    rng = np.random.default_rng([trial.repeat, trial.n, trial.d])
    y = np.arange(trial.n) < trial.kind
    X = rng.standard_normal((trial.n, trial.d))
    X[y] += 4 * rng.choice([-1, 1], (trial.kind, trial.d))
    records = []
    for rate in RATES:
        detector = AutonomousDetector(
            max_false_discovery_rate=rate, random_state=trial.repeat
        )
        flagged = detector.fit_predict(X) == -1
        records.append(
            {
                **vars(trial),
                "rate": rate,
                "false": float(flagged[~y].sum() / max(1, flagged.sum())),
                "recall": float(flagged[y].mean()),
            }
        )
    return records


def run_rates_on_noise(trial):
    """Flag rows under bounds on the share of false alarms where all of them are.

    Returns
    -------
    records : list of dict
        One per bound: ``false``, whether any row was flagged.
    """
    rng = np.random.default_rng([trial.repeat, trial.n, trial.d])
    X = SHAPES[trial.kind](rng, (trial.n, trial.d))
    records = []
    for rate in RATES:
        detector = AutonomousDetector(
            max_false_discovery_rate=rate, random_state=trial.repeat
        )
        any_flagged = bool((detector.fit_predict(X) == -1).any())
        records.append({**vars(trial), "rate": rate, "false": any_flagged})
    return records


def report_rates_on_noise(records):
    """Print in how many tables without anomalies a row was flagged."""
    kinds = list(dict.fromkeys(r["kind"] for r in records))
    rows = []
    for rate in RATES:
        own = [r for r in records if r["rate"] == rate]
        shares = [
            float(np.mean([r["false"] for r in own if r["kind"] == kind]))
            for kind in kinds
        ]
        rows.append([rate, float(np.mean([r["false"] for r in own])), *shares])
    print_table(
        "autonomaly, share of tables without anomalies in which a row is flagged "
        "(at most the bound)",
        ["max_false_discovery_rate", "all", *kinds],
        rows,
    )


def report_rates(records):
    """Print the share of false alarms beside its bound."""
    rows = []
    for rate in RATES:
        own = [r for r in records if r["rate"] == rate]
        row = [rate]
        for kind in dict.fromkeys(r["kind"] for r in own):
            for field in ("false", "recall"):
                row.append(float(np.mean([r[field] for r in own if r["kind"] == kind])))
        rows.append(row)
    columns = ["max_false_discovery_rate"]
    for kind in dict.fromkeys(r["kind"] for r in records):
        columns += [f"{kind} anomalies: false", "recall"]
    print_table(f"autonomaly, {records[0]['n']} rows", columns, rows)


def _norms(X):
    return np.linalg.norm(X, axis=1, keepdims=True)


def run_trial(trial, detectors):
    """Run the detectors on one table.

    Returns
    -------
    records : list of dict
        One per detector: ``share`` flagged; for planted rows ``recall`` and
        ``precision`` (1 when nothing is flagged: no false alarm was raised).
    """
    warm_up(tuple(detectors))
    planted = trial.kind not in NOISE and trial.kind not in TABLES
    X, y = make_planted(trial) if planted else (make_noise(trial), None)
    numbers = numeric_table(X) if trial.kind in TABLES else X
    records = []
    for name in detectors:
        # As everywhere: autonomaly reads the table, the peers are given numbers.
        table = X if name == AUTONOMALY else numbers
        outcome = run_detector(name, table, trial.repeat)
        record = {
            "detector": name,
            **vars(trial),
            "seconds": outcome.seconds,
            "error": outcome.error,
            "share": None,
        }
        if outcome.error is None:
            flagged = outcome.flagged
            record["share"] = float(flagged.mean())
            if planted:
                record["recall"] = float(flagged[y == 1].mean())
                record["precision"] = float(y[flagged].mean()) if flagged.any() else 1.0
        records.append(record)
    return records


def run_share(case, detectors, rows):
    """Compare estimated and true share of anomalies on one set."""
    warm_up(tuple(detectors))
    table = load_case(case, rows)
    records = []
    for name in detectors:
        outcome = run_detector(name, table.numeric, 0)
        records.append(
            {
                "set": case.name,
                "detector": name,
                **judge(table.y, outcome),
                "error": outcome.error,
                "extra": outcome.extra,
            }
        )
    return records


def gather(function, items, n_jobs, what):
    """Run a function over items, in parallel if wanted, and tell how far it is."""
    parallel = Parallel(n_jobs=n_jobs, return_as="generator", batch_size=1)
    records = []
    for i, new in enumerate(parallel(delayed(function)(item) for item in items), 1):
        records += new
        print(f"[{what} {i}/{len(items)}]", file=sys.stderr, flush=True)
    return records


def mean_by(records, field, value="share"):
    """Average a figure per detector and value of a field; failures are left out."""
    groups = {}
    for r in records:
        if r["error"] is None:
            groups.setdefault((r["detector"], r[field]), []).append(r[value])
    return {key: float(np.mean(values)) for key, values in groups.items()}


def report_noise(title, records, detectors):
    """Print flagged shares by shape, rows and columns; returns the overall means."""
    columns, cells = [], {name: [] for name in detectors}
    for field in ("kind", "n", "d"):
        means = mean_by(records, field)
        for value in dict.fromkeys(r[field] for r in records):
            columns.append(value if field == "kind" else f"{field}={value}")
            for name in detectors:
                cells[name].append(means.get((name, value)))
    overall, worst, rows = {}, {}, []
    for name in detectors:
        shares = [
            r["share"] for r in records if r["detector"] == name and r["error"] is None
        ]
        overall[name] = float(np.mean(shares)) if shares else None
        worst[name] = max(shares, default=None)
        rows.append([name, overall[name], worst[name], *cells[name]])
    print_table(
        f"Share of rows flagged on {title} (right: 0)",
        ["labels of", "mean", "worst", *columns],
        rows,
        _failures(records),
    )
    return overall


def report_planted(records, detectors):
    """Print recall and precision on planted rows."""
    rows = []
    for name in detectors:
        row = [name]
        for kind in ("scattered", "clustered"):
            kept = [
                r
                for r in records
                if (r["detector"], r["kind"]) == (name, kind) and r["error"] is None
            ]
            for figure in ("recall", "precision"):
                row.append(float(np.mean([r[figure] for r in kept])) if kept else None)
        rows.append(row)
    print_table(
        f"{N_FAR} far rows among {N_INLIERS} Gaussian ones",
        ["labels of", "scattered: recall", "precision"]
        + ["clustered: recall", "precision"],
        rows,
        _failures(records),
    )


def _failures(records):
    return [
        f"FAILED, left out of the means: {r['detector']} on {r['kind']} "
        f"{r['n']} x {r['d']}: {r['error']}"
        for r in records
        if r["error"]
    ]


def parse(argv=None):
    """Read the command line."""
    parser = argument_parser(__doc__)
    add_data_argument(parser)
    parser.add_argument(
        "--sizes", nargs="+", type=int, default=[200, 1_000, 5_000, 20_000]
    )
    parser.add_argument("--columns", nargs="+", type=int, default=[2, 10, 50])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--detectors",
        nargs="+",
        default=[
            AUTONOMALY,
            "IsolationForest",
            "LocalOutlierFactor",
            "ECOD",
            AD_ENGINE,
        ],
    )
    parser.add_argument("--rows", type=int, default=10_000, help="of the adbench sets")
    parser.add_argument(
        "--rate-rows", type=int, default=1_500, help="of the tables with a bound"
    )
    parser.add_argument("--n-jobs", type=int, default=1)
    arguments = parser.parse_args(argv)
    if arguments.smoke:
        arguments.sizes, arguments.columns, arguments.repeats = [200], [2], 1
        arguments.data, arguments.rate_rows = None, 300
        if arguments.detectors == parser.get_default("detectors"):
            arguments.detectors = [AUTONOMALY, "IsolationForest"]
    return arguments


def main(argv=None):
    """Run the script."""
    arguments = parse(argv)
    # The rank average has no labels of its own to be judged here.
    detectors = resolve_detectors(arguments.detectors)
    detectors = [name for name in detectors if name != RANK_AVERAGE]
    repeats = range(arguments.repeats)
    noise = [
        Trial(kind, n, d, r)
        for kind in (*NOISE, *TABLES)
        for n in arguments.sizes
        for d in arguments.columns
        for r in repeats
    ]
    planted = [
        Trial(kind, N_INLIERS, d, r)
        for kind in ("scattered", "clustered")
        for d in arguments.columns
        for r in repeats
    ]

    def trial(item):
        return run_trial(item, detectors)

    on_noise = gather(trial, noise, arguments.n_jobs, "noise")
    of_numbers = [r for r in on_noise if r["kind"] in NOISE]
    of_categories = [r for r in on_noise if r["kind"] in TABLES]
    on_planted = gather(trial, planted, arguments.n_jobs, "planted")
    overall = report_noise("pure noise", of_numbers, detectors)
    on_tables = report_noise("noise with categories or gaps", of_categories, detectors)
    report_planted(on_planted, detectors)
    n = arguments.rate_rows
    bounded = [
        Trial(kind, n, d, r)
        for kind in (n // 50, n // 15)
        for d in arguments.columns
        if d <= 10
        for r in repeats
    ]
    under_bounds = gather(run_rates, bounded, arguments.n_jobs, "bounds")
    report_rates(under_bounds)
    clean = [
        Trial(kind, size, d, r)
        for kind in SHAPES
        for size in ((n,) if arguments.smoke else (n // 5, n))
        for d in ((1,) if arguments.smoke else (1, 2, 5))
        for r in repeats
    ]
    bounds_on_noise = gather(run_rates_on_noise, clean, arguments.n_jobs, "no anomaly")
    report_rates_on_noise(bounds_on_noise)
    if overall.get(AUTONOMALY) is not None:
        print(
            f"autonomaly on noise: {overall[AUTONOMALY]:.2%} flagged on average; "
            f"limit {LIMIT:.0%}: "
            + ("held" if overall[AUTONOMALY] <= LIMIT else "NOT HELD")
        )
    shares, errors = [], []
    if arguments.data is None:
        print("Estimated share on adbench: left out, no data folder was named.")
    else:
        shares = gather(
            lambda case: run_share(case, detectors, arguments.rows),
            list_cases(arguments.data, "adbench"),
            arguments.n_jobs,
            "share",
        )
        errors = share_errors(shares, detectors)
        print_table(
            "Estimated share of anomalies on adbench",
            ["labels of", "mean |error|", "mean estimate", "mean truth"],
            [
                [e["detector"], e["error"], e["mean_flagged"], e["mean_true"]]
                for e in errors
            ],
        )
    write_json(
        arguments.json,
        "false_alarms",
        arguments,
        noise=on_noise,
        planted=on_planted,
        under_bounds=under_bounds,
        bounds_on_noise=bounds_on_noise,
        shares=shares,
        mean_share_on_noise=overall,
        mean_share_on_categories=on_tables,
        share_errors=errors,
        limit=LIMIT,
    )


if __name__ == "__main__":
    main()
