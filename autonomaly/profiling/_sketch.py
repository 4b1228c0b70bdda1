"""What of a table is kept to profile it, and how two of them become one."""

from dataclasses import dataclass, fields

import numpy as np

from autonomaly._utils._floats import FLOAT_ERRORS
from autonomaly.exceptions import DataError
from autonomaly.profiling._table import mix

#: Distinct hashes kept per column and for whole rows; beyond them the number of
#: distinct values is an estimate with a relative standard error of 1/sqrt(k - 2).
COLUMN_HASHES = 2048
ROW_HASHES = 1 << 20

_EMPTY_SCALE = -5000  # below any float64: a column of zeros takes any other scale
_MODERATE = (1e-60, 1e60)  # fourth powers of these stay inside float64


class DistinctSample:
    """The k smallest distinct hashes seen and how often each was seen.

    A bottom-k sketch: exact up to k distinct values, and the same whatever the
    order or the chunks the values came in.

    Parameters
    ----------
    size : int
        k.

    References
    ----------
    .. [1] Bar-Yossef et al., "Counting distinct elements in a data stream",
           RANDOM 2002. :doi:`10.1007/3-540-45726-7_1`
    """

    __slots__ = ("counts", "full", "hashes", "n_seen", "size")

    def __init__(self, size):
        self.size = size
        self.hashes = np.empty(0, dtype=np.uint64)
        self.counts = np.empty(0, dtype=np.int64)
        self.full = False  # whether a hash was ever left out
        self.n_seen = 0

    def update(self, hashes):
        """Take in hashes, in any order."""
        self.n_seen += hashes.size
        if self.full:
            hashes = hashes[hashes <= self.hashes[-1]]
        if hashes.size:
            self._absorb(*np.unique(hashes, return_counts=True))

    def merged(self, other):
        """Return the sketch of both streams."""
        out = DistinctSample(self.size)
        out.n_seen = self.n_seen + other.n_seen
        out.full = self.full or other.full
        limits = [s.hashes[-1] for s in (self, other) if s.full]
        for part in (self, other):
            keep = slice(None) if not limits else part.hashes <= min(limits)
            out._absorb(part.hashes[keep], part.counts[keep])
        return out

    def _absorb(self, hashes, counts):
        if self.hashes.size:
            hashes = np.concatenate([self.hashes, hashes])
            counts = np.concatenate([self.counts, counts])
            order = np.argsort(hashes, kind="stable")
            hashes, counts = hashes[order], counts[order]
            new = np.append(True, hashes[1:] != hashes[:-1])
            hashes, counts = hashes[new], np.add.reduceat(counts, np.flatnonzero(new))
        if hashes.size > self.size:
            self.full = True
            hashes, counts = hashes[: self.size], counts[: self.size]
        self.hashes, self.counts = hashes, counts

    def n_distinct(self):
        """Return the number of distinct values, exact unless `full`.

        Beyond k it is (k - 1) / U, U the largest hash kept as a share of the range.
        Where no kept value was seen twice and the estimate is within three
        standard errors of all values seen, all are taken as distinct.
        """
        if not self.full:
            return int(self.hashes.size)
        estimate = (self.size - 1) * (2.0**64 / (float(self.hashes[-1]) + 1.0))
        error = 3.0 * estimate / np.sqrt(self.size - 2)
        if self.counts.max() == 1 and abs(estimate - self.n_seen) <= error:
            return self.n_seen
        return int(min(max(round(estimate), self.size), self.n_seen))


