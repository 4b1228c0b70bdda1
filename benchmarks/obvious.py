"""See whether rows that anybody would call odd come first.

Small tables as people keep them, with amounts, categories and columns that go
together, and a few rows that are odd in a way that can be said in one sentence. The
others are drawn at random and are not. See benchmarks/README.rst.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from _common import argument_parser, print_table, write_json
from _data import numeric_table
from _detectors import (
    AUTONOMALY,
    RANK_AVERAGE,
    SINGLE_PEERS,
    rank_average,
    resolve_detectors,
    run_detector,
    warm_up,
)
from _summary import judge


def one_column_of_amounts(rng):
    """20 rows are low in 8 of 20 columns, one of which holds lognormal amounts."""
    X, odd = rng.normal(size=(4000, 20)), np.arange(4000) < 20
    X[odd, :8] -= 3
    X[:, 19] = rng.lognormal(3, 1.5, 4000)
    return pd.DataFrame(X).add_prefix("x"), odd


def two_absurd_amounts(rng):
    """One amount is far too large, one is negative, beside 200 sorts of goods."""
    n = 600
    table = pd.DataFrame(
        {
            "amount": rng.gamma(4, 100, n).round(2),
            "kind": rng.choice(["a", "b"], n),
            "sku": [f"P{i}" for i in rng.integers(0, 200, n)],
        }
    )
    table.loc[:1, "amount"] = [1e6, -5e5]
    return table, np.arange(n) < 2


def many_small_cities(rng):
    """6 rows are far out in a number, where most cities are rare."""
    n = 2000
    weights = 1 / np.arange(1, 301)
    cities = rng.choice(300, n, p=weights / weights.sum())
    table = pd.DataFrame(
        {
            "city": [f"c{i}" for i in cities],
            "x": rng.normal(size=n),
            "y": rng.normal(size=n),
        }
    )
    table.loc[:5, "x"] = 6.0
    return table, np.arange(n) < 6


def another_category(rng):
    """10 rows of category a have the amounts of category c."""
    n = 1500
    category = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    table = pd.DataFrame(
        {
            "category": np.array(list("abc"))[category],
            "x": np.exp(1.5 * category + 0.3 * rng.normal(size=n)),
            "y": rng.gamma(2, 1, n),
            "z": rng.normal(size=n),
            "k": rng.choice(list("pqrst"), n),
        }
    )
    table.loc[:9, "category"] = "a"
    table.loc[:9, "x"] = np.exp(3 + 0.3 * rng.normal(size=10))
    return table, np.arange(n) < 10


def broken_dependence(rng):
    """In 10 rows two columns that go together do not, each one being ordinary."""
    n = 1500
    X = rng.normal(size=(n, 8))
    X[:, 1] = X[:, 0] + 0.2 * rng.normal(size=n)
    X[:10, 0] = rng.uniform(1.2, 1.8, 10)
    X[:10, 1] = -X[:10, 0]
    return pd.DataFrame(X).add_prefix("x"), np.arange(n) < 10


def a_small_group(rng):
    """15 rows lie together, away from two large groups."""
    X = np.r_[
        0.5 * rng.normal(size=(15, 5)) + 5,
        rng.normal(size=(900, 5)),
        rng.normal(size=(600, 5)) + [8, 0, 8, 0, 8],
    ]
    return pd.DataFrame(X).add_prefix("x"), np.arange(len(X)) < 15


def ordinary_amounts(rng):
    """Nothing is odd: amounts, ages and waiting times."""
    n = 2000
    table = pd.DataFrame(
        {
            "amount": rng.lognormal(4, 1.2, n).round(2),
            "age": rng.integers(18, 80, n),
            "days": rng.exponential(30, n).round(),
        }
    )
    return table, np.zeros(n, dtype=bool)


PLANTED = (
    one_column_of_amounts,
    two_absurd_amounts,
    many_small_cities,
    another_category,
    broken_dependence,
    a_small_group,
)


def run(draw, repeat, detectors):
    """Run the detectors on one table.

    Returns
    -------
    records : list of dict
        One per detector: average precision of the scores, and the share flagged.
    """
    table, odd = draw(np.random.default_rng(repeat))
    numbers = numeric_table(table)
    outcomes = {
        # As everywhere: autonomaly reads the table, the peers are given numbers.
        name: run_detector(name, table if name == AUTONOMALY else numbers, repeat)
        for name in detectors
        if name != RANK_AVERAGE
    }
    if RANK_AVERAGE in detectors:
        peers = {name: outcomes[name] for name in SINGLE_PEERS if name in outcomes}
        outcomes[RANK_AVERAGE] = rank_average(peers)
    return [
        {
            "detector": name,
            "table": draw.__name__,
            "repeat": repeat,
            "error": outcomes[name].error,
            **judge(odd if odd.any() else None, outcomes[name]),
        }
        for name in detectors
    ]


def report(records, planted, detectors):
    """Print mean average precision by table, and what is flagged where nothing is."""
    tables = [draw.__name__ for draw in planted]
    clean = ordinary_amounts.__name__
    rows = []
    for name in detectors:
        own = [r for r in records if r["detector"] == name]
        found = [
            float(np.mean([r["ap"] for r in own if r["table"] == table]))
            for table in tables
        ]
        flagged = [r["flagged_share"] or 0.0 for r in own if r["table"] == clean]
        rows.append([name, float(np.mean(found)), *found, float(np.mean(flagged))])
    rows.sort(key=lambda row: -row[1])
    print_table(
        "Average precision by table, and the share flagged where nothing is odd",
        ["scores of", "mean", *[t.replace("_", " ") for t in tables], "flagged"],
        rows,
        [
            f"FAILED: {r['detector']} on {r['table']}: {r['error']}"
            for r in records
            if r["error"]
        ],
    )


def parse(argv=None):
    """Read the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--detectors", nargs="+", default=None)
    arguments = parser.parse_args(argv)
    if arguments.smoke:
        arguments.repeats = 1
        if arguments.detectors is None:
            arguments.detectors = [AUTONOMALY, "IsolationForest"]
    return arguments


def main(argv=None):
    """Run the script."""
    arguments = parse(argv)
    detectors = resolve_detectors(arguments.detectors)
    warm_up(tuple(name for name in detectors if name != RANK_AVERAGE))
    records = []
    planted = PLANTED[1:3] if arguments.smoke else PLANTED
    for draw in (*planted, ordinary_amounts):
        for repeat in range(arguments.repeats):
            records += run(draw, repeat, detectors)
            print(f"[{draw.__name__} {repeat}]", file=sys.stderr, flush=True)
    report(records, planted, detectors)
    if arguments.json:
        write_json(arguments.json, __file__, arguments, records=records)


if __name__ == "__main__":
    main()
