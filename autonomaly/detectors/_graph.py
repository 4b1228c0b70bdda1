"""One nearest-neighbour search per view, for every k and every trimming level."""

from dataclasses import dataclass

import numpy as np
from sklearn.neighbors import NearestNeighbors

__all__ = ["NeighborGraph", "Neighbors"]

# Spare neighbours searched beyond the largest k: most of them survive a trimming, so
# one search serves all levels and only rows that run short are searched again.
_SPARE = 0.4
# Squared distances are perturbed by this share of the total variance, growing with
# the index of the reference row. Ties then go to the lower index, whatever the batch
# and the number of threads; the perturbation is taken out of the result.
_TIE = 1e-7
# A service scores one row at a time: up to this many are searched directly.
_FEW = 8
# Squares of larger values would overflow; nothing is farther out than this.
_LARGEST = 1e150


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
    """Exact search among reference rows with ties in the order of the rows."""

    def __init__(self, Z):
        Z = np.clip(Z, -_LARGEST, _LARGEST)
        # Centre and scale of the bulk: a few far rows must not blur small distances.
        self.center = np.median(Z, axis=0)
        squares = ((Z - self.center) ** 2).sum(axis=1)
        variance = float(np.median(squares)) or float(squares.mean())
        self.variance = variance + np.finfo(float).tiny
        self.tie = _TIE * self.variance * (np.arange(len(Z)) + 1) / len(Z)
        rows = np.column_stack([Z - self.center, np.sqrt(self.tie)])
        self.index = NearestNeighbors(algorithm="brute").fit(rows)
        self.Z = Z

    def __call__(self, Z, k):
        k = min(k, len(self.Z))
        Z = np.clip(Z, -_LARGEST, _LARGEST)
        if len(Z) <= _FEW:
            return self._search_few(Z, k)
        rows = np.column_stack([Z - self.center, np.zeros(len(Z))])
        distances, indices = self.index.kneighbors(rows, n_neighbors=k)
        squares = np.maximum(distances**2 - self.tie[indices], 0)
        # The search computes |a|^2 - 2ab + |b|^2, which cannot tell a tiny distance
        # from none; those few are computed from the difference.
        tiny = squares <= 1e-6 * (self.variance + (rows**2).sum(axis=1)[:, None])
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
        return np.sqrt(squares), indices

    def _search_few(self, Z, k):
        """Search for a handful of rows, without the overhead of the index."""
        squares = np.stack([((self.Z - row) ** 2).sum(axis=1) for row in Z])
        perturbed = squares + self.tie
        indices = np.argpartition(perturbed, k - 1, axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(perturbed, indices, axis=1), axis=1)
        indices = np.take_along_axis(indices, order, axis=1)
        near = np.take_along_axis(squares, indices, axis=1)
        # As above: the perturbation decides among ties only.
        order = np.argsort(np.where(near <= 0, -1.0, 0.0), axis=1, kind="stable")
        near = np.take_along_axis(near, order, axis=1)
        return np.sqrt(near), np.take_along_axis(indices, order, axis=1)


class NeighborGraph:
    """Nearest neighbours among reference rows, for any subset that is trusted.

    A point never vouches for itself: when a row of the batch is exactly a reference
    row, one zero distance is left out. Training rows therefore get the same,
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
        self.n_search_ = min(len(Z), int(self.k_ * (1 + _SPARE)) + 2)
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
        self.keep = None if keep.all() else keep
        self.rows = None if keep.all() else np.nonzero(keep)[0]
        self.search = None if keep.all() else _Search(graph._search.Z[keep])

    def answer(self, query):
        """Return the k nearest trusted rows of each row of a query."""
        Z, distances, indices = query
        k = self.k + 1
        if self.keep is None:
            return self._drop_self(distances[:, :k], indices[:, :k])
        trusted = self.keep[indices]
        place = np.cumsum(trusted, axis=1, dtype=np.int32)
        enough = place[:, -1] >= k
        first = trusted & (place <= k) & enough[:, None]
        out_d = np.empty((len(Z), k))
        out_i = np.empty((len(Z), k), dtype=indices.dtype)
        out_d[enough] = distances[first].reshape(-1, k)
        out_i[enough] = indices[first].reshape(-1, k)
        short = np.nonzero(~enough)[0]
        if len(short):
            d, i = self.search(Z[short], k)
            out_d[short], out_i[short] = d, self.rows[i]
        return self._drop_self(out_d, out_i)

    def _drop_self(self, distances, indices):
        itself = np.nonzero(distances[:, 0] == 0)[0]
        if not len(itself):
            return Neighbors(distances[:, :-1], indices[:, :-1])
        others, places = distances[:, :-1].copy(), indices[:, :-1].copy()
        others[itself], places[itself] = distances[itself, 1:], indices[itself, 1:]
        return Neighbors(others, places)
