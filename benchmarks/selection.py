"""Measure whether choosing detectors by what is known of other data helps.

Every family of data sets is judged by models that have not seen it. Rows: the static
ensemble of the package, rules only, the meta-learner's best and best five, the
builder's weights (as shrunk as it wants, and following the predictions entirely),
stacking across data sets, a random choice, PyOD's ADEngine, and the best single
algorithm chosen with the labels. Uses the scores that `build_knowledge.py` keeps in
its ``--work`` folder, and makes those of the real sets where they are missing.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path

import build_knowledge
import numpy as np
from _common import add_data_argument, argument_parser, print_table, write_json
from _data import write_smoke_data
from _detectors import AD_ENGINE, run_detector
from _generated import MAX_ROWS
from _summary import bootstrap_differences
from scipy.stats import rankdata, spearmanr

STATIC = "static ensemble"
BUILDER = "builder"
METHODS = (
    STATIC,
    "rules only",
    "meta-learner, best one",
    "meta-learner, best five",
    BUILDER,
    "builder, trust=1",
    "builder, five members",
    "stacking",
    "random choice",
    AD_ENGINE,
    "oracle",
)
TOP = 5
# A stack learns from this many rows of every data set.
STACK_ROWS = 300


def read_tasks(folder):
    """Read the real tasks with their row scores.

    Returns
    -------
    tasks : list of dict
        ``name``, ``task``, ``family``, ``X``, ``y``, and ``scores`` by algorithm.
    """
    tasks = []
    for path in sorted(Path(folder).glob("*.json")):
        about = json.loads(path.read_text())
        if about["kind"] != "real":
            continue
        with np.load(path.with_suffix(".npz")) as stored:
            scores = dict(
                zip(stored["columns"], stored["scores"].astype(float), strict=True)
            )
            task = {"X": stored["X"], "y": stored["y"].astype(int), "scores": scores}
        collection = about["name"].partition("-")[0]
        tasks.append(
            {"name": about["name"], "task": collection, "family": about["family"]}
            | task
        )
    return tasks


def fold_of_families(families, n_folds):
    """Deal families to folds; 0 folds leave out every family alone."""
    names = sorted(set(families))
    order = np.random.RandomState(0).permutation(len(names))
    n_folds = n_folds or len(names)
    return {names[j]: i % n_folds for i, j in enumerate(order)}


def without_families(document, families):
    """Return the knowledge base that has not seen some families."""
    from autonomaly.selection import KnowledgeBase

    tasks = [task for task in document["tasks"] if task["family"] not in families]
    return KnowledgeBase([{**document, "tasks": tasks}])


def weighted(scores, weights):
    """Vote as `VotingOutlierEnsemble` does, with weights by column."""
    from autonomaly.ensemble._combination import combine

    names = [name for name in weights if name in scores]
    Z = np.column_stack([scores[name] for name in names])
    return combine(Z, "upper_half", np.array([weights[name] for name in names]))


def judge(y, score):
    """Compare a score, high = abnormal, with the truth."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    return {
        "auroc": float(roc_auc_score(y, score)),
        "ap": float(average_precision_score(y, score)),
    }


