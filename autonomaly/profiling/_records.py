"""What a profile is made of: frozen records, one per section."""

import dataclasses
from dataclasses import dataclass, field

from autonomaly._utils._json import json_safe
from autonomaly.exceptions import DataError

_SCHEMA_VERSION = 1


@dataclass(frozen=True)
class SizeInfo:
    """How large the table is.

    Parameters
    ----------
    samples : int
        Rows.
    features : int
        Columns.
    label : {"small", "medium", "large", "huge"}
        Fewer than 1,000 rows, up to 100,000, up to 10,000,000, or more.
    dimensionality : {"low", "medium", "high"}
        Fewer than 20 columns, up to 100, or more.
    """

    samples: int
    features: int
    label: str
    dimensionality: str


@dataclass(frozen=True)
class TypeInfo:
    """What the columns hold; every column is counted in exactly one field.

    Parameters
    ----------
    numerical, categorical, temporal, text, identifier, constant : int
        Number of columns with this role.
    label : {"numerical", "categorical", "mixed"}
        ``"numerical"`` if all columns that vary and are no identifiers are numeric,
        ``"categorical"`` if all of them are categorical or text, else ``"mixed"``.
        A table without any such column is ``"numerical"``.
    """

    numerical: int
    categorical: int
    temporal: int
    text: int
    identifier: int
    constant: int
    label: str


@dataclass(frozen=True)
class QualityMetrics:
    """How clean the table is.

    Parameters
    ----------
    missing_values : int
        Missing cells (NaN, None, NaT, empty text). Exact.
    duplicates : int
        Rows minus distinct rows. Exact up to 2**20 distinct rows, beyond it the
        number of distinct rows has a relative standard error of 0.1 %.
    outliers : int
        ``round(outlier_ratio * samples)``.
    missing_ratio : float in [0, 1]
        ``missing_values / (samples * features)``. Exact.
    infinite_ratio : float in [0, 1]
        Share of infinite cells. Exact.
    duplicate_ratio : float in [0, 1]
        ``duplicates / samples``.
    outlier_ratio : float in [0, 1]
        Mean of `outlier_ratios`; 0 if there is no column to look at.
    outlier_ratios : tuple of (str, float)
        Share of rows that each method finds, in the sample. ``"iqr"``: a cell lies
        more than three interquartile ranges outside the quartiles (Tukey's outer
        fences) [1]_. ``"isolation_forest"``: the anomaly score of a small forest
        exceeds 0.6 [2]_. Categories take part through their surprisal, minus the
        logarithm of their frequency.
    noise_level : float in [0, 1]
        Mean over numeric columns of the share of the variance that is owed to
        values outside Tukey's inner fences (1.5 interquartile ranges):
        ``1 - var(clipped) / var(raw)``. About 0.02 for Gaussian columns, near 1
        where few values carry all the variance. 0 without numeric columns.
    consistency_score : float in [0, 1]
        One minus the share of present cells that do not agree with their column:
        infinities, text among numbers, unreadable dates, the rarer types of
        columns of mixed types. Exact.

    References
    ----------
    .. [1] Tukey, "Exploratory data analysis", Addison-Wesley, 1977.
    .. [2] Liu, Ting, Zhou, "Isolation forest", ICDM 2008.
           :doi:`10.1109/ICDM.2008.17`
    """

    missing_values: int
    duplicates: int
    outliers: int
    missing_ratio: float
    infinite_ratio: float
    duplicate_ratio: float
    outlier_ratio: float
    outlier_ratios: tuple
    noise_level: float
    consistency_score: float


@dataclass(frozen=True)
class DistributionInfo:
    """The shapes of the numeric columns.

    Parameters
    ----------
    label : {"gaussian", "skewed", "mixed"}
        ``"gaussian"`` if at least two thirds of the columns with a continuous shape
        are gaussian, ``"skewed"`` if at least two thirds are skewed or heavy
        tailed, else ``"mixed"``.
    gaussian, skewed, uniform, heavy_tailed, discrete, other : tuple of str
        Names of the columns with this shape, see `FeatureProfile.distribution`.
    heavy_tail_ratio : float in [0, 1]
        Share of the columns with a known tail weight whose tail weight exceeds 1.5.
    discrete_ratio : float in [0, 1]
        Share of all columns that are discrete, see `FeatureProfile.discrete`.
    """

    label: str
    gaussian: tuple
    skewed: tuple
    uniform: tuple
    heavy_tailed: tuple
    discrete: tuple
    other: tuple
    heavy_tail_ratio: float
    discrete_ratio: float


