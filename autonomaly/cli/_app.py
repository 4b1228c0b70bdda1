"""The commands, their options and their exit codes.

Only typer is imported here, so that ``--help`` and usage errors answer at
once; what a command needs it imports when it runs.
"""

import os
import re
import sys
import warnings
from typing import Annotated, NoReturn

import typer

from autonomaly.exceptions import AutonomalyWarning

OK, BROKEN, BAD_INPUT, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141


class _PlainHelp:
    """Shows --help as the flag it is."""

    def get_help_option(self, ctx):
        option = super().get_help_option(ctx)
        if option is not None:
            option.metavar = ""
        return option


class _Command(_PlainHelp, typer.core.TyperCommand):
    pass


class _Group(_PlainHelp, typer.core.TyperGroup):
    def list_commands(self, ctx):
        # The command to begin with comes first; typer puts groups last.
        return sorted(super().list_commands(ctx), key=lambda name: name != "auto")


app = typer.Typer(
    name="autonomaly",
    help="Find the anomalies in a table: no labels, no threshold, no configuration.",
    epilog=(
        "Exit codes: 0 success, 2 bad input (one line on stderr says which), "
        "130 interrupted, 1 a defect in autonomaly."
    ),
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    cls=_Group,
)
auto = typer.Typer(
    help="Autonomous runs: everything is chosen from the data.", cls=_Group
)
app.add_typer(auto, name="auto")

DATASET_HELP = (
    "What to read: a file (csv, tsv, json, jsonl, parquet, feather, xlsx, npz, npy; "
    "text also as .gz), a quoted glob of files, or sklearn:NAME for a data set that "
    "comes with scikit-learn."
)


def _comma_separated(option, text):
    """Split ``a,b`` into names."""
    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise typer.BadParameter(
            f"{text!r} contains no name; pass names separated by commas.",
            param_hint=option,
        )
    return names


def _share_or_auto(text):
    """Read ``auto`` or a number in (0, 0.5]."""
    if text == "auto":
        return text
    try:
        share = float(text)
    except ValueError:
        share = float("nan")
    if not 0 < share <= 0.5:
        raise typer.BadParameter(
            f"{text!r} is neither 'auto' nor a number in (0, 0.5]. It is the expected "
            "share of anomalies; pass for example 0.05, or omit it.",
            param_hint="--contamination",
        )
    return share


def _false_discovery_rate(rate, contamination):
    """Check that a rate is in (0, 1), and that nothing else sets the threshold."""
    if rate is None:
        return None
    if not 0 < rate < 1:
        raise typer.BadParameter(
            f"{rate:g} is not in (0, 1). It is the share of false alarms among "
            "the flagged rows; pass for example 0.1.",
            param_hint="--max-false-discovery-rate",
        )
    if contamination != "auto":
        raise typer.BadParameter(
            "--contamination and --max-false-discovery-rate both set the threshold; "
            "pass only one of them."
        )
    return rate


def _seconds(budget):
    """Check that a time is positive and finite."""
    if budget is None or 0 < budget < float("inf"):
        return budget
    raise typer.BadParameter(
        f"{budget:g} is not a positive number of seconds; pass for example 60.",
        param_hint="--time-budget",
    )


def _progress_bar(quiet, verbose):
    """Tell whether a bar is wanted: on a terminal, unless something else is."""
    if quiet and verbose:
        raise typer.BadParameter("--quiet and --verbose are mutually exclusive.")
    return int(sys.stderr.isatty() and not quiet and not verbose)


Dataset = Annotated[
    str, typer.Option("--dataset", "-d", metavar="SOURCE", help=DATASET_HELP)
]
TruthColumn = Annotated[
    str | None,
    typer.Option(
        "--truth-column",
        metavar="NAME",
        help=(
            "Column that tells which rows are anomalies. The detector never sees it; "
            "it only serves to say how well the detector did. Allowed: 0/1 or "
            "false/true (1, true = anomaly), or -1/1 (-1 = anomaly)."
        ),
    ),
]
IgnoreColumn = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore-column",
        metavar="NAME",
        help="Column to leave out, for example a row number. May be repeated.",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", metavar="", help="Print nothing but errors and warnings."
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        metavar="",
        help="Log every stage on stderr, and print all decisions.",
    ),
]


