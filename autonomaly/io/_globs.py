"""Patterns that stand for several files."""

import glob
import os
from pathlib import Path

from autonomaly.exceptions import LoadError

__all__ = ["files_of", "is_glob"]


def is_glob(source):
    """Tell whether a source is a pattern, and not the name of a file."""
    return (
        isinstance(source, str | Path)
        and glob.has_magic(str(source))
        and "://" not in str(source)
        and not os.path.exists(source)
    )


def files_of(source):
    """List the files that a glob matches; what is no glob stands for itself."""
    if not is_glob(source):
        return [source]
    text = str(source)
    pattern = os.path.expanduser(text)
    found = sorted(filter(os.path.isfile, glob.glob(pattern, recursive=True)))
    if not found:
        raise LoadError(
            f"No file matches {text!r}. Check the pattern; a relative one starts at "
            f"{str(Path.cwd())!r}."
        )
    return found
