"""DataProfiler: reads a table once and says what it is."""

import dataclasses
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_feature_names

from autonomaly._utils._floats import FLOAT_ERRORS
from autonomaly._utils._seeds import spawn_seeds
from autonomaly._utils._typing import Seed, Table, keeps_signature
from autonomaly._utils._words import unknown_name_message
from autonomaly.exceptions import DataError
from autonomaly.profiling._cache import PROFILES
from autonomaly.profiling._profile import (
    DataProfile,
    State,
    assemble,
    merge_sketches,
    with_state,
)
from autonomaly.profiling._registry import custom_sections, merge_sections
from autonomaly.profiling._sketch import TableSketch
from autonomaly.profiling._summary import Options
from autonomaly.profiling._table import open_table

_OutlierMethod: TypeAlias = Literal["iqr", "isolation_forest"]
_OUTLIER_METHODS = ("iqr", "isolation_forest")


class DataProfiler(BaseEstimator):
    """Find out what a table is: size, types, quality, shapes, patterns, complexity.

    The table is read once, in blocks. Counts, moments, extremes, missing cells and
    duplicates cover all rows; quantiles, correlations, outliers and clusters come
    from a random sample of rows. See `DataProfile` and its sections for the
    definition of every figure.

    Parameters
    ----------
    sample_size : int, default=10000
        Largest number of rows for figures that are not computed on all of them; at
        least 10. Tables of more than 200 columns have a smaller one, so that the
        sample has at most 2,000,000 cells, but not less than 1,000 rows.
    correlation_threshold : float in [0, 1], default=0.8
        Smallest absolute rank correlation that is listed as a pattern.
    outlier_methods : tuple or list of {"iqr", "isolation_forest"}, \
            default=("iqr", "isolation_forest")
        How to estimate the share of outlying rows; the mean of the methods is
        reported. The forest has 10 trees and looks at 500 rows, so that its share
        has a standard error of at most 2.2 percentage points.
    pattern_detection : bool, default=True
        Whether to count clusters and list correlated pairs.
    statistical_tests : bool, default=True
        Whether to report p-values of normality.
    mergeable : bool, default=True
        Whether profiles keep the sample and the sketches that merging needs. Without
        them a profile is small and holds no rows of the data.
    cache : bool, default=True
        Whether to look the profile up by a hash of data and options. The 32 last
        profiles are kept, without rows; see `clear_profile_cache`. Never with
        ``random_state=None``.
    random_state : int, RandomState instance or None, default=0
        Chooses the samples. The same seed gives the same profile.

    Attributes
    ----------
    profile_ : DataProfile
        The profile of the data given to `fit`.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in `fit`, if they are all text.

    See Also
    --------
    DataProfile : The result.
    register_profiler : Add a section of your own.

    Examples
    --------
    >>> import pandas as pd
    >>> from autonomaly.profiling import DataProfiler
    >>> X = pd.DataFrame({
    ...     "price": [1.5, 2.0, None, 2.5, 3.0, 120.0] * 20,
    ...     "shop": ["a", "b", "a", "a", "b", "b"] * 20,
    ... })
    >>> profile = DataProfiler().profile(X)
    >>> profile.numeric_features, profile.categorical_features
    (('price',), ('shop',))
    >>> profile.quality.missing_values, round(profile.missing_values_ratio, 3)
    (20, 0.083)
    >>> profile.feature("price").median
    2.5

    Chunks need not be in memory together:

    >>> chunks = (X[start:start + 40] for start in range(0, len(X), 40))
    >>> DataProfiler().profile_chunks(chunks).feature("price").mean
    25.8
    """

    _parameter_constraints: dict[str, Any] = {
        "sample_size": [Interval(Integral, 10, None, closed="left")],
        "correlation_threshold": [Interval(Real, 0, 1, closed="both")],
        "outlier_methods": [tuple, list],
        "pattern_detection": ["boolean"],
        "statistical_tests": ["boolean"],
        "mergeable": ["boolean"],
        "cache": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        sample_size: int = 10000,
        correlation_threshold: float = 0.8,
        outlier_methods: tuple[_OutlierMethod, ...] | list[_OutlierMethod] = (
            "iqr",
            "isolation_forest",
        ),
        pattern_detection: bool = True,
        statistical_tests: bool = True,
        mergeable: bool = True,
        cache: bool = True,
        random_state: Seed = 0,
    ) -> None:
        self.sample_size = sample_size
        self.correlation_threshold = correlation_threshold
        self.outlier_methods = outlier_methods
        self.pattern_detection = pattern_detection
        self.statistical_tests = statistical_tests
        self.mergeable = mergeable
        self.cache = cache
        self.random_state = random_state

    @keeps_signature(_fit_context(prefer_skip_nested_validation=True))
    def fit(self, X: Table, y: object = None) -> Self:
        """Profile a table and keep the result as `profile_`.

        Parameters
        ----------
        X : array-like, pandas.DataFrame or polars.DataFrame of shape (n, d)
            The table.
        y : Ignored
            Not used, present for API consistency by convention.

        Returns
        -------
        DataProfiler
            The fitted profiler.
        """
        self.profile_ = self._profile(X, None)
        self.n_features_in_ = self.profile_.n_features
        self.__dict__.pop("feature_names_in_", None)  # of an earlier table
        names = getattr(X, "columns", None)
        if names is not None and all(isinstance(name, str) for name in names):
            _check_feature_names(self, X, reset=True)
        return self

    def profile(self, X: Table, roles: Mapping[str, str] | None = None) -> DataProfile:
        """Profile a table.

        Parameters
        ----------
        X : array-like, pandas.DataFrame or polars.DataFrame of shape (n, d)
            The table: numbers, dates, texts, anything mixed; NaN and infinities may
            occur. Columns of arrays are called x0, x1, ...
        roles : mapping of str to ColumnRole or str, default=None
            Role of every column; None finds them out (`autonomaly.io.infer_roles`;
            columns of numeric arrays are numeric).

        Returns
        -------
        DataProfile
            The profile.

        Raises
        ------
        DataError
            If the table has no rows or no columns, or is complex.
        TypeError
            If `X` is sparse or not a table.
        InvalidParameterError
            If a parameter of the profiler is out of range.
        """
        self._validate_params()
        return self._profile(X, roles)

    @np.errstate(**FLOAT_ERRORS)
    def profile_chunks(
        self, chunks: Iterable[Table], roles: Mapping[str, str] | None = None
    ) -> DataProfile:
        """Profile a table that comes in chunks of rows.

        Parameters
        ----------
        chunks : iterable of array-like or data frames
            Chunks with the same columns, for example of 10,000 rows each.
        roles : mapping of str to ColumnRole or str, default=None
            Role of every column. None finds them out chunk by chunk; a column read
            as numbers in one chunk and as text in another is an error. Dates are read
            in the format of the first chunk that has any; others disagree with their
            column.

        Returns
        -------
        DataProfile
            The profile of all rows, see `DataProfile.merge`.
        """
        self._validate_params()
        options = self._options()
        sketch, sections = None, []
        readings: dict[str, Any] = {}
        for chunk in chunks:
            table = open_table(chunk, roles, readings)
            readings |= table.readings
            part = _sketch(table, options)
            sections.append(custom_sections(chunk))
            sketch = part if sketch is None else merge_sketches(sketch, part, options)
        if sketch is None:
            raise DataError(
                "Found no chunk while at least one is required. Check the source."
            )
        return assemble(sketch, options, merge_sections(sections), self.mergeable)

    @np.errstate(**FLOAT_ERRORS)
    def _profile(self, X, roles):
        options = self._options()
        table = open_table(X, roles)
        if not self.cache or self.random_state is None:
            return self._assembled(table, options, custom_sections(X))
        # Sections that users registered may depend on more than the cells, and they
        # could be changed: these are made anew.
        key = table.fingerprint(), options
        found = PROFILES.get(key)
        if found is None:
            profile = self._assembled(table, options, custom_sections(X))
            PROFILES.put(key, dataclasses.replace(profile, custom={}))
            return profile
        found = dataclasses.replace(found, custom=custom_sections(X))
        if not self.mergeable:
            return found
        return with_state(found, State(_sketch(table, options), options))

    def _assembled(self, table, options, sections):
        sketch = _sketch(table, options)
        return assemble(sketch, options, sections, self.mergeable)

    def _options(self):
        methods = tuple(self.outlier_methods)
        for method in methods:
            if method not in _OUTLIER_METHODS:
                raise ValueError(
                    unknown_name_message("outlier method", method, _OUTLIER_METHODS)
                )
        if not methods:
            raise ValueError(
                "outlier_methods is empty. Pass at least one of "
                f"{', '.join(_OUTLIER_METHODS)}."
            )
        return Options(
            sample_size=int(self.sample_size),
            correlation_threshold=float(self.correlation_threshold),
            outlier_methods=tuple(dict.fromkeys(methods)),
            pattern_detection=bool(self.pattern_detection),
            statistical_tests=bool(self.statistical_tests),
            seed=spawn_seeds(self.random_state, 1)[0],
        )

    def __sklearn_is_fitted__(self):
        return hasattr(self, "profile_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags


def _sketch(table, options):
    return TableSketch.of_table(
        table, options.n_sampled(len(table.names)), options.seed
    )