def _show_version(asked):
    if asked:
        from autonomaly import __version__

        print(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar="",
            callback=_show_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    # Without a body: typer asks for this function to hang --version on.
    del version


@auto.command("detect", cls=_Command)
def detect(
    dataset: Dataset,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help=(
                "Directory for scores.csv (row, score, p_value, label) and "
                "record.json (every decision with its reason). It is made if it "
                "is not there. Results of an earlier run are replaced; a file that "
                "is not a result of autonomaly is never overwritten."
            ),
        ),
    ] = None,
    contamination: Annotated[
        str,
        typer.Option(
            "--contamination",
            metavar="auto|SHARE",
            help=(
                "Expected share of anomalies in (0, 0.5], or 'auto' to estimate "
                "it from the scores; 'auto' may flag no row at all."
            ),
        ),
    ] = "auto",
    max_false_discovery_rate: Annotated[
        float | None,
        typer.Option(
            "--max-false-discovery-rate",
            metavar="RATE",
            help=(
                "Flag rows so that on average at most this share of them, in (0, 1), "
                "are false alarms, for example 0.1; may flag no row at all. Instead of "
                "--contamination."
            ),
        ),
    ] = None,
    algorithms: Annotated[
        str | None,
        typer.Option(
            "--algorithms",
            metavar="A,B",
            help=(
                "Use these detectors only, for example knn,forest,pyod_mcd; a wrong "
                "name prints all."
            ),
        ),
    ] = None,
    exclude: Annotated[
        str | None,
        typer.Option(
            "--exclude",
            metavar="A,B",
            help=(
                "Never use these detectors, for example knn,forest; a wrong name "
                "prints all."
            ),
        ),
    ] = None,
    max_models: Annotated[
        int | None,
        typer.Option(
            "--max-models",
            metavar="N",
            min=1,
            help="Combine at most N detectors; without it all that serve, mostly 13.",
        ),
    ] = None,
    time_budget: Annotated[
        float | None,
        typer.Option(
            "--time-budget",
            metavar="SECONDS",
            help=(
                "Seconds for the fit, about; labelling a table that does not fit into "
                "memory comes on top."
            ),
        ),
    ] = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(
            "--memory-limit",
            metavar="SIZE",
            help=(
                "Memory the fit may use, at least 10MB, for example 2GB or 500MB; "
                "without it 2GB for the table, and no limit for the rest."
            ),
        ),
    ] = None,
    n_jobs: Annotated[
        int | None,
        typer.Option(
            "--n-jobs",
            metavar="N",
            help="Threads that score; all cores by default. The result is the same.",
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", metavar="N", min=0, max=2**32 - 1, help="Same seed, same result."
        ),
    ] = 0,
    save_model: Annotated[
        bool,
        typer.Option(
            "--save-model",
            metavar="",
            help=(
                "Also write model.joblib into --output, for 'autonomaly score'. "
                "It holds rows of the table: treat it as confidential as the table. "
                "It is a pickle: loading one runs the code in it, so load only files "
                "you trust."
            ),
        ),
    ] = False,
    truth_column: TruthColumn = None,
    ignore_column: IgnoreColumn = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Score every row of a table, flag the anomalies, and say why.

    Prints what the data is, what was chosen and why, how many rows are flagged,
    and the ten oddest rows with the values that make them odd. Low scores are
    abnormal; labels are -1 (anomaly) and 1 (normal).

    Example: autonomaly auto detect --dataset sklearn:breast_cancer --output out
    """
    if save_model and output is None:
        raise typer.BadParameter("--save-model requires --output DIR.")
    if n_jobs == 0:
        raise typer.BadParameter(
            "0 is not a valid number of cores; pass 1 or more, or -1 for all.",
            param_hint="--n-jobs",
        )
    parameters = {
        "contamination": _share_or_auto(contamination),
        "max_false_discovery_rate": _false_discovery_rate(
            max_false_discovery_rate, contamination
        ),
        "algorithms": _comma_separated("--algorithms", algorithms),
        "exclude": _comma_separated("--exclude", exclude),
        "max_models": max_models,
        "time_budget": _seconds(time_budget),
        "memory_limit": memory_limit,
        "n_jobs": n_jobs,
        "random_state": seed,
        "verbose": _progress_bar(quiet, verbose),
    }
    from autonomaly.cli._detect import run_detect

    run_detect(
        dataset,
        parameters,
        output=output,
        save_model_file=save_model,
        truth_column=truth_column,
        ignore_columns=ignore_column or [],
        quiet=quiet,
        verbose=verbose,
    )


@app.command("score", cls=_Command)
def score(
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            metavar="FILE",
            help=(
                "Model written by 'auto detect --save-model'. It is a pickle: "
                "loading runs the code in it, so load only files you trust."
            ),
        ),
    ],
    dataset: Dataset,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=(
                "File for the scores (row, score, p_value, label); without it they "
                "go to stdout. A file that is not a result of autonomaly is never "
                "overwritten."
            ),
        ),
    ] = None,
    truth_column: TruthColumn = None,
    ignore_column: IgnoreColumn = None,
    quiet: Quiet = False,
) -> None:
    """Score new rows with a saved model.

    The rows must have the columns the model was fitted on, in any order; columns
    it does not know are named in the error, leave them out with --ignore-column.

    Example: autonomaly score --model out/model.joblib --dataset new.csv
    """
    from autonomaly.cli._score import run_score

    run_score(
        model,
        dataset,
        output=output,
        truth_column=truth_column,
        ignore_columns=ignore_column or [],
        quiet=quiet,
    )


@app.command("profile", cls=_Command)
def profile(
    dataset: Dataset,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File for the whole profile as JSON.",
        ),
    ] = None,
    ignore_column: IgnoreColumn = None,
    quiet: Quiet = False,
) -> None:
    """Describe a table: size, kinds of columns, quality, distributions, hints.

    Example: autonomaly profile --dataset sklearn:wine
    """
    from autonomaly.cli._profile import run_profile

    run_profile(dataset, output=output, ignore_columns=ignore_column or [], quiet=quiet)


def _one_line(error):
    """Put what an error says on one line."""
    message = error.format_message() if _is_usage_error(error) else str(error)
    if isinstance(error, OSError) and error.strerror:
        message = f"{error.filename}: {error.strerror}" if error.filename else message
    return _as_options(" ".join(message.split())) or type(error).__name__


def _as_options(message):
    """Name options where a message names the parameters of Python."""
    message = re.sub(r"The '(\w+)' parameter of \w+", r"\1", message)
    message = message.replace("random_state", "seed")
    return re.sub(
        # what is in quotes may come from the data
        rf"(?<![\w'\"-])({'|'.join(_PARAMETERS)})(?![\w'\"])",
        lambda found: f"--{found[1].replace('_', '-')}",
        message,
    )


def _is_usage_error(error):
    # typer carried click inside itself from 0.26 on, so that the class has no
    # name that works for all versions; this method it always had.
    return hasattr(error, "format_message")


def _fail(code, message):
    """Print one line on stderr and give the exit code back."""
    try:
        print(f"autonomaly: {message}", file=sys.stderr, flush=True)
    except BrokenPipeError:
        pass  # nobody reads stderr any more; the exit code still tells
    return code


# Parameters whose names are no words; where a value is given, others are meant, too.
_PARAMETERS = (
    *("max_false_discovery_rate", "max_models", "memory_limit", "n_jobs"),
    *("time_budget", "(?:algorithms|exclude|contamination|seed)(?==)"),
)
# Warnings about the rows of a table.
_OF_A_TABLE = ("UnreadableWarning", "UnseenWarning")


class _Warnings:
    """Print each warning once, on one line, without the line of code it is from."""

    def __init__(self):
        self._said = set()

    def __call__(self, message, category, filename, lineno, file=None, line=None):
        text = _as_options(" ".join(str(message).split()))
        # Of the rows of a table this is said first; parts of them are scored again.
        once = category if category.__name__ in _OF_A_TABLE else text
        if once not in self._said:
            self._said.add(once)
            _fail(OK, f"warning: {text}")


def _close_pipe():
    """Keep the interpreter from complaining about a closed stdout at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return PIPE_CLOSED


