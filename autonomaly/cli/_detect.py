"""``autonomaly auto detect``: fit on a table and write what was found."""

import contextlib
import logging
import sys

from autonomaly._detector import AutonomousDetector
from autonomaly.cli._columns import looks_like_truth, read_table
from autonomaly.cli._files import (
    MODEL_FILE,
    prepare_directory,
    score_table,
    smallest_pvalue,
    write_files,
)
from autonomaly.cli._large import rows_to_show
from autonomaly.cli._report import Report
from autonomaly.exceptions import DataError
from autonomaly.explanation._decisions import record_source
from autonomaly.io import Chunks
from autonomaly.resources import parse_memory

# With less, too few rows are learnt from and scored at a time.
_MIN_MEMORY = 10 * 2**20


def run_detect(
    source,
    parameters,
    *,
    output,
    save_model_file,
    truth_column,
    ignore_columns,
    quiet,
    verbose,
):
    """Fit, score the rows that were fitted, write and print.

    Parameters
    ----------
    source : str
        What to read.
    parameters : dict
        Parameters of `AutonomousDetector`.
    output : str or None
        Directory for the results.
    save_model_file : bool
        Whether to write the fitted detector too.
    truth_column : str or None
        Column that holds the truth.
    ignore_columns : list of str
        Columns to leave out.
    quiet : bool
        Print nothing.
    verbose : bool
        Log the stages, and print every decision.
    """
    _check_memory(parameters["memory_limit"])
    detector = AutonomousDetector(**parameters)
    # The parameters are checked again in fit; before a long load they cost nothing.
    detector._validate_params()
    name, data, truth, anomalies = read_table(source, truth_column, ignore_columns)
    if not isinstance(data, Chunks) and len(data) < 2:
        raise DataError(
            f"{source} has {len(data)} row; a row can only be judged in comparison "
            "with others. Pass at least two."
        )
    directory = None
    if output is not None:
        names = ["scores.csv", "record.json"] + [MODEL_FILE] * save_model_file
        directory = prepare_directory(output, names, [source])
    with _logging(verbose):
        detector.fit(data)
    record_source(
        detector.record_,
        source,
        truth_column=truth_column,
        ignored_columns=ignore_columns,
    )
    table = score_table(detector, data)
    written = {}
    if directory is not None:
        written[directory / "scores.csv"] = table
        written[directory / "record.json"] = detector.record_.to_json()
        if save_model_file:
            _keep_ordinary_rows(detector, table, data)
            written[directory / MODEL_FILE] = detector
        write_files(written)
    if quiet:
        return
    report = Report(sys.stdout)
    report.data(name, detector.profile_, len(table), anomalies)
    if truth is None:
        report.labels_among_features(looks_like_truth(data))
    report.unused(detector.preprocessor_.dropped_)
    report.choices(detector)
    report.flagged(table, detector)
    report.differences(table, smallest_pvalue(detector))
    if truth is not None:
        report.performance(table, truth)
    report.oddest(table, data, detector)
    if verbose:
        report.decisions(detector.record_)
    report.written(list(written))
    report.print()


def _check_memory(limit):
    """Refuse less than a fit can work with."""
    memory = parse_memory(limit)
    if memory is not None and memory < _MIN_MEMORY:
        raise DataError(
            f"--memory-limit {limit} is less than any fit needs; pass at least "
            f"{_MIN_MEMORY // 2**20}MB."
        )


def _keep_ordinary_rows(detector, table, data):
    """Let the model know what odd rows are compared with when it scores others."""
    if isinstance(data, Chunks):
        table, data = rows_to_show(table, data, 0)
    detector._keep_ordinary_rows(data, table["score"].to_numpy())


@contextlib.contextmanager
def _logging(wanted):
    """Send the log of autonomaly to stderr while a fit runs."""
    if not wanted:
        yield
        return
    logger = logging.getLogger("autonomaly")
    handler = logging.StreamHandler(sys.stderr)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
