"""How much a few labels help: autonomaly with its own questions, and its peers.

See benchmarks/README.rst for the protocol and the columns.
"""

from __future__ import annotations

import importlib.util
import math
import sys
import tempfile
import time
from functools import partial

import numpy as np
from _common import (
    add_data_argument,
    argument_parser,
    print_table,
    read_json,
    write_json,
)
from _data import list_cases, load_case, write_smoke_data
from _detectors import run_detector
from _tuning import interval, interval_text, quietly
from sklearn.base import clone
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

ASKED, RANDOM = "autonomaly, ask", "autonomaly, random labels"
XGBOD, BOOSTING = "XGBOD", "HistGradientBoosting"
LABELLERS = {ASKED: "ask", RANDOM: "random"}
# How the supervised peers are given a few labels: those rows alone, or all rows, those
# without a label taken for normal, as XGBOD is run in ADBench.
REGIMES = ("labelled rows", "rest normal")
WITHOUT_LABELS = ("IsolationForest", "KNN", "ECOD")
MARGIN = 0.04  # of AUROC, that 20 labels have to bring
FIGURES = ("auroc", "ap", "auroc_rest", "ap_rest", "auroc_rest_0", "ap_rest_0", "f1")


def count_labels(text, n):
    """Turn "20" or "1%" into a number of labels; at most half of the rows."""
    wanted = float(text.rstrip("%"))
    count = math.ceil(wanted / 100 * n) if text.endswith("%") else int(wanted)
    return min(count, n // 2)


def next_round(n_labels):
    """Count the labels after the next round: 5 at a time, later a quarter more."""
    return n_labels + max(5, n_labels // 4)


def judge(y, scores, known, free_scores, flagged=None):
    """Compare scores with the truth, on all rows and on those without a label.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        1 = anomaly.
    scores : ndarray of shape (n_samples,)
        High = abnormal.
    known : list of int
        The labelled rows.
    free_scores : ndarray of shape (n_samples,)
        autonomaly's scores without labels.
    flagged : ndarray of bool of shape (n_samples,), default=None

    Returns
    -------
    figures : dict
        ``auroc`` and ``ap`` of all rows; ``_rest`` of those without a label, None where
        these are all of one kind; ``_rest_0`` what no label gives on the same rows.
    """
    rest = np.ones(len(y), dtype=bool)
    rest[known] = False
    figures = dict.fromkeys(FIGURES)
    figures["auroc"] = roc_auc_score(y, scores)
    figures["ap"] = average_precision_score(y, scores)
    if 0 < y[rest].sum() < rest.sum():
        for end, s in (("_rest", scores), ("_rest_0", free_scores)):
            figures["auroc" + end] = roc_auc_score(y[rest], s[rest])
            figures["ap" + end] = average_precision_score(y[rest], s[rest])
    if flagged is not None:
        figures["f1"] = f1_score(y, flagged, zero_division=0)
    return figures


class Supervised:
    """The supervised peers, on rows of which a few have labels."""

    def __init__(self, X, seed, peers):
        self.X, self.seed = X, seed
        if XGBOD not in peers:
            return
        from pyod.models.xgbod import XGBOD as Model

        # The scores it learns on do not depend on the labels: made once for all.
        any_labels = np.arange(len(X)) % 2
        model = Model(random_state=seed, n_jobs=1)
        model.fit(X, any_labels)
        self.features, self.booster = model.X_train_new_, model.clf_

    def scores(self, peer, regime, known, y):
        """Score all rows after learning from ``y[known]``."""
        rows, target = np.asarray(known, dtype=int), y[known]
        if regime == REGIMES[1]:
            rows, target = np.arange(len(y)), np.zeros(len(y), dtype=int)
            target[known] = y[known]
        if len(np.unique(target)) < 2:
            return np.zeros(len(y))  # nothing to tell apart
        if peer == XGBOD:
            features, model = self.features, clone(self.booster)
        else:
            from sklearn.ensemble import HistGradientBoostingClassifier

            # With its default of 20 it could not split fewer than 40 labels at all.
            leaf = min(20, max(2, len(rows) // 10))
            features = self.X
            model = HistGradientBoostingClassifier(
                min_samples_leaf=leaf, random_state=self.seed
            )
        return model.fit(features[rows], target).predict_proba(features)[:, 1]


def run_case(case, rows, counts, seed, peers=(XGBOD, BOOSTING)):
    """Measure everybody on one set.

    Parameters
    ----------
    case : Case
    rows : int
        At most.
    counts : list of str
        Numbers of labels, see `count_labels`.
    seed : int
    peers : tuple of str
        Those that learn from the same labels.

    Returns
    -------
    records : list of dict
        One per method and number of labels.
    """
    from autonomaly import AutonomousDetector

    table = load_case(case, rows)
    y, n = table.y, len(table.y)
    wanted = {text: count_labels(text, n) for text in counts}
    records = []

    def add(method, text, figures, seconds=None):
        records.append(
            {"set": case.name, "group": case.group, "seed": seed, "method": method}
            | {"labels": text, "n_labels": wanted.get(text, 0), "n_rows": n}
            | {"seconds": seconds, **figures}
        )

    for name in WITHOUT_LABELS:
        outcome = run_detector(name, table.numeric, seed)
        scores = np.full(n, 0.0) if outcome.error else outcome.scores
        figures = judge(y, scores, [], scores, outcome.flagged)
        for text in counts:
            add(name, text, figures)

    detector = AutonomousDetector(labels="use", outlier_label=1, random_state=seed)
    quietly(lambda: detector.fit(table.raw))
    free = -detector.score_samples(table.raw)
    supervised = quietly(lambda: Supervised(table.numeric, seed, peers))
    for method, labeller in LABELLERS.items():
        quietly(lambda: detector.feedback(dict.fromkeys(detector.known_labels_)))
        order = np.random.RandomState(seed).permutation(n)
        known = []
        for text, count in sorted(wanted.items(), key=lambda pair: pair[1]):
            seconds = 0.0
            while len(known) < count:
                more = min(count, next_round(len(known))) - len(known)
                if labeller == "ask":
                    rows_asked = detector.ask(more)
                else:
                    rows_asked = order[len(known) : len(known) + more]
                start = time.perf_counter()
                detector.feedback({int(row): int(y[row]) for row in rows_asked})
                seconds = time.perf_counter() - start
                known += [int(row) for row in rows_asked]
            scores = -detector.score_samples(table.raw)
            flagged = scores > -detector.offset_
            add(method, text, judge(y, scores, known, free, flagged), seconds)
            records[-1]["anomalies_known"] = int(y[known].sum())
            for peer in peers:
                for regime in REGIMES:
                    learn = partial(supervised.scores, peer, regime, list(known), y)
                    s = quietly(learn)
                    name = f"{peer} ({regime}), {labeller}"
                    add(name, text, judge(y, s, known, free))
    return records


def average(records, figure):
    """Average a figure over seeds: method -> labels -> set -> value."""
    values = {}
    for r in records:
        if r[figure] is not None:
            by_set = values.setdefault(r["method"], {}).setdefault(r["labels"], {})
            by_set.setdefault(r["set"], []).append(r[figure])
    return {
        method: {
            text: {name: float(np.mean(v)) for name, v in by_set.items()}
            for text, by_set in by_labels.items()
        }
        for method, by_labels in values.items()
    }


def report(records, counts):
    """Print the tables, and return what they show."""
    groups = {r["set"]: r["group"] for r in records}
    methods = list(dict.fromkeys(r["method"] for r in records))
    values = {figure: average(records, figure) for figure in FIGURES}
    n_seeds = len({r["seed"] for r in records})
    summary = {"sets": len(groups), "seeds": n_seeds, "means": {}}
    for figure, title in (
        ("auroc", "AUROC, all rows (labelled ones count by their score)"),
        ("ap", "average precision, all rows"),
        ("auroc_rest", "AUROC, rows without a label"),
        ("auroc_rest_0", "AUROC of no label on the same rows"),
        ("ap_rest", "average precision, rows without a label"),
        ("ap_rest_0", "average precision of no label on the same rows"),
        ("f1", "F1 of the flagged rows, all rows"),
    ):
        chosen = methods
        if figure.endswith("_0"):
            chosen = list(LABELLERS)
        elif figure == "f1":
            chosen = [*LABELLERS, *WITHOUT_LABELS]
        means = {
            method: [
                float(np.mean(list(by_set.values()))) if by_set else None
                for by_set in (
                    values[figure].get(method, {}).get(text, {}) for text in counts
                )
            ]
            for method in chosen
        }
        summary["means"][figure] = means
        print_table(
            f"{title}: {len(groups)} sets, {n_seeds} seed(s)",
            ["labels", *counts],
            [[method, *row] for method, row in means.items()],
        )
    _report_differences(values, groups, counts, summary)
    return summary


def _report_differences(values, groups, counts, summary):
    """Print what labels bring, and the lead over the peers, with intervals."""
    zero = next((text for text in counts if float(text.rstrip("%")) == 0), None)
    rows, claims = [], []

    def difference(figure, method, text, other, other_text):
        a = values[figure].get(method, {}).get(text, {})
        b = values[figure].get(other, {}).get(other_text, {})
        both = sorted(set(a) & set(b))
        return [a[s] - b[s] for s in both], [groups[s] for s in both]

    for text in counts:
        if text == zero:
            continue
        for figure in ("auroc", "ap"):
            for method in LABELLERS:
                if zero is not None:
                    d = difference(figure, method, text, method, zero)
                    rows.append([f"{method} - no label", figure, text, *d])
                end = figure + "_rest"
                a = values[end].get(method, {}).get(text, {})
                b = values[end + "_0"].get(method, {}).get(text, {})
                d = [a[s] - b[s] for s in a], [groups[s] for s in a]
                name = f"{method} - no label, rest"
                rows.append([name, figure, text, *d])
            for peer in (XGBOD, BOOSTING):
                for regime in REGIMES:
                    name = f"{peer} ({regime}), ask"
                    d = difference(figure, ASKED, text, name, text)
                    rows.append([f"{ASKED} - {name}", figure, text, *d])
    rows = [row for row in rows if row[3]]
    print_table(
        "Differences, 95 % bootstrap interval over families",
        ["difference", "figure", "labels", "mean", "sets"],
        [[*row[:3], interval_text(*row[3:]), len(row[3])] for row in rows],
    )
    for name, figure, text, d, where in rows:
        mean, low, high = interval(d, where)
        entry = {"difference": name, "figure": figure, "labels": text}
        summary.setdefault("differences", []).append(
            entry | {"mean": mean, "low": low, "high": high, "sets": len(d)}
        )
        if text == "20" and figure == "auroc" and name.startswith(ASKED):
            if name == f"{ASKED} - no label":
                claims.append([name, mean, MARGIN, mean >= MARGIN])
            elif not name.endswith("rest"):
                claims.append([name, mean, 0.0, mean > 0])
    if claims:
        print_table(
            "What is claimed, AUROC with 20 labels",
            ["claim", "measured", "at least", "holds"],
            claims,
        )
        summary["claims"] = claims


def draw(summary, counts, path):
    """Draw AUROC and average precision against the number of labels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    titles = {"auroc": "AUROC", "ap": "average precision"}
    for axes, (name, title) in zip(figure.subplots(1, 2), titles.items(), strict=True):
        for i, (method, row) in enumerate(summary["means"][name].items()):
            style = "-" if method in LABELLERS else ":"
            if method in WITHOUT_LABELS:
                style = "--"
            width = 2.5 if method in LABELLERS else 1.2
            values = [math.nan if value is None else value for value in row]
            look = {"linewidth": width, "label": method, "marker": ".x"[i // 10]}
            axes.plot(counts, values, style, **look)  # ten colours, then once more
        axes.set(xlabel="labels", title=f"{title}, mean over {summary['sets']} sets")
        axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper")
    figure.savefig(path, dpi=150)


def run(arguments):
    """Run the benchmark for parsed options; returns the summary."""
    records = read_json(arguments.json).get("results", []) if arguments.resume else []
    done = {(r["set"], r["seed"]) for r in records}
    cases = list_cases(arguments.data, "adbench")
    for i, case in enumerate(cases, 1):
        for seed in arguments.seeds:
            if (case.name, seed) in done:
                continue
            start = time.perf_counter()
            records += run_case(
                case, arguments.rows, arguments.labels, seed, arguments.peers
            )
            seconds = time.perf_counter() - start
            print(
                f"[{i}/{len(cases)}] {case.name}, seed {seed}: {seconds:.0f} s",
                file=sys.stderr,
                flush=True,
            )
            write_json(arguments.json, "labels", arguments, results=records)
    summary = report(records, arguments.labels)
    write_json(arguments.json, "labels", arguments, summary=summary, results=records)
    if arguments.plot:
        draw(summary, arguments.labels, arguments.plot)
        print(f"drawn: {arguments.plot}")
    return summary


def parse(argv=None):
    """Read the command line."""
    parser = argument_parser(__doc__)
    add_data_argument(parser)
    parser.add_argument("--rows", type=int, default=3000, help="at most, per set")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument(
        "--labels",
        nargs="+",
        default=["0", "5", "10", "20", "50", "1%", "10%"],
        help="numbers of labels, or shares of the rows",
    )
    parser.add_argument("--plot", metavar="PNG", help="draw the curves there")
    parser.add_argument(
        "--resume", action="store_true", help="skip the sets the --json file holds"
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
    arguments.peers = (XGBOD, BOOSTING)
    if importlib.util.find_spec("xgboost") is None:
        missing = "XGBOD needs xgboost, which is not installed"
        if not arguments.smoke:
            raise SystemExit(f"{missing}; run `pip install 'autonomaly[benchmark]'`")
        print(f"{missing}: left out")
        arguments.peers = (BOOSTING,)
    if not arguments.smoke:
        run(arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_smoke_data(folder)
        arguments.data, arguments.rows, arguments.seeds = folder, 150, [0]
        arguments.labels = ["0", "5", "10%"]
        run(arguments)


if __name__ == "__main__":
    main()
