"""How many rows to work on at a time."""

__all__ = ["bytes_per_row", "chunk_rows"]

# Bytes a chunk may take while it is scored.
_CHUNK_BYTES = 128 * 2**20


def bytes_per_row(n_features):
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
    4000
    """
    # Four views, two spline bases of five columns each, and residuals: 20 numbers a
    # column; neighbours (distances, positions, masks) and members: 300 a row.
    return 8 * (20 * n_features + 300)


def chunk_rows(n_samples, n_features, memory_limit=None):
    """Plan the rows per chunk, so that memory stays flat however many rows come.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    n_features : int
        Number of columns.
    memory_limit : int, default=None
        Bytes of working memory; a quarter of it, 128 MB at most, is for one chunk.

    Returns
    -------
    int
        Rows per chunk; chunks are of about equal size.

    Examples
    --------
    >>> from autonomaly.resources import chunk_rows
    >>> chunk_rows(1000, 10)
    1000
    >>> chunk_rows(1_000_000, 10)
    33334
    """
    per_row = bytes_per_row(n_features)
    memory = _CHUNK_BYTES
    if memory_limit is not None:
        memory = min(memory, memory_limit // 4)
    n_chunks = -(-n_samples * per_row // max(memory, 1))
    return max(1, -(-n_samples // max(1, n_chunks)))
