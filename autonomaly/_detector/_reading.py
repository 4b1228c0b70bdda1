"""What a fit reads of the data, within memory and time."""

import time

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples

from autonomaly.exceptions import DataError
from autonomaly.io._columns import is_polars
from autonomaly.profiling import DataProfiler
from autonomaly.profiling._streamed import read_once
from autonomaly.resources import MemoryOptimizer

__all__ = ["read_chunks", "row_slabs", "rows_to_encode", "rows_to_profile"]

# Where time is short, the profile takes this share of what is left, and looks at this
# many rows at least.
_PROFILE_SHARE = 0.1
_FEWEST_PROFILED = 1000
# So many rows tell how long it takes to make numbers of one. All rows may take this
# share of the time left, and this many are learnt from in any case.
_TIMED, _ENCODING_SHARE, _FEWEST_ENCODED = 1000, 0.2, 4000
# Chunks are read for this share of the time.
_READING_SHARE = 0.5
# Bytes that the rows encoded at a time may take while they are scored, and the share of
# the memory; three copies of the numbers are made on the way.
_SLAB_BYTES, _SLAB_SHARE, _COPIES = 64 * 2**20, 1 / 8, 3
# Memory for a table that comes in chunks, or is made numeric, where there is no limit.
_TABLE_MEMORY = 2**31


def read_chunks(chunks, memory, deadline, seed, record, *, label):
    """Read chunks once, and hold what memory and time allow.

    Parameters
    ----------
    chunks : Chunks
        See :func:`autonomaly.io.as_chunks`.
    memory : int or None
        Bytes.
    deadline : Deadline
        When the whole fit is to be done.
    seed : int
        Seed of the sample and of the profile.
    record : DecisionRecord
        Written to.
    label : bool
        Whether every row is to be labelled.

    Returns
    -------
    table : DataFrame or ndarray
        The rows that are held.
    profile : DataProfile
        Of all rows read, if that could be had.
    n_rows : int
        Number of rows read.
    read_again : bool
        Whether the rows must be read again to label them.
    """
    if label and chunks.once:
        raise DataError(
            f"fit_predict reads the rows twice, but {chunks.name} can be read only "
            f"once. Call fit, then score a new one; or pass a list of chunks, a glob "
            f"of files, or a function that returns new chunks each time."
        )
    planner, limit = MemoryOptimizer(), memory or _TABLE_MEMORY

    def capacity(n_rows, n_features):
        plan = planner.plan(n_rows, n_features, limit)
        return round(plan.data_sampling_ratio * n_rows)

    def late():
        if deadline.seconds is None:
            return False
        return deadline.remaining < (1 - _READING_SHARE) * deadline.seconds

    profiler = DataProfiler(mergeable=False, random_state=seed)
    reading = read_once(chunks, profiler, capacity, seed, late)
    held = len(reading.table)
    choice = f"{held} of {reading.n_rows} rows are held"
    why = "all of them fit into memory"
    if not reading.complete:
        why = "a random sample, since not all of them fit into memory"
    if reading.stopped:
        why += "; time_budget left no time to read the remaining rows"
    if reading.disagreement:
        why += f"; only they are profiled: {reading.disagreement}"
    record.add("resources", "chunks", choice, why, memory_limit=limit)
    again = label and not reading.complete
    return reading.table, reading.profile, reading.n_rows, again


def rows_to_encode(X, preprocessor, memory, deadline, seed, record):
    """Choose the rows to learn from, where numbers for all take too much.

    Parameters
    ----------
    X : DataFrame, ndarray or sequence of rows
        The table.
    preprocessor : AutonomousPreprocessor
        Fitted on the table.
    memory : int or None
        Bytes.
    deadline : Deadline
        When the whole fit is to be done.
    seed : int
        Seed of the draw.
    record : DecisionRecord
        Written to.

    Returns
    -------
    DataFrame, ndarray or sequence of rows
        X itself where all rows fit, and there is time for them.
    """
    n_rows, n_encoded = _num_samples(X), len(preprocessor.get_feature_names_out())
    plan = MemoryOptimizer().plan(n_rows, n_encoded, memory or _TABLE_MEMORY)
    size = round(plan.data_sampling_ratio * n_rows)
    why = f"all of them, as {n_encoded} columns of numbers, do not fit into memory"
    limit = {"memory_limit": memory or _TABLE_MEMORY}
    hurried = deadline.seconds is not None and n_rows > _FEWEST_ENCODED
    if hurried and not preprocessor._plain:  # plain numbers take next to no time
        few = _draw(X, n_rows, _TIMED, seed)
        started = time.monotonic()
        preprocessor.transform(few)
        per_row = max(time.monotonic() - started, 1e-9) / _TIMED
        in_time = int(_ENCODING_SHARE * deadline.remaining / per_row)
        in_time = max(in_time, _FEWEST_ENCODED)
        if in_time < size:
            size, limit = in_time, {"time_budget": deadline.budget}
            why = (
                f"it would take {per_row * n_rows:.1g} s of time_budget to encode all "
                f"of them"
            )
    if size >= n_rows:
        return X
    choice = f"detectors are trained on {size} of {n_rows} rows"
    record.add("resources", "rows", choice, why, **limit)
    return _draw(X, n_rows, size, seed)


def rows_to_profile(X, n_rows, deadline, seed):
    """Choose the rows that there is time to profile.

    Parameters
    ----------
    X : DataFrame or ndarray of shape (n_rows, n_features)
        The table.
    n_rows : int
        Its rows.
    deadline : Deadline
        When the whole fit is to be done; what has passed of it is the time it took to
        read and encode the table.
    seed : int
        Seed of the draw.

    Returns
    -------
    DataFrame or ndarray
        X itself where there is time for all of it.
    """
    if deadline.seconds is None:
        return X
    # A profile takes about as long as it took to read and encode the table.
    elapsed = max(deadline.seconds - deadline.remaining, 1e-9)
    allowed = _PROFILE_SHARE * max(deadline.remaining, 1e-3)
    size = max(int(allowed / elapsed * n_rows), _FEWEST_PROFILED)
    if size >= n_rows:
        return X
    return _draw(X, n_rows, size, seed)


def _draw(X, n_rows, size, seed):
    """Draw rows, in their order."""
    rows = np.random.RandomState(seed).choice(n_rows, size, replace=False)
    return _safe_indexing(X, np.sort(rows))


def row_slabs(X, n_encoded, memory):
    """Cut a table that is to be scored, so that it is never encoded as a whole.

    Encoded categories are many times larger than the table.

    Parameters
    ----------
    X : DataFrame, ndarray or sequence of rows
        The table.
    n_encoded : int
        Columns once it is encoded.
    memory : int or None
        Bytes.

    Yields
    ------
    DataFrame, ndarray or sequence of rows
        X itself where it is small, or cannot be cut.
    """
    sliced = isinstance(X, np.ndarray) or hasattr(X, "iloc") or is_polars(X)
    shape = X.shape if sliced and hasattr(X, "shape") else ()
    limit = _SLAB_BYTES if memory is None else min(_SLAB_BYTES, memory * _SLAB_SHARE)
    size = max(1, int(limit / (8 * _COPIES * n_encoded)))
    if len(shape) != 2 or shape[0] <= size:
        yield X
        return
    for start in range(0, shape[0], size):
        yield _safe_indexing(X, slice(start, start + size))