@dataclass(frozen=True)
class Correlation:
    """Two columns that move together.

    Parameters
    ----------
    first, second : str
        Column names.
    value : float in [-1, 1]
        Spearman's rank correlation in the sample.
    """

    first: str
    second: str
    value: float


@dataclass(frozen=True)
class PatternInfo:
    """Patterns among columns and rows.

    Parameters
    ----------
    has_temporal : bool
        Whether a column holds dates.
    seasonality : float or None
        Strength of the seasonal pattern. Not looked for yet: always None.
    trends : tuple
        Columns with a trend. Not looked for yet: always empty.
    cycles : tuple
        Named cycles such as daily or weekly. Not looked for yet: always empty.
    clusters : int or None
        Number of groups of at least 5 % of the rows in the best Ward clustering of
        a subsample; 1 if no clustering reaches a mean silhouette of 0.5 [1]_. None
        if patterns were not asked for, or for fewer than 10 rows.
    correlations : tuple of Correlation
        The strongest pairs, at most 50, with an absolute rank correlation of at
        least the profiler's ``correlation_threshold``.
    n_correlated_pairs : int
        How many such pairs there are.

    References
    ----------
    .. [1] Rousseeuw, "Silhouettes", J. Comput. Appl. Math. 20, 1987.
           :doi:`10.1016/0377-0427(87)90125-7`
    """

    has_temporal: bool
    seasonality: float | None
    trends: tuple
    cycles: tuple
    clusters: int | None
    correlations: tuple
    n_correlated_pairs: int


@dataclass(frozen=True)
class ComplexityInfo:
    """How much there is to model.

    Parameters
    ----------
    score : float in [0, 1]
        Mean of `components`.
    label : {"low", "medium", "high"}
        Score below 1/3, below 2/3, or above.
    components : tuple of (str, float)
        ``"dimension"``: ``min(1, log10(features) / 4)``; ``"spread"``: effective
        rank as a share of the numeric columns used; ``"shape"``: share of the
        numeric columns that are not gaussian; ``"types"``: share of the columns that
        vary and are not numeric; ``"missing"``: share of missing cells;
        ``"clusters"``: ``1 - 1 / clusters``. All in [0, 1].
    effective_rank : float
        ``exp(entropy)`` of the eigenvalues of the correlation matrix, as shares
        [1]_: 1 if all numeric columns are one, the number of columns if they are
        uncorrelated; 0 without numeric columns.
    linear_dependence : float in [0, 1]
        Mean R² of each numeric column predicted from the others by ridge
        regression, adjusted for the degrees of freedom of the fit.
    correlation : float in [0, 1]
        Mean absolute rank correlation of pairs of numeric columns.
    n_columns_used : int
        Numeric columns these three figures look at; at most 200, drawn by seed.

    References
    ----------
    .. [1] Roy, Vetterli, "The effective rank", EUSIPCO 2007.
    """

    score: float
    label: str
    components: tuple
    effective_rank: float
    linear_dependence: float
    correlation: float
    n_columns_used: int


