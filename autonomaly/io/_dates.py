"""Points in time and durations as seconds, also those written as strings."""

import re
from dataclasses import dataclass

import numpy as np

from autonomaly.io._amounts import are_marks, parse_number

__all__ = [
    "ISO_8601",
    "Clock",
    "datetime_seconds",
    "guess_clock",
    "guess_date_format",
    "parse_dates",
    "timedelta_seconds",
]

#: The format of dates that can be read in one way only: year, month, day.
ISO_8601 = "ISO8601"

_DATE_LIKE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}( .*)?"
    r"|\d{8}T\d{4,6}.*|\d{1,2}-[a-z]{3}-\d{2}( .*)?"
    r"|(?=.*\d)(?=.*\d{4})(?=.*(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))"
    r"[\w ,.:/+-]{8,40}",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?:([+-]?\d+) days?,? )?([+-]?)(\d{1,9}):([0-5]\d)(?::([0-5]\d(?:[.,]\d+)?))?"
)
_CLOCKS = 0.9  # share of the rows of a column of durations
_PER_SECOND = {
    unit: 1000**k for k, unit in enumerate(("s", "ms", "us", "ns", "ps", "fs", "as"))
}
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")
# What is handed to pandas' ISO 8601 reader: alone it takes "now" for the present, and
# any four digits for a year.
_YEAR_FIRST = re.compile(r"\d{4}\D\d.*|\d{8}T.*")
_NANOSECONDS = re.compile(r"\.\d{7}")


def guess_date_format(strings):
    """Find the one format that most of the given strings follow.

    Parameters
    ----------
    strings : list of str
        Distinct, stripped, not missing.

    Returns
    -------
    str or None
        A ``strptime`` format, ``"ISO8601"``, or None if these are no dates. Of two
        formats that read equally many, month before day (1/2 is January) wins. ISO
        dates may stand among those of any format.
    """
    like = [s for s in strings if len(s) <= 40 and _DATE_LIKE.fullmatch(s)]
    if not strings or len(like) < 0.9 * len(strings):
        return None
    others = [s for s in like if not _ISO_DATE.fullmatch(s)]
    if len(others) > 0.1 * len(strings):
        like = others
    elif len(others) < len(like):
        like = [s for s in like if _ISO_DATE.fullmatch(s)]
    few = like[:10] + like[-10:]
    formats = [
        date_format
        for date_format in _candidate_formats(like[0])
        if np.isfinite(parse_dates(few, date_format)).any()
    ]
    shares = [np.isfinite(parse_dates(strings, f)).mean() for f in formats]
    if not formats or max(shares) < 0.9:
        return None
    return formats[int(np.argmax(shares))]


def _candidate_formats(text):
    """List the formats worth trying, judged by the look of one date."""
    if _ISO_DATE.fullmatch(text) or re.match(r"\d{8}T", text):
        return [ISO_8601]
    if re.search("[A-Za-z]{3}", text.split(":")[0]):
        dates = ["%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%b %d %Y", "%Y-%b-%d"]
        dates.append("%d/%b/%Y")
        dates += [date.replace("%b", "%B") for date in dates]
        dates += ["%a, %d %b %Y", "%A, %d %B %Y", "%a %d %b %Y", "%d-%b-%y"]
    else:
        s = re.search("[-/.]", text)[0]
        dates = [f"%m{s}%d{s}%Y", f"%d{s}%m{s}%Y", f"%Y{s}%m{s}%d"]
        dates += [f"%m{s}%d{s}%y", f"%d{s}%m{s}%y"]
    if ":" not in text:
        return dates
    times = ["%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p"]
    times += ["%H:%M:%S%z", "%H:%M:%S %z"]
    glue = "T" if re.search(r"\dT\d", text) else " "
    glue = ":" if re.search(r"\d{4}:\d", text) else glue  # logs of web servers
    return [f"{date}{glue}{time}" for date in dates for time in times]


