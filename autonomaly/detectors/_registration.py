"""What may be said of a detector that is registered."""

from numbers import Integral

from autonomaly._utils._names import unknown_name_message

__all__ = ["VIEWS", "check_callables", "check_metadata", "check_search_space"]

VIEWS = ("robust", "squashed", "normal", "minmax")
_LEVELS = ("low", "medium", "high")
_TEXTS = ("description", "suitable_for", "complexity")
_NUMBERS = ("min_samples", "max_samples")


def check_callables(name, factory, **rules):
    """Raise if the factory, or a rule that is given, cannot be called."""
    for what, given in {"factory": factory, **rules}.items():
        if given is None and what != "factory":
            continue
        if not callable(given):
            raise TypeError(
                f"{what}={given!r} of detector {name!r} cannot be called; pass a class "
                f"or a function"
            )


def check_metadata(metadata):
    """Raise if a field is unknown, or what it holds cannot be used."""
    if not isinstance(metadata, dict):
        raise ValueError(f"metadata={metadata!r} must be a dict, or None")
    allowed = (*_TEXTS, "memory_usage", "view", *_NUMBERS)
    for key, value in metadata.items():
        if key not in allowed:
            raise ValueError(unknown_name_message("metadata", key, allowed))
        wanted = None
        if key in _TEXTS and not isinstance(value, str):
            wanted = "a text"
        elif key == "memory_usage" and value not in _LEVELS:
            wanted = f"one of {', '.join(_LEVELS)}"
        elif key in _NUMBERS and not (
            _is_number(value) or (key == "max_samples" and value is None)
        ):
            wanted = "a whole number of rows, 1 or more"
        if wanted is not None:
            raise ValueError(f"metadata[{key!r}]={value!r} must be {wanted}")
    if metadata.get("view", "squashed") not in VIEWS:
        raise ValueError(unknown_name_message("view", metadata["view"], VIEWS))


def _is_number(value):
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    return whole and value >= 1


def check_search_space(space):
    """Raise if a search space has no values; whether they fit, the search says."""
    if not isinstance(space, dict) or not all(
        isinstance(name, str)
        and hasattr(entry, "__len__")
        and len(entry) > 0
        and not isinstance(entry, str)
        for name, entry in space.items()
    ):
        raise ValueError(
            f"search_space={space!r} must be a dict from hyperparameters to lists of "
            f'values, to (low, high) or to (low, high, "log"), for example '
            f"{{'n_neighbors': (2, 50)}}"
        )
