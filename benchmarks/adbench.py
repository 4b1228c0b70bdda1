"""Compare AutonomousDetector with its peers on tables with known anomalies.

No labels are given; scores and labels are judged on the rows they were fitted on.
See benchmarks/README.rst for the protocol and the columns.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from _common import (
    TASKS,
    add_data_argument,
    argument_parser,
    list_cases,
    load_case,
    print_table,
    read_json,
    write_json,
    write_smoke_data,
)
from _detectors import (
    AUTONOMALY,
    DETECTORS,
    RANK_AVERAGE,
    SINGLE_PEERS,
    depends_on_seed,
    rank_average,
    resolve_detectors,
    run_detector,
    warm_up,
)
from _summary import bootstrap_differences, judge, share_errors, summarise
from joblib import Parallel, delayed


def run_case(case, detectors, seeds, done, rows, min_anomalies, scores_folder=None):
    """Run the detectors on one data set.

    Parameters
    ----------
    case : Case
    detectors : list of str
    seeds : list of int
    done : set of (str, int)
        Pairs (detector, seed) that need no run.
    rows, min_anomalies : int
        See `_common.draw_rows`.
    scores_folder : path-like, default=None
        Where the raw scores of every run go, as npz.

    Returns
    -------
    records : list of dict
        One per detector and seed; detectors that do not depend on the seed have
        one record, for the first seed.
    """
    planned = [
        (name, seed)
        for i, seed in enumerate(seeds)
        for name in detectors
        if i == 0 or depends_on_seed(name, detectors)
    ]
    missing = [pair for pair in planned if pair not in done]
    if not missing:
        return []
    warm_up(tuple(detectors))
    table = load_case(case, rows, min_anomalies)
    outcomes, records = {}, []

    def outcome_of(name, seed):
        key = name, (seed if depends_on_seed(name, detectors) else seeds[0])
        if key not in outcomes:
            if name == RANK_AVERAGE:
                members = [m for m in detectors if m in SINGLE_PEERS]
                outcomes[key] = rank_average({m: outcome_of(m, seed) for m in members})
            else:
                X = table.raw if name == AUTONOMALY else table.numeric
                outcomes[key] = run_detector(name, X, seed)
        return outcomes[key]

    for name, seed in missing:
        outcome = outcome_of(name, seed)
        prepare = 0.0 if name == AUTONOMALY else table.prepare_seconds
        records.append(
            {
                "task": case.task,
                "set": case.name,
                "group": case.group,
                "detector": name,
                "seed": seed,
                "n_rows": len(table.numeric),
                "n_columns": np.shape(table.raw)[1],
                **judge(table.y, outcome),
                "seconds": outcome.seconds,
                "prepare_seconds": prepare,
                "peak_bytes": outcome.peak_bytes,
                "error": outcome.error,
                "extra": outcome.extra,
            }
        )
    if scores_folder is not None:
        _save_scores(scores_folder, case, table, outcomes)
    return records


def _save_scores(folder, case, table, outcomes):
    folder = Path(folder, case.task)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"y": np.empty(0) if table.y is None else table.y}
    for (name, seed), outcome in outcomes.items():
        if outcome.error is None:
            arrays[f"{name}|{seed}|scores"] = outcome.scores.astype(np.float32)
            arrays[f"{name}|{seed}|flagged"] = outcome.flagged
    np.savez_compressed(folder / f"{case.name}.npz", **arrays)


def report(task, records, detectors):
    """Print the tables of one task and return what they show.

    Parameters
    ----------
    task : str
    records : list of dict
        As `run_case` makes them.
    detectors : list of str

    Returns
    -------
    summary : dict
    """
    labelled = [r for r in records if r["true_share"] is not None]
    summary = summarise(labelled, detectors, by_group=task == "ovr")
    unit = "sources" if task == "ovr" else "sets"
    n_sets = len({r["set"] for r in labelled})
    n_seeds = len({r["seed"] for r in labelled})
    failures = [r for r in records if r["error"]]
    notes = [
        f"FAILED, counted as AUROC 0.5, AP = share, F1 0: {r['detector']} on "
        f"{r['set']} (seed {r['seed']}): {r['error']}"
        for r in failures
    ]
    print_table(
        f"{task}: {n_sets} sets, {len(summary['units'])} {unit}, {n_seeds} seed(s)",
        ["detector", "AUROC", "AP", "F1", "rank", "wins", "s", "peak MB", "failed"],
        [
            [
                row["detector"],
                row["auroc"],
                row["ap"],
                row["f1"],
                f"{row['rank']:.2f}",
                row["wins"],
                f"{row['seconds']:.2f}",
                f"{row['peak_bytes'] / 1e6:.1f}",
                row["n_failed"],
            ]
            for row in summary["rows"]
        ],
        notes,
    )
    errors = share_errors(labelled, detectors)
    print_table(
        f"{task}: mean |flagged share - true share|",
        ["labels of", "mean error", "mean flagged", "mean true"],
        [
            [e["detector"], e["error"], e["mean_flagged"], e["mean_true"]]
            for e in errors
        ],
    )
    differences = []
    if AUTONOMALY in detectors and len(detectors) > 1:
        differences = bootstrap_differences(
            summary, AUTONOMALY, [d for d in detectors if d != AUTONOMALY]
        )
        over = {"adbench": "families", "ovr": "sources"}.get(task, "sets")
        print_table(
            f"{task}: autonomaly minus peer, 95 % bootstrap interval over {over}",
            ["peer", "AUROC", "AP", "F1"],
            [
                [d["peer"], *(_interval(d[m]) for m in ("auroc", "ap", "f1"))]
                for d in differences
            ],
        )
    unlabelled = [r for r in records if r["true_share"] is None]
    if unlabelled:
        print_table(
            f"{task}: without truth",
            ["set", "detector", "seed", "flagged share", "s"],
            [
                [
                    r["set"],
                    r["detector"],
                    r["seed"],
                    r["flagged_share"],
                    f"{r['seconds'] + r['prepare_seconds']:.2f}",
                ]
                for r in unlabelled
            ],
        )
    return {**summary, "share_errors": errors, "differences": differences}


def _interval(d):
    return f"{d['mean']:+.3f} [{d['low']:+.3f}, {d['high']:+.3f}]"


def run(arguments):
    """Run the benchmark for parsed options; returns the summaries by task."""
    detectors = resolve_detectors(arguments.detectors)
    seeds = list(dict.fromkeys(arguments.seeds))
    records = []
    if arguments.resume:
        records = read_json(arguments.json).get("results", [])
    done = {(r["task"], r["set"], r["detector"], r["seed"]) for r in records}
    summaries = {}
    for task in arguments.tasks:
        cases = list_cases(arguments.data, task)
        jobs = (
            delayed(run_case)(
                case,
                detectors,
                seeds,
                {d[2:] for d in done if d[:2] == (task, case.name)},
                arguments.rows,
                arguments.min_anomalies,
                arguments.scores,
            )
            for case in cases
        )
        finished = Parallel(
            n_jobs=arguments.n_jobs, return_as="generator_unordered", batch_size=1
        )(jobs)
        for i, new in enumerate(finished, 1):
            records += new
            if new:
                seconds = sum(r["seconds"] for r in new if r["detector"] != RANK_AVERAGE)
                print(
                    f"[{task} {i}/{len(cases)}] {new[0]['set']} {seconds:.1f} s",
                    file=sys.stderr,
                    flush=True,
                )
                write_json(arguments.json, "adbench", arguments, results=records)
        chosen = [
            r
            for r in records
            if r["task"] == task and r["detector"] in detectors and r["seed"] in seeds
        ]
        summaries[task] = report(task, chosen, detectors)
    write_json(
        arguments.json, "adbench", arguments, summary=summaries, results=records
    )
    return summaries


def parse(argv=None):
    """Read the command line."""
    parser = argument_parser(__doc__)
    add_data_argument(parser)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=["adbench"])
    parser.add_argument("--rows", type=int, default=10_000, help="at most, per set")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument(
        "--detectors",
        nargs="+",
        metavar="NAME",
        help=f"all, peers, or names of: {', '.join(DETECTORS)}",
    )
    parser.add_argument("--n-jobs", type=int, default=1, help="data sets in parallel")
    parser.add_argument(
        "--resume", action="store_true", help="skip what the --json file already holds"
    )
    parser.add_argument("--scores", metavar="DIR", help="save raw scores there as npz")
    parser.add_argument(
        "--min-anomalies",
        type=int,
        default=1,
        help="a draw with fewer is topped up (10: as in the reference script)",
    )
    arguments = parser.parse_args(argv)
    if not arguments.smoke and arguments.data is None:
        parser.error("name the data folder with --data DIR or AUTONOMALY_DATA")
    if arguments.resume and arguments.json is None:
        parser.error("--resume continues the file named with --json")
    return arguments


def main(argv=None):
    """Run the script."""
    arguments = parse(argv)
    if not arguments.smoke:
        run(arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_smoke_data(folder)
        arguments.data, arguments.tasks, arguments.seeds = folder, TASKS, [0]
        arguments.rows = min(arguments.rows, 150)
        run(arguments)


if __name__ == "__main__":
    main()
