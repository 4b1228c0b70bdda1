"""Time ``import autonomaly`` beside ``import sklearn.ensemble``.

Each import runs in a fresh interpreter, in turn; see benchmarks/README.rst.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from _common import argument_parser, print_table, write_json

OWN = "import autonomaly"
YARDSTICK = "import sklearn.ensemble"
STATEMENTS = (YARDSTICK, OWN, "from autonomaly import AutonomousDetector")
LIMIT = 2.0  # times the yardstick

# Nothing of these may come along with `import autonomaly`.
HEAVY = ("pandas", "pyod", "skrub", "statsmodels", "skopt", "river", "torch", "numba")

CODE = """
import sys, time
start = time.perf_counter()
{statement}
seconds = time.perf_counter() - start
import json
loaded = sorted(name for name in {heavy!r} if name in sys.modules)
print(json.dumps({{"seconds": seconds, "loaded": loaded}}))
"""


def time_import(statement):
    """Run one statement in a fresh interpreter.

    Parameters
    ----------
    statement : str

    Returns
    -------
    result : dict
        ``seconds`` of the statement alone, ``loaded``: which of `HEAVY` came along.

    Raises
    ------
    RuntimeError
        If the statement fails.
    """
    code = CODE.format(statement=statement, heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"{statement!r} failed in a fresh interpreter: {reason}")
    return json.loads(done.stdout)


def main(argv=None):
    """Run the script."""
    parser = argument_parser(__doc__)
    parser.add_argument("--repeats", type=int, default=11)
    arguments = parser.parse_args(argv)
    if arguments.smoke:
        arguments.repeats = 1
    results = {statement: [] for statement in STATEMENTS}
    for i in range(arguments.repeats + 1):
        for statement in STATEMENTS:
            result = time_import(statement)
            if i > 0:  # the first round only warms the disk cache
                results[statement].append(result)
    medians = {
        statement: statistics.median(r["seconds"] for r in runs)
        for statement, runs in results.items()
    }
    ratio = medians[OWN] / medians[YARDSTICK]
    print_table(
        f"Median of {arguments.repeats} fresh interpreters",
        ["statement", "seconds", "ratio", "heavy packages loaded"],
        [
            [
                statement,
                seconds,
                f"{seconds / medians[YARDSTICK]:.2f}",
                ", ".join(results[statement][-1]["loaded"]) or "none",
            ]
            for statement, seconds in medians.items()
        ],
        [f"Limit for {OWN!r}: {LIMIT:.0f} x; measured {ratio:.2f} x."],
    )
    write_json(
        arguments.json,
        "import_time",
        arguments,
        medians=medians,
        ratio=ratio,
        limit=LIMIT,
        holds=ratio < LIMIT,
        runs=results,
    )


if __name__ == "__main__":
    main()
