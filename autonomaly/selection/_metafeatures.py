"""A data set as a vector of what matters for the choice of a detector."""

from collections.abc import Iterable, Iterator, Mapping
from numbers import Integral

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils import check_array

from autonomaly._utils._threads import one_thread
from autonomaly._utils._typing import FloatArray
from autonomaly.exceptions import DataError
from autonomaly.preprocessing import (
    AutonomousPreprocessor,
    RobustView,
    SquashedView,
)
from autonomaly.profiling import DataProfile
from autonomaly.selection._landmarks import describe_landmarks
from autonomaly.selection._metafeature_table import META_FEATURES
from autonomaly.selection._structure import (
    MIN_ROWS,
    Neighborhood,
    describe_dependence,
    describe_structure,
    describe_tails,
    describe_types,
)

__all__ = ["MetaFeatures", "MetaFeaturesExtractor", "as_meta_features"]

# Columns that are looked at; more are drawn from.
_MAX_COLUMNS = 200
# Beside a value of one, smaller ones are zero: ratios of any two stay within range.
_TINY = 1e-150


class MetaFeatures(Mapping[str, float]):
    """The meta-features of a data set: name to number, in a fixed order.

    Parameters
    ----------
    values : mapping of str to float
        A finite number for every name of
        :meth:`MetaFeaturesExtractor.feature_names`.

    Raises
    ------
    ValueError
        If a meta-feature is missing, unknown or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.selection import MetaFeaturesExtractor
    >>> X = np.random.RandomState(0).randn(100, 3)
    >>> meta = MetaFeaturesExtractor().extract(X)
    >>> meta["log_n"], meta["binary_share"]
    (2.0, 0.0)
    >>> meta.to_array().shape == (len(meta),)
    True
    """

    def __init__(self, values: Mapping[str, float]) -> None:
        names = [feature.name for feature in META_FEATURES]
        missing = [name for name in names if name not in values]
        unknown = [name for name in values if name not in names]
        if missing or unknown:
            raise ValueError(
                f"These are not the meta-features of this version: missing {missing}, "
                f"unknown {unknown}. Extract them again with MetaFeaturesExtractor."
            )
        self._values = {name: float(values[name]) for name in names}
        wrong = [name for name, x in self._values.items() if not np.isfinite(x)]
        if wrong:
            raise ValueError(
                f"Meta-features must be finite numbers, but {wrong} are not finite."
            )

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        items = ", ".join(f"{name}={x:.3g}" for name, x in self.items())
        return f"MetaFeatures({items})"

    def to_array(self) -> FloatArray:
        """Return the vector.

        Returns
        -------
        ndarray of shape (n_meta_features,)
            The values in the order of :meth:`MetaFeaturesExtractor.feature_names`.
        """
        return np.array(list(self._values.values()))


