"""Sections that users add to a profile."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autonomaly._utils._json import json_safe
from autonomaly._utils._words import unknown_name_message

_RESERVED = {
    *("size", "types", "quality", "distributions", "patterns", "complexity"),
    *("features", "custom"),
}
_LOCK = threading.Lock()
_PROFILERS: dict[str, "_CustomProfiler"] = {}


@dataclass(frozen=True)
class _CustomProfiler:
    func: Callable[[Any], Any]
    merge: Callable[[list[Any]], Any] | None


def register_profiler(
    name: str,
    func: Callable[[Any], Any],
    *,
    merge: Callable[[list[Any]], Any] | None = None,
) -> None:
    """Add a section to every profile.

    Parameters
    ----------
    name : str
        Name of the section, an identifier. A section of your own may be registered
        again, which replaces it; those of every profile may not.
    func : callable
        ``func(X)`` gets the data as it was given to `DataProfiler.profile` and
        returns the section: a dict, list, number or text that JSON can hold. It is
        called anew for every profile, also where the rest of it is cached. If it
        raises, the section says so and the profile is made all the same.
    merge : callable or None, default=None
        ``merge(sections)`` makes the section of a whole table from the list of the
        sections of its chunks. Without it merged profiles lack the section.

    See Also
    --------
    unregister_profiler : Take a section away again.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.profiling import (
    ...     DataProfiler, register_profiler, unregister_profiler)
    >>> register_profiler("signs", lambda X: {"negative": (X < 0).mean()})
    >>> DataProfiler().profile(np.array([[1.0], [-1.0]])).custom["signs"]
    {'negative': 0.5}
    >>> unregister_profiler("signs")
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(
            "The name of a section must be an identifier such as 'seasons', got "
            f"name={name!r}."
        )
    if name in _RESERVED:
        raise ValueError(
            f"name={name!r} is reserved: it is part of every profile. Choose another "
            "name."
        )
    if not callable(func) or not (merge is None or callable(merge)):
        raise TypeError(
            "func must be callable, and merge must be callable or None, got "
            f"func={func!r} and merge={merge!r}."
        )
    with _LOCK:
        _PROFILERS[name] = _CustomProfiler(func, merge)


def unregister_profiler(name: str) -> None:
    """Take a registered section away.

    Parameters
    ----------
    name : str
        Name of the section.

    Raises
    ------
    ValueError
        If there is no such section.

    Examples
    --------
    >>> from autonomaly.profiling import register_profiler, unregister_profiler
    >>> register_profiler("length", len)
    >>> unregister_profiler("length")
    """
    with _LOCK:
        if name not in _PROFILERS:
            raise ValueError(unknown_name_message("profiler", name, _PROFILERS))
        del _PROFILERS[name]


def registered_profilers() -> tuple[str, ...]:
    """Name the registered sections.

    Returns
    -------
    tuple of str
        In the order of registration.

    Examples
    --------
    >>> from autonomaly.profiling import registered_profilers
    >>> registered_profilers()
    ()
    """
    return tuple(_PROFILERS)


def custom_sections(X):
    """Run the registered profilers."""
    return {name: _run(entry.func, X) for name, entry in tuple(_PROFILERS.items())}


def merge_sections(parts):
    """Merge the sections that know how, of every part."""
    merged = {}
    for name, entry in tuple(_PROFILERS.items()):
        if entry.merge is not None and all(name in part for part in parts):
            merged[name] = _run(entry.merge, [part[name] for part in parts])
    return merged


def _run(func, argument):
    try:
        return json_safe(func(argument))
    except Exception as error:  # foreign code: its failure is part of the profile
        return {"failed": f"{type(error).__name__}: {error}"}
