"""Build the knowledge base: what every algorithm does on real and generated tasks.

Writes one small file per task into ``--work``, so that an interrupted build goes on
where it stopped, and at the end the JSON that ships with the package. About half an
hour on two cores. Row scores are kept in ``--work`` for ``benchmarks/selection.py``.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from _common import (
    add_data_argument,
    argument_parser,
    plain,
    print_table,
    versions,
)
from _data import TASKS, drop_constant, list_cases, load_case, write_smoke_data
from _generated import ANOMALIES, MAX_ROWS, POPULATIONS, generate_task
from joblib import Parallel, delayed

SCHEMA = 1
DEPTHS = (0.0, 0.3, 0.5)

# Detector, views, small grids: what the static pool holds, and what it might.
GRID = (
    ("knn", ("squashed", "normal", "robust", "minmax"), {"n_neighbors": (5, 20, 60)}),
    ("lof", ("robust", "squashed", "normal"), {"n_neighbors": (10, 30, 80)}),
    ("dependency", ("squashed", "normal"), {"n_knots": (0, 4)}),
    ("mixture", ("squashed", "normal"), {"n_components": (4,)}),
    ("mixture", ("squashed",), {"n_components": (1, 12)}),
    ("mahalanobis", ("robust", "squashed", "normal"), {}),
    ("histogram", ("squashed", "normal"), {}),
    ("tails", ("robust",), {}),
    ("forest", ("robust",), {}),
    ("projection", ("robust",), {}),
    ("sklearn_ocsvm", ("squashed",), {"nu": (0.1,)}),
    ("pyod_cblof", ("squashed",), {}),
    ("pyod_hbos", ("squashed",), {}),
    ("pyod_loda", ("robust",), {}),
    ("pyod_mcd", ("robust",), {}),
    ("pyod_pca", ("squashed",), {}),
)


def members():
    """List the members that are measured: the static pool first, with votes.

    Returns
    -------
    pool : list of PoolMember
    weights : list of float
        1 for members of the static pool, whose vote decides what is trimmed, else 0.
    """
    from autonomaly.detectors import detector_spec
    from autonomaly.selection import POOL, PoolMember

    known, weights = list(POOL), [1.0] * len(POOL)
    seen = {_identity(member) for member in POOL}
    for detector, views, grid in GRID:
        (parameter, values), *_ = [*grid.items(), (None, (None,))]
        for view in views:
            for value in values:
                parameters = {} if parameter is None else {parameter: value}
                name = f"{detector}{'' if value is None else value}_{view}"
                member = PoolMember(name, detector, view, parameters)
                if _identity(member) not in seen:
                    seen.add(_identity(member))
                    known.append(member)
                    weights.append(0.0)
    for member in known:
        detector_spec(member.detector)  # a wrong name ends the build before it begins
    return known, weights


def _identity(member):
    """Equal for members that are the same, defaults written out or not."""
    from autonomaly.detectors import detector_spec

    full = detector_spec(member.detector).make(**member.parameters).get_params()
    return member.detector, member.view, repr(sorted(full.items(), key=str))


def measure(X, y, pool, weights):
    """Fit every member at every depth and judge its scores on the same rows.

    Returns
    -------
    scores : dict of str to ndarray of shape (n_samples,)
        Standardised scores by column name: member, or ``member@depth``.
    seconds : dict of str to float
        Fit and score of the training rows, by column; the neighbour search and the
        views, which members share, are not in it.
    failed : dict of str to str
    """
    from autonomaly.ensemble._committee import Committee
    from autonomaly.resources import Deadline, Parallel
    from autonomaly.selection import build_member

    committee = Committee(
        [build_member(member) for member in pool],
        np.repeat(np.array(weights)[:, None], len(DEPTHS), axis=1),
        DEPTHS,
        "upper_half",
    )
    times, failed = [], {}

    def on_step(name, done, total):
        times.append((name, time.perf_counter()))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Z = committee.fit(X, 0, Deadline(None), failed, on_step, Parallel(n_jobs=1))
    times.append(("", time.perf_counter()))
    seconds = {
        name: round(end - start, 5)
        for (name, start), (_, end) in zip(times, times[1:], strict=False)
    }
    return dict(zip(committee.names, Z.T, strict=True)), seconds, failed


def build_task(folder, name, family, kind, anomaly, X, y, pool, weights):
    """Measure one task and write its file; the file is the sign that it is done."""
    from sklearn.metrics import average_precision_score, roc_auc_score
    from threadpoolctl import threadpool_limits

    started = time.perf_counter()
    with threadpool_limits(1):
        scores, seconds, failed = measure(X, y, pool, weights)
    result = {
        "name": name,
        "family": family,
        "kind": kind,
        "anomaly": anomaly,
        "n_samples": len(X),
        "n_features": X.shape[1],
        "contamination": round(float(y.mean()), 5),
        "auroc": {k: round(roc_auc_score(y, s), 4) for k, s in scores.items()},
        "average_precision": {
            k: round(average_precision_score(y, s), 4) for k, s in scores.items()
        },
        "seconds": seconds,
        "failed": failed,
        "total_seconds": time.perf_counter() - started,
    }
    stem = folder / name.replace("/", "_")
    columns = sorted(scores)
    np.savez_compressed(
        f"{stem}.npz",
        X=X,
        y=y.astype(np.int8),
        columns=columns,
        scores=np.stack([scores[c] for c in columns]).astype(np.float16),
    )
    part = Path(f"{stem}.part")
    part.write_text(json.dumps(plain(result)))
    os.replace(part, f"{stem}.json")
    return result


def real_tasks(data, rows):
    """Read the real sets as the product sees them.

    Yields
    ------
    name, family, X, y
    """
    from autonomaly.preprocessing import AutonomousPreprocessor

    for task in TASKS:
        for case in list_cases(data, task):
            table = load_case(case, rows)
            if table.y is None or not 0 < table.y.sum() < len(table.y):
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                X = AutonomousPreprocessor().fit_transform(table.raw)
            yield f"{task}-{case.name}", case.group, drop_constant(X), table.y


def main(argv=None):
    """Run the script."""
    parser = argument_parser(__doc__.splitlines()[0])
    add_data_argument(parser)
    parser.add_argument("--tasks", type=int, default=1000, help="generated tasks")
    parser.add_argument("--rows", type=int, default=MAX_ROWS, help="rows at most")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--work", help="folder of the finished tasks")
    parser.add_argument("--output", help="the knowledge base, JSON")
    parser.add_argument(
        "--partial", action="store_true", help="write from what is there, run nothing"
    )
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        if arguments.smoke:
            arguments.data, arguments.tasks, arguments.rows = scratch, 3, 150
            arguments.work, arguments.n_jobs = Path(scratch, "work"), 1
            write_smoke_data(scratch)
        if arguments.data is None or arguments.work is None:
            parser.error("--data and --work are needed")
        folder = Path(arguments.work)
        folder.mkdir(parents=True, exist_ok=True)
        if not arguments.partial:
            build(arguments, folder)
        document = collect(arguments, folder)
    report(document)
    if arguments.output:
        text = json.dumps(plain(document), separators=(",", ":"), allow_nan=False)
        Path(arguments.output).write_text(text + "\n")
        print(f"{arguments.output}: {len(text) / 2**20:.2f} MB")
    return 0


def build(arguments, folder):
    """Run the tasks that have no file yet."""
    real = list(real_tasks(arguments.data, arguments.rows))
    pool, weights = members()

    def jobs():
        for name, family, X, y in real:
            yield name, family, "real", None, X, y
        for number in range(arguments.tasks):
            if list(folder.glob(f"gen-{number:04d}-*.json")):
                continue
            task = generate_task(number, [item[1:] for item in real])
            if len(task.X) >= 30 and 0 < task.y.sum() < len(task.y) / 2:
                yield task.name, task.family, "generated", task.anomaly, task.X, task.y

    todo = (job for job in jobs() if not (folder / f"{job[0]}.json").exists())
    results = Parallel(arguments.n_jobs, return_as="generator_unordered")(
        delayed(build_task)(folder, *job, pool, weights) for job in todo
    )
    for number, result in enumerate(results):
        print(
            f"{number} {result['name']} {result['n_samples']}x{result['n_features']} "
            f"{result['total_seconds']:.1f} s",
            flush=True,
        )


def collect(arguments, folder):
    """Put the finished tasks together, with their meta-features."""
    from autonomaly.selection import MetaFeaturesExtractor

    pool, _ = members()
    algorithms = [
        {
            "name": member.name + (f"@{depth:g}" if depth else ""),
            "detector": member.detector,
            "view": member.view,
            "parameters": member.parameters,
            "trimmed": depth,
        }
        for depth in DEPTHS
        for member in pool
    ]
    names = [algorithm["name"] for algorithm in algorithms]
    extractor = MetaFeaturesExtractor(random_state=0)
    tasks = []
    for path in sorted(folder.glob("*.json")):
        task = json.loads(path.read_text())
        with np.load(path.with_suffix(".npz")) as stored:
            meta = extractor.extract(stored["X"])
        task["meta"] = [float(f"{value:.5g}") for value in meta.to_array()]
        for key in ("auroc", "average_precision", "seconds"):
            task[key] = [
                None if name not in task[key] else float(f"{task[key][name]:.4g}")
                for name in names
            ]
        _share_seconds(task["seconds"], algorithms)
        del task["failed"], task["total_seconds"]
        tasks.append(task)
    return {
        "schema": SCHEMA,
        "provenance": {
            "script": "benchmarks/build_knowledge.py",
            "versions": versions(),
            "generated_tasks_seed": 2026,
            "rows_at_most": arguments.rows,
            "seconds": "fit and score of the training rows on one core, without views "
            "and neighbour searches, which members share",
            "anomalies": list(ANOMALIES),
            "populations": list(POPULATIONS),
        },
        "meta_features": list(extractor.feature_names()),
        "algorithms": algorithms,
        "tasks": tasks,
    }


def _share_seconds(seconds, algorithms):
    """Give a member that needs no trimmed reference the same cost at every depth."""
    from autonomaly.detectors import detector_spec

    untrimmed = {}
    for j, algorithm in enumerate(algorithms):
        detector = detector_spec(algorithm["detector"]).make()
        if getattr(detector, "_robust", False):
            name = algorithm["name"].split("@")[0]
            seconds[j] = untrimmed.setdefault(name, seconds[j])


def report(document):
    """Print how the algorithms do, over families of real and over generated tasks."""
    names = [algorithm["name"] for algorithm in document["algorithms"]]
    rows = []
    for j, name in enumerate(names):
        row = [name]
        for kind in ("real", "generated"):
            by_family = {}
            for task in document["tasks"]:
                if task["kind"] == kind and task["auroc"][j] is not None:
                    by_family.setdefault(task["family"], []).append(task["auroc"][j])
            means = [np.mean(values) for values in by_family.values()]
            row.append(float(np.mean(means)) if means else None)
        seconds = [t["seconds"][j] for t in document["tasks"]]
        row.append(float(np.median([s for s in seconds if s is not None] or [np.nan])))
        rows.append(row)
    rows.sort(key=lambda row: -(row[1] or 0))
    n_real = sum(task["kind"] == "real" for task in document["tasks"])
    print_table(
        f"Mean AUROC over families: {n_real} real and "
        f"{len(document['tasks']) - n_real} generated tasks",
        ["algorithm", "real", "generated", "seconds"],
        rows,
    )


if __name__ == "__main__":
    sys.exit(main())
