"""One nearest-neighbour search per view, for every k and every trimming level."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.utils import assert_all_finite, check_random_state

__all__ = ["NeighborGraph", "Neighbors"]

# Neighbours are searched beyond the largest k, so that enough of them are left where
# half of the reference is not trusted, and one search serves all levels. Only rows that
# run short, since their neighbours are trusted less than others, are searched again.
_SPARE_FACTOR, _SPARE = 2.5, 20
# Squared distances are perturbed by this share of the total variance, growing with
# the index of the reference row. Ties then go to the lower index, whatever the batch
# and the number of threads; the perturbation is taken out of the result.
_TIE = 1e-7
# Squared distances are computed for so many pairs at a time: more leave the cache.
_BLOCK_PAIRS = 2**17
# A row this near, in units of the typical norm, is the same one: it may come back from
# a file, a service or single precision.
_SAME = 1e-6
# Squares of larger values would overflow; nothing is farther out than this.
_LARGEST = 1e150
# A sample of the reference, so many rows for each neighbour, bounds the distances of
# the neighbours; only the few rows within that bound are ordered.
_SAMPLE_PER_NEIGHBOR = 2.5


@dataclass
class Neighbors:
    """The nearest trusted reference rows of a batch, nearest first.

    Attributes
    ----------
    distances : ndarray of shape (n_rows, n_neighbors)
        Euclidean distances; a row never counts itself.
    indices : ndarray of shape (n_rows, n_neighbors)
        Positions among all reference rows.
    """

    distances: np.ndarray
    indices: np.ndarray


class _Search:
    """Exact search among reference rows with ties in the order of the rows.

    scikit-learn's search keeps a heap per row, whose cost grows with k; here every
    squared distance carries the index of its reference row in its last bits, and NumPy
    selects the smallest. For 44 of 1,000 rows that takes a third of the time.
    """

    def __init__(self, Z):
        n = len(Z)
        Z = np.clip(Z, -_LARGEST, _LARGEST)
        # Centre and scale of the bulk: a few far rows must not blur small distances.
        self.center = np.median(Z, axis=0)
        rows = Z - self.center
        norms = (rows**2).sum(axis=1)
        variance = float(np.median(norms)) or float(norms.mean())
        self.variance = variance + np.finfo(float).tiny
        self.tie = _TIE * self.variance * (np.arange(n) + 1) / n
        # |a|^2 - 2ab + |b|^2 is one product of (a, |a|^2, 1) and (-2b, 1, |b|^2).
        self.factor = np.vstack([-2 * rows.T, np.ones(n), norms + self.tie])
        self.places = np.arange(n)
        # Rows that lie beside each other in a table may lie beside each other in space.
        self.shuffled = check_random_state(0).permutation(n)
        self.place_bits = 2 ** int(n - 1).bit_length() - 1
        self.Z = Z

    def __call__(self, Z, k, keep=None):
        """Return distances and places of the k nearest, among those kept if not all."""
        trusted = self.shuffled if keep is None else self.shuffled[keep[self.shuffled]]
        k = min(k, len(trusted))
        assert_all_finite(Z)
        Z = np.clip(Z, -_LARGEST, _LARGEST)
        rows = Z - self.center
        norms = (rows**2).sum(axis=1)
        rows = np.column_stack([rows, norms, np.ones(len(Z))])
        squares = np.empty((len(Z), k))
        indices = np.empty((len(Z), k), dtype=np.intp)
        step = max(1, _BLOCK_PAIRS // len(self.Z))
        # A random sample of them; none if that were nearly all.
        size = int(max(_SAMPLE_PER_NEIGHBOR * k, len(trusted) ** 0.5))
        sample = np.sort(trusted[: size if 2 * size <= len(trusted) else 0])
        hidden = [] if keep is None else np.flatnonzero(~keep)
        share = len(sample) / len(trusted)
        for a in range(0, len(Z), step):
            block = slice(a, a + step)
            pairs = rows[block] @ self.factor
            pairs[:, hidden] = np.inf
            squares[block], indices[block] = self._nearest(pairs, k, sample, share)
        # The product cannot tell a tiny distance from none; those few are computed from
        # the difference.
        tiny = squares <= 1e-6 * (self.variance + norms[:, None])
        some = np.nonzero(tiny.any(axis=1))[0]
        step = max(1, 2**22 // (k * Z.shape[1]))
        for a in range(0, len(some), step):
            i = some[a : a + step]
            r, c = np.nonzero(tiny[i])
            exact = np.full((len(i), k), np.inf)
            exact[r, c] = ((Z[i[r]] - self.Z[indices[i[r], c]]) ** 2).sum(axis=1)
            # They come first; the others keep their order, and with it their ties.
            order = np.argsort(exact, axis=1, kind="stable")
            exact = np.where(tiny[i], exact, squares[i])
            squares[i] = np.take_along_axis(exact, order, axis=1)
            indices[i] = np.take_along_axis(indices[i], order, axis=1)
        # In a cluster that is tighter than what breaks ties, there may be nearer ones.
        tight = np.flatnonzero(tiny[:, -1] & (squares[:, -1] > 0))
        step = max(1, _BLOCK_PAIRS // len(self.Z))
        for a in range(0, len(tight), step):
            i = tight[a : a + step]
            pairs = cdist(Z[i], self.Z, "sqeuclidean")
            pairs[:, hidden] = np.inf
            indices[i] = self._select(self._keys(pairs, self.places), k)
            squares[i] = np.take_along_axis(pairs, indices[i], axis=1)
        return np.sqrt(squares), indices

    def _nearest(self, squares, k, sample, share):
        """Return the k smallest squared distances of some rows, and their places."""
        if len(sample):
            few, counts = self._within_bound(squares, k, sample, share)
            indices = self._select(few, k)
            short = np.flatnonzero(counts < k)
            indices[short] = self._select(self._keys(squares[short], self.places), k)
        else:
            indices = self._select(self._keys(squares, self.places), k)
        squares = np.take_along_axis(squares, indices, axis=1) - self.tie[indices]
        return np.maximum(squares, 0), indices

    def _within_bound(self, squares, k, sample, share):
        """Find the reference rows that are as near as a quantile of the sample.

        The sample is a ``share`` of those that are not infinitely far. Returns their
        keys, row by row and followed by the largest number, and how many they are:
        seldom less than k.
        """
        n_rows, n = squares.shape
        expected = k * share
        rank = min(int(expected + 2.5 * expected**0.5) + 1, len(sample) - 1)
        bound = np.abs(squares.take(sample, axis=1))
        bound.partition(rank, axis=1)
        # Keys that differ in the place alone lie on the same side.
        bound = (bound[:, rank].view(np.int64) | self.place_bits).view(np.float64)
        found = np.flatnonzero(squares <= bound[:, None])
        starts = n * np.arange(n_rows + 1)
        counts = np.diff(np.searchsorted(found, starts))
        few = np.full((n_rows, max(k, counts.max())), np.iinfo(np.int64).max)
        few[np.arange(few.shape[1]) < counts[:, None]] = self._keys(
            squares.ravel().take(found), found - np.repeat(starts[:-1], counts)
        )
        return few, counts

    def _keys(self, squares, places):
        # Numbers that are not negative, as these are but for rounding, have the order
        # of their bits.
        keys = squares.view(np.int64) & ~(self.place_bits | np.iinfo(np.int64).min)
        keys |= places
        return keys

    def _select(self, keys, k):
        keys.partition(k - 1, axis=1)
        return np.sort(keys[:, :k], axis=1) & self.place_bits


class NeighborGraph:
    """Nearest neighbours among reference rows, for any subset that is trusted.

    A point never vouches for itself: when a row of the batch is a reference row, but
    for rounding, that one is left out. Training rows therefore get the same,
    leave-one-out answer in ``fit`` and later.

    Parameters
    ----------
    n_neighbors : int
        The largest number of neighbours that will be asked for.
    """

    key = "neighbors"

    def __init__(self, n_neighbors):
        self.n_neighbors = n_neighbors

    def widen(self, other):
        """Return a graph that serves two detectors."""
        return self if self.n_neighbors >= other.n_neighbors else other

    def fit(self, Z):
        """Index the reference rows."""
        self.k_ = min(self.n_neighbors, len(Z) - 1)
        self.n_search_ = min(len(Z), int(self.k_ * _SPARE_FACTOR) + _SPARE)
        self._search = _Search(Z)
        return self

    def query(self, Z):
        """Search the nearest reference rows, trusted or not."""
        return (Z, *self._search(Z, self.n_search_))

    def restrict(self, keep):
        """Return the part of the graph that trusts the rows of a mask."""
        return _TrustedNeighbors(self, keep)


class _TrustedNeighbors:
    def __init__(self, graph, keep):
        self.k = min(graph.k_, int(keep.sum()) - 1)
        self.same = _SAME * graph._search.variance**0.5
        self.keep = None if keep.all() else keep
        self.search = graph._search

    def answer(self, query):
        """Return the k nearest trusted rows of each row of a query."""
        Z, distances, indices = query
        k = self.k + 1
        if self.keep is None:
            return self._drop_self(distances[:, :k], indices[:, :k])
        trusted = self.keep.take(indices)
        counts = np.count_nonzero(trusted, axis=1)
        enough = counts >= k
        starts = (np.cumsum(counts) - counts)[enough]
        first = np.flatnonzero(trusted).take(starts[:, None] + np.arange(k))
        out_d = np.empty((len(Z), k))
        out_i = np.empty((len(Z), k), dtype=indices.dtype)
        out_d[enough], out_i[enough] = distances.take(first), indices.take(first)
        short = np.nonzero(~enough)[0]
        if len(short):
            out_d[short], out_i[short] = self.search(Z[short], k, self.keep)
        return self._drop_self(out_d, out_i)

    def _drop_self(self, distances, indices):
        itself = np.nonzero(distances[:, 0] <= self.same)[0]
        if not len(itself):
            return Neighbors(distances[:, :-1], indices[:, :-1])
        others, places = distances[:, :-1].copy(), indices[:, :-1].copy()
        others[itself], places[itself] = distances[itself, 1:], indices[itself, 1:]
        return Neighbors(others, places)
