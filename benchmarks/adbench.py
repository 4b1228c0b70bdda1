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
    add_data_argument,
    argument_parser,
    print_table,
    read_json,
    write_json,
)
from _data import TASKS, list_cases, load_case, write_smoke_data
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
from _summary import (
    bootstrap_differences,
    check_claims,
    judge,
    share_errors,
    summarise,
)
from joblib import Parallel, delayed

# Without the peers that numba has to compile first.
SMOKE_DETECTORS = [AUTONOMALY, "IsolationForest", "KNN", "PCA", RANK_AVERAGE]


def run_case(case, detectors, seeds, done, protocol, scores_folder=None):
    """Run the detectors on one data set.

    Parameters
    ----------
    case : Case
    detectors : list of str
    seeds : list of int
    done : set of (str, int)
        Pairs (detector, seed) that need no run.
    protocol : dict
        How rows are drawn, see `_data.load_case`.
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
    table = load_case(case, **protocol)
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


def report(task, records, detectors, *, details=False, claims=True):
    """Print the tables of one task and return what they show.

    Parameters
    ----------
    task : str
    records : list of dict
        As `run_case` makes them.
    detectors : list of str
    details : bool, default=False
        Whether every set (source for "ovr") gets a line of its own.
    claims : bool, default=True
        Whether the means are compared with what is claimed.

    Returns
    -------
    summary : dict
    """
    labelled = [r for r in records if r["true_share"] is not None]
    unlabelled = [r for r in records if r["true_share"] is None]
    summary = summarise(labelled, detectors, by_group=task == "ovr")
    summary["share_errors"] = share_errors(labelled, detectors)
    _print_means(task, labelled, summary)
    _print_failures(records)
    _print_share_errors(task, summary["share_errors"])
    if details:
        _print_details(task, summary, detectors)
    peers = [d for d in detectors if d != AUTONOMALY]
    if AUTONOMALY in detectors and peers:
        summary["differences"] = bootstrap_differences(summary, AUTONOMALY, peers)
        _print_differences(task, summary["differences"])
        if claims:
            summary["claims"] = check_claims(task, summary, AUTONOMALY)
            _print_claims(task, summary["claims"])
    if unlabelled:
        _print_unlabelled(task, unlabelled)
    return summary


def _print_means(task, labelled, summary):
    n_seeds = len({r["seed"] for r in labelled})
    pooled = f", mean over {len(summary['units'])} sources" if task == "ovr" else ""
    print_table(
        f"{task}: {len({r['set'] for r in labelled})} sets{pooled}, {n_seeds} seed(s)",
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
    )


def _print_failures(records):
    for r in records:
        left_out = r["extra"].get("left_out")
        lost = {
            name: error
            for name, error in r["extra"].get("members", {}).items()
            if error != "ok"
        }
        if r["error"]:
            what = f"FAILED (AUROC 0.5, AP = share, F1 0): {r['error']}"
        elif left_out:
            what = f"without its failed members {', '.join(left_out)}"
        elif lost:
            what = f"lost members of its own choice: {lost}"
        else:
            continue
        print(f"{r['detector']} on {r['set']}, seed {r['seed']}: {what}")


def _print_share_errors(task, errors):
    print_table(
        f"{task}: share of anomalies, estimated (peers: flagged) and true",
        ["detector", "mean |error|", "mean estimate", "mean truth"],
        [
            [e["detector"], e["error"], e["mean_flagged"], e["mean_true"]]
            for e in errors
        ],
    )


def _print_details(task, summary, detectors):
    for metric, values in summary["values"].items():
        print_table(
            f"{task}: {metric} per {'source' if task == 'ovr' else 'set'}",
            [metric, *detectors],
            [
                [unit, *(f"{values[d][i]:.3f}" for d in detectors)]
                for i, unit in enumerate(summary["units"])
            ],
        )


def _print_differences(task, differences):
    over = {"adbench": "families", "ovr": "sources"}.get(task, "sets")

    def interval(d):
        return f"{d['mean']:+.3f} [{d['low']:+.3f}, {d['high']:+.3f}]"

    print_table(
        f"{task}: autonomaly minus peer, 95 % bootstrap interval over {over}",
        ["peer", "AUROC", "AP", "F1"],
        [
            [d["peer"], *(interval(d[m]) for m in ("auroc", "ap", "f1"))]
            for d in differences
        ],
    )


def _print_claims(task, claims):
    if claims:
        print_table(
            f"{task}: what is claimed",
            ["claim", "measured", "at least", "holds"],
            [[c["claim"], c["measured"], c["needed"], c["holds"]] for c in claims],
        )


def _print_unlabelled(task, records):
    print_table(
        f"{task}: sets without truth",
        ["set", "detector", "seed", "flagged share", "s"],
        [
            [
                r["set"],
                r["detector"],
                r["seed"],
                r["flagged_share"],
                f"{r['seconds'] + r['prepare_seconds']:.2f}",
            ]
            for r in records
        ],
    )


def stored_results(arguments):
    """Read the results of an interrupted run that used the same protocol.

    Raises
    ------
    ValueError
        If the file was written with other rows: figures would not be comparable.
    """
    stored = read_json(arguments.json)
    if stored:
        for key in ("rows", "min_anomalies", "max_share"):
            here = str(getattr(arguments, key))
            there = stored["arguments"].get(key, "not told")
            if here != there:
                raise ValueError(
                    f"{arguments.json} was written with {key}={there}, this run has "
                    f"{here}. Use the same value, or another file."
                )
    return stored.get("results", [])


def run(arguments):
    """Run the benchmark for parsed options; returns the summaries by task."""
    detectors = resolve_detectors(arguments.detectors)
    seeds = list(dict.fromkeys(arguments.seeds))
    records = stored_results(arguments) if arguments.resume else []
    done = {(r["task"], r["set"], r["detector"], r["seed"]) for r in records}
    summaries = {}
    protocol = {
        "max_rows": arguments.rows,
        "min_anomalies": arguments.min_anomalies,
        "max_share": arguments.max_share,
    }
    for task in arguments.tasks:
        cases = list_cases(arguments.data, task)
        jobs = (
            delayed(run_case)(
                case,
                detectors,
                seeds,
                {d[2:] for d in done if d[:2] == (task, case.name)},
                protocol,
                arguments.scores,
            )
            for case in cases
        )
        parallel = Parallel(
            n_jobs=arguments.n_jobs, return_as="generator_unordered", batch_size=1
        )
        for i, new in enumerate(parallel(jobs), 1):
            if not new:
                continue
            records += new
            single = [r["seconds"] for r in new if r["detector"] != RANK_AVERAGE]
            print(
                f"[{task} {i}/{len(cases)}] {new[0]['set']} {sum(single):.1f} s",
                file=sys.stderr,
                flush=True,
            )
            write_json(arguments.json, "adbench", arguments, results=records)
        chosen = [
            r
            for r in records
            if r["task"] == task and r["detector"] in detectors and r["seed"] in seeds
        ]
        summaries[task] = report(
            task,
            chosen,
            detectors,
            details=arguments.details,
            claims=not arguments.smoke and arguments.max_share == 1,
        )
    write_json(arguments.json, "adbench", arguments, summary=summaries, results=records)
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
        "--details", action="store_true", help="also print every set (ovr: source)"
    )
    parser.add_argument(
        "--min-anomalies",
        type=int,
        default=1,
        help="a draw with fewer is topped up (10: as in the reference script)",
    )
    parser.add_argument(
        "--max-share",
        type=float,
        default=1.0,
        help="anomalies beyond this share of the rows are left out at random (0.015: "
        "as rare as where people look for them)",
    )
    arguments = parser.parse_args(argv)
    if not 0 < arguments.max_share <= 1:
        parser.error(f"--max-share must lie in (0, 1], got {arguments.max_share}")
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
        arguments.detectors = arguments.detectors or SMOKE_DETECTORS
        run(arguments)


if __name__ == "__main__":
    main()