class Chooser:
    """Everything that was learnt without the families that are left out.

    Parameters
    ----------
    document : dict
        The whole knowledge base.
    tasks : list of dict
        The real tasks, see `read_tasks`.
    left_out : set of str
        Families that nothing may be learnt from.
    """

    def __init__(self, document, tasks, left_out):
        from autonomaly.selection import POOL, MetaLearner

        self.base = without_families(document, left_out)
        self.learner = MetaLearner(self.base)
        self.prior = {
            member.name + (f"@{depth:g}" if depth else ""): 1.0
            for member in POOL
            for depth in build_knowledge.DEPTHS
        }
        self.stack = self._fit_stack(
            [task for task in tasks if task["family"] not in left_out]
        )

    def _stack_features(self, task):
        Z = np.column_stack([task["scores"][n] for n in self.prior])
        ranks = -np.log1p(-rankdata(Z, axis=0) / (len(Z) + 1))
        return np.hstack([np.sort(Z, axis=1), ranks])

    def _fit_stack(self, tasks):
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        rng = np.random.RandomState(0)
        rows, labels, weights = [], [], []
        for task in tasks:
            if not self.prior.keys() <= task["scores"].keys():
                continue
            y = task["y"]
            some = rng.permutation(len(y))[:STACK_ROWS]
            some = np.union1d(some, np.flatnonzero(y)[: STACK_ROWS // 3])
            n_odd = y[some].sum()
            share = np.where(y[some] == 1, 0.5 / n_odd, 0.5 / (len(some) - n_odd))
            rows.append(self._stack_features(task)[some])
            labels.append(y[some])
            weights.append(share)
        model = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.003, max_iter=1000)
        )
        weights = np.concatenate(weights)
        return model.fit(
            np.vstack(rows),
            np.concatenate(labels),
            logisticregression__sample_weight=weights / weights.mean(),
        )

    def scores(self, task, meta):
        """Score the rows of a task by every method; one of them has no single score.

        Returns
        -------
        scores : dict of str to ndarray
        about : dict
            What was predicted for the algorithms.
        """
        from autonomaly.ensemble import IntelligentEnsembleBuilder, pairwise_agreement

        there = [a for a in self.base.algorithms if a.name in task["scores"]]
        predictions = self.learner.predict(meta, there)
        names = [algorithm.name for algorithm in there]
        advantage = dict(zip(names, predictions.advantage, strict=True))
        error = dict.fromkeys(names, predictions.advantage_error)
        columns = task["scores"]
        best = sorted(names, key=lambda name: -advantage[name])
        prior = {n: w for n, w in self.prior.items() if n in advantage}
        of_prior = {n: advantage[n] for n in prior}
        errors = {n: error[n] for n in prior}
        build = IntelligentEnsembleBuilder().build
        plan = build(of_prior, errors, prior=prior)
        full = IntelligentEnsembleBuilder(trust=1).build(of_prior, errors, prior=prior)
        some = np.column_stack([columns[name] for name in names])[:1000]
        five = IntelligentEnsembleBuilder(max_models=TOP).build(
            advantage, error, agreement=pairwise_agreement(some)
        )
        scores = {
            STATIC: weighted(columns, prior),
            "meta-learner, best one": columns[best[0]],
            "meta-learner, best five": weighted(columns, dict.fromkeys(best[:TOP], 1)),
            BUILDER: weighted(columns, plan.weights),
            "builder, trust=1": weighted(columns, full.weights),
            "builder, five members": weighted(columns, five.weights),
        }
        ruled = self._ruled(task["X"], names)
        if ruled:
            scores["rules only"] = weighted(columns, dict.fromkeys(ruled, 1.0))
        if self.prior.keys() <= columns.keys():
            features = self._stack_features(task)
            scores["stacking"] = self.stack.decision_function(features)
        about = {
            "names": names,
            "expected": predictions.expected["auroc"],
            "low": predictions.low["auroc"],
            "high": predictions.high["auroc"],
            "trust": plan.trust,
            "chosen": five.members,
        }
        return scores, about

    def _ruled(self, X, names):
        """Name the algorithms that the rules of thumb ask for."""
        from autonomaly.selection import recommended_by_rules

        facts = {"n_samples": len(X), "n_features": X.shape[1]}
        wanted, _ = recommended_by_rules(facts)
        known = {algorithm.name: algorithm for algorithm in self.base.algorithms}
        return [
            name
            for name in names
            if known[name].detector in wanted and not known[name].trimmed
        ]


def run(document, tasks, n_folds):
    """Judge every method on every real task.

    Returns
    -------
    records : list of dict
        ``name``, ``task``, ``family``, ``values`` by method, and ``covered``: for each
        algorithm, whether its result lies in the interval predicted.
    """
    from autonomaly.selection import MetaFeaturesExtractor

    folds = fold_of_families([task["family"] for task in tasks], n_folds)
    extractor = MetaFeaturesExtractor()
    records = []
    for fold in sorted(set(folds.values())):
        left_out = {family for family, f in folds.items() if f == fold}
        started = time.perf_counter()
        chooser = Chooser(document, tasks, left_out)
        for task in tasks:
            if task["family"] not in left_out:
                continue
            y, columns = task["y"], task["scores"]
            scores, about = chooser.scores(task, extractor.extract(task["X"]))
            outcome = run_detector(AD_ENGINE, task["X"], 0)
            if outcome.error is None:
                scores[AD_ENGINE] = outcome.scores
            values = {method: judge(y, s) for method, s in scores.items()}
            each = [judge(y, columns[name]) for name in about["names"]]
            for method, take in (("random choice", np.mean), ("oracle", np.max)):
                values[method] = {
                    metric: float(take([item[metric] for item in each]))
                    for metric in ("auroc", "ap")
                }
            reached = np.array([item["auroc"] for item in each])
            records.append(
                {
                    "name": task["name"],
                    "task": task["task"],
                    "family": task["family"],
                    "values": values,
                    "covered": float(
                        np.mean((about["low"] <= reached) & (reached <= about["high"]))
                    ),
                    "rank_correlation": float(
                        spearmanr(about["expected"], reached).statistic
                    ),
                    "trust": about["trust"],
                    "chosen": about["chosen"],
                }
            )
        print(
            f"fold {fold}: {len(left_out)} families, "
            f"{time.perf_counter() - started:.0f} s",
            file=sys.stderr,
            flush=True,
        )
    return records