@dataclass(frozen=True)
class FeatureProfile:
    """One column.

    Figures marked exact cover every row, also after merging; the others come from
    the sample and are exact while the table has no more rows than the sample. None
    says that a figure is not defined for the column. Dates are in seconds since
    1970-01-01 UTC.

    Parameters
    ----------
    name : str
        Column name.
    role : {"numeric", "categorical", "date", "text", "identifier", "constant"}
        What the column is.
    n_missing, n_infinite : int
        Missing and infinite cells. Exact.
    missing_ratio : float in [0, 1]
        ``n_missing / samples``. Exact.
    n_distinct : int
        Distinct present values; exact up to 2048, beyond it with a relative
        standard error of 2.2 %.
    distinct_ratio : float in [0, 1]
        ``n_distinct`` as a share of the present cells.
    discrete : bool
        Whether the values repeat: ``n_distinct <= max(10, sqrt(present))`` and at
        most half of the present cells.
    zero_ratio : float in [0, 1] or None
        Share of zeros among the finite cells. Exact.
    mean, variance, std : float or None
        Of the finite cells, with divisor n (`numpy.var`). Exact. The variance is
        None where it exceeds the range of a float, its root is not.
    skewness, kurtosis : float or None
        Biased skewness and excess kurtosis (`scipy.stats.skew`,
        `scipy.stats.kurtosis`). Exact.
    minimum, maximum : float or None
        Of the finite cells. Exact.
    q25, median, q75 : float or None
        Quartiles. In a sample of 10,000 rows their rank is within 1.4 percentage
        points of the true one with 95 % confidence (Dvoretzky, Kiefer, Wolfowitz).
    outlier_ratio : float in [0, 1] or None
        Share of values beyond Tukey's inner fences, 1.5 interquartile ranges
        outside the quartiles. None if half of the values are the same.
    noise_level : float in [0, 1] or None
        The column's part of `QualityMetrics.noise_level`.
    tail_weight : float or None
        ``(q99.5 - q0.5) / (q75 - q25)`` over its Gaussian value, 3.819: 1 for
        Gaussian, 0.5 for uniform, 1.7 for Laplace, 2 for Student's t with three
        degrees of freedom. None below 100 values.
    distribution : str or None
        ``"constant"``, ``"discrete"``, ``"gaussian"``, ``"uniform"``, ``"skewed"``,
        ``"heavy_tailed"`` or ``"other"``; ``"unknown"`` below 10 values, None if the
        column is not numeric. Effect sizes decide, not p-values: the largest
        distance between the distribution and a normal one with the same median and
        interquartile range (or a uniform one with the same 5 % and 95 % points)
        below ``0.03 + 1 / sqrt(n)``; Kelly's quantile skewness above
        ``0.1 + 1 / sqrt(n)``; tail weight above 1.5.
    normality_distance : float in [0, 1] or None
        The distance from normal named above.
    normality_pvalue : float in [0, 1] or None
        Jarque-Bera test of normality [1]_, exact moments, asymptotic p-value. With
        many rows it rejects deviations too small to matter; read it beside the
        distance. None below 10 values or if tests were not asked for.
    information_content : float in [0, 1]
        Entropy over its largest possible value: of a histogram with 16 bins of equal
        width between the 1 % and 99 % points for continuous columns, of the values'
        frequencies otherwise.
    redundancy : float in [0, 1] or None
        Share of the column that the others know: adjusted R² by ridge regression on
        the other numeric columns; for categories the largest symmetric uncertainty
        with another category, less its bias. None if not computed.
    importance : float in [0, 1]
        ``information_content * (1 - redundancy)``, scaled to the sum 1 over all
        columns but identifiers and constants, which have 0.

    References
    ----------
    .. [1] Jarque, Bera, "Efficient tests for normality", Economics Letters 6, 1980.
           :doi:`10.1016/0165-1765(80)90024-5`
    """

    name: str
    role: str
    n_missing: int
    n_infinite: int
    missing_ratio: float
    n_distinct: int
    distinct_ratio: float
    discrete: bool
    zero_ratio: float | None = None
    mean: float | None = None
    variance: float | None = None
    std: float | None = None
    skewness: float | None = None
    kurtosis: float | None = None
    minimum: float | None = None
    q25: float | None = None
    median: float | None = None
    q75: float | None = None
    maximum: float | None = None
    outlier_ratio: float | None = None
    noise_level: float | None = None
    tail_weight: float | None = None
    distribution: str | None = None
    normality_distance: float | None = None
    normality_pvalue: float | None = None
    information_content: float = 0.0
    redundancy: float | None = None
    importance: float = 0.0


_SUMMARY = (
    "mean", "std", "minimum", "q25", "median", "q75", "maximum", "skewness", "kurtosis",
)  # fmt: skip


