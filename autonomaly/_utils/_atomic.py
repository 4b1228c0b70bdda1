"""Files that are there whole, or not at all."""

import contextlib
import os
import secrets
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
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    # A new file gets its rights from the system: the umask can only be read by setting
    # it, for all threads. What replaces a file is private until it has its rights.
    rights = path.stat().st_mode & 0o7777 if path.exists() else None
    mode = 0o666 if rights is None else 0o600
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    try:
        yield temporary
        if rights is not None:
            temporary.chmod(rights)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