def parse_dates(strings, date_format):
    """Seconds since 1970-01-01 UTC of date strings, NaN where unreadable."""
    import pandas as pd

    if date_format == ISO_8601:
        strings = [s if _YEAR_FIRST.fullmatch(s) else None for s in strings]
    strings = pd.Series(strings, dtype=object)
    out = np.full(len(strings), np.nan)
    iso = strings.map(lambda s: bool(s and _ISO_DATE.fullmatch(s))).to_numpy(bool)
    if date_format != ISO_8601 and iso.any():  # they can be read in no other way
        out[iso] = parse_dates(strings[iso], ISO_8601)
        out[~iso] = parse_dates(strings[~iso], date_format)
        return out
    # Nanoseconds reach from 1677 to 2262 only, and pandas gives them to all dates of
    # a series once one needs them: that one must not take the others away.
    fine = strings.map(lambda s: bool(s and _NANOSECONDS.search(s))).to_numpy(bool)
    for part in (fine, ~fine):
        if part.any():
            dates = pd.to_datetime(
                strings[part], format=date_format, errors="coerce", utc=True
            )
            out[part] = datetime_seconds(dates.dt.tz_localize(None).to_numpy())
    return out


def datetime_seconds(values):
    """Seconds since 1970-01-01 of a datetime64 array, NaN for NaT."""
    unit, step = np.datetime_data(values.dtype)
    if unit in ("Y", "M", "generic") or step != 1:
        unit = "s" if unit in ("Y", "M", "generic") else unit
        values = values.astype(f"datetime64[{unit}]")
    count = values.astype(np.int64)
    # Whole seconds apart from the rest: a midnight is one in every unit.
    per_second = _PER_SECOND.get(unit, 1)
    if per_second > 1:
        whole = count // per_second
        seconds = whole + (count - whole * per_second) / per_second
    else:
        seconds = count * (np.timedelta64(1, unit) / np.timedelta64(1, "s"))
    seconds[np.isnat(values)] = np.nan
    return seconds


def timedelta_seconds(values):
    """Seconds of a timedelta64 array, NaN for NaT."""
    if np.datetime_data(values.dtype)[0] in ("Y", "M", "generic"):
        values = values.astype(np.int64).astype("timedelta64[s]")
    return values / np.timedelta64(1, "s")


@dataclass(frozen=True)
class Clock:
    """How durations and times of the day are read: as seconds, like timedeltas.

    Examples
    --------
    >>> from autonomaly.io._dates import Clock
    >>> Clock().read("26:00:01.5"), Clock().read("08:33"), Clock().read("8 h")
    (93601.5, 30780.0, None)
    """

    def read(self, text):
        """Read a text as seconds; None if it is neither a duration nor a number."""
        found = _CLOCK.fullmatch(text)
        if found is None:
            return parse_number(text)
        days, sign, hours, minutes, seconds = found.groups()
        value = 3600.0 * int(hours) + 60 * int(minutes)
        value += float((seconds or "0").replace(",", "."))
        return 86400 * int(days or 0) + (-value if sign == "-" else value)

    def __str__(self):
        return "seconds"


def guess_clock(texts, counts):
    """Find out whether texts are durations or times of the day.

    Parameters
    ----------
    texts : list of str
        Distinct, stripped, not missing.
    counts : list of int
        How often each occurs.

    Returns
    -------
    Clock or None
        None if they are not.

    Examples
    --------
    >>> from autonomaly.io._dates import guess_clock
    >>> guess_clock(["0:01:30", "26:00:00"], [1, 1]), guess_clock(["3:1"], [1])
    (Clock(), None)
    """
    fits = [_CLOCK.fullmatch(text) is not None for text in texts]
    share = sum(c for c, fit in zip(counts, fits, strict=True) if fit) / sum(counts)
    others = [text for text, fit in zip(texts, fits, strict=True) if not fit]
    clear = share >= _CLOCKS or are_marks(others, sum(fits), share)
    return Clock() if clear else None
