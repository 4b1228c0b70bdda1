"""Files that are there whole, or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path

__all__ = ["atomic_path"]


@contextlib.contextmanager
def atomic_path(path):
    """Give a temporary path that becomes `path` when the block succeeds.

    Parameters
    ----------
    path : Path
        The file to make; an existing one is replaced in one step, so that no
        reader ever sees half a file. It keeps its rights, and a link its place.

    Yields
    ------
    Path
        Where to write, in the same directory.
    """
    path = Path(os.path.realpath(path))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(_rights(path))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _rights(path):
    """Give the rights of a file, or those of any new one: mkstemp's are narrower."""
    if path.exists():
        return path.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
