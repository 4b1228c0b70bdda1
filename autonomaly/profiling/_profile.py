"""DataProfile: all sections of a profile, and how profiles are stored and merged."""

import dataclasses
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Self

from autonomaly._utils._json import json_safe
from autonomaly._utils._words import percent
from autonomaly.exceptions import DataError
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
from autonomaly.profiling._registry import merge_sections
from autonomaly.profiling._sketch import TableSketch
from autonomaly.profiling._summary import Options, summarise

_SCHEMA_VERSION = 1

_SUMMARY = (
    "mean", "std", "minimum", "q25", "median", "q75", "maximum", "skewness", "kurtosis",
)  # fmt: skip


@dataclass(frozen=True)
class State:
    """What a profile keeps for merging."""

    sketch: TableSketch
    options: Options


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
    quality: 0 % missing, 0 % duplicate rows, 1.3 % outlying rows
    shapes: gaussian; 3 gaussian
    complexity: 0.19 (low); effective rank 3.0, linear dependence 0.00
    """

    size: SizeInfo
    types: TypeInfo
    quality: QualityMetrics
    distributions: DistributionInfo
    patterns: PatternInfo
    complexity: ComplexityInfo
    features: tuple[FeatureProfile, ...]
    custom: dict[str, Any] = field(default_factory=dict, hash=False)
    _state: State | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def n_samples(self) -> int:
        """Rows."""
        return self.size.samples

    @property
    def n_features(self) -> int:
        """Columns."""
        return self.size.features

    @property
    def numeric_features(self) -> tuple[str, ...]:
        """Names of the numeric columns."""
        return self._names("numeric")

    @property
    def categorical_features(self) -> tuple[str, ...]:
        """Names of the categorical columns."""
        return self._names("categorical")

    @property
    def temporal_features(self) -> tuple[str, ...]:
        """Names of the date columns."""
        return self._names("date")

    def _names(self, role):
        return tuple(f.name for f in self.features if f.role == role)

    @property
    def missing_values_ratio(self) -> float:
        """Share of missing cells."""
        return self.quality.missing_ratio

    @property
    def duplicate_ratio(self) -> float:
        """Share of rows that repeat another row."""
        return self.quality.duplicate_ratio

    @property
    def correlation_score(self) -> float:
        """Mean absolute rank correlation of pairs of numeric columns."""
        return self.complexity.correlation

    @property
    def linear_dependence(self) -> float:
        """Mean adjusted R² of each numeric column from the others."""
        return self.complexity.linear_dependence

    @property
    def effective_rank(self) -> float:
        """Effective rank of the correlation matrix."""
        return self.complexity.effective_rank

    @property
    def sparsity_ratio(self) -> float:
        """Share of zeros among the finite numeric cells."""
        zeros = cells = 0.0
        for feature in self.features:
            if feature.zero_ratio is not None and feature.role != "date":
                n = self.n_samples - feature.n_missing - feature.n_infinite
                cells += n
                zeros += feature.zero_ratio * n
        return min(1.0, zeros / cells) if cells else 0.0

    @property
    def discrete_ratio(self) -> float:
        """Share of discrete columns."""
        return self.distributions.discrete_ratio

    @property
    def heavy_tail_ratio(self) -> float:
        """Share of numeric columns with heavy tails."""
        return self.distributions.heavy_tail_ratio

    @property
    def complexity_score(self) -> float:
        """Complexity in [0, 1]."""
        return self.complexity.score

    @property
    def recommended_contamination(self) -> float:
        """Share of outlying rows, at least one row and at most half of them."""
        return min(0.5, max(self.quality.outlier_ratio, 1.0 / self.n_samples))

    @property
    def feature_importance(self) -> dict[str, float]:
        """Importance by column name."""
        return {f.name: f.importance for f in self.features}

    @property
    def statistical_summary(self) -> dict[str, dict[str, float | None]]:
        """Mean, spread, quartiles and shape by name of numeric column."""
        return {
            f.name: {key: getattr(f, key) for key in _SUMMARY}
            for f in self.features
            if f.mean is not None and f.role in ("numeric", "constant")
        }

    @property
    def mergeable(self) -> bool:
        """Whether the profile still has what `merge` needs."""
        return self._state is not None

    def feature(self, name: str) -> FeatureProfile:
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

    def merge(self, *others: "DataProfile") -> "DataProfile":
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
        profiles = [self, *others]
        _check_mergeable(profiles)
        states: list[Any] = [profile._state for profile in profiles]
        options = states[0].options
        sketch = reduce(
            lambda a, b: merge_sketches(a, b, options),
            (state.sketch for state in states),
        )
        sections = merge_sections([profile.custom for profile in profiles])
        return assemble(sketch, options, sections, True)

    def detach(self) -> "DataProfile":
        """Return the profile without the rows that `merge` needs.

        Returns
        -------
        DataProfile
            Equal to this one, small, without any cell of the table but the extremes.
        """
        return dataclasses.replace(self)  # what is not given to it starts anew

    def to_dict(self) -> dict[str, Any]:
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
    def from_dict(cls, state: dict[str, Any]) -> Self:
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
                f"The profile has schema version {version!r}, but this version of "
                f"autonomaly reads {_SCHEMA_VERSION}. Profile the data again."
            )
        try:
            parts = {name: _build(kind, state[name]) for name, kind in _PARTS.items()}
            features = tuple(_build(FeatureProfile, f) for f in state["features"])
            return cls(**parts, features=features, custom=dict(state["custom"]))
        except (KeyError, TypeError) as error:
            raise DataError(
                f"The profile is damaged ({error}). Pass the dict that to_dict "
                "returned."
            ) from error

    def __str__(self) -> str:
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
                f"quality: {percent(quality.missing_ratio)} missing, "
                f"{percent(quality.duplicate_ratio)} duplicate rows, "
                f"{percent(quality.outlier_ratio)} outlying rows",
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


def assemble(sketch, options, custom, mergeable):
    """Make the profile of a sketch."""
    profile = DataProfile(**summarise(sketch, options), custom=custom)
    return with_state(profile, State(sketch, options)) if mergeable else profile


def with_state(profile, state):
    """Return a copy of the profile that can be merged."""
    profile = dataclasses.replace(profile)
    object.__setattr__(profile, "_state", state)
    return profile


def merge_sketches(first, second, options):
    """Make one sketch of two."""
    return first.merged(second, options.n_sampled(len(first.names)))


def _check_mergeable(profiles):
    """Say which profile cannot be merged."""
    options = profiles[0]._state and profiles[0]._state.options
    for profile in profiles:
        if not isinstance(profile, DataProfile):
            raise TypeError(
                f"Only profiles can be merged, got {type(profile).__name__}. Create "
                "them with DataProfiler.profile."
            )
        if not profile.mergeable:
            raise DataError(
                f"A profile of {profile.n_samples} rows is not mergeable. Profiles "
                "that were detached, read from a dict or created with mergeable=False "
                "lack the sample; profile the chunk again with mergeable=True."
            )
        if profile._state.options != options:
            raise DataError(
                "All chunks must be profiled with the same options, got "
                f"{options} and {profile._state.options}."
            )
