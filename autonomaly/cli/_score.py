"""``autonomaly score``: score new rows with a saved model."""

import os
import sys
from pathlib import Path

from autonomaly.cli._columns import match_columns, read_table
from autonomaly.cli._files import (
    check_replaceable,
    load_model,
    score_table,
    smallest_pvalue,
    write_files,
)
from autonomaly.cli._report import Report
from autonomaly.exceptions import DataError


def run_score(model, source, *, output, truth_column, ignore_columns, quiet):
    """Score rows and write the table.

    Parameters
    ----------
    model : str
        File of the fitted detector.
    source : str
        What to read.
    output : str or None
        File for the scores; None writes them to stdout.
    truth_column : str or None
        Column that holds the truth.
    ignore_columns : list of str
        Columns to leave out.
    quiet : bool
        Print no summary.
    """
    target = None if output is None else Path(output)
    if target is not None:
        check_replaceable(target, [model, source])
    detector = load_model(model)
    name, data, truth, _ = read_table(source, truth_column, ignore_columns)
    data = match_columns(detector, data, source)
    table = score_table(detector, data)
    if target is None and getattr(sys.stdout, "name", "") == os.devnull:
        raise DataError("stdout is closed; name a file for the scores with --output.")
    if target is None:
        table.to_csv(sys.stdout, index=False)
    else:
        write_files({target: table})
    if quiet:
        return
    # The scores have stdout when no file was named.
    report = Report(sys.stderr if target is None else sys.stdout)
    report.flagged(table, detector, name=name)
    report.differences(table, smallest_pvalue(detector))
    if truth is not None:
        report.performance(table, truth)
    if target is not None:
        report.oddest(table, data, detector)
        report.written([target])
    report.print()
