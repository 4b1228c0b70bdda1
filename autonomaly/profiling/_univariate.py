"""Figures of single columns, from the sketch of a table."""

import numpy as np
from scipy.special import ndtr

_GRID = np.arange(1, 100) / 100.0  # quantiles at which distributions are compared
_GAUSSIAN_TAILS = 3.8189  # (q99.5 - q0.5) / (q75 - q25) of a normal distribution
_GAUSSIAN_IQR = 1.3489795
HEAVY_TAIL = 1.5
MIN_SHAPE_CELLS = 10
_MIN_TAIL_CELLS = 100
_BINS = 16


class SortedCells:
    """Numeric cells of the sample in ascending order, for quantiles.

    Parameters
    ----------
    cells : ndarray of shape (n_columns, n)
        Cells; NaN is missing.

    Attributes
    ----------
    count : ndarray of shape (n_columns,)
        Present cells.
    """

    def __init__(self, cells):
        self._sorted = np.sort(cells, axis=1)  # NaN last
        self.count = (~np.isnan(cells)).sum(axis=1)

    def quantiles(self, shares):
        """Linearly interpolated quantiles, shape (n_columns, n_shares)."""
        position = np.asarray(shares)[None, :] * np.maximum(self.count - 1, 0)[:, None]
        low = np.floor(position).astype(np.intp)
        high = np.minimum(low + 1, np.maximum(self.count - 1, 0)[:, None])
        weight = position - low
        below = np.take_along_axis(self._sorted, low, axis=1)
        above = np.take_along_axis(self._sorted, high, axis=1)
        return np.where(weight > 0, below * (1 - weight) + above * weight, below)


def describe_numbers(cells, n_distinct, discrete):
    """Shape figures of numeric columns.

    Parameters
    ----------
    cells : ndarray of shape (n_columns, n)
        Finite cells or NaN, of magnitude about one or moderate.
    n_distinct : ndarray of shape (n_columns,)
        Number of distinct values.
    discrete : ndarray of shape (n_columns,), bool
        Which columns repeat their values.

    Returns
    -------
    dict of str to ndarray or list
        Figures by name, NaN where not defined; ``quartiles`` has shape
        (n_columns, 3).
    """
    ordered = SortedCells(cells)
    shares = (0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995)
    q = dict(zip(shares, ordered.quantiles(shares).T, strict=True))
    iqr = q[0.75] - q[0.25]
    iqr = np.where(iqr > 0, iqr, np.nan)
    low, high = (q[0.25] - 1.5 * iqr)[:, None], (q[0.75] + 1.5 * iqr)[:, None]
    count = np.maximum(ordered.count, 1)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        outliers = ((cells < low) | (cells > high)).sum(axis=1) / count
        noise = 1.0 - _variance(np.clip(cells, low, high)) / _variance(cells)
        kelly = (q[0.9] + q[0.1] - 2 * q[0.5]) / (q[0.9] - q[0.1])
        tails = (q[0.995] - q[0.005]) / iqr / _GAUSSIAN_TAILS
        grid = ordered.quantiles(_GRID)
        normal = ndtr((grid - q[0.5][:, None]) / (iqr / _GAUSSIAN_IQR)[:, None])
        spread = q[0.95] - q[0.05]
        uniform = 0.05 + 0.9 * (grid - q[0.05][:, None]) / spread[:, None]
        from_normal = np.abs(normal - _GRID).max(axis=1)
        from_uniform = np.abs(np.clip(uniform, 0, 1) - _GRID).max(axis=1)
    tails = np.where(ordered.count >= _MIN_TAIL_CELLS, tails, np.nan)
    known = ordered.count >= MIN_SHAPE_CELLS
    return {
        "quartiles": np.stack([q[0.25], q[0.5], q[0.75]], axis=1),
        "iqr": iqr,
        "spread": spread,
        "outlier_ratio": np.where(np.isnan(iqr), np.nan, outliers),
        "noise_level": np.where(np.isnan(iqr), np.nan, np.clip(noise, 0, 1)),
        "tail_weight": tails,
        "normality_distance": np.where(known, from_normal, np.nan),
        "distribution": _shapes(
            ordered.count, n_distinct, discrete, from_normal, from_uniform, kelly, tails
        ),
        "information_content": _histogram_entropy(
            cells, q[0.01], q[0.99], n_distinct, ordered.count
        ),
    }


def _variance(cells):
    missing = np.isnan(cells)
    if not missing.any():
        return cells.var(axis=1)
    count = np.maximum((~missing).sum(axis=1), 1)
    mean = np.nansum(cells, axis=1) / count
    return np.nansum((cells - mean[:, None]) ** 2, axis=1) / count


def _shapes(count, n_distinct, discrete, from_normal, from_uniform, kelly, tails):
    allowance = 1.0 / np.sqrt(np.maximum(count, 1))
    near = 0.03 + allowance
    # comparisons with NaN are False: a column without a spread is "other"
    skewed = np.abs(kelly) > 0.1 + allowance
    heavy = tails > HEAVY_TAIL
    rules = [
        ("constant", n_distinct <= 1),
        ("unknown", count < MIN_SHAPE_CELLS),
        ("discrete", discrete),
        ("gaussian", (from_normal <= near) & (from_normal <= from_uniform)
         & ~heavy & ~skewed),
        ("uniform", (from_uniform <= near) & ~heavy & ~skewed),
        ("skewed", skewed),
        ("heavy_tailed", heavy),
    ]  # fmt: skip
    names = [name for name, _ in rules] + ["other"]
    first = np.argmax(
        np.stack([rule for _, rule in rules] + [np.full(len(count), True)]), axis=0
    )
    return [names[i] for i in first]


def _histogram_entropy(cells, low, high, n_distinct, count):
    n_columns = len(cells)
    if not n_columns:
        return np.zeros(0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        width = ((high - low) / _BINS)[:, None]
        bins = np.floor((cells - low[:, None]) / width)
    present = np.isfinite(bins)
    bins = np.where(present, np.clip(bins, 0, _BINS - 1), 0).astype(np.intp)
    bins += np.arange(n_columns)[:, None] * _BINS
    table = np.bincount(bins[present], minlength=n_columns * _BINS)
    table = table.reshape(n_columns, _BINS).astype(np.float64)
    share = table / np.maximum(table.sum(axis=1), 1)[:, None]
    entropy = -(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=1)
    most = np.log(np.clip(np.minimum(n_distinct, count), 2, _BINS))
    return np.clip(entropy / most, 0.0, 1.0)


def level_entropy(cells):
    """Entropy of the frequencies of values as a share of the largest possible.

    Parameters
    ----------
    cells : ndarray of shape (n,)
        Values; NaN is missing.

    Returns
    -------
    float
        In [0, 1]; 0 for fewer than two values.
    """
    _, counts = np.unique(cells[~np.isnan(cells)], return_counts=True)
    if counts.size < 2:
        return 0.0
    share = counts / counts.sum()
    return float(min(1.0, -(share * np.log(share)).sum() / np.log(counts.size)))


def surprisal(cells):
    """Minus the logarithm to base 2 of the frequency of each value.

    Parameters
    ----------
    cells : ndarray of shape (n,)
        Values; NaN counts as a value of its own.

    Returns
    -------
    ndarray of shape (n,)
        In bits; rare values have large ones.
    """
    _, inverse, counts = np.unique(cells, return_inverse=True, return_counts=True)
    return np.log2(cells.size / counts)[inverse]
