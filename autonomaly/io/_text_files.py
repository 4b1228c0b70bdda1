"""Separated values, read without losing a row."""

import collections
import csv
import itertools
import re
from dataclasses import dataclass

import numpy as np

from autonomaly.exceptions import LoadError
from autonomaly.io._amounts import (
    DECIMAL_COMMA,
    NULL_STRINGS,
    guess_spelling,
    guess_unit,
    parse_number,
    with_plain_comma,
)
from autonomaly.io._encodings import find_encoding, open_text
from autonomaly.io._header import (
    MOST_TITLES,
    SNIFFED_ROWS,
    column_names,
    count_titles,
    has_header,
    warn_of_titles,
)

__all__ = ["read_separated", "read_separated_in_parts"]

_SEPARATORS = ("\t", ";", "|", ",")  # in case of a tie, the rarer one in text
_TOLD_SEPARATOR = re.compile(r"sep=(.)\s*", re.IGNORECASE)
_SINGLE = "\x1f"  # unit separator: no file of one column holds it
_WITH_THOUSANDS = re.compile(r"[+-]?([1-9]\d{0,2}(\.\d{3})+|\d{1,3})")
# So many numbers with dots for thousands, and this share without any, are no accident.
_FEWEST_DOTTED, _UNDOTTED = 10, 0.05


def read_separated(path, *, separator=None, encoding=None, header=None):
    """Read a file of separated values.

    Parameters
    ----------
    path : Path
        The file.
    separator : str or None
        One character; found out of tab, semicolon, bar and comma if None.
    encoding : str or None
        Found if None.
    header : bool or None
        Whether the first row names the columns; found if None.

    Returns
    -------
    frame : pandas.DataFrame
        The table.
    metadata : dict
        ``encoding``, ``separator``, ``header`` and, if there were any,
        ``renamed`` columns.
    """
    form = _find_form(path, separator, encoding, header)
    frame = _parse(path, form)
    if form.trailing and len(form.names) == 1:
        frame = frame.iloc[: len(frame) - form.trailing]
    _check_count(path, form, len(frame))
    metadata = {"encoding": form.encoding, "header": form.header}
    metadata["separator"] = None if form.separator == _SINGLE else form.separator
    if form.renamed:
        metadata["renamed"] = form.renamed
    return _read_numbers(frame, form), metadata


def read_separated_in_parts(
    path, chunk_rows, *, separator=None, encoding=None, header=None
):
    """Read a file of separated values in chunks of rows.

    Parameters
    ----------
    path : Path
        The file.
    chunk_rows : int
        Rows per chunk.
    separator, encoding, header : optional
        As of :func:`read_separated`.

    Yields
    ------
    pandas.DataFrame
        A chunk; what its columns hold is found chunk by chunk.
    """
    form = _find_form(path, separator, encoding, header)
    left = form.n_rows
    with _parse(path, form, chunksize=chunk_rows) as frames:
        for frame in _parsed(path, frames):
            if form.trailing and len(form.names) == 1:
                frame = frame.iloc[:left]
            left -= len(frame)
            if len(frame):
                yield _read_numbers(frame, form)
    _check_count(path, form, form.n_rows - left)


@dataclass(frozen=True)
class _Form:
    """How a file of separated values is written."""

    encoding: str
    separator: str
    header: bool
    names: list[str]
    renamed: dict[str, str]
    n_rows: int  # without the header
    trailing: int
    decimal_comma: bool  # where a number has a comma
    dots_part_thousands: frozenset[str]  # columns whose dots may do so
    skipped: int  # lines before the first row


