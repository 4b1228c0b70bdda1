"""Where a table begins in what was read of a file, and what its columns are called."""

import statistics

import numpy as np

from autonomaly._utils._warn import warn_user
from autonomaly.exceptions import AutonomalyWarning
from autonomaly.io._amounts import DECIMAL_COMMA, NULL_STRINGS, parse_number
from autonomaly.io._columns import unique_names

__all__ = [
    "MOST_TITLES",
    "SNIFFED_ROWS",
    "column_names",
    "count_titles",
    "has_header",
    "warn_of_titles",
]

#: So many rows tell how a file is written.
SNIFFED_ROWS = 200
#: More lines above a table are no titles.
MOST_TITLES = 20
# In narrower tables a title looks like a row with a gap.
_FEWEST_COLUMNS = 3
# Titles are told by their empty cells: rows like them are rarer than this.
_SPARSE = 0.1


def count_titles(rows):
    """Count the lines above the names of the columns: a title, who made it, and when.

    Parameters
    ----------
    rows : list of list of str
        The first lines of a file, empty ones too.

    Returns
    -------
    int
        0 where the first line is one of the table, or where it cannot be told.

    Examples
    --------
    >>> from autonomaly.io._header import count_titles
    >>> report = [["Sales in May", "", ""], ["", "", ""], ["day", "shop", "sum"]]
    >>> count_titles(report + [["1", "A", "12.50"], ["2", "A", "19.00"]])
    2
    """
    filled = [sum(cell.strip() != "" for cell in row) for row in rows]
    typical = statistics.median(n for n in filled if n) if any(filled) else 0
    if typical < _FEWEST_COLUMNS or filled[0] > typical / 2:
        return 0
    n = next(i for i, count in enumerate(filled) if count >= typical)
    below = [count for count in filled[n + 1 :] if count]
    sparse = sum(count <= typical / 2 for count in below)
    names = [row for row in rows[n:] if len(row) > 1]
    if n > MOST_TITLES or sparse > _SPARSE * len(below) or not has_header(names):
        return 0
    return 0 if any(map(_number_like, filter(None, names[0]))) else n


def warn_of_titles(path, titles):
    """Say which lines above a table are left out.

    Parameters
    ----------
    path : Path
        The file.
    titles : list of list of str
        The lines.
    """
    said = [" ".join(filter(None, map(str.strip, row))) for row in titles]
    said = [repr(text[:40]) for text in said if text]
    warn_user(
        f"Skipped in {path.name!r}, above the column names: "
        f"{', '.join(said[:3]) or 'empty lines'} ({len(titles)} lines in all, empty "
        "ones included). If they belong to the table, read it with "
        "load_dataset(source, header=True).",
        AutonomalyWarning,
    )


def has_header(rows):
    """Decide whether the first row names the columns; see ``load_dataset``."""
    first = rows[0]
    # A header may be repeated from page to page.
    below = [row for row in rows[1:] if len(row) == len(first) and row != first]
    numeric = []
    for j in range(len(first)):
        cells = [
            row[j] for row in below if row[j].strip().casefold() not in NULL_STRINGS
        ]
        numeric.append(bool(cells) and all(_number_like(cell) for cell in cells))
    names = [cell.strip() for cell in first]
    is_number = [_number_like(cell) for cell in names]
    missing = [cell.casefold() in NULL_STRINGS for cell in names]
    cells = list(zip(is_number, numeric, missing, strict=True))
    if any(column and not cell and not null for cell, column, null in cells):
        return True
    counted = [parse_number(c) for c, n in zip(names, is_number, strict=True) if n]
    if len(counted) > 1 and _counts_up(counted):
        only_numbers = len(counted) + sum(missing) == len(names)
        years = all(1900 <= value <= 2100 for value in counted)
        if years or (only_numbers and (len(counted) > 2 or counted[0] in (0, 1))):
            return bool(below)
    if any(cell and (column or not below) for cell, column, _ in cells):
        return False
    below = [row for row in rows[1:] if len(row) == len(first)]
    again = [any(row[j] == first[j] for row in below) for j in range(len(first))]
    return not sum(again) > len(first) / 2


def _counts_up(numbers):
    """Tell whether numbers are whole and rise in equal steps, two of them by one."""
    if None in numbers or any(number % 1 for number in numbers):
        return False
    steps = set(np.diff(numbers).tolist())
    return len(steps) == 1 and (steps == {1.0} or (len(numbers) > 2 and min(steps) > 0))


def column_names(header, n_columns):
    """Name every column once; tell which names were changed."""
    if header is None:
        return [f"x{j}" for j in range(n_columns)], {}
    given = [name.strip() for name in header]
    names = unique_names([name or f"unnamed_{j}" for j, name in enumerate(given)])
    pairs = zip(names, given, strict=True)
    return names, {name: old for name, old in pairs if name != old}


def _number_like(cell):
    cell = cell.strip()
    return parse_number(cell) is not None or DECIMAL_COMMA.fullmatch(cell) is not None
