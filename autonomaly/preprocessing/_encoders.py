"""Encoders of single columns that are not numbers."""

import numpy as np

from autonomaly.io._dates import ISO_8601

__all__ = ["CategoryEncoder", "DateEncoder", "TextEncoder"]

_DAY, _WEEK, _YEAR = 86_400, 604_800, 31_556_952  # seconds
_MAX_TEXT_ROWS = 20_000
# In a column of its own a rarer category would be far out, which those that are as
# rare, or rarer, are not in the column they share. Rows of a hundred sorts of goods
# would be odd for being of a slightly more common one.
_RARE = 0.05
# Databases and other packages hold flags as integers.
_FLAGS = {"0": "False", "1": "True"}


class CategoryEncoder:
    """One column per category, and a place for unknown categories.

    Categories are ordered by how often they occur; a missing value is a category
    of its own. Every category has a column, also if there are only two, so that
    each weighs as much as any other. With more than ``max_categories`` the rarest, and
    all below 5 % of the rows, share the column ``infrequent``, and the column
    ``rarity`` holds minus the logarithm of each category's relative frequency.

    A category not seen in training counts twice in the column of the rarest one (or
    of the infrequent ones): unusual in any case, and never like the common ones. In a
    column that held flags only, 0 and 1 are False and True.

    Parameters
    ----------
    max_categories : int
        Largest number of one-hot columns.
    """

    def __init__(self, max_categories):
        self.max_categories = max_categories

    def fit(self, values):
        """Count the categories of a column."""
        codes, labels = values.categories()
        self._flags = _FLAGS if values.shares()["flag"] == 1 else {}
        count = np.bincount(np.where(codes < 0, len(labels), codes))
        known = [(-int(count[i]), label) for i, label in enumerate(labels)]
        if (codes < 0).any():
            known.append((-int(count[len(labels)]), None))
        known.sort(key=lambda item: (item[0], item[1] is None, item[1] or ""))
        self.categories_ = {label: i for i, (_, label) in enumerate(known)}
        counts = -np.array([c for c, _ in known] + [-0.5])
        self.rarity_ = -np.log(counts / (len(codes) + 1))
        names = ["missing" if label is None else label for _, label in known]
        n_known = len(known)
        self._graded = n_known > self.max_categories
        own = self.max_categories - 1
        if self._graded:
            own = int(np.count_nonzero(counts[:own] >= _RARE * len(codes)))
        self.names_ = [*names[:own], "infrequent"] if self._graded else names
        column = np.minimum(np.arange(n_known), len(self.names_) - 1)
        self._column = np.append(column, column[-1])
        self._weight = np.append(np.ones(n_known), 2.0)
        self.names_ += ["rarity"] if self._graded else []
        return self

    def transform(self, values):
        """Encode every row by its category."""
        codes, labels = values.categories()
        unseen = len(self.categories_)
        labels = (self._flags.get(label, label) for label in labels)
        lookup = [self.categories_.get(label, unseen) for label in labels]
        lookup.append(self.categories_.get(None, unseen))  # at position -1
        level = np.array(lookup, dtype=np.intp)[codes]
        out = np.zeros((len(codes), len(self.names_)))
        out[np.arange(len(codes)), self._column[level]] = self._weight[level]
        if self._graded:
            out[:, -1] = self.rarity_[level]
        return out

    def unseen(self, block):
        """Find the rows of what `transform` gave whose category is not known.

        None where there are so many categories that new ones are to be expected.
        """
        rows = np.flatnonzero(block[:, -1] > 1)
        return rows[:0] if self._graded else rows


class DateEncoder:
    """Seconds since 1970, and the place in the day, the week and the year.

    The cycles are given as sine and cosine, where the training column spans them:
    the day if times are given, the week from two weeks on, the year from two years on.
    skrub's DatetimeEncoder would serve, but returns float32, which holds present-day
    seconds to the nearest two minutes only.

    Parameters
    ----------
    date_format : str or None
        Format of dates given as strings; None for the forms of ISO 8601, which can be
        read without knowing the others of the column.
    """

    def __init__(self, date_format):
        self.date_format = date_format or ISO_8601

    def fit(self, values):
        """Find out which cycles the column spans."""
        seconds = values.seconds(self.date_format)
        seconds = seconds[np.isfinite(seconds)]
        span = np.ptp(seconds) if len(seconds) else 0.0
        self.cycles_ = {}
        if (seconds % _DAY != 0).any():
            self.cycles_["day"] = _DAY
        if span >= 2 * _WEEK:
            self.cycles_["week"] = _WEEK
        if span >= 2 * _YEAR:
            self.cycles_["year"] = _YEAR
        self.names_ = [""] + [
            f"{name}_{part}" for name in self.cycles_ for part in ("sin", "cos")
        ]
        return self

    def transform(self, values):
        """Encode every row by its date; NaN where it is missing or unreadable."""
        seconds = values.seconds(self.date_format)
        columns = [seconds]
        for name, period in self.cycles_.items():
            # Days, not seconds, place a date in the week and in the year.
            place = seconds if name == "day" else np.floor(seconds / _DAY) * _DAY
            angle = 2 * np.pi * (place % period) / period
            columns += [np.sin(angle), np.cos(angle)]
        return np.stack(columns, axis=1)


class TextEncoder:
    """Free text as a few numbers, by skrub's StringEncoder.

    Character n-grams, weighted by TF-IDF, reduced by a truncated singular
    value decomposition. At most 20,000 rows are used to fit.

    Parameters
    ----------
    n_components : int
        Largest number of columns.
    """

    def __init__(self, n_components):
        self.n_components = n_components

    def fit(self, values):
        """Learn n-grams and components."""
        from skrub import StringEncoder

        texts = self._texts(values)
        if len(texts) > _MAX_TEXT_ROWS:
            rng = np.random.RandomState(0)
            texts = texts[np.sort(rng.choice(len(texts), _MAX_TEXT_ROWS, False))]
        size = max(1, min(self.n_components, len(texts) - 1))
        self.encoder_ = StringEncoder(n_components=size, random_state=0)
        self.encoder_.fit_transform(self._series(texts))
        self.names_ = [f"text{i}" for i in range(self.encoder_.n_components_)]
        return self

    def transform(self, values):
        """Encode every row by its text."""
        series = self._series(self._texts(values))
        return self.encoder_.transform(series).to_numpy(dtype=np.float64)

    @staticmethod
    def _texts(values):
        codes, labels = values.levels()
        return np.array([*labels, ""], dtype=object)[codes]

    @staticmethod
    def _series(texts):
        import pandas as pd

        return pd.Series(texts, dtype="str", name="text")