class MetaFeaturesExtractor(BaseEstimator):
    """Describe a data set by a fixed number of scale-free figures.

    At most `max_samples` rows, and 200 columns, are looked at, whatever the size of
    the data. What the figures are is in
    :data:`autonomaly.selection.META_FEATURES`, with formula and reference.

    Parameters
    ----------
    max_samples : int, default=1000
        Rows that are drawn, at least 2.
    random_state : int, default=0
        Seed of what is drawn; the same seed gives the same figures.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.selection import MetaFeaturesExtractor
    >>> x = np.random.RandomState(0).randn(500, 1)
    >>> independent = np.random.RandomState(1).randn(500, 4)
    >>> extractor = MetaFeaturesExtractor()
    >>> round(extractor.extract(x * [1, 2, 3, 4])["spearman_mean"], 2)
    1.0
    >>> round(extractor.extract(independent)["spearman_mean"], 2)
    0.04
    """

    def __init__(self, *, max_samples: int = 1000, random_state: int = 0) -> None:
        self.max_samples = max_samples
        self.random_state = random_state

    @staticmethod
    def feature_names() -> list[str]:
        """Return the names of the meta-features, in the order of the vector.

        Returns
        -------
        list of str
            Names.
        """
        return [feature.name for feature in META_FEATURES]

    def extract(
        self,
        X: npt.ArrayLike | Iterable[npt.ArrayLike],
        profile: DataProfile | None = None,
    ) -> MetaFeatures:
        """Compute the meta-features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or iterable of such chunks
            Finite numbers, as they come out of preprocessing. Chunks give the same
            figures as the rows in one piece; they are read once.
        profile : DataProfile, default=None
            What the table was before preprocessing: missing cells and categories.

        Returns
        -------
        MetaFeatures
            A finite number for every name.

        Raises
        ------
        DataError
            If there are no rows, or chunks have different widths.
        ValueError
            If a cell is not a finite number, or a parameter is out of range.
        """
        if not isinstance(self.max_samples, Integral) or self.max_samples < 2:
            raise ValueError(
                "max_samples must be an integer of at least 2, got "
                f"{self.max_samples!r}."
            )
        if not isinstance(self.random_state, Integral) or self.random_state < 0:
            raise ValueError(
                "random_state must be an integer of at least 0, since meta-features "
                "are only comparable if drawn with a fixed seed, got "
                f"{self.random_state!r}."
            )
        rng = np.random.default_rng(self.random_state)
        drawn, n = self._draw(X, rng)
        with one_thread():
            return MetaFeatures(self._describe(drawn, n, profile))

    def extract_profile(self, profile: DataProfile) -> MetaFeatures:
        """Compute the meta-features from the rows that a profile keeps.

        Parameters
        ----------
        profile : DataProfile
            Made with ``DataProfiler(mergeable=True)``, which is the default. For
            numbers the figures are those of `extract` while the table has no more
            rows than the profile keeps; categories are kept as such, texts are not
            looked at.

        Returns
        -------
        MetaFeatures
            A finite number for every name.

        Raises
        ------
        DataError
            If the profile keeps no rows.
        """
        if not profile.mergeable:
            raise DataError(
                "The profile keeps no rows to compute meta-features from. Pass the "
                "result of MetaFeaturesExtractor().extract(X, profile), or profile "
                "with DataProfiler(mergeable=True)."
            )
        Z = AutonomousPreprocessor().fit_transform(_rows_of(profile))
        values = dict(self.extract(Z, profile))
        d = 10 ** values["log_d"]
        values["log_n"] = np.log10(profile.n_samples)
        values["log_n_per_d"] = np.log10(profile.n_samples / d)
        return MetaFeatures(values)

    def _draw(self, X, rng):
        """Draw rows, each with the same chance: those of the smallest random keys."""
        chunks = [X] if _is_matrix(X) else X
        kept, keys, n = None, None, 0
        for chunk in chunks:
            rows = check_array(chunk, dtype=np.float64, input_name="X")
            if kept is not None and rows.shape[1] != kept.shape[1]:
                raise DataError(
                    "All chunks must have the same columns, but a chunk has "
                    f"{rows.shape[1]} columns, those before it {kept.shape[1]}."
                )
            n += len(rows)
            more = rng.random(len(rows))
            kept = rows if kept is None else np.concatenate([kept, rows])
            keys = more if keys is None else np.concatenate([keys, more])
            if len(keys) > self.max_samples:
                first = np.argsort(keys, kind="stable")[: self.max_samples]
                first.sort()
                kept, keys = kept[first], keys[first]
        if kept is None:
            raise DataError("Found no chunk while at least one is required.")
        return kept, n

    def _describe(self, X, n, profile):
        # What is drawn from here on does not depend on how many rows there were.
        rng = np.random.default_rng([self.random_state, 1])
        X = _varying(X)
        d = X.shape[1]
        if d > _MAX_COLUMNS:
            X = X[:, np.sort(rng.choice(d, _MAX_COLUMNS, replace=False))]
        # These describe the columns as they are, as when the base was measured.
        R = RobustView(unskew=False).fit_transform(X)
        S = SquashedView(unskew=False).fit_transform(X)
        values = dict.fromkeys(self.feature_names(), 0.0)
        values["log_n"] = np.log10(n)
        values["log_d"] = np.log10(d)
        values["log_n_per_d"] = np.log10(n / d)
        values.update(_of_profile(profile))
        if X.any():  # else nothing varies
            values.update(describe_types(X))
            values.update(describe_dependence(R, S))
            values.update(describe_tails(R))
            if len(X) >= MIN_ROWS:
                near = Neighborhood(S)
                values.update(describe_structure(S, near, rng))
                landmarks = describe_landmarks(R, S, near, rng)
                spline_r2 = landmarks.pop("spline_r2")
                values.update(landmarks, spline_gain=spline_r2 - values["r2_mean"])
        return values


def _is_matrix(X):
    if hasattr(X, "shape"):
        return True
    # A list of rows is a matrix, a list of matrices are chunks.
    return isinstance(X, (list, tuple)) and not (len(X) and np.ndim(X[0]) > 1)


def _varying(X):
    """Scale columns to at most 1, exactly, and drop those that do not vary."""
    _, exponent = np.frexp(np.abs(X).max(axis=0))
    with np.errstate(under="ignore"):
        X = np.ldexp(X, -exponent)
    X[np.abs(X) < _TINY] = 0.0
    varies = (X != X[:1]).any(axis=0)
    return np.ascontiguousarray(X[:, varies]) if varies.any() else np.zeros((len(X), 1))


def _rows_of(profile):
    """Return the rows a profile keeps as a table: numbers, dates and level names."""
    sketch = profile._state.sketch
    if set(sketch.kinds) == {"number"}:
        return sketch.sample.values.T
    import pandas as pd

    columns = {}
    for name, role, kind, values in zip(
        sketch.names, sketch.roles, sketch.kinds, sketch.sample.values, strict=True
    ):
        if role in ("text", "identifier") or kind == "empty":
            continue
        if kind == "level":
            values = ["" if np.isnan(v) else f"level {v:.0f}" for v in values]
        columns[name] = values
    if not columns:
        return np.zeros((sketch.sample.values.shape[1], 1))
    return pd.DataFrame(columns)


def _of_profile(profile):
    if profile is None:
        return {}
    types = profile.types
    return {
        "missing_share": profile.quality.missing_ratio,
        "categorical_share": (types.categorical + types.text) / profile.n_features,
    }


def as_meta_features(given: MetaFeatures | DataProfile) -> MetaFeatures:
    """Return the meta-features of what was given: themselves, or a profile.

    Parameters
    ----------
    given : MetaFeatures or DataProfile
        What describes the data.

    Returns
    -------
    MetaFeatures
        The meta-features.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if isinstance(given, MetaFeatures):
        return given
    if isinstance(given, DataProfile):
        return MetaFeaturesExtractor().extract_profile(given)
    raise TypeError(
        f"Expected MetaFeatures (see MetaFeaturesExtractor().extract(X)) or a "
        f"DataProfile, got {type(given).__name__}."
    )
