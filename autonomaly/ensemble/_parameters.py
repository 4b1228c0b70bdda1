"""What the parameters of an ensemble may be."""

from numbers import Real

import numpy as np

__all__ = ["checked_depths", "checked_names", "checked_weights"]

# How deep to trim cannot be read off the data; averaging the depths loses little
# against the best of them.
_DEPTHS = (0.0, 0.3, 0.5)


def checked_names(estimators):
    """Return the names of members, or say what is wrong with the list."""
    if not estimators or not all(
        isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str)
        for pair in estimators
    ):
        raise ValueError(
            f"estimators must be a non-empty list of (name, detector) tuples, got "
            f"{estimators!r}."
        )
    names = [name for name, _ in estimators]
    for name in names:
        if "@" in name:  # "knn@0.3" is knn, fitted on a trimmed reference
            raise ValueError(
                f"Names of members must not contain '@', which precedes the trimming "
                f"depth in the names of fitted members, got {name!r}."
            )
    return names


def checked_weights(weights, shape):
    """Return the weights of members and depths, equal where none are given."""
    if weights is None:
        return np.ones(shape)
    try:
        array = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):  # texts, dicts, rows of different lengths
        array = np.empty(0)
    usable = array.shape in (shape, shape[:1])
    with np.errstate(over="ignore"):
        total = shape[1] * array.sum()
    if not usable or not (array >= 0).all() or not 0 < total < np.inf:
        raise ValueError(
            f"weights must be {shape[0]} finite numbers, one per member (or "
            f"{shape[0]} x {shape[1]}, one per member and depth of trimming), none "
            f"negative and not all zero, got {weights!r}."
        )
    return np.broadcast_to(array.reshape(len(array), -1), shape)


def checked_depths(trimming):
    """Return the shares to leave out, ascending."""
    if isinstance(trimming, str):
        return _DEPTHS
    depths = (0.0,) if trimming is None else tuple(trimming)
    if not depths or not all(
        isinstance(share, Real) and 0 <= share < 1 for share in depths
    ):
        raise ValueError(
            f"trimming must be 'auto', None or a tuple of shares in [0, 1), for "
            f"example (0.0, 0.3), got {trimming!r}."
        )
    if len({f"{share:g}" for share in depths}) < len(depths):
        raise ValueError(
            f"The shares in trimming must differ in their first six digits, got "
            f"{trimming!r}."
        )
    return tuple(sorted(depths))
