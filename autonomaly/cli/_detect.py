"""``autonomaly auto detect``: fit on a table and write what was found."""

import logging
import sys

import numpy as np

from autonomaly._detector import AutonomousDetector
from autonomaly.cli._columns import looks_like_truth, read_table
from autonomaly.cli._files import (
    prepare_directory,
    save_model,
    score_table,
    write_scores,
    write_text,
)
from autonomaly.cli._report import Report
from autonomaly.exceptions import DataError


def run_detect(
    source,
    parameters,
    *,
    output,
    save_model_file,
    truth_column,
    ignore_columns,
    quiet,
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
    """
    detector = AutonomousDetector(**parameters)
    # The parameters are checked again in fit; before a long load they cost nothing.
    detector._validate_params()
    name, data, truth = read_table(source, truth_column, ignore_columns)
    if len(data) < 2:
        raise DataError(
            f"{source} has {len(data)} row; an odd row can only be told from others. "
            "Give at least two."
        )
    directory = None
    if output is not None:
        names = ["scores.csv", "record.json"] + ["model.joblib"] * save_model_file
        directory = prepare_directory(output, names, [source])
    with _logging(parameters["verbose"]):
        detector.fit(data)
    scores = detector.score_samples(data)
    # decision_function is score_samples - offset_, and predict is its sign
    labels = np.where(scores - detector.offset_ < 0, -1, 1)
    table = score_table(scores, detector.outlier_pvalues(data), labels)
    written = []
    if directory is not None:
        write_scores(directory / "scores.csv", table)
        write_text(directory / "record.json", detector.record_.to_json())
        written = [directory / "scores.csv", directory / "record.json"]
        if save_model_file:
            save_model(directory / "model.joblib", detector)
            written.append(directory / "model.joblib")
    if quiet:
        return
    report = Report(sys.stdout)
    report.data(name, detector.profile_)
    if truth is None:
        report.labels_among_features(looks_like_truth(data))
    report.choices(detector)
    report.flagged(table, detector)
    if truth is not None:
        report.performance(table, truth)
    report.oddest(table, data, detector)
    if parameters["verbose"] > 1:
        report.decisions(detector.record_)
    report.written(written)
    report.print()


class _logging:
    """Send the log of autonomaly to stderr while a fit runs."""

    def __init__(self, verbose):
        self._verbose = verbose

    def __enter__(self):
        self._handler = logging.StreamHandler(sys.stderr)
        self._handler.setFormatter(logging.Formatter("%(message)s"))
        self._logger = logging.getLogger("autonomaly")
        self._level = self._logger.level
        if self._verbose > 1:
            self._logger.addHandler(self._handler)
            self._logger.setLevel(logging.INFO)

    def __exit__(self, *error):
        self._logger.removeHandler(self._handler)
        self._logger.setLevel(self._level)