def _open_closed_streams():
    """Send what nobody wants to see (``>&-``) nowhere: it is no error."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))


def _run(arguments):
    """Run one command and return its exit code."""
    if arguments in ([], ["auto"]):
        arguments = [*arguments, "--help"]
    command = typer.main.get_command(app)
    try:
        code = command.main(arguments, prog_name="autonomaly", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else OK
    except (KeyboardInterrupt, typer.Abort):
        return _fail(INTERRUPTED, "interrupted")
    except BrokenPipeError:
        return _close_pipe()
    except SystemExit as error:
        # rich leaves with 1 when the reader of our output is gone
        return _close_pipe() if error.code == 1 else error.code
    except MemoryError:
        return _fail(
            BAD_INPUT,
            "error: not enough memory for this table; set --memory-limit, or use "
            "fewer rows or columns.",
        )
    except Exception as error:
        if os.environ.get("AUTONOMALY_DEBUG"):
            raise
        if _is_usage_error(error) or isinstance(
            error, (ValueError, TypeError, OSError, ImportError)
        ):
            return _fail(BAD_INPUT, f"error: {_one_line(error)}")
        return _fail(
            BROKEN,
            f"a defect in autonomaly: {type(error).__name__}: {_one_line(error)} "
            "(please report it, with what AUTONOMALY_DEBUG=1 shows)",
        )


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code.

    Parameters
    ----------
    arguments : list of str or None, default=None
        The arguments after the name of the program; None takes them from
        ``sys.argv``.

    Raises
    ------
    SystemExit
        Always: 0 after success, 2 for bad input, 130 after an interrupt, 141
        when the reader of the output went away, 1 for a defect of autonomaly.
    """
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        # A value of the data must not end the run because the terminal speaks
        # ASCII only.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    with warnings.catch_warnings():
        warnings.showwarning = _Warnings()
        # They speak of the data; PYTHONWARNINGS=error is about code.
        warnings.simplefilter("always", AutonomalyWarning)
        code = _run(sys.argv[1:] if arguments is None else list(arguments))
    sys.exit(code)
