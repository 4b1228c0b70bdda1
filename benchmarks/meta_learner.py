"""What the meta-learner is worth: calibration, cost and stability of the selection.

Families are left out of training together; see benchmarks/README.rst.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from _common import add_data_argument, argument_parser, print_table, write_json
from _data import list_cases, load_case

FOLDS = 5
COVERED = (0.85, 0.95)
COST_LIMIT = 0.10
MOST_CHANGED = 2  # of the sets of adbench/


def left_out(base, folds=FOLDS, seed=0):
    """Predict every task by a learner that has not seen its family.

    Parameters
    ----------
    base : KnowledgeBase
    folds, seed : int
        How families are left out.

    Returns
    -------
    rows : list of dict
        One per task: what was expected of the algorithms, and what came.
    """
    from autonomaly.selection import MetaFeatures, MetaLearner

    names = np.random.default_rng(seed).permutation(sorted(set(base.families)))
    rows = []
    for fold in range(folds):
        out = set(names[fold::folds])
        rest = base.without(out)
        learner = MetaLearner(rest)
        usual = np.nanmean(_centred(rest.auroc), axis=0)
        for i in np.flatnonzero([family in out for family in base.families]):
            meta = MetaFeatures(
                dict(zip(base.meta_features, base.meta[i], strict=True))
            )
            predicted = learner.predict(meta, base.algorithms)
            rows.append(judge(base, i, predicted, usual))
        print(f"fold {fold + 1}: {len(out)} families", file=sys.stderr, flush=True)
    return rows


def _centred(values):
    return values - np.nanmean(values, axis=1, keepdims=True)


def judge(base, i, predicted, usual):
    """Compare one task's predictions with its results.

    Parameters
    ----------
    base : KnowledgeBase
    i : int
        The task.
    predicted : Predictions
        Of all algorithms.
    usual : ndarray of shape (n_algorithms,)
        What each algorithm adds to the mean on the tasks that were seen: what the
        learner must beat.

    Returns
    -------
    row : dict
    """
    true = base.auroc[i]
    there = ~np.isnan(true)
    true, added = true[there], true[there] - true[there].mean()
    advantage, usual = predicted.advantage[there], usual[there]
    low, high = predicted.low["auroc"][there], predicted.high["auroc"][there]
    return {
        "task": base.tasks[i],
        "family": base.families[i],
        "kind": base.kinds[i],
        "covered": float(((low <= true) & (true <= high)).mean()),
        "width": float((high - low).mean()),
        "rho": _rho(advantage, true),
        "rho_usual": _rho(usual, true),
        "first": float(added[advantage.argmax()]),
        "first_usual": float(added[usual.argmax()]),
        "first_ten": float(added[np.argsort(-advantage)[:10]].mean()),
        "first_ten_usual": float(added[np.argsort(-usual)[:10]].mean()),
        "oracle": float(added.max()),
        "brier": float(
            ((predicted.confidence[there] - (true > np.median(true))) ** 2).mean()
        ),
    }


def _rho(a, b):
    from scipy.stats import spearmanr

    return float(np.nan_to_num(spearmanr(a, b).statistic))


def summarise(rows, kind):
    """Mean over families, with a bootstrap interval over them for the differences."""
    families = {}
    for row in rows:
        if row["kind"] == kind:
            families.setdefault(row["family"], []).append(row)
    keys = [key for key in rows[0] if isinstance(rows[0][key], float)]
    means = {
        key: np.array([np.mean([r[key] for r in own]) for own in families.values()])
        for key in keys
    }
    out = {"tasks": sum(map(len, families.values())), "families": len(families)}
    out |= {key: float(values.mean()) for key, values in means.items()}
    out["covered_of_results"] = float(
        np.mean([r["covered"] for own in families.values() for r in own])
    )
    for key in ("rho", "first", "first_ten"):
        gain = means[key] - means[f"{key}_usual"]
        draws = np.random.default_rng(0).choice(gain, (2000, len(gain))).mean(axis=1)
        out[f"{key}_gain"] = float(gain.mean())
        out[f"{key}_gain_interval"] = np.percentile(draws, [2.5, 97.5]).tolist()
    return out


def cost(base, n_samples, n_features):
    """Compare CPU seconds of meta-features and selection with those of a fit."""
    from autonomaly import AutonomousDetector
    from autonomaly.profiling import DataProfiler
    from autonomaly.selection import (
        AlgorithmSelector,
        MetaFeaturesExtractor,
        MetaLearner,
    )

    X = np.random.default_rng(0).normal(size=(n_samples, n_features))
    started = time.process_time()
    learner = MetaLearner(base)
    learner.predict(MetaFeaturesExtractor().extract(X[:100]))
    training = time.process_time() - started
    selector = AlgorithmSelector(learner=learner)
    profile = DataProfiler(mergeable=False, cache=False).profile(X)
    selector.select(profile, meta=MetaFeaturesExtractor().extract(X[:100]))

    def seconds(work):
        start = time.process_time()
        work()
        return time.process_time() - start

    def select():
        meta = MetaFeaturesExtractor().extract(X)
        selector.select(profile, meta=meta, max_candidates=5)

    AutonomousDetector().fit(X[:200])
    return {
        "training": training,
        "meta_features": min(
            seconds(lambda: MetaFeaturesExtractor().extract(X)) for _ in range(3)
        ),
        "meta_features_and_selection": min(seconds(select) for _ in range(3)),
        "fit": min(seconds(lambda: AutonomousDetector().fit(X)) for _ in range(2)),
    }


def stability(base, data, rows):
    """Compare what is chosen after a seed, or a constant column, has changed.

    Parameters
    ----------
    base : KnowledgeBase
    data : path-like
        The data folder; the sets of ``adbench/`` are looked at, each by a learner
        that has not seen its family.
    rows : int
        Rows at most.

    Returns
    -------
    changed : list of dict
        One per set: how many members were exchanged. The seed is that of the run; the
        figures that describe data are drawn with a seed of their own, so that it has
        no say in them, and how much depends on their draw is looked at by itself.
    """
    from autonomaly.selection import MetaLearner

    cases = list_cases(data, "adbench")
    groups = sorted({case.group for case in cases})
    out = []
    for fold in range(FOLDS):
        unseen = set(groups[fold::FOLDS])
        learner = MetaLearner(base.without(unseen))
        for case in cases:
            if case.group not in unseen:
                continue
            X = load_case(case, rows).raw
            chosen = choose(learner, X)
            wider = np.column_stack([X, np.full(len(X), 3.0)])
            out.append(
                {
                    "name": case.name,
                    "constant": len(chosen - choose(learner, wider)),
                    "seed": len(chosen - choose(learner, X, seed=1)),
                    "draw": len(chosen - choose(learner, X, draw=1)),
                    "members": len(chosen),
                }
            )
    return out


def choose(learner, X, seed=0, draw=0):
    """Return the names of the members that are recommended for a table."""
    from autonomaly.preprocessing import AutonomousPreprocessor
    from autonomaly.profiling import DataProfiler
    from autonomaly.selection import AlgorithmSelector, MetaFeaturesExtractor

    Z = AutonomousPreprocessor().fit_transform(X)
    profiler = DataProfiler(mergeable=False, cache=False, random_state=seed)
    selection = AlgorithmSelector(learner=learner).select(
        profiler.profile(X),
        *Z.shape,
        meta=MetaFeaturesExtractor(random_state=draw).extract(Z),
    )
    return {member.name for member in selection.members}


def main(argv=None):
    """Run the script."""
    parser = argument_parser(__doc__.splitlines()[0])
    add_data_argument(parser)
    parser.add_argument("--base", help="knowledge base; the one that ships by default")
    parser.add_argument("--rows", type=int, default=10_000, help="rows at most")
    arguments = parser.parse_args(argv)
    from autonomaly.selection import KnowledgeBase

    base = KnowledgeBase.load(arguments.base, shipped=arguments.base is None)
    size, folds = (10_000, 20), FOLDS
    if arguments.smoke:
        families = sorted(set(base.families))
        base, size, folds = base.without(families[12:]), (300, 4), 3
    rows = left_out(base, folds)
    found = {
        kind: summarise(rows, kind) for kind in sorted({row["kind"] for row in rows})
    }
    report_predictions(found)
    seconds = cost(base, *size)
    share = seconds["meta_features_and_selection"] / seconds["fit"]
    print_table(
        f"CPU seconds at {size[0]} x {size[1]}",
        list(seconds),
        [list(seconds.values())],
        [f"Meta-features and selection: {share:.1%}; at most {COST_LIMIT:.0%}."],
    )
    changed = []
    if arguments.data is not None and not arguments.smoke:
        changed = stability(base, arguments.data, arguments.rows)
        report_stability(changed)
    write_json(
        arguments.json,
        "meta_learner.py",
        arguments,
        predictions=found,
        tasks=rows,
        seconds=seconds,
        stability=changed,
    )
    return 0


def report_predictions(found):
    """Print what predictions for unseen families were worth."""
    columns = ["AUROC, mean over families", *found]
    shown = {
        "families": "families",
        "tasks": "tasks",
        "covered by 90 % intervals, of results": "covered_of_results",
        "the same, mean over families": "covered",
        "width of the intervals": "width",
        "rank correlation with the results": "rho",
        "that of the usual order": "rho_usual",
        "first choice, above the mean algorithm": "first",
        "usual first choice": "first_usual",
        "first ten": "first_ten",
        "usual first ten": "first_ten_usual",
        "best algorithm": "oracle",
        "Brier score of the confidence (0.25: no knowledge)": "brier",
    }
    rows = [
        [label, *(own[key] for own in found.values())] for label, key in shown.items()
    ]
    for key in ("rho", "first", "first_ten"):
        cells = [
            "{:+.3f} ({:+.3f} to {:+.3f})".format(
                own[f"{key}_gain"], *own[f"{key}_gain_interval"]
            )
            for own in found.values()
        ]
        rows.append([f"gain over the usual: {key}", *cells])
    low, high = COVERED
    print_table(
        "Learnt from other families",
        columns,
        rows,
        [f"Intervals should cover {low:.0%} to {high:.0%} of left-out results."],
    )


def report_stability(changed):
    """Print how often the chosen set changes."""
    rows = [
        [
            what,
            sum(item[key] > 0 for item in changed),
            sum(item[key] for item in changed),
        ]
        for what, key in (
            ("a constant column", "constant"),
            ("the seed of the run", "seed"),
            ("the rows drawn for the meta-features", "draw"),
        )
    ]
    total = sum(item["members"] for item in changed)
    print_table(
        f"Change of the chosen members on {len(changed)} sets",
        ["what changed", "sets with another choice", f"members of {total} exchanged"],
        rows,
        [f"At most {MOST_CHANGED} sets should change with a seed or a column."],
    )


if __name__ == "__main__":
    sys.exit(main())
