"""Registered detectors that travel with what may use them, to other processes."""

import logging
import pickle
from typing import Any

from joblib import wrap_non_picklable_objects

from autonomaly.detectors._catalogue import catalogue, take_in

__all__ = ["pack_registered", "unpack_registered"]

_LOGGER = logging.getLogger("autonomaly")


def pack_registered(algorithms: Any, exclude: Any) -> list[bytes]:
    """Pack the user's detectors that a fit may use, for a process without them.

    Parameters
    ----------
    algorithms, exclude : list or tuple of str, or None
        Detectors by name. Without ``algorithms`` any may join, or be named later on,
        by a grid search for example.

    Returns
    -------
    list of bytes
        Those that can be pickled.
    """
    named = {n for n in (*(algorithms or ()), *(exclude or ())) if isinstance(n, str)}
    packed = []
    for spec in catalogue().values():
        if spec.origin == "user" and (algorithms is None or spec.name in named):
            wrapped = wrap_non_picklable_objects(spec, keep_wrapper=False)
            try:
                packed.append(pickle.dumps(wrapped))
            except Exception as error:  # factories may hold anything
                _LOGGER.info("detector %r stays in this process: %s", spec.name, error)
    return packed


def unpack_registered(packed: list[bytes]) -> None:
    """Enter packed detectors in the catalogue where this process has none of that name.

    Parameters
    ----------
    packed : list of bytes
        As `pack_registered` gives it.
    """
    for entry in packed:
        try:
            take_in(pickle.loads(entry))
        except Exception as error:  # code that is not here; only a new fit needs it
            _LOGGER.info("a registered detector cannot be loaded here: %s", error)