@dataclass(frozen=True, eq=False)
class Moments:
    """Counts, extremes and central moments of columns, exact under merging.

    Deviations are kept in units of ``2**scale`` per column, so that fourth powers
    neither overflow nor vanish whatever the magnitude of the data. All arrays have
    shape (n_columns,); moments cover finite cells only.

    References
    ----------
    .. [1] Pébay, "Formulas for robust, one-pass parallel computation of
           covariances and arbitrary-order statistical moments", Sandia report
           SAND2008-6212, 2008. :doi:`10.2172/1028931`
    """

    count: np.ndarray
    n_missing: np.ndarray
    n_infinite: np.ndarray
    n_zero: np.ndarray
    scale: np.ndarray
    mean: np.ndarray
    m2: np.ndarray
    m3: np.ndarray
    m4: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray

    @classmethod
    def of_block(cls, values):
        """Summarise cells of shape (n_columns, n); NaN is missing."""
        n_columns, n = values.shape
        finite = np.isfinite(values)
        n_missing = n_infinite = np.zeros(n_columns, dtype=np.int64)
        count = np.full(n_columns, n)
        hole = None
        if not finite.all():
            hole = ~finite
            count = finite.sum(axis=1)
            n_missing = np.isnan(values).sum(axis=1)
            n_infinite = n - count - n_missing
            low = np.where(hole, np.inf, values).min(axis=1)
            high = np.where(hole, -np.inf, values).max(axis=1)
            values = np.where(hole, 0.0, values)
        else:
            low, high = values.min(axis=1), values.max(axis=1)
        n_zero = n - np.count_nonzero(values, axis=1)
        if hole is not None:
            n_zero -= n - count
        scale = _scales(low, high, count)
        shifted = values
        unit = np.where(scale == _EMPTY_SCALE, 0, scale)
        if unit.any():
            shifted = np.ldexp(values, -unit[:, None])
        divisor = np.maximum(count, 1)
        mean = shifted.sum(axis=1) / divisor
        deviation = shifted - mean[:, None]
        if hole is not None:
            deviation[hole] = 0.0
        # Second pass: removes the rounding error of the first mean.
        correction = deviation.sum(axis=1) / divisor
        mean += correction
        deviation -= correction[:, None]
        if hole is not None:
            deviation[hole] = 0.0
        square = deviation * deviation
        m2 = square.sum(axis=1)
        m4 = np.einsum("ij,ij->i", square, square)
        m3 = np.einsum("ij,ij->i", square, deviation)
        return cls(
            count, n_missing, n_infinite, n_zero, scale, mean, m2, m3, m4, low, high
        )._settle_constants()

    def merged(self, other):
        """Return the moments of both sets of rows."""
        scale = np.maximum(self.scale, other.scale)
        n_a, n_b = self.count.astype(np.float64), other.count.astype(np.float64)
        n = n_a + n_b
        safe = np.maximum(n, 1.0)
        mean_a, a2, a3, a4 = self._in_units_of(scale)
        mean_b, b2, b3, b4 = other._in_units_of(scale)
        # an empty side has no mean to differ from
        delta = np.where((n_a > 0) & (n_b > 0), mean_b - mean_a, 0.0)
        step = delta / safe
        term = delta * step * n_a * n_b
        m2 = a2 + b2 + term
        m3 = a3 + b3 + term * step * (n_a - n_b) + 3 * step * (n_a * b2 - n_b * a2)
        m4 = (
            a4
            + b4
            + term * step * step * (n_a * n_a - n_a * n_b + n_b * n_b)
            + 6 * step * step * (n_a * n_a * b2 + n_b * n_b * a2)
            + 4 * step * (n_a * b3 - n_b * a3)
        )
        mean = np.where(n_a > 0, mean_a + delta * (n_b / safe), mean_b)
        return Moments(
            self.count + other.count,
            self.n_missing + other.n_missing,
            self.n_infinite + other.n_infinite,
            self.n_zero + other.n_zero,
            scale,
            mean,
            m2,
            m3,
            m4,
            np.minimum(self.minimum, other.minimum),
            np.maximum(self.maximum, other.maximum),
        )._settle_constants()

    @classmethod
    def joined(cls, parts):
        """Return the moments of columns side by side."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            *(
                np.concatenate([getattr(part, item.name) for part in parts])
                for item in fields(cls)
            )
        )

    def _in_units_of(self, scale):
        shift = self.scale - scale  # never positive: underflow is harmless here
        return (
            np.ldexp(self.mean, shift),
            np.ldexp(self.m2, 2 * shift),
            np.ldexp(self.m3, 3 * shift),
            np.ldexp(self.m4, 4 * shift),
        )

    def _settle_constants(self):
        """Give columns of one value exact moments instead of rounding errors."""
        constant = (self.minimum == self.maximum) & (self.count > 0)
        if constant.any():
            level = np.where(constant, self.minimum, 0.0)
            level = np.ldexp(level, -np.where(self.scale < -1100, 0, self.scale))
            self.mean[constant] = level[constant]
            for moment in (self.m2, self.m3, self.m4):
                moment[constant] = 0.0
        return self

    def unit(self):
        """Exponent of each column's unit, 0 where any would do."""
        return np.where(self.scale == _EMPTY_SCALE, 0, self.scale)

    def means(self):
        """Return the mean of each column, NaN where no cell is finite."""
        return np.where(self.count > 0, np.ldexp(self.mean, self.unit()), np.nan)

    def stds(self):
        """Return the population standard deviation of each column."""
        with np.errstate(**FLOAT_ERRORS):
            return np.ldexp(np.sqrt(self.m2 / self.count), self.unit())

    def shapes(self):
        """Skewness and excess kurtosis (``scipy.stats.skew``, ``kurtosis``).

        NaN for fewer than two finite cells and where the values differ by no more
        than rounding.
        """
        with np.errstate(**FLOAT_ERRORS):
            variance = self.m2 / self.count
            noise = (np.finfo(np.float64).eps * self.mean) ** 2
            variance = np.where(variance > noise, variance, np.nan)
            skewness = self.m3 / self.count / variance**1.5
            kurtosis = self.m4 / self.count / variance**2 - 3.0
        return skewness, kurtosis