def summarise(records, tasks):
    """Average over families; the bootstrap draws whole families.

    Returns
    -------
    rows : list of list
        Method, AUROC, AP, regret, difference to the static ensemble with interval.
    summary : dict
    """
    chosen = [r for r in records if r["task"] in tasks]
    families = sorted({(r["task"], r["family"]) for r in chosen})
    methods = [m for m in METHODS if all(m in r["values"] for r in chosen)]
    values = {}
    for metric in ("auroc", "ap"):
        values[metric] = {
            method: [
                float(
                    np.mean(
                        [
                            r["values"][method][metric]
                            for r in chosen
                            if (r["task"], r["family"]) == key
                        ]
                    )
                )
                for key in families
            ]
            for method in methods
        }
    groups = [family for _, family in families]
    summary = {"groups": groups, "values": values}
    rows = []
    for method in methods:
        (entry,) = bootstrap_differences(summary, method, [STATIC])
        regret = np.subtract(values["auroc"]["oracle"], values["auroc"][method]).mean()
        d = entry["auroc"]
        rows.append(
            [
                method,
                float(np.mean(values["auroc"][method])),
                float(np.mean(values["ap"][method])),
                float(regret),
                f"{d['mean']:+.4f} [{d['low']:+.4f}, {d['high']:+.4f}]",
                f"{entry['ap']['mean']:+.4f} "
                f"[{entry['ap']['low']:+.4f}, {entry['ap']['high']:+.4f}]",
            ]
        )
    return rows, summary


def draw(records, path):
    """Draw every method's difference to the static ensemble, family by family."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    _, summary = summarise(records, {"adbench", "ovr"})
    values = summary["values"]["auroc"]
    methods = [method for method in METHODS[::-1] if method in values]
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for i, method in enumerate(methods):
        d = np.subtract(values[method], values[STATIC])
        spread = np.random.RandomState(0).uniform(-0.2, 0.2, len(d))
        axes.plot(
            d, i + spread, "o", ms=3, alpha=0.4, color="tab:blue", label="a family"
        )
        axes.plot(d.mean(), i, "D", color="black", ms=6, label="mean over families")
    axes.axvline(0, color="gray", lw=1)
    axes.set_yticks(range(len(methods)), methods)
    axes.set_xlabel("AUROC minus that of the static ensemble, by left-out family")
    axes.set_title("Choosing detectors for data of a family not seen before")
    axes.legend(*(entries[:2] for entries in axes.get_legend_handles_labels()))
    figure.savefig(path, dpi=120)


def main(argv=None):
    """Run the script."""
    parser = argument_parser(__doc__.splitlines()[0])
    add_data_argument(parser)
    parser.add_argument("--work", help="folder of build_knowledge.py")
    parser.add_argument("--knowledge", help="knowledge base; the shipped one if none")
    parser.add_argument("--folds", type=int, default=10, help="0: one per family")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--plot", metavar="PNG", help="draw the differences")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        rows = MAX_ROWS
        if arguments.smoke:
            arguments.data, arguments.n_jobs, rows = scratch, 1, 150
            arguments.work, arguments.folds = Path(scratch, "work"), 2
            write_smoke_data(scratch)
        if arguments.data is None or arguments.work is None:
            parser.error("--data and --work are needed")
        folder = Path(arguments.work)
        folder.mkdir(parents=True, exist_ok=True)
        build_knowledge.build(
            Namespace(data=arguments.data, rows=rows, tasks=0, n_jobs=arguments.n_jobs),
            folder,
        )
        tasks = read_tasks(folder)
    records = run(read_document(arguments.knowledge), tasks, arguments.folds)
    columns = ["method", "AUROC", "AP", "regret", "AUROC - static", "AP - static"]
    tables = {}
    for kinds in (("adbench", "ovr"), ("adbench",), ("ovr",), ("mvtec",), ("mixed",)):
        if any(record["task"] in kinds for record in records):
            tables["+".join(kinds)] = summarise(records, set(kinds))[0]
    for name, table in tables.items():
        print_table(f"{name}: mean over families, each left out", columns, table)
    covered = {
        kind: float(np.mean([r["covered"] for r in records if r["task"] == kind]))
        for kind in sorted({r["task"] for r in records})
    }
    print(
        "90 % intervals of predicted AUROC cover, left out: "
        + ", ".join(f"{kind} {share:.1%}" for kind, share in covered.items())
    )
    print(
        "rank correlation of predicted and reached AUROC within a set: "
        f"{np.mean([r['rank_correlation'] for r in records]):.3f}; "
        f"mean trust of the builder: {np.mean([r['trust'] for r in records]):.3f}"
    )
    if arguments.plot:
        draw(records, arguments.plot)
    write_json(arguments.json, "selection", arguments, records=records, tables=tables)
    return 0


def read_document(path):
    """Read the knowledge base as it is written."""
    if path is not None:
        return json.loads(Path(path).read_text())
    from importlib.resources import files

    source = files("autonomaly.selection") / "data" / "knowledge.json"
    return json.loads(source.read_text())


if __name__ == "__main__":
    sys.exit(main())
