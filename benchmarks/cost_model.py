"""Measure how far the predicted cost of algorithms is from their real cost.

The model measures every algorithm on small tables; then other, larger tables are
fitted, and seconds and bytes compared with the prediction. See benchmarks/README.rst.
"""

from __future__ import annotations

import time

import numpy as np
from _common import PeakMemory, argument_parser, print_table, write_json

SHAPES = ((300, 10), (1000, 15), (2000, 10), (4000, 20), (6000, 6))


def factories():
    """Return the detectors of the broad pool, one each, by name."""
    from autonomaly.detectors import detector_spec
    from autonomaly.selection import POOL

    names = dict.fromkeys(member.detector for member in POOL)
    return {name: detector_spec(name).make for name in names}


def compare(model, makers, shapes, seed=0):
    """Fit every algorithm on every shape, and predict it."""
    rng = np.random.default_rng(seed)
    rows = []
    for name, make in makers.items():
        for n, d in shapes:
            X = rng.standard_normal((n, d))
            seconds = []
            for _ in range(3):
                started = time.perf_counter()
                make().fit(X)
                seconds.append(time.perf_counter() - started)
            with PeakMemory() as memory:
                make().fit(X)
            predicted = model.predict(name, n, d)
            rows.append(
                {
                    "algorithm": name,
                    "n": n,
                    "d": d,
                    "seconds": min(seconds),
                    "predicted_seconds": predicted.seconds,
                    "bytes": memory.bytes_,
                    "predicted_bytes": predicted.bytes,
                }
            )
    return rows


def errors(rows, cost):
    """Return relative errors of one cost."""
    measured = np.array([row[cost] for row in rows], dtype=float)
    predicted = np.array([row[f"predicted_{cost}"] for row in rows], dtype=float)
    return np.abs(predicted - measured) / np.maximum(measured, 1e-9)


def main(argv=None):
    """Run the script."""
    parser = argument_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=0.5, help="per algorithm")
    arguments = parser.parse_args(argv)
    from autonomaly.resources import CostModel

    makers, shapes = factories(), SHAPES
    if arguments.smoke:
        makers = {name: makers[name] for name in ("knn", "tails")}
        shapes, arguments.seconds = ((200, 5), (300, 8)), 0.05
    started = time.perf_counter()
    model = CostModel(seconds=arguments.seconds).measure(makers)
    measuring = time.perf_counter() - started
    rows = compare(model, makers, shapes)
    cells = []
    for name in makers:
        own = [row for row in rows if row["algorithm"] == name]
        largest = own[-2] if len(own) > 1 else own[-1]
        cells.append(
            [
                name,
                float(np.median(errors(own, "seconds"))),
                model.errors_[name],
                largest["seconds"],
                largest["predicted_seconds"],
                f"{largest['bytes'] / 1e6:.1f}",
                f"{largest['predicted_bytes'] / 1e6:.1f}",
            ]
        )
    n, d = shapes[-2]
    print_table(
        "Median relative error of predicted costs",
        ["algorithm", "seconds", "seconds, left out", f"s at {n} x {d}", "predicted"]
        + ["MB", "predicted MB"],
        cells,
        [
            f"median over all: seconds {np.median(errors(rows, 'seconds')):.2f}; "
            f"measuring took {measuring:.1f} s",
            "left out: of the tables measured, each predicted from the others",
            "MB: growth of the process, which hides spare memory; the model counts "
            "what is allocated",
        ],
    )
    write_json(arguments.json, "cost_model", arguments, rows=rows, measuring=measuring)


if __name__ == "__main__":
    main()
