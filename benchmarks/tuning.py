"""Whether tuning the members' hyperparameters within a budget improves the detector.

See benchmarks/README.rst for the protocol and the columns.
"""

from __future__ import annotations

import sys
import tempfile
import time

import numpy as np
from _common import add_data_argument, argument_parser, print_table, write_json
from _data import list_cases, load_case, write_smoke_data
from _tuning import interval_text, quietly
from joblib import Parallel, delayed
from sklearn.metrics import average_precision_score, roc_auc_score

UNTUNED = "untuned"


def measure_case(case, arguments):
    """Fit the untuned ensemble, and one per criterion that tuned its members.

    Parameters
    ----------
    case : Case
    arguments : argparse.Namespace
        ``rows``, ``criteria``, ``search``, ``n_trials``, ``time_budget``.

    Returns
    -------
    record : dict
        ``results``: way -> AUROC, AP, CPU seconds of tuning, members changed, trials.
    """
    from autonomaly.ensemble import VotingOutlierEnsemble
    from autonomaly.profiling import DataProfiler
    from autonomaly.selection import AlgorithmSelector, build_member
    from autonomaly.tuning import tune_selection

    table = load_case(case, arguments.rows)
    X, y = table.numeric, table.y
    profile = DataProfiler(mergeable=False).profile(X)
    selection = AlgorithmSelector().select(profile, len(X), X.shape[1])
    results = {}
    for name in (UNTUNED, *arguments.criteria):
        start = time.process_time()
        members, tuned = selection.members, []
        if name != UNTUNED:
            better, tuned = quietly(
                lambda name=name: tune_selection(
                    selection,
                    X,
                    search=arguments.search,
                    scoring=name,
                    n_trials=arguments.n_trials,
                    time_budget=arguments.time_budget,
                )
            )
            members = better.members
        seconds = time.process_time() - start
        ensemble = VotingOutlierEnsemble(
            [build_member(m) for m in members], calibrate=False, contamination=0.1
        )
        scores = -ensemble.fit(X).score_samples(X)
        results[name] = {
            "auroc": roc_auc_score(y, scores),
            "ap": average_precision_score(y, scores),
            "seconds": seconds,
            "n_changed": sum(t.changed for t in tuned),
            "n_trials": sum(len(t.trials) for t in tuned),
            "parameters": {t.name: t.parameters for t in tuned},
        }
    return {
        "task": case.task,
        "set": case.name,
        "group": case.group,
        "n_rows": len(X),
        "n_columns": X.shape[1],
        "results": results,
    }


def leave_one_family_out(records, criteria, metric):
    """Choose the way of tuning on all families but one, for that one.

    Parameters
    ----------
    records : list of dict
        As `measure_case` makes them.
    criteria : list of str
        Ways of tuning to choose among.
    metric : {"auroc", "ap"}
        What the choice looks at.

    Returns
    -------
    chosen : list of str
        The criterion for each set.
    """
    chosen = []
    for record in records:
        others = [r for r in records if r["group"] != record["group"]] or records
        means = {
            c: np.mean([r["results"][c][metric] for r in others]) for c in criteria
        }
        chosen.append(max(criteria, key=means.get))
    return chosen


def report(task, records, criteria):
    """Print the table of one task and return what it shows."""
    groups = [record["group"] for record in records]
    ways = {name: [name] * len(records) for name in (UNTUNED, *criteria)}
    ways["leave one family out"] = leave_one_family_out(records, criteria, "auroc")
    rows = []
    for name, chosen in ways.items():
        row, differences = [name], []
        pairs = list(zip(records, chosen, strict=True))
        for metric in ("auroc", "ap"):
            values = [r["results"][c][metric] for r, c in pairs]
            before = [r["results"][UNTUNED][metric] for r in records]
            row.append(float(np.mean(values)))
            difference = np.subtract(values, before)
            differences.append(
                "-" if name == UNTUNED else interval_text(difference, groups)
            )
        for field, form in (("n_changed", ".1f"), ("n_trials", ".0f")):
            row.append(
                format(np.mean([r["results"][c][field] for r, c in pairs]), form)
            )
        seconds = [r["results"][c]["seconds"] for r, c in pairs]
        row.append(f"{np.mean(seconds):.1f}")
        rows.append([*row[:3], *differences, *row[3:]])
    print_table(
        f"{task}: {len(records)} sets of {len(set(groups))} families",
        [
            "members tuned by",
            "AUROC",
            "AP",
            "AUROC minus untuned",
            "AP minus untuned",
            "changed",
            "trials",
            "CPU s",
        ],
        rows,
    )
    return {"rows": rows, "chosen": ways["leave one family out"]}


def run(arguments):
    """Run the benchmark for parsed options; returns the summaries by task."""
    summaries, records = {}, []
    for task in arguments.tasks:
        cases = list_cases(arguments.data, task)
        if task == "ovr":  # one task per source: they share rows and columns
            cases = list({case.group: case for case in reversed(cases)}.values())[::-1]
        parallel = Parallel(n_jobs=arguments.n_jobs, return_as="generator")
        here = []
        for record in parallel(delayed(measure_case)(c, arguments) for c in cases):
            here.append(record)
            print(f"[{task}] {record['set']}", file=sys.stderr, flush=True)
            write_json(arguments.json, "tuning", arguments, results=records + here)
        records += here
        summaries[task] = report(task, here, arguments.criteria)
    write_json(arguments.json, "tuning", arguments, summary=summaries, results=records)
    return summaries


def parse(argv=None):
    """Read the command line."""
    parser = argument_parser(__doc__)
    add_data_argument(parser)
    parser.add_argument(
        "--tasks", nargs="+", choices=("adbench", "ovr"), default=["adbench"]
    )
    parser.add_argument("--rows", type=int, default=1000, help="at most, per set")
    parser.add_argument(
        "--criteria", nargs="+", default=["blend", "consensus", "stability"]
    )
    parser.add_argument("--search", default="random", help="strategy")
    parser.add_argument("--n-trials", type=int, default=100, help="of all members")
    parser.add_argument("--time-budget", type=float, default=60.0, help="seconds")
    parser.add_argument("--n-jobs", type=int, default=1, help="data sets in parallel")
    arguments = parser.parse_args(argv)
    if not arguments.smoke and arguments.data is None:
        parser.error("name the data folder with --data DIR or AUTONOMALY_DATA")
    return arguments


def main(argv=None):
    """Run the script."""
    arguments = parse(argv)
    if not arguments.smoke:
        run(arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_smoke_data(folder)
        arguments.data, arguments.tasks = folder, ["adbench", "ovr"]
        arguments.rows, arguments.n_trials = 100, 4
        arguments.criteria, arguments.time_budget = ["consensus"], 10.0
        run(arguments)


if __name__ == "__main__":
    main()
