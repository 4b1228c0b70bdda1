"""Values that survive JSON unchanged."""

import dataclasses
import datetime
import enum
import math
import numbers
import os
import re
from collections.abc import Mapping

import numpy as np

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_MISSING_TYPES = frozenset({"NAType", "NaTType"})


def python_value(value):
    """Turn NumPy's scalars into Python's; leave everything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def json_safe(value):
    """Convert a value deeply to what JSON can hold.

    Parameters
    ----------
    value : object
        Anything. Numpy scalars and arrays, tuples, sets, mappings, dataclasses,
        enumerations, dates and paths have their natural counterpart; classes and
        functions become their name; everything else becomes its ``repr`` without
        memory addresses, so that two runs give the same text.

    Returns
    -------
    None, bool, int, float, str, list or dict
        NaN, infinities and missing values are ``None``. Keys of mappings are text.

    Raises
    ------
    ValueError
        If the value contains itself.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly._utils._json import json_safe
    >>> json_safe({"score": np.float32(0.5), "rows": np.arange(3), 1: (np.nan,)})
    {'score': 0.5, 'rows': [0, 1, 2], '1': [None]}
    """
    return _convert(value, ())


def _convert(value, parents):
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return _convert(value.value, parents)
    if isinstance(value, str):  # a lone surrogate could not be written to a file
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, np.generic):
        return _convert_numpy_scalar(value, parents)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if type(value).__name__ in _MISSING_TYPES:
        return None
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="backslashreplace")
    if isinstance(value, type) or callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    if id(value) in parents:
        raise ValueError(
            f"A {type(value).__name__} contains itself. JSON can only hold trees; "
            "remove the cyclic part."
        )
    return _convert_container(value, (*parents, id(value)))


def _convert_numpy_scalar(value, parents):
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return None if np.isnat(value) else str(value)
    if isinstance(value, np.complexfloating):
        return str(value.item())
    if isinstance(value, np.floating):  # longdouble's item() is a longdouble
        return float(value) if math.isfinite(value) else None
    return _convert(value.item(), parents) if value.dtype.names is None else str(value)


def _convert_container(value, parents):
    if isinstance(value, np.ma.MaskedArray):
        value = value.tolist()  # masked entries are None there
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "biuU":
            return value.tolist()
        if value.ndim == 0:
            return _convert(value[()], parents)
        return [_convert(item, parents) for item in value]
    if isinstance(value, Mapping):
        return {
            str(_convert(key, parents)): _convert(item, parents)
            for key, item in value.items()
        }
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _convert(getattr(value, field.name), parents)
            for field in dataclasses.fields(value)
        }
    if isinstance(value, (set, frozenset)):
        return sorted((_convert(item, parents) for item in value), key=repr)
    if isinstance(value, (list, tuple, range)):
        return [_convert(item, parents) for item in value]
    return _ADDRESS.sub("", repr(value))
