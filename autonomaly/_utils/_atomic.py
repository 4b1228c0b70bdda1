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
        reader ever sees half a file.

    Yields
    ------
    Path
        Where to write, in the same directory.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files that only the owner can read; give the results
        # the rights every other program would give them
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
