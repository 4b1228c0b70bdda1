"""Any table in, finite numbers out."""

from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_is_fitted,
    validate_data,
)

from autonomaly._utils._floats import FLOAT_ERRORS
from autonomaly._utils._restore import all_or_nothing
from autonomaly._utils._typing import FloatArray, Table, keeps_signature
from autonomaly._utils._warn import warn_user
from autonomaly.exceptions import (
    AutonomalyWarning,
    DataError,
    UnreadableWarning,
    UnseenWarning,
)
from autonomaly.io import ColumnRole, Dataset
from autonomaly.io._amounts import Unit
from autonomaly.io._columns import (
    ColumnValues,
    check_names,
    complex_error,
    is_polars,
    table,
    unique_names,
)
from autonomaly.io._dates import Clock
from autonomaly.io._integers import beyond_float, middle, shifted
from autonomaly.io._raw import refuse_masked, refuse_records, rows_array
from autonomaly.io._roles import read_columns
from autonomaly.preprocessing._encoders import (
    CategoryEncoder,
    DateEncoder,
    TextEncoder,
)
from autonomaly.preprocessing._numbers import NumberEncoder

# Categories not seen in training are worth a warning in so many rows and such a share.
_MIN_UNSEEN, _MIN_UNSEEN_SHARE = 10, 0.05


@dataclass
class _Oddities:
    """What training did not prepare for, counted over all parts of a batch.

    Attributes
    ----------
    n_rows : int
        Rows of the batch.
    n_empty : int
        Those that hold nothing.
    unread, unseen : dict of int to (int, str)
        By the position of a column: how many of its values cannot be read, or are
        categories that are not known, and one of them.
    """

    n_rows: int = 0
    n_empty: int = 0
    unread: dict[int, tuple[int, str]] = field(default_factory=dict)
    unseen: dict[int, tuple[int, str]] = field(default_factory=dict)


