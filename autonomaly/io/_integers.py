"""Integers of 64 bits, of which float64 tells those beyond 2**53 apart no more."""

import numpy as np

__all__ = ["EXACT", "beyond_float", "lost_digits", "middle", "shifted"]

#: Every integer up to here is a float64 of its own.
EXACT = 2**53
_HALF = 2.0**32
_LOST = 4095  # rounding moves an integer of 64 bits by at most 1,024


def beyond_float(values):
    """Tell whether an array holds integers that float64 cannot tell apart."""
    if values.dtype.kind not in "iu" or values.dtype.itemsize < 8 or not values.size:
        return False
    return values.max() > EXACT or values.min() < -EXACT


def lost_digits(integers):
    """Return what float64 loses of integers, as words; 0 where it loses nothing."""
    rounded = integers.astype(np.float64) % (_LOST + 1)
    return (integers.astype(np.uint64) - rounded.astype(np.uint64)) & np.uint64(_LOST)


def middle(integers):
    """Return the middle one of some integers if float64 cannot hold it, else 0."""
    half = len(integers) // 2
    value = int(np.partition(integers, half)[half])
    return value if abs(value) > EXACT else 0


def shifted(values, offset):
    """Subtract an integer from numbers, and round once.

    Parameters
    ----------
    values : ndarray
        Integers or floats of at most 64 bits; infinities and NaN stay.
    offset : int
        Of at most 64 bits.

    Returns
    -------
    ndarray of float64
        The same for a number whether it came as an integer or as a float.
    """
    if values.dtype.kind in "biu":
        values = values.astype(np.uint64 if values.dtype.kind == "u" else np.int64)
        high, low = values >> 32, values & 0xFFFFFFFF
        high, low = high.astype(np.float64), low.astype(np.float64)
    else:
        with np.errstate(invalid="ignore", over="ignore"):
            values = values.astype(np.float64)
            high = np.floor(values / _HALF)
            low = np.where(np.isinf(values), 0.0, values - high * _HALF)
    # Differences of halves are exact; only their sum is rounded.
    return (high - (offset >> 32)) * _HALF + (low - (offset & 0xFFFFFFFF))
