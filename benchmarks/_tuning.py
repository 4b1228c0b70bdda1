"""What the benchmarks of tuning share: configurations of the catalogue, intervals."""

from __future__ import annotations

import warnings

import numpy as np

# Detectors that fit a thousand rows in well under a second.
DETECTORS = (
    "dependency",
    "knn",
    "lof",
    "mixture",
    "mahalanobis",
    "forest",
    "histogram",
    "tails",
    "projection",
    "sklearn_ocsvm",
)
DEFAULT = "forest"  # what one would take without thinking: an isolation forest


def configurations(n_each, *, seed=0):
    """Draw configurations: detectors, hyperparameters and views.

    Parameters
    ----------
    n_each : int
        Per detector; the first is its default on its own view. Detectors without
        hyperparameters differ in their view only, and have one per view.
    seed : int, default=0
        Of the draw.

    Returns
    -------
    configurations : list of (str, str, dict)
        Detector, view, hyperparameters.
    """
    from autonomaly.detectors import detector_spec
    from autonomaly.detectors._registration import VIEWS
    from autonomaly.tuning._spaces import SearchSpace

    rng = np.random.RandomState(seed)
    drawn = []
    for name in DETECTORS:
        spec = detector_spec(name)
        own = [(name, spec.view, {})]
        while len(own) < min(n_each, n_each if spec.search_space else len(VIEWS)):
            view = spec.view if rng.uniform() < 0.5 else VIEWS[rng.randint(len(VIEWS))]
            parameters = {}
            if spec.search_space:
                space = SearchSpace(spec.search_space).parts[0]
                parameters = {n: a.rvs(random_state=rng) for n, a in space.items()}
            if (name, view, parameters) not in own:
                own.append((name, view, parameters))
        drawn += own
    return drawn


def build(configuration):
    """Build the unfitted Pipeline of a configuration."""
    from autonomaly.selection import PoolMember, build_member

    return build_member(PoolMember("member", *configuration))[1]


def interval(values, groups, *, n_resamples=10_000, seed=0):
    """Mean of values, and its 95 % bootstrap interval over whole groups.

    Parameters
    ----------
    values : sequence of float
    groups : sequence of str
        Group of each value.
    n_resamples : int, default=10_000
    seed : int, default=0

    Returns
    -------
    mean, low, high : float
    """
    values = np.asarray(values, dtype=float)
    names, index = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(names), size=(n_resamples, len(names)))
    counts = np.apply_along_axis(np.bincount, 1, draws, minlength=len(names))
    weights = counts[:, index].astype(float)
    weights /= weights.sum(axis=1, keepdims=True)
    low, high = np.percentile(weights @ values, [2.5, 97.5])
    return float(values.mean()), float(low), float(high)


def interval_text(values, groups):
    """Write a mean and its interval."""
    mean, low, high = interval(values, groups)
    return f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"


def quietly(work):
    """Run work without the warnings of the detectors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return work()
