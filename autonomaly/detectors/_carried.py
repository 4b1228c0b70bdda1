"""Registered detectors that travel with what names them, to other processes."""

import pickle
from typing import Any

from joblib import wrap_non_picklable_objects

from autonomaly.detectors._catalogue import catalogue, take_in

__all__ = ["pack_registered", "unpack_registered"]


def pack_registered(algorithms: Any, exclude: Any) -> bytes | None:
    """Pack the user's detectors that a fit may use, for a process without them.

    Parameters
    ----------
    algorithms, exclude : list or tuple of str, or None
        Detectors by name. Without ``algorithms``, those with a ``should_recommend`` of
        their own may join, too.

    Returns
    -------
    bytes or None
        None where there are none, or they cannot be pickled.
    """
    named = {n for n in (*(algorithms or ()), *(exclude or ())) if isinstance(n, str)}
    specs = [
        spec
        for spec in catalogue().values()
        if spec.origin == "user"
        and (
            spec.name in named
            or (algorithms is None and spec.should_recommend is not None)
        )
    ]
    if not specs:
        return None
    try:
        return pickle.dumps(wrap_non_picklable_objects(specs, keep_wrapper=False))
    except Exception:  # factories may hold anything; what is fitted goes without them
        return None


def unpack_registered(packed: bytes | None) -> None:
    """Enter packed detectors in the catalogue where this process has none of that name.

    Parameters
    ----------
    packed : bytes or None
        As `pack_registered` gives it.
    """
    if packed is None:
        return
    try:
        specs = pickle.loads(packed)
    except Exception:  # code that is not here; only a new fit would need it
        return
    for spec in specs:
        take_in(spec)