def _scales(low, high, count):
    """Power of two that brings a column to about one; 0 for moderate columns."""
    peak = np.maximum(np.abs(low), np.abs(high))
    peak = np.where(count > 0, peak, 0.0)
    exponent = np.frexp(peak)[1].astype(np.int64)
    scale = np.where((peak > _MODERATE[0]) & (peak < _MODERATE[1]), 0, exponent)
    return np.where(peak == 0.0, _EMPTY_SCALE, scale)


@dataclass(frozen=True, eq=False)
class RowSample:
    """Rows drawn without replacement, each with the same chance.

    The rows with the smallest priorities are kept; a priority is a hash of the
    row, its position in its chunk and the seed. Two samples merge into the sample
    of all rows by the same rule.

    Parameters
    ----------
    position : ndarray of shape (n,), int64
        Row numbers, ascending.
    priority : ndarray of shape (n,), uint64
        What the rows were drawn by.
    values : ndarray of shape (n_columns, n), float64
        The cells.
    """

    position: np.ndarray
    priority: np.ndarray
    values: np.ndarray

    def merged(self, other, offset, size):
        """Return a sample of both sets of rows; `other` starts at row `offset`."""
        position = np.concatenate([self.position, other.position + offset])
        priority = np.concatenate([self.priority, other.priority])
        values = np.concatenate([self.values, other.values], axis=1)
        if position.size > size:
            keep = np.sort(np.argpartition(priority, size - 1)[:size])
            position, priority = position[keep], priority[keep]
            values = values[:, keep]
        return RowSample(position, priority, values)