class AutonomousPreprocessor(TransformerMixin, BaseEstimator):
    """Turn any table into a matrix of finite numbers for anomaly detection.

    Numbers are centred and scaled robustly, missing ones are imputed from the other
    values of their row; categories become one column each; dates become seconds and
    their place in the day, week and year; free text becomes a few components. Columns
    that cannot help (constant, or an identifier) are left out, with the reason in
    ``dropped_``. Labels are not used, and the output for a row depends on the fitted
    state and that row alone.

    Parameters
    ----------
    cardinality_threshold : int, default=40
        Largest number of columns, at least 2, that the categories of one column
        are spread over. If there are more, the others share one column, as do all
        below 5 % of the rows, and the rarity of the category is added as a number.
    missing_share : float, default=0.25
        A numeric or date column in which at least this share of the training rows, in
        [0, 1], is missing gets a column more that is 1 where it is missing. Where gaps
        are rarer, that column would set the rows that have one apart from all others,
        however ordinary they are.
    text_components : int, default=10
        Largest number of columns, at least 1, for a column of free text.
    drop_identifiers : bool, default=True
        Whether columns that only name the row are left out. If False, strings
        are taken as categories and running numbers as amounts. They are kept in any
        case if nothing else is left.

    Attributes
    ----------
    roles_ : dict of str to ColumnRole
        The part each column plays.
    dropped_ : dict of str to str
        Columns left out, with the reason.
    feature_sources_ : dict of str to str
        The column that each output column comes from.
    n_features_in_ : int
        Number of columns seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if ``X`` has names that are all strings.

    See Also
    --------
    autonomaly.io.infer_roles : Finds the roles.

    Notes
    -----
    Plain number arrays take a path of their own on which no data frame is built and
    no identifier is looked for. Columns keep their order; indicators of missing values
    come last. ``(x - median) / scale`` with ``scale = (p95 - p5) / 3.29`` is computed
    without overflow for every float64; results beyond 1e30 continue
    logarithmically, infinite values lie beyond the finite ones. Where most integers of
    a column are beyond 2**53, the middle one is subtracted before they become float64,
    which could not tell close ones apart.

    A missing number is the conditional mean of a normal population, shrunk towards the
    median where the other numbers of the row say little; with more than 100 columns of
    numbers, or one, it is the median.

    Strings may hold numbers with a currency or unit that is common to the column, see
    :func:`autonomaly.io.infer_roles`; it is learnt in ``fit``. Later a number without
    any unit is taken as it is, and one with another unit is missing.

    If no column varies, one column of zeros comes out.

    Every category has a column of zeros and ones, a missing value being a category
    too. One not seen in training counts twice in the column of the rarest category,
    so that it looks unusual and never like a common one. Where a column held flags
    only, 0 and 1 are read as False and True later.

    Examples
    --------
    >>> import pandas as pd
    >>> from autonomaly.preprocessing import AutonomousPreprocessor
    >>> X = pd.DataFrame({
    ...     "size": [1.0, 2.0, None, 3.0],
    ...     "kind": ["a", "b", "a", "a"],
    ...     "unit": ["cm"] * 4,
    ... })
    >>> preprocessor = AutonomousPreprocessor().fit(X)
    >>> preprocessor.get_feature_names_out().tolist()
    ['size', 'kind_a', 'kind_b', 'size_missing']
    >>> preprocessor.dropped_
    {'unit': 'the same value in every row'}
    >>> preprocessor.transform(X)[:, 2]
    array([0., 1., 0., 0.])
    """

    _parameter_constraints: dict[str, Any] = {
        "cardinality_threshold": [Interval(Integral, 2, None, closed="left")],
        "missing_share": [Interval(Real, 0, 1, closed="both")],
        "text_components": [Interval(Integral, 1, None, closed="left")],
        "drop_identifiers": ["boolean"],
    }

    def __init__(
        self,
        *,
        cardinality_threshold: int = 40,
        missing_share: float = 0.25,
        text_components: int = 10,
        drop_identifiers: bool = True,
    ) -> None:
        self.cardinality_threshold = cardinality_threshold
        self.missing_share = missing_share
        self.text_components = text_components
        self.drop_identifiers = drop_identifiers

    @keeps_signature(_fit_context(prefer_skip_nested_validation=True))
    @keeps_signature(all_or_nothing)
    @np.errstate(**FLOAT_ERRORS)
    def fit(self, X: Table, y: object = None) -> Self:
        """Learn how to encode every column.

        Parameters
        ----------
        X : pandas.DataFrame, polars.DataFrame or array-like of shape (n, d)
            The table.
        y : Ignored
            Not used, present for API consistency.

        Returns
        -------
        self : object
            Fitted preprocessor.
        """
        X = self._validate(X, reset=True)
        self.dropped_: dict[str, str] = {}
        self.feature_sources_: dict[str, str] = {}
        self._encoders: dict[int, Any] = {}  # position of a column -> encoder
        self._offsets: dict[
            int, int
        ] = {}  # position of a column of large integers -> one of them
        self._units: dict[
            int, Unit | Clock | None
        ] = {}  # position of a column of numbers
        self._plain = isinstance(X, np.ndarray) and X.dtype.kind in "biuf"
        if self._plain:
            self._fit_array(X)
        else:
            self._fit_table(X)
        return self

    def transform(self, X: Table) -> FloatArray:
        """Encode rows.

        Parameters
        ----------
        X : pandas.DataFrame, polars.DataFrame or array-like of shape (n, d)
            Rows with the columns seen in ``fit``.

        Returns
        -------
        ndarray of shape (n, n_out), float64
            Always finite.

        Warns
        -----
        UnreadableWarning
            If columns of numbers or dates hold something else, which counts as
            missing.
        UnseenWarning
            If in more than 5 % of the rows, and at least 10, a column of few categories
            holds one that was not there in ``fit``.
        AutonomalyWarning
            If rows of a table of numbers hold none: filled in, they look ordinary.
        """
        check_is_fitted(self)
        (encoded,) = self._encode_parts([X], self)
        return encoded

    def _encode_parts(self, parts, owner):
        """Encode a batch part by part, and warn once of what is odd in all of it.

        Errors name ``owner``, whom the rows were given to.
        """
        odd = _Oddities()
        for X in parts:
            yield self._encode(X, owner, odd)
        self._warn_of(odd)

    # What the user wants transformers to put out is not what goes from part to part.
    @config_context(transform_output="default")
    @np.errstate(**FLOAT_ERRORS)
    def _encode(self, X, owner, odd):
        X = self._validate(X, reset=False, owner=owner)
        if self._plain and isinstance(X, np.ndarray) and X.dtype.kind in "biuf":
            if self._zero_column:
                return np.zeros((len(X), 1))
            odd.n_rows += len(X)
            self._count_empty(X, odd)
            return self._numbers.transform(self._near_offsets(X))
        _, columns, n_rows = table(X)
        out = np.zeros((n_rows, len(self._names_out)))
        if self._zero_column:
            return out
        odd.n_rows += n_rows
        matrix = self._number_matrix(columns, n_rows, odd)
        if all(isinstance(encoder, DateEncoder) for encoder in self._encoders.values()):
            self._count_empty(matrix, odd)
        blocks = [self._numbers.transform(matrix)]
        for j, encoder in self._encoders.items():
            if not isinstance(encoder, DateEncoder):
                blocks.append(encoder.transform(values := ColumnValues(columns[j])))
                if isinstance(encoder, CategoryEncoder):
                    self._count_unseen(j, values, blocks[-1], odd)
        start = 0
        for block in blocks:
            stop = start + block.shape[1]
            out[:, self._position[start:stop]] = block
            start = stop
        return out

    def get_feature_names_out(
        self, input_features: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.object_]:
        """Get the names of the output columns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the input columns; if given, they must be those of ``fit``.

        Returns
        -------
        ndarray of str objects
            Names of the output columns.
        """
        check_is_fitted(self)
        given = _check_feature_names_in(self, input_features)
        if input_features is None or list(given) == self._names_in:
            return np.array(self._names_out, dtype=object)
        # An array was fitted: names may be given now, in the place of x0, x1, ...
        return np.array(self._name_outputs([str(name) for name in given]), dtype=object)

    def _validate(self, X, *, reset, owner=None):
        """Check shape and names; number arrays come out as arrays."""
        owner = self if owner is None else owner
        if sparse.issparse(X):
            return validate_data(owner, X, reset=reset)  # raises, and says why
        refuse_masked(X)
        if isinstance(X, Dataset):
            raise DataError(
                "Expected 2D array or a data frame, got a Dataset instead. Pass its "
                "table, X.data."
            )
        if isinstance(X, list | tuple) and not X:
            raise DataError(
                "Expected 2D array or rows of equal length, got an empty "
                f"{type(X).__name__} instead. Pass at least one row."
            )
        frame, given = is_polars(X) or hasattr(X, "iloc"), X
        lazy = frame and hasattr(X, "compute")  # Dask's have a shape to compute, too
        convert = "collect" if is_polars(X) else "compute" if lazy else "to_pandas"
        if hasattr(X, convert) and (lazy or not (frame and hasattr(X, "shape"))):
            kind = f"{type(X).__module__.partition('.')[0]}.{type(X).__name__}"
            raise DataError(
                f"Expected 2D array or a pandas or polars data frame, got {kind} "
                f"instead. Pass X.{convert}()."
            )
        if not frame:
            if not isinstance(X, np.ndarray):
                X = rows_array(X)
            refuse_records(X)
            if X.dtype.kind == "c":
                raise complex_error()
            if X.dtype.kind in "biuf":
                return validate_data(
                    owner, X, dtype="numeric", ensure_all_finite=False, reset=reset
                )
        if X.ndim != 2 if not is_polars(X) else not hasattr(X, "height"):
            dicts = not frame and X.ndim == 1 and len(X) and isinstance(X[0], dict)
            if dicts or not (frame or X.ndim):
                raise DataError(
                    f"Expected 2D array, got {type(given).__name__}"
                    f"{' of dicts' if dicts else ''} instead. Pass an array, a data "
                    "frame or rows of equal length; convert dicts with "
                    "pandas.DataFrame(X)."
                )
            raise DataError(
                "Expected 2D array, got 1D array instead: a table has rows and "
                "columns. Reshape your data with X.reshape(-1, 1) or X.to_frame() if "
                "it has a single column, or with X.reshape(1, -1) if it is one row."
            )
        n_rows, n_columns = X.shape
        if n_rows == 0:
            raise DataError(
                f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 "
                "is required. Pass at least one row."
            )
        if n_columns == 0:
            raise DataError(
                f"Found array with 0 feature(s) (shape={X.shape}) while a minimum of "
                "1 is required. Pass at least one column."
            )
        check_names(X)
        return validate_data(owner, X, reset=reset, skip_check_array=True)

    def _fit_array(self, X):
        self._names_in = self._input_names(X.shape[1])
        if beyond_float(X):
            offsets = {j: middle(X[:, j]) for j in range(X.shape[1])}
            self._offsets = {j: offset for j, offset in offsets.items() if offset}
        self._numbers = NumberEncoder(self.missing_share).fit(self._near_offsets(X))
        self.roles_ = dict.fromkeys(self._names_in, ColumnRole.NUMERIC)
        used = np.union1d(self._numbers.kept_, self._numbers.indicators_)
        for j in np.setdiff1d(np.arange(X.shape[1]), used):
            name = self._names_in[j]
            self.roles_[name] = ColumnRole.CONSTANT
            self.dropped_[name] = (
                "every value is missing"
                if self._numbers.all_missing_[j]
                else "the same value in every row"
            )
        self._number_columns = [(j, "") for j in range(X.shape[1])]
        self._finish()

    def _fit_table(self, X):
        readings = list(read_columns(X).items())
        names, columns, n_rows = table(X)
        self._names_in = names
        self.roles_ = {name: reading.role for name, reading in readings}
        dropped = {ColumnRole.CONSTANT}
        helpful = set(self.roles_.values()) - {
            ColumnRole.CONSTANT,
            ColumnRole.IDENTIFIER,
        }
        if self.drop_identifiers and helpful:
            dropped.add(ColumnRole.IDENTIFIER)
        self._number_columns = []
        for j, (name, reading) in enumerate(readings):
            if reading.role in dropped:
                self.dropped_[name] = reading.reason
                continue
            role, values = reading.role, ColumnValues(columns[j])
            if role == ColumnRole.IDENTIFIER:
                amounts = np.isfinite(values.numbers(unit=reading.unit)).all()
                role = ColumnRole.NUMERIC if amounts else ColumnRole.CATEGORICAL
            if role == ColumnRole.NUMERIC:
                self._offsets[j], self._units[j] = values.offset(), reading.unit
                self._number_columns.append((j, ""))
            elif role == ColumnRole.DATE:
                self._encoders[j] = DateEncoder(reading.date_format).fit(values)
                self._number_columns += [(j, n) for n in self._encoders[j].names_]
            elif role == ColumnRole.TEXT:
                self._encoders[j] = TextEncoder(self.text_components).fit(values)
            else:
                encoder = CategoryEncoder(self.cardinality_threshold)
                self._encoders[j] = encoder.fit(values)
        matrix = self._number_matrix(columns, n_rows)
        # Only the first column of a date says that the date is missing.
        first = np.array([part == "" for _, part in self._number_columns], dtype=bool)
        self._numbers = NumberEncoder(self.missing_share).fit(matrix, indicate=first)
        self._finish()

    def _number_matrix(self, columns, n_rows, odd=None):
        """Read all numeric and date columns into one matrix; count what is unread."""
        out = np.empty((n_rows, len(self._number_columns)), order="F")
        k = 0
        while k < len(self._number_columns):
            j, _ = self._number_columns[k]
            values = ColumnValues(columns[j])
            block = self._read_amounts(j, values)
            if odd is not None and (found := values.unread(block[:, 0]))[0]:
                count, example = odd.unread.get(j, (0, found[1]))
                odd.unread[j] = count + found[0], example
            out[:, k : k + block.shape[1]] = block
            k += block.shape[1]
        return out

    def _amounts(self, j, column):
        """Read a numeric or date column; NaN where it holds anything else."""
        return self._read_amounts(j, ColumnValues(column))

    def _read_amounts(self, j, values):
        if j in self._encoders:
            return self._encoders[j].transform(values)
        return values.numbers(self._offsets.get(j, 0), self._units.get(j))[:, None]

    def _held(self, j):
        """Say what a numeric or date column holds."""
        if j in self._encoders:
            return "dates"
        return f"numbers in {self._units.get(j) or ''}".removesuffix(" in ")

    def _count_empty(self, matrix, odd):
        """Count the rows without any number, where there is nothing but numbers."""
        odd.n_empty += np.count_nonzero(np.isnan(matrix).all(axis=1))

    def _count_unseen(self, j, values, block, odd):
        """Count the rows of a column whose category is not known."""
        rows = self._encoders[j].unseen(block)
        if len(rows):
            count, example = odd.unseen.get(j) or (0, _category(values, rows[0]))
            odd.unseen[j] = count + len(rows), example

    def _warn_of(self, odd):
        """Warn of what is odd about a batch, each kind once."""
        if odd.unread:
            said = [
                f"{count} of {odd.n_rows} in {self._names_in[j]!r}, a column of "
                f"{self._held(j)}, such as {example[:40]!r}"
                for j, (count, example) in odd.unread.items()
            ]
            warn_user(
                f"Values that cannot be read are treated as missing: {_first(said)}",
                UnreadableWarning,
            )
        many_columns = len(set(self.feature_sources_.values())) > 1
        if odd.n_empty and many_columns and not len(self._numbers.indicators_):
            warn_user(
                f"{odd.n_empty} of {odd.n_rows} rows hold no value at all. They are "
                "imputed with typical values and look normal; remove them, or inspect "
                "them yourself.",
                AutonomalyWarning,
            )
        enough = max(_MIN_UNSEEN, _MIN_UNSEEN_SHARE * odd.n_rows)
        said = [
            f"{count} of {odd.n_rows} in {self._names_in[j]!r}, such as {what}"
            for j, (count, what) in odd.unseen.items()
            if count >= enough
        ]
        if said:
            warn_user(
                "Categories that were not seen in training make rows look abnormal "
                f"(are they spelled differently?): {_first(said)}",
                UnseenWarning,
            )

    def _near_offsets(self, X):
        """Subtract from large integers what float64 could not tell apart with them."""
        if not self._offsets:
            return X
        out = X.astype(np.float64)
        for j, offset in self._offsets.items():
            out[:, j] = shifted(X[:, j], offset)
        return out

    def _finish(self):
        """Lay out the output: columns in the order of their sources."""
        parts = [(*self._number_columns[k], False) for k in self._numbers.kept_]
        parts += [(*self._number_columns[k], True) for k in self._numbers.indicators_]
        for j, encoder in self._encoders.items():
            if not isinstance(encoder, DateEncoder):
                parts += [(j, part, False) for part in encoder.names_]
        self._zero_column = not parts
        if self._zero_column:
            parts = [(0, "", False)]
        order = sorted(range(len(parts)), key=lambda i: (parts[i][2], parts[i][0]))
        self._position = np.empty(len(parts), dtype=np.intp)
        self._position[order] = np.arange(len(parts))
        self._parts = [parts[i] for i in order]
        self._names_out = self._name_outputs(self._names_in)
        sources = (self._names_in[j] for j, _, _ in self._parts)
        self.feature_sources_ = dict(zip(self._names_out, sources, strict=True))
        used = set() if self._zero_column else {part[0] for part in self._parts}
        for j, name in enumerate(self._names_in):
            if j not in used and name not in self.dropped_:
                self.dropped_[name] = "no varying values could be read"

    def _name_outputs(self, names):
        """Name the output columns, each name once."""
        out = []
        for j, part, missing in self._parts:
            name = f"{names[j]}_{part}" if part else names[j]
            out.append(f"{name}_missing" if missing else name)
        return unique_names(out)

    def _input_names(self, n_columns):
        names = getattr(self, "feature_names_in_", None)
        return [f"x{j}" for j in range(n_columns)] if names is None else list(names)

    @property
    def _n_features_out(self):
        return len(self._names_out)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


def _category(values, row):
    """Name the category of a row."""
    codes, labels = values.categories()
    code = codes[row]
    return "a missing value" if code < 0 else repr(labels[code][:40])


def _first(said):
    more = f" and in {len(said) - 5} more columns" if len(said) > 5 else ""
    return f"{'; '.join(said[:5])}{more}"
