"""What gaps cost: the same sets complete, and with a share of their cells missing.

Cells go missing at random, so that a gap says nothing of its row. autonomaly is given
the gaps, and beside that the same rows with medians in their place, which is all the
peers get. See benchmarks/README.rst for the columns.
"""

from __future__ import annotations

import tempfile

import numpy as np
from _common import (
    add_data_argument,
    argument_parser,
    print_table,
    write_json,
)
from _data import list_cases, load_case, write_smoke_data
from _detectors import AUTONOMALY, run_detector, warm_up
from _summary import judge
from _tuning import interval_text
from joblib import Parallel, delayed

PEERS = ("IsolationForest", "LocalOutlierFactor", "KNN", "MCD")
COMPLETE, GAPS, MEDIANS = "complete", "gaps", "medians"


def punch(X, share, seed):
    """Leave out cells at random; at least one value stays in every column.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    share : float
    seed : int

    Returns
    -------
    gaps : ndarray of shape (n_samples, n_features)
        NaN where cells are missing.
    medians : ndarray of shape (n_samples, n_features)
        The median of the column there.
    """
    missing = np.random.default_rng(seed).random(X.shape) < share
    missing[0, missing.all(axis=0)] = False
    gaps = np.where(missing, np.nan, X)
    return gaps, np.where(missing, np.nanmedian(gaps, axis=0), X)


def run_case(case, share, seed, max_rows):
    """Score one set, complete and with gaps.

    Returns
    -------
    records : list of dict
        One per detector and table: what `judge` says, and ``flagged_gaps`` and
        ``flagged_others``, the share flagged of the normal rows with and without a gap.
    """
    warm_up((AUTONOMALY, *PEERS))
    table = load_case(case, max_rows)
    X, y = table.numeric, table.y
    gaps, medians = punch(X, share, seed)
    runs = [(AUTONOMALY, COMPLETE, X), (AUTONOMALY, GAPS, gaps)]
    runs += [(AUTONOMALY, MEDIANS, medians)]
    for peer in PEERS:
        runs += [(peer, COMPLETE, X), (peer, MEDIANS, medians)]
    with_gap = np.isnan(gaps).any(axis=1)
    normal = {"gaps": (y == 0) & with_gap, "others": (y == 0) & ~with_gap}
    records = []
    for detector, kind, rows in runs:
        outcome = run_detector(detector, rows, seed)
        record = {"set": case.name, "group": case.group, "seed": seed}
        record |= {"detector": detector, "table": kind, **judge(y, outcome)}
        for name, some in normal.items():
            told = outcome.error is None and some.any()
            flagged = float(outcome.flagged[some].mean()) if told else None
            record[f"flagged_{name}"] = flagged
        records.append(record)
    return records


def mean(records, field):
    """Average a figure over the sets that have it; None where none has."""
    values = [r[field] for r in records if r[field] is not None]
    return float(np.mean(values)) if values else None


def report(records, share):
    """Print what each detector reaches on each kind of table, and what gaps cost."""
    of = {}
    for record in records:
        of.setdefault((record["detector"], record["table"]), []).append(record)
    rows = []
    for (detector, kind), own in of.items():
        lost = "" if kind == COMPLETE else _change(own, of[detector, COMPLETE])
        row = [detector, kind, mean(own, "auroc"), lost, mean(own, "ap")]
        row += [mean(own, "flagged_gaps"), mean(own, "flagged_others")]
        rows.append(row)
    print_table(
        f"adbench, {share:.0%} of the cells missing, {len(of[AUTONOMALY, GAPS])} runs",
        ["detector", "table", "AUROC", "against complete", "AP"]
        + ["flagged with a gap", "without"],
        rows,
        notes=["flagged: share of the normal rows"],
    )
    change = _change(of[AUTONOMALY, GAPS], of[AUTONOMALY, MEDIANS])
    print(f"autonomaly, AUROC of gaps against medians: {change}")


def _change(own, others):
    """Write the mean difference in AUROC, and its interval over families."""
    differences = [a["auroc"] - b["auroc"] for a, b in zip(own, others, strict=True)]
    return interval_text(differences, [record["group"] for record in own])


def parse(argv=None):
    """Read the command line."""
    parser = argument_parser(__doc__)
    add_data_argument(parser)
    parser.add_argument("--share", type=float, default=0.05, help="of cells missing")
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--n-jobs", type=int, default=1)
    arguments = parser.parse_args(argv)
    if arguments.data is None and not arguments.smoke:
        parser.error("name the data folder: --data DIR, or AUTONOMALY_DATA")
    return arguments


def run(arguments):
    """Run all sets and print the tables."""
    cases = list_cases(arguments.data, "adbench")
    runs = Parallel(n_jobs=arguments.n_jobs)(
        delayed(run_case)(case, arguments.share, seed, arguments.rows)
        for case in cases
        for seed in arguments.seeds
    )
    records = [record for run in runs for record in run]
    report(records, arguments.share)
    write_json(arguments.json, "gaps", arguments, records=records)


def main(argv=None):
    """Run the script."""
    arguments = parse(argv)
    if not arguments.smoke:
        run(arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_smoke_data(folder)
        arguments.data, arguments.rows, arguments.seeds = folder, 150, [0]
        run(arguments)


if __name__ == "__main__":
    main()
