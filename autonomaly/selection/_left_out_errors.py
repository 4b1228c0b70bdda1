"""How far predictions for families of data that were left out were off."""

import numpy as np
from sklearn.isotonic import IsotonicRegression

__all__ = ["COVERAGE", "LeftOutErrors", "backward", "forward"]

#: Share of results on unseen families that the intervals are made to cover.
COVERAGE = 0.9

_BINS = 8
_MIN_BIN = 50
# Average precision close to 0 or 1 is no closer than this: its logit is bounded.
_EDGE = 0.005


class LeftOutErrors:
    """What predictions for unseen families were worth.

    Parameters
    ----------
    metric : {"auroc", "average_precision"}
        What was predicted.
    values : ndarray of shape (n_tasks, n_algorithms)
        What came out, as `forward` gives it; NaN where it was not measured.
    level : ndarray of shape (n_tasks,)
        What was expected of the mean algorithm.
    added : ndarray of shape (n_tasks, n_algorithms)
        What was expected beyond.
    weights : ndarray of shape (n_tasks,)
        Of the tasks.
    """

    def __init__(self, metric, values, level, added, weights):
        self.metric = metric
        there = ~np.isnan(values)
        expected = level[:, None] + added
        weights = np.broadcast_to(weights[:, None], values.shape)[there]
        self.bins = _Bins(expected[there], (values - expected)[there], weights)
        alone = np.broadcast_to(level[:, None], values.shape)
        self.unknown = _Bins(alone[there], (values - alone)[there], weights)
        above = values - np.nanmean(values, axis=1, keepdims=True)
        squares = (above - added)[there] ** 2
        self.advantage = float(np.sqrt(np.average(squares, weights=weights)))
        typical = np.nanmedian(values, axis=1)[:, None]
        better = np.where(values == typical, 0.5, values > typical)
        self.better = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(
            added[there], better[there], sample_weight=weights
        )

    def bounds(self, expected, known):
        """Give the bounds of the interval, in units of the metric."""
        own, other = self.bins.bounds(expected), self.unknown.bounds(expected)
        low, high = (np.where(known, *pair) for pair in zip(own, other, strict=True))
        return (
            backward(self.metric, np.minimum(low, expected)),
            backward(self.metric, np.maximum(high, expected)),
        )

    def chance(self, added, known):
        """Give the chance of being better than the typical algorithm."""
        return np.where(known, self.better.predict(added), 0.5)


class _Bins:
    """Quantiles of errors among predictions alike."""

    def __init__(self, expected, errors, weights):
        n_bins = max(1, min(_BINS, len(expected) // _MIN_BIN))
        edges = np.quantile(expected, np.linspace(0, 1, n_bins + 1))[1:-1]
        self.edges = np.unique(edges)
        place = np.searchsorted(self.edges, expected)
        self.centers, self.low, self.high = [], [], []
        for i in np.unique(place):
            m = place == i
            self.centers.append(np.average(expected[m], weights=weights[m]))
            low, high = _quantiles(errors[m], weights[m])
            self.low.append(low)
            self.high.append(high)

    def bounds(self, expected):
        """Add the bounds of the errors, linearly between the bins."""
        return (
            expected + np.interp(expected, self.centers, self.low),
            expected + np.interp(expected, self.centers, self.high),
        )


def _quantiles(errors, weights):
    order = np.argsort(errors)
    share = np.cumsum(weights[order])
    share = (share - 0.5 * weights[order]) / share[-1]
    tail = (1 - COVERAGE) / 2
    return np.interp([tail, 1 - tail], share, errors[order])


def forward(metric, values):
    """Turn a metric into what the models predict: average precision into its logit."""
    if metric == "auroc":
        return values
    values = np.clip(values, _EDGE, 1 - _EDGE)
    return np.log(values / (1 - values))


def backward(metric, values):
    """Turn what the models predict into the metric."""
    if metric == "auroc":
        return np.clip(values, 0.0, 1.0)
    return 1 / (1 + np.exp(-values))