@dataclass(frozen=True, eq=False)
class TableSketch:
    """All that is kept of a table: enough to profile it and to merge it.

    Parameters
    ----------
    names, roles, kinds : tuple of str
        As of the table.
    n_rows : int
        Number of rows.
    n_inconsistent : ndarray of shape (n_columns,)
        Cells that do not agree with their column.
    moments : Moments
        Exact figures.
    columns : tuple of DistinctSample
        Distinct values per column, missing ones left out.
    rows : DistinctSample
        Distinct rows.
    sample : RowSample
        Rows for everything else.
    """

    names: tuple[str, ...]
    roles: tuple[str, ...]
    kinds: tuple[str, ...]
    n_rows: int
    n_inconsistent: np.ndarray
    moments: Moments
    columns: tuple[DistinctSample, ...]
    rows: DistinctSample
    sample: RowSample

    @classmethod
    def of_table(cls, table, sample_size, seed):
        """Read a table once, in blocks.

        Parameters
        ----------
        table : Table
            What to read.
        sample_size : int
            Largest number of rows to keep.
        seed : int
            Chooses the rows that are kept.
        """
        n_rows, n_columns = table.n_rows, len(table.names)
        columns = tuple(DistinctSample(COLUMN_HASHES) for _ in range(n_columns))
        row_hashes = np.zeros(n_rows, dtype=np.uint64)
        parts = {}  # by first column
        for row_slice, column_slice in table.blocks():
            values = table.block(row_slice, column_slice)
            part = Moments.of_block(values)
            left = column_slice.start
            parts[left] = parts[left].merged(part) if left in parts else part
            lost = table.lost(row_slice, column_slice)
            hashes = table.hashes(values, column_slice, lost)
            row_hashes[row_slice] += hashes.sum(axis=0, dtype=np.uint64)
            for j, column in enumerate(columns[column_slice]):
                cells = hashes[j]
                if part.n_missing[j]:
                    cells = cells[~np.isnan(values[j])]
                column.update(cells)
        moments = Moments.joined(list(parts.values()))
        mix(row_hashes)
        rows = DistinctSample(ROW_HASHES)
        for start in range(0, n_rows, ROW_HASHES):
            rows.update(row_hashes[start : start + ROW_HASHES])
        position = np.arange(n_rows, dtype=np.int64)
        priority = mix(row_hashes ^ mix(position.astype(np.uint64) + np.uint64(seed)))
        if n_rows > sample_size:
            position = np.sort(np.argpartition(priority, sample_size - 1)[:sample_size])
            priority = priority[position]
            values = table.rows(position)
        elif values.shape != (n_columns, n_rows):
            values = table.rows(slice(None))
        roles = table.roles
        if roles is None:
            roles = tuple(
                "constant" if _is_constant(column, n_rows) else "numeric"
                for column in columns
            )
        return cls(
            table.names, roles, table.kinds, n_rows, table.n_inconsistent, moments,
            columns, rows, RowSample(position, priority, values),
        )  # fmt: skip

    def merged(self, other, sample_size):
        """Return the sketch of the rows of both.

        Raises
        ------
        DataError
            If the columns differ in name or kind.
        """
        if self.names != other.names:
            mine = [name for name in self.names if name not in other.names]
            theirs = [name for name in other.names if name not in self.names]
            raise DataError(
                "The chunks have different columns: "
                + (
                    f"only in the first {mine[:5]}, only in the second {theirs[:5]}"
                    if mine or theirs
                    else "the same names in a different order"
                )
                + ". Chunks of one table must have the same columns in the same "
                "order; select them before profiling."
            )
        kinds, roles = [], []
        columns = tuple(
            a.merged(b) for a, b in zip(self.columns, other.columns, strict=True)
        )
        for j, name in enumerate(self.names):
            kind = _merged_kind(name, self.kinds[j], other.kinds[j])
            constant = _is_constant(columns[j], self.n_rows + other.n_rows)
            kinds.append(kind)
            roles.append(
                "constant"
                if constant
                else _merged_role(self.roles[j], other.roles[j], kind)
            )
        return TableSketch(
            self.names,
            tuple(roles),
            tuple(kinds),
            self.n_rows + other.n_rows,
            self.n_inconsistent + other.n_inconsistent,
            self.moments.merged(other.moments),
            columns,
            self.rows.merged(other.rows),
            self.sample.merged(other.sample, self.n_rows, sample_size),
        )


def _is_constant(column, n_rows):
    """Tell whether every row holds the same, a missing value being a value too."""
    return column.n_seen == 0 or column.hashes.size == 1 and column.n_seen == n_rows


def _merged_kind(name, first, second):
    if first == second or second == "empty":
        return first
    if first == "empty":
        return second
    raise DataError(
        f"Column {name!r} holds {first}s in one chunk and {second}s in another. A "
        "column must have the same type in all chunks; set its type when loading "
        "or pass roles."
    )


def _merged_role(first, second, kind):
    """Role of a column whose chunks were looked at one by one."""
    if first == second != "constant":
        return first
    roles = {first, second} - {"constant"}
    if not roles:  # constant in each chunk, at different values
        return {"number": "numeric", "date": "date"}.get(kind, "categorical")
    # The more a role claims, the easier a second chunk refutes it.
    for role in ("numeric", "date", "text", "categorical", "identifier"):
        if role in roles:
            return role
    raise AssertionError(f"unknown roles {roles}")
