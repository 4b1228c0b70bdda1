"""How many rows to work on at a time."""

__all__ = ["bytes_per_row", "chunk_rows"]

# Bytes a chunk may take while it is scored, and its share of the memory: every thread
# has a chunk. Chunks do not depend on the number of threads, lest results do.
_CHUNK_BYTES, _CHUNK_SHARE = 32 * 2**20, 1 / 16
# Chunks come in pairs, lest the last one keeps a single core busy; not if they would
# have fewer rows than this.
_WORTH_A_THREAD = 1000


def bytes_per_row(n_features: int) -> int:
    """Estimate the working memory of one row that is scored.

    Parameters
    ----------
    n_features : int
        Number of columns.

    Returns
    -------
    int
        Bytes.

    Examples
    --------
    >>> from autonomaly.resources import bytes_per_row
    >>> bytes_per_row(10)
    9600
    """
    # Four views, two spline bases of five columns each, and residuals: 20 numbers a
    # column; neighbours (distances and positions, at every level) and members: 1,000 a
    # row.
    return 8 * (20 * n_features + 1000)


def chunk_rows(n_samples: int, n_features: int, memory_limit: int | None = None) -> int:
    """Plan the rows per chunk, so that memory stays flat however many rows come.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    n_features : int
        Number of columns.
    memory_limit : int, default=None
        Bytes of working memory; a sixteenth of it, 32 MB at most, is for one chunk.

    Returns
    -------
    int
        Rows per chunk. Chunks are of about equal size; of 2,000 rows or more there is
        an even number of them, where they have more than a few rows.

    Examples
    --------
    >>> from autonomaly.resources import chunk_rows
    >>> chunk_rows(1000, 10)
    1000
    >>> chunk_rows(1_000_000, 10)
    3473
    """
    per_row = bytes_per_row(n_features)
    memory = _CHUNK_BYTES
    if memory_limit is not None:
        memory = min(memory, int(memory_limit * _CHUNK_SHARE))
    n_chunks = max(1, -(-n_samples * per_row // max(memory, 1)))
    if n_samples >= 2 * _WORTH_A_THREAD:
        n_chunks += n_chunks % 2
    return max(1, -(-n_samples // n_chunks))