def _find_form(path, separator, encoding, header):
    if separator is not None and len(separator) != 1:
        raise LoadError(
            f"separator must be one character, such as ',' or '\\t', got {separator!r}."
        )
    encoding = find_encoding(path, encoding)
    with open_text(path, encoding) as file:
        head = list(itertools.islice(file, 5 * SNIFFED_ROWS))
    skipped = 0
    told = _TOLD_SEPARATOR.fullmatch(head[0])
    if told and any(map(str.strip, head[1:])):  # it is Excel that is told
        separator, skipped = separator or told[1], 1
        del head[0]
    separator = separator or _sniff(head)
    reader = csv.reader(head, delimiter=separator)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise _broken_line(path, reader.line_num, error) from error
    if header is None and (n_titles := count_titles(rows)):
        warn_of_titles(path, rows[:n_titles])
        skipped, rows, header = skipped + n_titles, rows[n_titles:], True
    rows = list(filter(_filled, rows))[: SNIFFED_ROWS + 1]
    if header is None:
        header = has_header(rows)
    n_rows, trailing = _count_rows(path, encoding, separator, len(rows[0]), skipped)
    if n_rows - header < 1:
        raise LoadError(
            f"The file {str(path)!r} has a header ({', '.join(rows[0][:5])}) but no "
            "rows. A table needs at least one row; if the first line is a row, use "
            "load_dataset(source, header=False)."
        )
    names, renamed = column_names(rows[0] if header else None, len(rows[0]))
    evident = _has_decimal_commas(rows[1:])
    return _Form(
        encoding,
        separator,
        bool(header),
        names,
        renamed,
        n_rows - header,
        trailing,
        separator == ";" or evident,
        _numbers_with_dots(rows[header:], names, separator, evident),
        skipped,
    )