@dataclass(frozen=True)
class DataProfile:
    """What a table is: size, types, quality, shapes, patterns, complexity.

    Made by `DataProfiler.profile`. The most used figures can also be read directly
    from the profile, see the attributes.

    Parameters
    ----------
    size : SizeInfo
        Rows and columns.
    types : TypeInfo
        What the columns hold.
    quality : QualityMetrics
        How clean the table is.
    distributions : DistributionInfo
        Shapes of the numeric columns.
    patterns : PatternInfo
        Patterns among columns and rows.
    complexity : ComplexityInfo
        How much there is to model.
    features : tuple of FeatureProfile
        The columns, in the order of the table.
    custom : dict, default={}
        The sections of registered profilers, by name.

    Attributes
    ----------
    n_samples, n_features : int
        Rows and columns.
    numeric_features, categorical_features, temporal_features : tuple of str
        Names of the columns with the roles numeric, categorical and date.
    missing_values_ratio, duplicate_ratio : float
        As `quality.missing_ratio` and `quality.duplicate_ratio`.
    correlation_score, linear_dependence, effective_rank : float
        As `complexity.correlation` and its neighbours.
    sparsity_ratio : float
        Share of zeros among the finite numeric cells. Exact.
    discrete_ratio, heavy_tail_ratio : float
        As in `distributions`.
    complexity_score : float
        As `complexity.score`.
    recommended_contamination : float in (0, 0.5]
        `quality.outlier_ratio`, but at least one row and at most half of them, so
        that scikit-learn's detectors take it. A hint from plain statistics; it is
        not the estimate a detector makes from its scores.
    feature_importance : dict of str to float
        Importance by column name; no labels are involved.
    statistical_summary : dict of str to dict
        Mean, spread, quartiles and shape by name of numeric column.
    mergeable : bool
        Whether `merge` works.

    See Also
    --------
    DataProfiler : Makes profiles.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.profiling import DataProfiler
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> profile = DataProfiler().profile(X)
    >>> profile.size.label, profile.types.label, profile.distributions.label
    ('small', 'numerical', 'gaussian')
    >>> profile.n_samples, profile.quality.missing_ratio
    (500, 0.0)
    >>> print(profile)
    500 rows, 3 columns (small, low-dimensional, numerical)
    quality: 0.0 % missing, 0.0 % duplicate rows, 1.3 % outlying rows
    shapes: gaussian; 3 gaussian
    complexity: 0.19 (low); effective rank 3.0, linear dependence 0.00
    """

    size: SizeInfo
    types: TypeInfo
    quality: QualityMetrics
    distributions: DistributionInfo
    patterns: PatternInfo
    complexity: ComplexityInfo
    features: tuple
    custom: dict = field(default_factory=dict, hash=False)
    _state: object = field(default=None, repr=False, compare=False)

    @property
    def n_samples(self):
        """Rows."""
        return self.size.samples

    @property
    def n_features(self):
        """Columns."""
        return self.size.features

    @property
    def numeric_features(self):
        """Names of the numeric columns."""
        return self._names("numeric")

    @property
    def categorical_features(self):
        """Names of the categorical columns."""
        return self._names("categorical")

    @property
    def temporal_features(self):
        """Names of the date columns."""
        return self._names("date")

    def _names(self, role):
        return tuple(f.name for f in self.features if f.role == role)

    @property
    def missing_values_ratio(self):
        """Share of missing cells."""
        return self.quality.missing_ratio

    @property
    def duplicate_ratio(self):
        """Share of rows that repeat another row."""
        return self.quality.duplicate_ratio

    @property
    def correlation_score(self):
        """Mean absolute rank correlation of pairs of numeric columns."""
        return self.complexity.correlation

    @property
    def linear_dependence(self):
        """Mean adjusted R² of each numeric column from the others."""
        return self.complexity.linear_dependence

    @property
    def effective_rank(self):
        """Effective rank of the correlation matrix."""
        return self.complexity.effective_rank

    @property
    def sparsity_ratio(self):
        """Share of zeros among the finite numeric cells."""
        zeros = cells = 0.0
        for feature in self.features:
            if feature.zero_ratio is not None and feature.role != "date":
                n = self.n_samples - feature.n_missing - feature.n_infinite
                cells += n
                zeros += feature.zero_ratio * n
        return min(1.0, zeros / cells) if cells else 0.0

    @property
    def discrete_ratio(self):
        """Share of discrete columns."""
        return self.distributions.discrete_ratio

    @property
    def heavy_tail_ratio(self):
        """Share of numeric columns with heavy tails."""
        return self.distributions.heavy_tail_ratio

    @property
    def complexity_score(self):
        """Complexity in [0, 1]."""
        return self.complexity.score

    @property
    def recommended_contamination(self):
        """Share of outlying rows, at least one row and at most half of them."""
        return min(0.5, max(self.quality.outlier_ratio, 1.0 / self.n_samples))

    @property
    def feature_importance(self):
        """Importance by column name."""
        return {f.name: f.importance for f in self.features}

    @property
    def statistical_summary(self):
        """Mean, spread, quartiles and shape by name of numeric column."""
        return {
            f.name: {key: getattr(f, key) for key in _SUMMARY}
            for f in self.features
            if f.mean is not None and f.role in ("numeric", "constant")
        }

    @property
    def mergeable(self):
        """Whether the profile still has what `merge` needs."""
        return self._state is not None

    def feature(self, name):
        """Return the profile of one column.

        Parameters
        ----------
        name : str
            Column name; columns of arrays are called x0, x1, ...

        Returns
        -------
        FeatureProfile
            The column.

        Raises
        ------
        KeyError
            If there is no such column.
        """
        for feature in self.features:
            if feature.name == name:
                return feature
        raise KeyError(name)

    def merge(self, *others):
        """Return the profile of these rows and others, without reading them again.

        Exact: counts, means, variances, skewness, kurtosis, extremes, missing,
        infinite and zero cells; distinct values and duplicate rows within the limits
        named in `FeatureProfile` and `QualityMetrics`. Everything else comes from
        a sample of all rows, and equals the profile of the whole table while that
        has no more rows than ``sample_size``. Sections of registered profilers are
        merged if they were registered with ``merge``, else left out.

        Parameters
        ----------
        *others : DataProfile
            Profiles of further chunks, with the same columns and options.

        Returns
        -------
        DataProfile
            The profile of all rows.

        Raises
        ------
        DataError
            If a profile is not mergeable or the columns or options differ.

        Examples
        --------
        >>> import numpy as np
        >>> from autonomaly.profiling import DataProfiler
        >>> X = np.random.default_rng(0).normal(size=(400, 2))
        >>> profiler = DataProfiler()
        >>> both = profiler.profile(X[:300]).merge(profiler.profile(X[300:]))
        >>> whole = profiler.profile(X)
        >>> both.n_samples, both.feature("x0").median == whole.feature("x0").median
        (400, True)
        """
        from autonomaly.profiling._profiler import merge_profiles

        return merge_profiles([self, *others])

    def detach(self):
        """Return the profile without the rows that `merge` needs.

        Returns
        -------
        DataProfile
            Equal to this one, small, without any cell of the table but the extremes.
        """
        return dataclasses.replace(self, _state=None)

    def to_dict(self):
        """Return the profile as plain dicts and lists, ready for JSON.

        Returns
        -------
        dict
            The sections, the flat figures and the schema version; no NaN, no
            infinity. What `merge` needs is not in it.
        """
        state = {"schema_version": _SCHEMA_VERSION}
        for item in dataclasses.fields(self):
            if item.name != "_state":
                state[item.name] = json_safe(getattr(self, item.name))
        for name in _FLAT:
            state[name] = json_safe(getattr(self, name))
        return state

    @classmethod
    def from_dict(cls, state):
        """Rebuild a profile from `to_dict`.

        Parameters
        ----------
        state : dict
            What `to_dict` returned.

        Returns
        -------
        DataProfile
            Equal to the original, not mergeable.

        Raises
        ------
        DataError
            If `state` has another schema version or is not complete.
        """
        version = state.get("schema_version") if isinstance(state, dict) else None
        if version != _SCHEMA_VERSION:
            raise DataError(
                f"The profile has schema version {version!r}. This version reads "
                f"{_SCHEMA_VERSION}; profile the data again."
            )
        try:
            parts = {name: _build(kind, state[name]) for name, kind in _PARTS.items()}
            features = tuple(_build(FeatureProfile, f) for f in state["features"])
            return cls(**parts, features=features, custom=dict(state["custom"]))
        except (KeyError, TypeError) as error:
            raise DataError(
                f"The profile is damaged ({error}). Pass what to_dict returned."
            ) from error

    def __str__(self):
        size, quality, shapes = self.size, self.quality, self.distributions
        counts = [
            f"{len(getattr(shapes, name))} {name.replace('_', ' ')}"
            for name in (
                "gaussian", "skewed", "uniform", "heavy_tailed", "discrete", "other",
            )
            if getattr(shapes, name)
        ]  # fmt: skip
        return "\n".join(
            [
                f"{size.samples:,} rows, {size.features:,} columns ({size.label}, "
                f"{size.dimensionality}-dimensional, {self.types.label})",
                f"quality: {quality.missing_ratio:.1%} missing, "
                f"{quality.duplicate_ratio:.1%} duplicate rows, "
                f"{quality.outlier_ratio:.1%} outlying rows".replace("%", " %"),
                f"shapes: {shapes.label}; {', '.join(counts) or 'no numeric column'}",
                f"complexity: {self.complexity.score:.2f} ({self.complexity.label}); "
                f"effective rank {self.effective_rank:.1f}, "
                f"linear dependence {self.linear_dependence:.2f}",
            ]
        )


_FLAT = (
    "n_samples", "n_features", "numeric_features", "categorical_features",
    "temporal_features", "missing_values_ratio", "correlation_score", "sparsity_ratio",
    "complexity_score", "recommended_contamination", "feature_importance",
    "statistical_summary",
)  # fmt: skip

_PARTS = {
    "size": SizeInfo,
    "types": TypeInfo,
    "quality": QualityMetrics,
    "distributions": DistributionInfo,
    "patterns": PatternInfo,
    "complexity": ComplexityInfo,
}


def _build(kind, state):
    values = dict(state)
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(tuple(v) if isinstance(v, list) else v for v in value)
    if kind is PatternInfo:
        values["correlations"] = tuple(
            Correlation(**pair) for pair in values["correlations"]
        )
    return kind(**values)
