"""How well criteria without labels rank configurations of the catalogue.

See benchmarks/README.rst for the protocol and the columns.
"""

from __future__ import annotations

import sys
import tempfile
import time

import numpy as np
from _common import add_data_argument, argument_parser, print_table, write_json
from _data import list_cases, load_case, write_smoke_data
from _tuning import DEFAULT, build, configurations, interval_text, quietly
from joblib import Parallel, delayed
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score


def measure_case(case, rows, n_each):
    """Measure every criterion and the truth for every configuration of a set.

    Parameters
    ----------
    case : Case
    rows : int
        At most.
    n_each : int
        Configurations per detector.

    Returns
    -------
    record : dict
        ``results``: one dict per configuration.
    """
    from autonomaly.tuning import CRITERIA

    table = load_case(case, rows)
    X, y = table.numeric, table.y
    scorers = {name: criterion.on(X) for name, criterion in CRITERIA.items()}
    results = []
    for configuration in configurations(n_each):
        detector, view, parameters = configuration
        result = {"detector": detector, "view": view, "parameters": parameters}
        try:
            pipeline = quietly(lambda c=configuration: build(c).fit(X))
            scores = -pipeline.decision_function(X)
            figures, seconds = {}, {}
            for name, scorer in scorers.items():
                start = time.perf_counter()
                figures[name] = quietly(lambda s=scorer, p=pipeline: s(p, X))
                seconds[name] = time.perf_counter() - start
        except ValueError as error:  # the detector declines this table
            result["error"] = str(error)
        else:
            result |= {
                "error": None,
                "auroc": roc_auc_score(y, scores),
                "ap": average_precision_score(y, scores),
                "criteria": figures,
                "seconds": seconds,
            }
        results.append(result)
    return {
        "task": case.task,
        "set": case.name,
        "group": case.group,
        "n_rows": len(X),
        "n_columns": X.shape[1],
        "true_share": float(y.mean()),
        "results": results,
    }


def judge(record):
    """Compare the criteria with the truth on one set.

    Parameters
    ----------
    record : dict
        As `measure_case` makes it.

    Returns
    -------
    figures : dict
        ``correlation``: criterion -> Spearman with AUROC; ``auroc``, ``ap``: way of
        choosing -> figure of the configuration chosen; ``seconds``: criterion -> mean.
    """
    done = [r for r in record["results"] if r["error"] is None]
    figures = {"correlation": {}, "auroc": {}, "ap": {}, "seconds": {}}
    auroc = np.array([r["auroc"] for r in done])
    for name in done[0]["criteria"]:
        values = np.array([r["criteria"][name] for r in done])
        constant = (values == values[0]).all() or (auroc == auroc[0]).all()
        figures["correlation"][name] = (
            0.0 if constant else float(spearmanr(values, auroc).statistic)
        )
        figures["seconds"][name] = float(np.mean([r["seconds"][name] for r in done]))
        _choose(figures, name, done, [int(np.argmax(values))])
    default = next(i for i, r in enumerate(done) if r["detector"] == DEFAULT)
    _choose(figures, "default", done, [default])
    _choose(figures, "at random", done, range(len(done)))
    _choose(figures, "oracle", done, [int(np.argmax(auroc))])
    return figures


def _choose(figures, name, done, chosen):
    for metric in ("auroc", "ap"):
        figures[metric][name] = float(np.mean([done[i][metric] for i in chosen]))


def leave_one_family_out(judged, groups):
    """Choose the criterion on all families but one, and judge it on that one.

    Parameters
    ----------
    judged : list of dict
        As `judge` makes them.
    groups : list of str
        Family of each.

    Returns
    -------
    chosen : list of str
        The criterion for each set, chosen by its mean correlation on other families.
    """
    names = list(judged[0]["correlation"])
    table = np.array([[j["correlation"][n] for n in names] for j in judged])
    groups = np.asarray(groups)
    chosen = []
    for group in groups:
        others = table[groups != group]
        mean = (others if len(others) else table).mean(axis=0)
        chosen.append(names[int(np.argmax(mean))])
    return chosen


def report(task, records):
    """Print the tables of one task and return what they show."""
    judged = [judge(record) for record in records]
    groups = [record["group"] for record in records]
    chosen = leave_one_family_out(judged, groups)
    rows = []
    for name in judged[0]["correlation"]:
        rows.append(
            [
                name,
                interval_text([j["correlation"][name] for j in judged], groups),
                *_means(judged, [name] * len(judged)),
                interval_text(
                    [j["auroc"][name] - j["auroc"]["default"] for j in judged], groups
                ),
                float(np.mean([j["seconds"][name] for j in judged])),
                chosen.count(name),
            ]
        )
    best = [j["correlation"][c] for j, c in zip(judged, chosen, strict=True)]
    rows.append(
        [
            "leave one family out",
            interval_text(best, groups),
            *_means(judged, chosen),
            interval_text(
                [
                    j["auroc"][c] - j["auroc"]["default"]
                    for j, c in zip(judged, chosen, strict=True)
                ],
                groups,
            ),
            None,
            None,
        ]
    )
    for name in ("default", "at random", "oracle"):
        rows.append([name, "-", *_means(judged, [name] * len(judged)), "-", None, None])
    n_failed = sum(r["error"] is not None for x in records for r in x["results"])
    n_results = sum(len(record["results"]) for record in records)
    print_table(
        f"{task}: {len(records)} sets of {len(set(groups))} families, "
        f"{len(records[0]['results'])} configurations each",
        [
            "criterion",
            "correlation with AUROC",
            "AUROC of its choice",
            "AP of its choice",
            "AUROC minus default",
            "s each",
            "sets",
        ],
        rows,
        [f"{n_failed} of {n_results} configurations declined their table"],
    )
    return {"rows": rows, "chosen": chosen}


def _means(judged, names):
    pairs = list(zip(judged, names, strict=True))
    return [float(np.mean([j[m][n] for j, n in pairs])) for m in ("auroc", "ap")]


def run(arguments):
    """Run the benchmark for parsed options; returns the summaries by task."""
    summaries, records = {}, []
    for task in arguments.tasks:
        cases = list_cases(arguments.data, task)
        if task == "ovr":  # one task per source: they share rows and columns
            cases = list({case.group: case for case in reversed(cases)}.values())[::-1]
        parallel = Parallel(n_jobs=arguments.n_jobs, return_as="generator")
        jobs = (
            delayed(measure_case)(case, arguments.rows, arguments.configurations)
            for case in cases
        )
        here = []
        for record in parallel(jobs):
            here.append(record)
            print(f"[{task}] {record['set']}", file=sys.stderr, flush=True)
            write_json(arguments.json, "criteria", arguments, results=records + here)
        records += here
        summaries[task] = report(task, here)
    write_json(
        arguments.json, "criteria", arguments, summary=summaries, results=records
    )
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
        "--configurations", type=int, default=5, help="per detector of the catalogue"
    )
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
        arguments.rows, arguments.configurations = 100, 1
        run(arguments)


if __name__ == "__main__":
    main()
