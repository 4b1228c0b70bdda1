"""Generated tasks: clean populations, real and synthetic, with anomalies put in.

A knowledge base of a few dozen real sets says little about which detector suits which
data. Here the truth is known because the anomalies are made, in the ways the field
distinguishes [1]_, or are real ones resampled to another share.

References
----------
.. [1] Han, S. et al. "ADBench: Anomaly detection benchmark." NeurIPS 2022.
       arXiv:2206.09426
.. [2] Steinbuss, G. and Boehm, K. "Benchmarking unsupervised outlier detection with
       realistic synthetic data." ACM TKDD 15, 2021. doi:10.1145/3441453
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, rankdata
from sklearn.mixture import GaussianMixture

ANOMALIES = (
    "local",
    "global",
    "clustered",
    "dependency",
    "contextual",
    "categorical",
    "resampled",
)
POPULATIONS = ("clusters", "copula", "manifold", "counts")
MAX_ROWS = 1000
MAX_COLUMNS = 60


@dataclass(frozen=True)
class GeneratedTask:
    """A population with anomalies in it.

    Attributes
    ----------
    name : str
        ``gen-NUMBER-anomaly-population``.
    family : str
        Family of the real set that the rows come from; the name of the population for
        synthetic ones. Tasks of one family are left out together.
    anomaly : str
        One of `ANOMALIES`.
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
        1 = anomaly.
    """

    name: str
    family: str
    anomaly: str
    X: np.ndarray
    y: np.ndarray


def generate_task(number, real):
    """Make task `number`; the same number gives the same task.

    Parameters
    ----------
    number : int
    real : list of (str, ndarray, ndarray)
        Family, numeric matrix and truth of the real sets.

    Returns
    -------
    task : GeneratedTask
    """
    rng = np.random.default_rng([2026, number])
    # Two in three come from real rows: nothing made up is as crooked as they are.
    from_real = bool(real) and number % 3 > 0
    kinds = ANOMALIES if from_real else ANOMALIES[:-1]
    anomaly = kinds[rng.integers(len(kinds))]
    if from_real and rng.random() < 0.3:
        anomaly = "resampled"  # real anomalies are worth more than made ones
    share = float(np.exp(rng.uniform(np.log(0.005), np.log(0.3))))
    size = int(np.exp(rng.uniform(np.log(120), np.log(MAX_ROWS))))
    if from_real:
        family, X, y = real[rng.integers(len(real))]
        columns = _some_columns(X.shape[1], rng)
        clean, odd = X[y == 0][:, columns], X[y == 1][:, columns]
        clean = clean[rng.permutation(len(clean))]
        if anomaly == "resampled":
            X, y = _resample(clean, odd, size, share, rng)
        else:
            X, y = _plant(clean[:size], anomaly, share, rng)
    else:
        family = POPULATIONS[rng.integers(len(POPULATIONS))]
        clean = _population(family, size, rng)
        X, y = _plant(clean, anomaly, share, rng)
    varying = (X != X[:1]).any(axis=0)
    X = X[:, varying] if varying.any() else X[:, :1]
    order = rng.permutation(len(X))
    name = f"gen-{number:04d}-{anomaly}-{family}"
    return GeneratedTask(name, family, anomaly, X[order], y[order])


def _some_columns(n_columns, rng):
    if n_columns <= 3 or (n_columns <= MAX_COLUMNS and rng.random() < 0.5):
        return np.arange(n_columns)
    most = min(n_columns, MAX_COLUMNS)
    wanted = int(np.exp(rng.uniform(np.log(3), np.log(most + 1))))
    return np.sort(rng.choice(n_columns, min(wanted, most), replace=False))


def _n_anomalies(n_clean, share):
    return max(2, round(n_clean * share / (1 - share)))


def _resample(clean, odd, size, share, rng):
    n_odd = min(_n_anomalies(min(size, len(clean)), share), len(odd))
    clean = clean[: max(min(size, len(clean)) - n_odd, 50)]
    odd = odd[rng.choice(len(odd), n_odd, replace=False)]
    return np.vstack([clean, odd]), np.repeat([0, 1], [len(clean), len(odd)])


# ------------------------------------------------------------------ populations


def _population(name, n, rng):
    d = int(np.exp(rng.uniform(np.log(2), np.log(40))))
    X = {
        "clusters": _clusters,
        "copula": _copula,
        "manifold": _manifold,
        "counts": _counts,
    }[name](n, d, rng)
    if rng.random() < 0.3:  # columns that say nothing are the rule in real tables
        X = np.hstack([X, rng.standard_normal((n, max(1, d // 3)))])
    return X * np.exp(rng.normal(0, 2, X.shape[1]))


def _clusters(n, d, rng):
    k = int(rng.integers(1, 8))
    weights = rng.dirichlet(np.full(k, 2.0))
    which = rng.choice(k, n, p=weights)
    centers = rng.normal(0, rng.uniform(1, 6), (k, d))
    X = np.empty((n, d))
    for j in range(k):
        rank = int(rng.integers(1, d + 1))
        factor = rng.standard_normal((rank, d)) * rng.uniform(0.3, 1.5)
        m = which == j
        X[m] = rng.standard_normal((m.sum(), rank)) @ factor
        X[m] += rng.standard_normal((m.sum(), d)) * rng.uniform(0.05, 0.5)
        X[m] += centers[j]
    return X


def _copula(n, d, rng):
    """Correlated columns with marginals of every kind of tail."""
    factor = rng.standard_normal((max(1, d // 2), d)) * rng.uniform(0.2, 2)
    G = rng.standard_normal((n, len(factor))) @ factor + rng.standard_normal((n, d))
    U = norm.cdf(G / G.std(axis=0))
    X = np.empty_like(U)
    for j in range(d):
        z = norm.ppf(np.clip(U[:, j], 1e-9, 1 - 1e-9))
        X[:, j] = {
            0: lambda z: z,
            1: np.exp,
            2: lambda z: np.sign(z) * np.abs(z) ** 2,
            3: norm.cdf,
            4: lambda z: np.maximum(z, 0),  # half of the rows at zero
            5: lambda z: np.round(2 * z),
        }[int(rng.integers(6))](z)
    return X


def _manifold(n, d, rng):
    """Smooth functions of a few hidden variables, with noise."""
    hidden = rng.uniform(-1, 1, (n, int(rng.integers(1, min(4, d) + 1))))
    W = rng.normal(0, 2, (hidden.shape[1], 32))
    features = np.cos(hidden @ W + rng.uniform(0, 2 * np.pi, 32))
    X = features @ rng.standard_normal((32, d)) / 4
    return X + rng.standard_normal((n, d)) * np.exp(rng.uniform(-4, -1))


def _counts(n, d, rng):
    """Draw counts and categories whose frequencies depend on a hidden class."""
    which = rng.integers(int(rng.integers(1, 5)), size=n)
    X = np.empty((n, d))
    for j in range(d):
        if rng.random() < 0.5:
            rates = np.exp(rng.normal(0.5, 1, which.max() + 1))
            X[:, j] = rng.poisson(rates[which])
        else:
            levels = int(rng.integers(2, 8))
            tables = rng.dirichlet(np.full(levels, 0.6), which.max() + 1)
            draws = rng.random(n)[:, None] > tables.cumsum(axis=1)[which]
            X[:, j] = draws.sum(axis=1)
    return X


# ------------------------------------------------------------------ anomalies


def _plant(clean, anomaly, share, rng):
    """Add anomalies of one kind to clean rows."""
    n_odd = _n_anomalies(len(clean), share)
    spread = clean.std(axis=0)
    noise = 1e-3 * spread * rng.standard_normal((n_odd, clean.shape[1]))
    discrete = np.array([len(np.unique(c)) <= max(20, len(c) // 20) for c in clean.T])
    odd = {
        "local": _local,
        "global": _global,
        "clustered": _clustered,
        "dependency": _dependency,
        "contextual": _contextual,
        "categorical": _categorical,
    }[anomaly](clean, n_odd, rng)
    if anomaly in ("dependency", "contextual", "categorical"):
        noise[:] = 0  # values of the population, in combinations that are not its own
    # A column of few values keeps them: a fraction would give any anomaly away.
    snapped = odd + np.where(discrete, 0, noise)
    for j in np.flatnonzero(discrete & (rng.random(len(discrete)) < 0.8)):
        values = np.unique(clean[:, j])
        nearest = np.abs(snapped[:, j, None] - values).argmin(axis=1)
        snapped[:, j] = values[nearest]
    y = np.repeat([0, 1], [len(clean), n_odd])
    return np.vstack([clean, snapped]), y


def _mixture(clean, rng):
    k = int(min(rng.integers(1, 6), max(1, len(clean) // 40)))
    return GaussianMixture(
        k,
        covariance_type="diag" if len(clean) < 4 * clean.shape[1] else "full",
        reg_covar=1e-6 + 1e-4 * float(clean.var(axis=0).mean()),
        random_state=int(rng.integers(2**31)),
    ).fit(clean)


def _local(clean, n, rng):
    """Around the same centres as the population, with wider clouds."""
    mixture = _mixture(clean, rng)
    rows = clean[rng.integers(len(clean), size=n)]
    centers = mixture.means_[mixture.predict(rows)]
    return centers + rng.uniform(1.5, 4) * (rows - centers)


def _global(clean, n, rng):
    low, high = clean.min(axis=0), clean.max(axis=0)
    reach = rng.uniform(0.0, 0.3) * (high - low)
    return rng.uniform(low - reach, high + reach, (n, clean.shape[1]))


def _clustered(clean, n, rng):
    """Put a small dense group away from the bulk."""
    shift = rng.standard_normal(clean.shape[1])
    shift *= rng.uniform(1.5, 5) / np.sqrt((shift**2).mean()) * clean.std(axis=0)
    active = rng.random(clean.shape[1]) < rng.uniform(0.2, 1)
    base = clean[rng.integers(len(clean))]
    width = rng.uniform(0.05, 0.6)
    cloud = clean[rng.integers(len(clean), size=n)]
    return base + np.where(active, shift, 0) + width * (cloud - clean.mean(axis=0))


def _dependency(clean, n, rng):
    """Every column from another row: the marginals stay, what binds them goes."""
    rows = rng.integers(len(clean), size=(n, clean.shape[1]))
    return np.take_along_axis(clean, rows, axis=0)


def _contextual(clean, n, rng):
    """Give a few columns values that are usual, though not for such rows."""
    odd = clean[rng.integers(len(clean), size=n)].copy()
    changed = rng.random(clean.shape[1]) < rng.uniform(0.1, 0.4)
    changed[rng.integers(clean.shape[1])] = True
    ranks = rankdata(clean, axis=0) / len(clean)
    for j in np.flatnonzero(changed):
        order = np.argsort(ranks[:, j])
        # As far as possible from the row's own place in the column.
        place = (np.searchsorted(clean[order, j], odd[:, j]) / len(clean) + 0.5) % 1
        jitter = rng.uniform(-0.15, 0.15, n)
        at = ((place + jitter) % 1 * len(clean)).astype(int)
        odd[:, j] = clean[order, j][np.clip(at, 0, len(clean) - 1)]
    return odd


def _categorical(clean, n, rng):
    """Rare values of some columns, together."""
    odd = clean[rng.integers(len(clean), size=n)].copy()
    changed = rng.random(clean.shape[1]) < rng.uniform(0.15, 0.6)
    changed[rng.integers(clean.shape[1])] = True
    for j in np.flatnonzero(changed):
        edges = np.unique(np.quantile(clean[:, j], np.linspace(0, 1, 30)))
        cell = np.searchsorted(edges, clean[:, j])
        counts = np.bincount(cell)
        weight = 1 / counts[cell] ** 2.0
        odd[:, j] = rng.choice(clean[:, j], n, p=weight / weight.sum())
    return odd
