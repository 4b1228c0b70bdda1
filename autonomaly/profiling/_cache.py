"""A small, bounded memory of profiles, shared by all profilers."""

import threading
from collections import OrderedDict
from typing import NamedTuple

CACHE_SIZE = 32


class CacheInfo(NamedTuple):
    """What the memory of profiles holds, and how often it was of use."""

    hits: int
    misses: int
    max_size: int
    size: int


class ProfileCache:
    """The last profiles by key; the one not used for longest leaves first.

    Parameters
    ----------
    max_size : int
        How many profiles to keep.
    """

    def __init__(self, max_size):
        self._max_size = max_size
        self._lock = threading.Lock()
        self._entries = OrderedDict()
        self._hits = self._misses = 0

    def get(self, key):
        """Return the entry or None."""
        with self._lock:
            if key in self._entries:
                self._hits += 1
                self._entries.move_to_end(key)
                return self._entries[key]
            self._misses += 1
            return None

    def put(self, key, entry):
        """Keep an entry."""
        with self._lock:
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while len(self._entries) > self._max_size:
                self._entries.popitem(last=False)

    def clear(self):
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._hits = self._misses = 0

    def info(self):
        """Count hits, misses and entries."""
        with self._lock:
            return CacheInfo(
                self._hits, self._misses, self._max_size, len(self._entries)
            )


PROFILES = ProfileCache(CACHE_SIZE)


def clear_profile_cache() -> None:
    """Forget all cached profiles.

    Examples
    --------
    >>> from autonomaly.profiling import clear_profile_cache, profile_cache_info
    >>> clear_profile_cache()
    >>> profile_cache_info().size
    0
    """
    PROFILES.clear()


def profile_cache_info() -> CacheInfo:
    """Count the cached profiles and how often they were of use.

    Returns
    -------
    CacheInfo
        Named tuple of hits, misses, max_size and size.

    Examples
    --------
    >>> from autonomaly.profiling import profile_cache_info
    >>> profile_cache_info().max_size
    32
    """
    return PROFILES.info()