def _parse(path, form, chunksize=None):
    import pandas as pd

    try:
        return pd.read_csv(
            path,
            sep=form.separator,
            header=0 if form.header else None,
            skiprows=form.skipped,
            names=form.names,
            index_col=False,
            encoding=form.encoding,
            dtype=dict.fromkeys(form.dots_part_thousands, str),
            low_memory=False,
            skip_blank_lines=len(form.names) > 1,
            chunksize=chunksize,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise _unparsable(path, error) from error


def _parsed(path, frames):
    import pandas as pd

    try:
        yield from frames
    except pd.errors.ParserError as error:
        raise _unparsable(path, error) from error


def _unparsable(path, error):
    return LoadError(
        f"The file {str(path)!r} cannot be read as a table: {error}. Check its "
        "quotes and separators."
    )


def _check_count(path, form, n_read):
    if n_read != form.n_rows:
        raise LoadError(
            f"The file {str(path)!r} has {form.n_rows} rows, but {n_read} "
            "could be read. Check its quotes and line ends."
        )


def _broken_line(path, line, error):
    return LoadError(
        f"The file {str(path)!r} cannot be read at line {line} ({error}). A quoted "
        "cell must end with a quote, quotes within it must be doubled, and a cell may "
        f"hold at most {csv.field_size_limit():,} characters. Correct the line, or "
        "copy the file again if it is truncated."
    )


def _filled(row):
    return len(row) > 1 or (len(row) == 1 and row[0].strip() != "")


def _sniff(head):
    """Find the separator: one that cuts the first rows into equal numbers of cells."""
    best, found = (0, 0.0), _SINGLE
    for separator in _SEPARATORS:
        try:
            rows = list(filter(_filled, csv.reader(head, delimiter=separator)))
        except csv.Error:  # what this one leaves uncut is too long for a cell
            continue
        counts = [len(row) for row in rows[:SNIFFED_ROWS]]
        (mode, times) = collections.Counter(counts).most_common(1)[0]
        if mode == 1 and counts[0] > 1:
            mode = counts[0]  # a header of several names: the rows are too short
        if mode == 1:
            continue
        titles = counts.index(mode)
        below = len(counts) - (titles if mode > 2 and titles <= MOST_TITLES else 0)
        agreed = (int(counts[0] == mode), times / below)
        # Two texts with the same number of commas are no table of two columns.
        if agreed > best and (agreed[0] or agreed[1] > 0.9):
            best, found = agreed, separator
    return found


def _has_decimal_commas(rows):
    """Tell whether commas are decimal ones: columns are numbers only if they are.

    Where another column has commas that part thousands, the file contradicts itself.
    """
    found = False
    for j in range(max(map(len, rows), default=0)):
        cells = [row[j].strip() for row in rows if j < len(row)]
        cells = [cell for cell in cells if cell.casefold() not in NULL_STRINGS]
        if not any("," in cell for cell in cells):
            continue
        if all(parse_number(cell) is not None for cell in cells):
            return False
        found |= all(DECIMAL_COMMA.fullmatch(cell) for cell in cells)
    return found


def _numbers_with_dots(rows, names, separator, evident):
    """Find the columns that are numbers if dots part thousands.

    Where no decimal comma tells, it takes a file of semicolons, in which all numbers
    with a dot have three digits behind it, and all without have three at most.
    """
    if separator != ";" and not evident:
        return frozenset()
    found = set()
    for j, name in enumerate(names):
        cells = [row[j].strip() for row in rows if j < len(row)]
        cells = [cell for cell in cells if cell.casefold() not in NULL_STRINGS]
        if evident and cells and all(map(DECIMAL_COMMA.fullmatch, cells)):
            found.add(name)
        elif not evident and all(map(_WITH_THOUSANDS.fullmatch, cells)):
            dotted = sum("." in cell for cell in cells)
            if dotted >= _FEWEST_DOTTED and dotted <= (1 - _UNDOTTED) * len(cells):
                found.add(name)
    return frozenset(found)


def _count_rows(path, encoding, separator, width, skipped):
    """Count the rows, all of which have to be of one width.

    Returns
    -------
    n_rows : int
        Rows, the header among them. In a table of one column an empty line is a
        row, unless nothing follows.
    trailing : int
        Empty lines at the end.
    """
    n_rows, empty = 0, 0
    with open_text(path, encoding) as file:
        reader = csv.reader(file, delimiter=separator, strict=True)
        try:
            for row in itertools.islice(reader, skipped, None):
                if len(row) == width and (width > 1 or _filled(row)):
                    n_rows += 1 + (empty if width == 1 and n_rows else 0)
                    empty = 0
                elif not _filled(row):
                    empty += 1
                else:
                    raise LoadError(
                        f"Line {reader.line_num} of {str(path)!r} has "
                        f"{len(row)} cells, but the first row has {width}. All rows "
                        "must have the same number; correct the line, remove what does "
                        "not belong to the table, or read it with "
                        "load_dataset(source, separator='...')."
                    )
        except csv.Error as error:
            raise _broken_line(path, reader.line_num, error) from error
    return n_rows, empty


def _read_numbers(frame, form):
    """Turn columns of number strings into numbers."""
    for name in frame.columns[[not _is_number(kind) for kind in frame.dtypes]]:
        column = frame[name]
        texts = [t for t in column.dropna().unique() if isinstance(t, str)]
        cells = {text: text.strip() for text in texts}
        cells = {t: c for t, c in cells.items() if c.casefold() not in NULL_STRINGS}
        comma = _reads_commas(cells.values(), form, name)
        read = {}
        for text, cell in cells.items():
            number = _with_comma(cell) if comma else parse_number(cell)
            if number is None:
                break
            read[text] = number
        if len(read) < len(cells):
            if comma or form.dots_part_thousands:
                frame[name] = _with_plain_commas(column, cells, comma)
            continue
        if not np.isfinite(list(read.values())).any():
            continue
        numbers = column.map(read).astype(np.float64)
        if numbers.notna().all() and (numbers % 1 == 0).all():
            whole = all(cell.isdecimal() for cell in cells.values())
            if numbers.abs().max() < 2**53:
                numbers = numbers.astype(np.int64)
            elif whole and numbers.max() < 2**63:  # every digit counts
                numbers = column.map({t: int(c) for t, c in cells.items()})
        frame[name] = numbers
    return frame


def _reads_commas(cells, form, name):
    """Tell whether commas in a column are decimal ones, and its dots part thousands."""
    if not form.decimal_comma:
        return False
    if any("," in cell or cell.count(".") > 1 for cell in cells):
        return True
    return name in form.dots_part_thousands and all(map(DECIMAL_COMMA.fullmatch, cells))


def _with_comma(cell):
    if DECIMAL_COMMA.fullmatch(cell):
        return float(cell.replace(".", "").replace(",", "."))
    return None


def _with_plain_commas(column, cells, comma):
    """Say with every amount that its comma is a decimal one."""
    some = list(cells.values())[:1000]
    unit = guess_unit(some, decimal=",")
    if unit is None and comma:  # numbers with marks of missing values among them
        unit = guess_spelling(some, decimal=",")
    if unit is None or unit.decimal != ",":
        return column
    spelled = {text: with_plain_comma(cell) for text, cell in cells.items()}
    return column.map(lambda cell: spelled.get(cell, cell), na_action="ignore")


def _is_number(kind):
    return kind.kind in "biuf"
