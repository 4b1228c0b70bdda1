"""What may be said of a detector that is registered."""

import inspect
from numbers import Integral, Real

import numpy as np

from autonomaly._utils._words import unknown_name_message

__all__ = [
    "VIEWS",
    "check_callables",
    "check_metadata",
    "check_search_space",
    "entry_fault",
]

VIEWS = ("robust", "squashed", "normal", "minmax")
_LEVELS = ("low", "medium", "high")
_TEXTS = ("description", "suitable_for", "complexity")
_NUMBERS = ("min_samples", "min_features", "max_samples")


def check_callables(name, factory, **rules):
    """Raise if the factory, or a rule that is given, cannot be called."""
    for what, given in {"factory": factory, **rules}.items():
        if given is None and what != "factory":
            continue
        if not callable(given):
            raise TypeError(
                f"{what} of detector {name!r} must be callable, a class or a function, "
                f"got {given!r}."
            )


def check_metadata(metadata):
    """Raise if a field is unknown, or what it holds cannot be used."""
    if not isinstance(metadata, dict):
        raise ValueError(f"metadata must be a dict or None, got {metadata!r}.")
    allowed = (*_TEXTS, "memory_usage", "view", *_NUMBERS)
    for key, value in metadata.items():
        if key not in allowed:
            raise ValueError(unknown_name_message("metadata", key, allowed))
        wanted = None
        if key in _TEXTS and not isinstance(value, str):
            wanted = "a string"
        elif key == "memory_usage" and value not in _LEVELS:
            wanted = f"one of {', '.join(_LEVELS)}"
        elif key in _NUMBERS and not (
            _is_number(value) or (key == "max_samples" and value is None)
        ):
            wanted = "an integer of at least 1"
        if wanted is not None:
            raise ValueError(f"metadata[{key!r}] must be {wanted}, got {value!r}.")
    if metadata.get("view", "squashed") not in VIEWS:
        raise ValueError(unknown_name_message("view", metadata["view"], VIEWS))


def _is_number(value):
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    return whole and value >= 1


def check_search_space(space, factory):
    """Raise if a search space holds an entry that cannot be used.

    Of a class, the hyperparameters must be its parameters; what a function makes is
    known when it is made.
    """
    example = (
        "pass a dict that maps hyperparameters to lists of values, to (low, high) or "
        "to (low, high, \"log\"), for example {'n_neighbors': (2, 50)}"
    )
    if not isinstance(space, dict):
        raise ValueError(f"search_space={space!r} is not a dict; {example}")
    for name, entry in space.items():
        named = isinstance(name, str)
        why = entry_fault(entry) if named else "does not name a hyperparameter"
        if why:
            raise ValueError(f"search_space[{name!r}]={entry!r} {why}; {example}")
    if not space or not inspect.isclass(factory):
        return
    if not (hasattr(factory, "get_params") and hasattr(factory, "set_params")):
        raise TypeError(
            f"search_space was passed for {factory.__name__}, which has no get_params "
            f"and set_params and cannot be tuned; derive it from "
            f"sklearn.base.BaseEstimator, or omit search_space"
        )
    parameters = inspect.signature(factory).parameters
    if any(p.kind == p.VAR_KEYWORD for p in parameters.values()):
        return
    for name in space:
        if name.partition("__")[0] not in parameters:
            raise ValueError(unknown_name_message("hyperparameter", name, parameters))


def entry_fault(entry):
    """Say why an entry of a search space cannot be used; None if it can.

    Parameters
    ----------
    entry : object
        A list or array of values, (low, high) or (low, high, "log").

    Returns
    -------
    str or None
        What is wrong with it.
    """
    if isinstance(entry, list | np.ndarray) and len(entry):
        return None
    if not isinstance(entry, tuple) or len(entry) not in (2, 3):
        return "is not a valid entry"
    low, high, *scale = entry
    if not all(
        isinstance(end, Real) and not isinstance(end, bool) and np.isfinite(end)
        for end in (low, high)
    ):
        return "is not a range between two finite numbers"
    if scale not in ([], ["log"], ["linear"]):
        return 'has a scale that is neither "log" nor "linear"'
    if not low < high:
        return "is empty: low must be less than high"
    if scale == ["log"] and low <= 0:
        return "has a logarithmic scale, for which low must be greater than 0"
    return None
