"""``autonomaly profile``: describe a table."""

import json
import sys
from pathlib import Path

from autonomaly.cli._columns import read_table
from autonomaly.cli._files import check_replaceable, write_files
from autonomaly.cli._report import Report
from autonomaly.io import Chunks
from autonomaly.profiling import DataProfiler


def run_profile(source, *, output, ignore_columns, quiet):
    """Profile a table and print what it is.

    Parameters
    ----------
    source : str
        What to read.
    output : str or None
        File for the whole profile as JSON.
    ignore_columns : list of str
        Columns to leave out.
    quiet : bool
        Print nothing.
    """
    target = None if output is None else Path(output)
    if target is not None:
        check_replaceable(target, [source])
    name, data, _, anomalies = read_table(source, None, ignore_columns)
    profiler = DataProfiler()
    large = isinstance(data, Chunks)
    profile = profiler.profile_chunks(data) if large else profiler.profile(data)
    if target is not None:
        state = profile.to_dict()
        text = json.dumps(state, indent=2, ensure_ascii=False, allow_nan=False)
        write_files({target: text})
    if quiet:
        return
    report = Report(sys.stdout)
    report.data(name, profile, anomalies=anomalies)
    report.hints(profile)
    report.columns(profile)
    report.written([] if target is None else [target])
    report.print()
