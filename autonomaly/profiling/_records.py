"""The sections of a profile: frozen records, one per section."""

from dataclasses import dataclass


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

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.profiling import DataProfiler
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> profile = DataProfiler().profile(X)
    >>> profile.size
    SizeInfo(samples=500, features=3, label='small', dimensionality='low')
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
        ``"numerical"`` if all columns that vary and are not identifiers are numeric,
        ``"categorical"`` if all of them are categorical or text, else ``"mixed"``.
        A table without any such column is ``"numerical"``.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.profiling import DataProfiler
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> profile = DataProfiler().profile(X)
    >>> profile.types.numerical, profile.types.label
    (3, 'numerical')
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
    outlier_ratios : tuple of tuple of (str, float)
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

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.profiling import DataProfiler
    >>> X = np.array([[1.0, 2.0], [1.0, 2.0], [np.nan, 4.0], [5.0, np.inf]])
    >>> quality = DataProfiler().profile(X).quality
    >>> quality.missing_ratio, quality.infinite_ratio, quality.duplicate_ratio
    (0.125, 0.125, 0.25)
    """

    missing_values: int
    duplicates: int
    outliers: int
    missing_ratio: float
    infinite_ratio: float
    duplicate_ratio: float
    outlier_ratio: float
    outlier_ratios: tuple[tuple[str, float], ...]
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

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.profiling import DataProfiler
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> profile = DataProfiler().profile(X)
    >>> profile.distributions.gaussian
    ('x0', 'x1', 'x2')
    """

    label: str
    gaussian: tuple[str, ...]
    skewed: tuple[str, ...]
    uniform: tuple[str, ...]
    heavy_tailed: tuple[str, ...]
    discrete: tuple[str, ...]
    other: tuple[str, ...]
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
        Spearman's rank correlation, computed on at most 2,000 rows: its standard
        error is then at most 0.023. Missing cells count as the median.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.profiling import DataProfiler
    >>> x = np.linspace(1, 2, 50)
    >>> DataProfiler().profile(np.column_stack([x, -(x**2)])).patterns.correlations
    (Correlation(first='x0', second='x1', value=-1.0),)
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
    trends : tuple of str
        Columns with a trend. Not looked for yet: always empty.
    cycles : tuple of str
        Named cycles such as daily or weekly. Not looked for yet: always empty.
    clusters : int or None
        Number of groups of at least 5 % of the rows, and two of them, in the best
        Ward clustering of a subsample; 1 if no clustering reaches a mean silhouette
        of 0.5 [1]_ with fewer rows between neighbouring groups than in them, by a
        dip test of the rows along the line between their centres [2]_. None if
        patterns were not asked for, or for fewer than 10 rows.
    correlations : tuple of Correlation
        The strongest pairs, at most 50, with an absolute rank correlation of at
        least the profiler's ``correlation_threshold``.
    n_correlated_pairs : int
        How many such pairs there are.

    References
    ----------
    .. [1] Rousseeuw, "Silhouettes", J. Comput. Appl. Math. 20, 1987.
           :doi:`10.1016/0377-0427(87)90125-7`
    .. [2] Kalogeratos, Likas, "Dip-means: an incremental clustering method for
           estimating the number of clusters", NeurIPS 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.profiling import DataProfiler
    >>> X = np.random.default_rng(0).normal(size=(400, 2))
    >>> X[::2] += 20
    >>> DataProfiler().profile(X).patterns.clusters
    2
    """

    has_temporal: bool
    seasonality: float | None
    trends: tuple[str, ...]
    cycles: tuple[str, ...]
    clusters: int | None
    correlations: tuple[Correlation, ...]
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
    components : tuple of tuple of (str, float)
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
        Numeric columns these three figures look at; at most 200, drawn by seed, and
        at most 2,000 rows. Missing cells count as the median.

    References
    ----------
    .. [1] Roy, Vetterli, "The effective rank", EUSIPCO 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.profiling import DataProfiler
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> profile = DataProfiler().profile(X)
    >>> round(profile.complexity.effective_rank, 1), profile.complexity.label
    (3.0, 'low')
    """

    score: float
    label: str
    components: tuple[tuple[str, float], ...]
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
    minimum : float or None
        Smallest finite cell. Exact.
    q25, median, q75 : float or None
        Quartiles. In a sample of 10,000 rows their rank is within 1.4 percentage
        points of the true one with 95 % confidence (Dvoretzky, Kiefer, Wolfowitz).
    maximum : float or None
        Largest finite cell. Exact.
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

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.profiling import DataProfiler
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> profile = DataProfiler().profile(X)
    >>> feature = profile.features[0]
    >>> feature.name, feature.distribution, round(feature.mean, 2)
    ('x0', 'gaussian', -0.13)
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
