"""One pass over chunks that gives both a sample of the rows and the profile of all."""

import itertools
from dataclasses import dataclass
from typing import Any

from autonomaly.exceptions import DataError
from autonomaly.io import infer_roles
from autonomaly.io._chunks import Sample
from autonomaly.profiling._profile import DataProfile

__all__ = ["Reading", "read_once"]


@dataclass(frozen=True)
class Reading:
    """What one pass over chunks gave.

    Attributes
    ----------
    table : ndarray or DataFrame
        All rows, or a sample of them.
    n_rows : int
        Number of rows read.
    complete : bool
        Whether the table is all of them.
    stopped : bool
        Whether reading was stopped before the end.
    profile : DataProfile or None
        Of all rows; None if the table is complete, or the chunks do not agree.
    disagreement : str
        In what they do not agree.
    """

    table: Any
    n_rows: int
    complete: bool
    stopped: bool
    profile: DataProfile | None
    disagreement: str = ""


def read_once(chunks, profiler, capacity, seed, stop=lambda: False):
    """Read a stream once: hold what may be held, and profile what may not.

    Parameters
    ----------
    chunks : iterable of tables
        The stream.
    profiler : DataProfiler
        Profiles it, if it is more than may be held.
    capacity : callable
        How many of so many rows may be held, see `Sample`.
    seed : int
        Chooses the rows.
    stop : callable, default=never
        Asked before each chunk but the first; True ends the pass.

    Returns
    -------
    Reading
        The table and, where it is a sample, the profile of the stream.

    Raises
    ------
    DataError
        If no row comes, or chunks have different columns.
    """
    sample, stream = Sample(capacity, seed), _Stream(chunks, stop)
    unheld = _unheld(stream, sample)
    first = next(unheld, None)
    profile, disagreement = None, ""
    if first is not None:
        roles = infer_roles(first) if hasattr(first, "columns") else None
        try:
            profile = profiler.profile_chunks(itertools.chain([first], unheld), roles)
        except DataError as error:
            if stream.failed:
                raise
            # A column of numbers here and of words there: the sample, which is one
            # table, is profiled in its place. The rows that are left must be read.
            disagreement = str(error)
            for _ in unheld:
                pass
    return Reading(
        sample.table(),
        sample.n_rows,
        sample.complete,
        stream.stopped,
        profile,
        disagreement,
    )


class _Stream:
    """Chunks, until the time is up; tells errors of the source from others."""

    def __init__(self, chunks, stop):
        self.failed = self.stopped = False
        self._chunks, self._stop = chunks, stop

    def __iter__(self):
        try:
            for i, chunk in enumerate(self._chunks):
                if i and self._stop():
                    self.stopped = True
                    return
                yield chunk
        except Exception:
            self.failed = True
            raise


def _unheld(stream, sample):
    """Give chunks to a sample; once not all rows can be held, yield every chunk."""
    waiting = []
    for chunk in stream:
        if not sample.complete or not sample.fits(chunk):
            while waiting:
                yield waiting.pop(0)
            sample.add(chunk)
            yield chunk
        else:
            sample.add(chunk)
            waiting.append(chunk)
