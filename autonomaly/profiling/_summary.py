"""From the sketch of a table to the sections of its profile."""

import math
from dataclasses import dataclass

import numpy as np

from autonomaly.profiling import _multivariate as multi
from autonomaly.profiling import _univariate as uni
from autonomaly.profiling._records import (
    ComplexityInfo,
    Correlation,
    DistributionInfo,
    FeatureProfile,
    PatternInfo,
    QualityMetrics,
    SizeInfo,
    TypeInfo,
)

_MAX_PAIRS = 50
_WIDE, _WIDE_ROWS, _WIDE_CELLS = 200, 1_000, 2_000_000


@dataclass(frozen=True)
class Options:
    """What a profile depends on beside the data."""

    sample_size: int
    correlation_threshold: float
    outlier_methods: tuple[str, ...]
    pattern_detection: bool
    statistical_tests: bool
    seed: int

    def n_sampled(self, n_columns):
        """Return the largest number of rows to keep of a table."""
        if n_columns <= _WIDE:
            return self.sample_size
        return min(self.sample_size, max(_WIDE_ROWS, _WIDE_CELLS // n_columns))


def summarise(sketch, options):
    """Compute every section of a profile.

    Parameters
    ----------
    sketch : TableSketch
        The table.
    options : Options
        What to compute.

    Returns
    -------
    dict
        Sections by field name of `DataProfile`.
    """
    return _Summary(sketch, options).sections()


class _Summary:
    """The steps of `summarise`, with what they share."""

    def __init__(self, sketch, options):
        self.sketch = sketch
        self.options = options
        self.roles = np.array(sketch.roles, dtype=object)
        kinds = np.array(sketch.kinds, dtype=object)
        moments = sketch.moments
        self.present = sketch.n_rows - moments.n_missing
        self.n_distinct = np.array([c.n_distinct() for c in sketch.columns])
        self.discrete = (self.n_distinct <= np.maximum(10, np.sqrt(self.present))) & (
            2 * self.n_distinct <= self.present
        )
        self.measured = (kinds == "number") | (kinds == "date")
        self.numeric = self.measured & (self.roles == "numeric")
        self.levels = (self.roles == "categorical") & (self.present > 0)
        self.unit = np.where(self.measured, moments.unit(), 0)
        self.cells = self._unit_cells()
        self.shape = uni.describe_numbers(
            self.cells[self.measured],
            self.n_distinct[self.measured],
            self.discrete[self.measured],
        )
        # position of a column among the measured ones
        self.place = np.cumsum(self.measured) - 1
        self._draw()

    def _unit_cells(self):
        """Return the sample in units in which nothing overflows, NaN if not finite."""
        cells = self.sketch.sample.values
        if self.unit.any():
            cells = np.ldexp(cells, -self.unit[:, None])
        finite = np.isfinite(cells)
        return cells if finite.all() else np.where(finite, cells, np.nan)

    def _draw(self):
        """Look at rows and at columns together."""
        seed = self.options.seed
        columns = np.flatnonzero(self.numeric)
        place = self.place[columns]
        quartiles = self.shape["quartiles"][place]
        view, fences = multi.robust_view(
            self.cells[columns], quartiles, self.shape["spread"][place]
        )
        used = multi.subset(columns.size, multi.PAIR_COLUMNS, seed)
        rows = multi.subset(view.shape[1], multi.PAIR_ROWS, seed)
        self.pair_columns = columns[used]
        cells = self.cells[np.ix_(columns[used], rows)]
        middle = np.nan_to_num(quartiles[used, 1:2])
        self.ranks, self.r2, self.effective_rank = multi.dependence(
            view[np.ix_(used, rows)], np.where(np.isnan(cells), middle, cells)
        )
        levels = np.flatnonzero(self.levels)
        self.level_redundancy = {}
        if levels.size:
            surprisals = np.stack([uni.surprisal(self.cells[j]) for j in levels])
            points = (0.25, 0.5, 0.75, 0.05, 0.95)
            ordered = uni.SortedCells(surprisals).quantiles(points)
            extra, extra_fences = multi.robust_view(
                surprisals, ordered[:, :3], ordered[:, 4] - ordered[:, 3]
            )
            view = np.concatenate([view, extra])
            fences = np.concatenate([fences, extra_fences])
            few = levels[: multi.LEVEL_COLUMNS]
            known = multi.level_redundancy([self.cells[j][rows] for j in few])
            if few.size > 1:
                self.level_redundancy = dict(zip(few.tolist(), known, strict=True))
        self.outlier_ratios = multi.outlier_shares(
            view, fences, self.options.outlier_methods, seed
        )
        self.clusters = (
            multi.count_clusters(view, seed) if self.options.pattern_detection else None
        )

    def sections(self):
        """Return the sections of the profile."""
        features = self._features()
        quality = self._quality(features)
        distributions = self._distributions(features)
        types = self._types()
        return {
            "size": self._size(),
            "types": types,
            "quality": quality,
            "distributions": distributions,
            "patterns": self._patterns(),
            "complexity": self._complexity(quality, types, features),
            "features": features,
        }

    def _size(self):
        n, d = self.sketch.n_rows, len(self.sketch.names)
        label = "small" if n < 1_000 else "medium" if n <= 100_000 else "large"
        return SizeInfo(
            samples=n,
            features=d,
            label="huge" if n > 10_000_000 else label,
            dimensionality="low" if d < 20 else "medium" if d <= 100 else "high",
        )

    def _types(self):
        counts = {
            field: int((self.roles == role).sum())
            for field, role in (
                ("numerical", "numeric"),
                ("categorical", "categorical"),
                ("temporal", "date"),
                ("text", "text"),
                ("identifier", "identifier"),
                ("constant", "constant"),
            )
        }
        n_words = counts["categorical"] + counts["text"]
        n_varying = n_words + counts["numerical"] + counts["temporal"]
        label = "mixed"
        if counts["numerical"] == n_varying:
            label = "numerical"
        elif n_words == n_varying:
            label = "categorical"
        return TypeInfo(**counts, label=label)

    def _quality(self, features):
        sketch, moments = self.sketch, self.sketch.moments
        n_cells = sketch.n_rows * len(sketch.names)
        n_missing = int(moments.n_missing.sum() - self._unread().sum())
        n_infinite = int(moments.n_infinite.sum())
        n_wrong = n_infinite + int(sketch.n_inconsistent.sum())
        n_duplicates = sketch.n_rows - sketch.rows.n_distinct()
        shares = [share for _, share in self.outlier_ratios]
        outlier_ratio = sum(shares) / len(shares) if shares else 0.0
        noise = [
            f.noise_level
            for f in features
            if f.role == "numeric" and f.noise_level is not None
        ]
        return QualityMetrics(
            missing_values=n_missing,
            duplicates=n_duplicates,
            outliers=round(outlier_ratio * sketch.n_rows),
            missing_ratio=n_missing / n_cells,
            infinite_ratio=n_infinite / n_cells,
            duplicate_ratio=n_duplicates / sketch.n_rows,
            outlier_ratio=outlier_ratio,
            outlier_ratios=self.outlier_ratios,
            noise_level=sum(noise) / len(noise) if noise else 0.0,
            consistency_score=1.0 - n_wrong / max(n_cells - n_missing, 1),
        )

    def _unread(self):
        """Present cells that could not be read as what their column is."""
        return np.where(self.measured, self.sketch.n_inconsistent, 0)

    def _distributions(self, features):
        names = {}
        for feature in features:
            if feature.distribution is not None:
                names.setdefault(feature.distribution, []).append(feature.name)
        count = {shape: len(columns) for shape, columns in names.items()}
        n_skewed = count.get("skewed", 0) + count.get("heavy_tailed", 0)
        n_gaussian = count.get("gaussian", 0)
        n_shaped = n_skewed + n_gaussian + count.get("uniform", 0)
        n_shaped += count.get("other", 0)
        label = "mixed"
        if n_shaped and 3 * n_gaussian >= 2 * n_shaped:
            label = "gaussian"
        elif n_shaped and 3 * n_skewed >= 2 * n_shaped:
            label = "skewed"
        weights = [
            f.tail_weight
            for f in features
            if f.role == "numeric" and f.tail_weight is not None
        ]
        heavy = sum(weight > uni.HEAVY_TAIL for weight in weights)
        return DistributionInfo(
            label=label,
            **{
                shape: tuple(names.get(shape, ()))
                for shape in (
                    "gaussian",
                    "skewed",
                    "uniform",
                    "heavy_tailed",
                    "discrete",
                    "other",
                )
            },
            heavy_tail_ratio=heavy / len(weights) if weights else 0.0,
            discrete_ratio=sum(f.discrete for f in features) / len(features),
        )

    def _patterns(self):
        pairs, n_pairs = (), 0
        if self.options.pattern_detection:
            pairs, n_pairs = self._pairs()
        return PatternInfo(
            has_temporal=bool((self.roles == "date").any()),
            seasonality=None,
            trends=(),
            cycles=(),
            clusters=self.clusters,
            correlations=pairs,
            n_correlated_pairs=n_pairs,
        )

    def _pairs(self):
        above = np.triu(np.abs(self.ranks), 1)
        first, second = np.nonzero(
            above >= max(self.options.correlation_threshold, np.finfo(float).tiny)
        )
        order = np.argsort(-above[first, second], kind="stable")[:_MAX_PAIRS]
        names = self.sketch.names
        pairs = tuple(
            Correlation(
                names[self.pair_columns[i]],
                names[self.pair_columns[j]],
                float(self.ranks[i, j]),
            )
            for i, j in zip(first[order], second[order], strict=True)
        )
        return pairs, int(first.size)

    def _complexity(self, quality, types, features):
        n_used = self.pair_columns.size
        d = len(features)
        shapes = [f.distribution for f in features if f.role == "numeric"]
        n_varying = d - types.constant - types.identifier
        clusters = self.clusters or 1
        components = (
            ("dimension", min(1.0, math.log10(d) / 4)),
            ("spread", min(1.0, self.effective_rank / n_used) if n_used else 0.0),
            ("shape", sum(s != "gaussian" for s in shapes) / max(len(shapes), 1)),
            ("types", 1.0 - types.numerical / n_varying if n_varying else 0.0),
            ("missing", quality.missing_ratio),
            ("clusters", 1.0 - 1.0 / clusters),
        )
        score = sum(value for _, value in components) / len(components)
        off_diagonal = np.abs(self.ranks[np.triu_indices(n_used, 1)])
        return ComplexityInfo(
            score=score,
            label="low" if score < 1 / 3 else "medium" if score < 2 / 3 else "high",
            components=components,
            effective_rank=self.effective_rank,
            linear_dependence=float(self.r2.mean()) if n_used else 0.0,
            correlation=float(off_diagonal.mean()) if off_diagonal.size else 0.0,
            n_columns_used=int(n_used),
        )

    def _features(self):
        names, roles = self.sketch.names, self.sketch.roles
        columns = {"name": names, "role": roles, **self._counts(), **self._numbers()}
        content, redundancy, importance = self._information()
        columns["information_content"] = content
        columns["redundancy"] = redundancy
        columns["importance"] = importance
        keys = list(columns)
        return tuple(
            FeatureProfile(**dict(zip(keys, row, strict=True)))
            for row in zip(*columns.values(), strict=True)
        )

    def _counts(self):
        moments, n = self.sketch.moments, self.sketch.n_rows
        n_missing = moments.n_missing - self._unread()
        ratio = self.n_distinct / np.maximum(self.present, 1)
        return {
            "n_missing": n_missing.tolist(),
            "n_infinite": moments.n_infinite.tolist(),
            "missing_ratio": (n_missing / n).tolist(),
            "n_distinct": self.n_distinct.tolist(),
            "distinct_ratio": np.minimum(ratio, 1.0).tolist(),
            "discrete": self.discrete.tolist(),
        }

    def _numbers(self):
        moments, measured = self.sketch.moments, self.measured
        skewness, kurtosis = moments.shapes()
        std = moments.stds()
        quartiles = self._spread(self.shape["quartiles"].T)
        quartiles = np.ldexp(quartiles, self.unit)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            variance = np.ldexp(
                moments.m2 / np.maximum(moments.count, 1), 2 * self.unit
            )
            variance = np.where(moments.count > 0, variance, np.nan)
            zero_ratio = np.where(
                moments.count > 0, moments.n_zero / np.maximum(moments.count, 1), np.nan
            )
        figures = {
            "zero_ratio": zero_ratio,
            "mean": moments.means(),
            "variance": variance,
            "std": std,
            "skewness": skewness,
            "kurtosis": kurtosis,
            "minimum": moments.minimum,
            "maximum": moments.maximum,
            "q25": quartiles[0],
            "median": quartiles[1],
            "q75": quartiles[2],
            **{
                name: self._spread(self.shape[name])
                for name in ("outlier_ratio", "noise_level", "tail_weight")
            },
        }
        # tests and distances speak of the shape, which only numbers have
        shaped = {
            "normality_distance": self._spread(self.shape["normality_distance"]),
            "normality_pvalue": self._normality_pvalue(skewness, kurtosis),
        }
        columns = {key: _optional(value, measured) for key, value in figures.items()}
        for key, value in shaped.items():
            columns[key] = _optional(value, measured & (self.roles == "numeric"))
        if not self.options.statistical_tests:
            columns["normality_pvalue"] = [None] * len(measured)
        named = [role in ("numeric", "constant") for role in self.roles]
        columns["distribution"] = [
            self.shape["distribution"][self.place[j]]
            if measured[j] and named[j]
            else None
            for j in range(len(measured))
        ]
        return columns

    def _normality_pvalue(self, skewness, kurtosis):
        count = self.sketch.moments.count
        with np.errstate(over="ignore", under="ignore"):
            statistic = count / 6.0 * (skewness**2 + kurtosis**2 / 4.0)
            pvalue = np.exp(-statistic / 2.0)  # chi-squared, two degrees of freedom
        return np.where(count >= uni.MIN_SHAPE_CELLS, pvalue, np.nan)

    def _spread(self, values):
        """Put figures of the measured columns at their places, NaN elsewhere."""
        out = np.full((*values.shape[:-1], len(self.measured)), np.nan)
        out[..., self.measured] = values
        return out

    def _information(self):
        d = len(self.roles)
        content = np.zeros(d)
        by_histogram = self.measured & ~self.discrete & (self.roles != "categorical")
        content[by_histogram] = self._spread(self.shape["information_content"])[
            by_histogram
        ]
        for j in np.flatnonzero(~by_histogram & (self.present > 0)):
            content[j] = uni.level_entropy(self.cells[j])
        redundancy = [None] * d
        for j, value in zip(self.pair_columns, self.r2, strict=True):
            redundancy[j] = float(value)
        for j, value in self.level_redundancy.items():
            redundancy[j] = value
        known = np.array([0.0 if r is None else r for r in redundancy])
        weight = content * (1.0 - known)
        weight[np.isin(self.roles, ["identifier", "constant"])] = 0.0
        total = weight.sum()
        importance = weight / total if total > 0 else weight
        return content.tolist(), redundancy, importance.tolist()


def _optional(values, defined):
    """Python numbers, None where not defined or not finite."""
    keep = defined & np.isfinite(values)
    return [v if k else None for v, k in zip(values.tolist(), keep, strict=True)]
