"""Numbers written as texts, also those with a currency or a unit."""

import collections
import re
from dataclasses import dataclass

__all__ = [
    "DECIMAL_COMMA",
    "NULL_STRINGS",
    "Unit",
    "are_marks",
    "guess_spelling",
    "guess_unit",
    "parse_number",
    "split_amount",
    "with_plain_comma",
]

#: Spellings of a missing value, compared without case and outer blanks.
NULL_STRINGS = frozenset(
    {"", "?", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "nat", "null"}
    | {"none", "-", "--", "..."}
)

#: A number with a decimal comma, or none, in which dots may part thousands. A zero
#: before such dots would not be written: 0.512 is about a half.
DECIMAL_COMMA = re.compile(r"[+-]?([1-9]\d{0,2}(\.\d{3})+|\d+)(,\d*)?([eE][+-]?\d+)?")

_PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?")
# A zero before thousands would not be written, see above.
_GROUPED_NUMBER = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")

# Letters before a number are a unit only if they are one of these: A12 is a name.
_CURRENCIES = frozenset(
    "USD EUR GBP JPY CNY RMB CHF AUD CAD NZD HKD SGD TWD KRW INR PKR BDT LKR IDR MYR "
    "THB PHP VND SEK NOK DKK ISK PLN CZK HUF RON BGN RSD TRY RUB UAH KZT ILS AED SAR "
    "QAR KWD BHD EGP MAD NGN KES GHS ZAR MXN BRL ARS CLP COP PEN UYU".split()
)
_SIGNS = "$¢£¤¥֏؋৲৳৻૱௹฿៛₠-⃀﷼﹩＄￠￡￥￦"
_CURRENCY = re.compile(rf"[A-Za-z ]*[{_SIGNS}]|rs\.?|kr\.?|fr\.", re.IGNORECASE)
_BLANKS = str.maketrans(dict.fromkeys("\xa0\u202f\u2009\t", " ") | {"−": "-", "’": "'"})
_MAX_LENGTH = 64

_AMOUNT = re.compile(
    rf"""([+-]\ ?)?                                              # a sign
    ((?:[A-Za-z]{{1,3}}\ ?)?[{_SIGNS}]|%|[A-Za-z]{{2,3}}\.?)?    # what stands before
    (\ *)([+-]\ ?)?
    ((?:\d(?:[\d.,'\ ]*[\d.,])?|[.,]\d+)(?:[eE][+-]?\d+)?)       # the number
    (\ *)
    ((?:[^\W\d_]|[°%‰″′"'{_SIGNS}]|/(?=[^\W\d_]))                # what stands behind
     (?:[^\W\d_]|[°%‰²³¹⁻·*/^.{_SIGNS}-]|(?<=[^\W\d_])\d(?!\d)|\ (?=[^\W\d_])){{0,29}}
    )?""",
    re.VERBOSE,
)
_MINUS_BEHIND = re.compile(r"[^+-]*\d ?-")
_IN_BRACKETS = re.compile(r"([^()\d+-]*)\(([^()+-]*\d[^()+-]*)\)([^()\d+-]*)")
_EXPONENT = r"(?:[eE][+-]?\d+)?"
_LAKHS = r"\d{1,2}(?:,\d\d)+,\d{3}"  # 12,34,567 as in India
_POINT = re.compile(
    rf"(?:[1-9]\d{{0,2}}([,' ])\d{{3}}(?:\1\d{{3}})*|{_LAKHS}|\d+)(?:\.\d*)?{_EXPONENT}"
    rf"|\.\d+{_EXPONENT}"
)
_COMMA = re.compile(
    rf"(?:\d{{1,3}}([.' ])\d{{3}}(?:\1\d{{3}})*|\d+)(?:,\d*)?{_EXPONENT}"
    rf"|,\d+{_EXPONENT}"
)
# Dots that part thousands; one zero before them would not be written.
_DOTTED = re.compile(r"[1-9]\d{0,2}(\.\d{3})+")
_THOUSANDS = re.compile(r"\d[,' ]\d")
# What stands for a missing value is a word or a sign; these are codes: A, 2B, D12.
_CODE = re.compile(r"[A-Za-z]?\d*[A-Za-z]?")

# Shares of the rows of a column that is in one unit.
_AMOUNTS = 0.9  # at least: numbers in the unit or without any
_WITH_UNIT = 0.5  # at least
_OTHER_UNITS = 0.05  # at most
# A column of numbers may have so many other texts, and to each of them at least this
# many different numbers, in at least this share of the rows.
_MARKS, _NUMBERS_PER_MARK, _NUMBERS = 5, 20, 0.5


def parse_number(text):
    """Read one stripped string as a number.

    Parameters
    ----------
    text : str
        For example ``"-1.5e3"`` or, with thousands separators, ``"12,345.6"``.

    Returns
    -------
    float or None
        None if it is no number.

    Examples
    --------
    >>> from autonomaly.io._amounts import parse_number
    >>> parse_number("12,345.5"), parse_number("12,5")
    (12345.5, None)
    """
    if not text.isascii():
        text = text.translate(_BLANKS)
    if _PLAIN_NUMBER.fullmatch(text) or _PLAIN_NUMBER.fullmatch(text.lower()):
        return float(text)
    if _GROUPED_NUMBER.fullmatch(text):
        return float(text.replace(",", ""))
    return None


def split_amount(text):
    """Part a number from the unit before and behind it.

    Parameters
    ----------
    text : str
        Stripped.

    Returns
    -------
    affixes : tuple of str
        What stands around the number, sorted: nothing, a currency, a unit, or two.
    sign : int
        -1 or 1; amounts in brackets are negative, as accountants write them, and so
        are those with a minus behind.
    digits : str
        The number without sign, as it is written.

    None is returned for what is no amount, such as ``"A12"`` or ``"1.2.3"``.

    Examples
    --------
    >>> from autonomaly.io._amounts import split_amount
    >>> split_amount("($1,234.00)"), split_amount("7 years"), split_amount("A12")
    ((('$',), -1, '1,234.00'), (('year',), 1, '7'), None)
    """
    if len(text) > _MAX_LENGTH:
        return None
    if not text.isascii():
        text = text.translate(_BLANKS)
    sign = 1
    if "(" in text:
        brackets = _IN_BRACKETS.fullmatch(text)
        if brackets is None:
            return None
        sign, text = -1, "".join(brackets.groups()).strip()
    elif _MINUS_BEHIND.fullmatch(text):
        sign, text = -1, text[:-1].rstrip()
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return None
    outer, before, gap, inner, digits, space, behind = found.groups()
    if outer and inner:
        return None
    affixes = ()
    if before or behind:
        glued = (before and not gap and before[-1].isalpha()) or (
            behind and not space and behind[0].isalpha()
        )
        if glued and digits[0] == "0" and digits[1:2].isdigit():
            return None  # 007A is a name
        if before:
            if before.upper() in _CURRENCIES:
                before = before.upper()
            elif before != "%" and not _CURRENCY.fullmatch(before):
                return None
            elif not gap and before.isalpha() and before != "Rs":
                return None  # rs7412 is a gene variant
        behind = behind and _unit_name(behind)
        affixes = tuple(sorted(filter(None, (before, behind))))
    if "-" in (outer or inner or ""):
        sign = -sign
    return affixes, sign, digits


def _unit_name(text):
    """Give a unit one spelling: years are a year, usd are USD."""
    return " ".join(map(_unit_word, text.split(" ")))


def _unit_word(word):
    if word.upper() in _CURRENCIES:
        return word.upper()
    if len(word) < 3 or not word.isalpha():
        return word
    word = word.lower() if len(word) > 3 else word
    return word[:-1] if word[-1] == "s" else word


def _value(digits, decimal):
    """Read digits with a decimal point or a decimal comma; None if they are neither."""
    if digits.isdecimal():
        return float(digits)
    if decimal == ".":
        if not _POINT.fullmatch(digits):
            return None
        for mark in ",' ":
            digits = digits.replace(mark, "")
        return float(digits)
    if not _COMMA.fullmatch(digits):
        return None
    for mark in ".' ":
        digits = digits.replace(mark, "")
    return float(digits.replace(",", "."))


@dataclass(frozen=True)
class Unit:
    """What stands around the numbers of a column, and how they are written.

    Parameters
    ----------
    affixes : tuple of str
        The unit, the currency or both.
    decimal : {".", ","}
        How numbers are read that can be read in two ways, such as ``"1,234"``.

    Examples
    --------
    >>> from autonomaly.io._amounts import Unit
    >>> mass = Unit(("kg",), ".")
    >>> mass.read("1,234.5 kg"), mass.read("12"), mass.read("12 lb")
    (1234.5, 12.0, None)
    """

    affixes: tuple[str, ...]
    decimal: str

    def read(self, text):
        """Read a text as a number; None if it is none, or one with another unit."""
        amount = split_amount(text)
        if amount is None:
            return parse_number(text)
        affixes, sign, digits = amount
        if affixes and affixes != self.affixes:
            return None
        value = _value(digits, self.decimal)
        if value is None:  # there is one way only
            value = _value(digits, "." if self.decimal == "," else ",")
        return None if value is None else sign * value

    def __str__(self):
        return " ".join(self.affixes)


def guess_unit(texts, counts=None, *, decimal=None):
    """Find the one unit or currency in which most of the given texts are.

    Parameters
    ----------
    texts : list of str
        Distinct, stripped, not missing.
    counts : list of int or None
        How often each occurs; None for once.
    decimal : {".", ","} or None
        How numbers are written if they do not tell; None for a point, except where
        dots part thousands of a currency.

    Returns
    -------
    Unit or None
        None if these are no amounts, or of several units.

    Examples
    --------
    >>> from autonomaly.io._amounts import guess_unit
    >>> guess_unit(["1.234,56 €", "€ 12", "99"])
    Unit(affixes=('€',), decimal=',')
    >>> guess_unit(["12 kg", "3 lb"]), guess_unit(["INV-001", "INV-002"])
    (None, None)
    """
    first = texts[:20]
    if sum(split_amount(text) is not None for text in first) < 0.5 * len(first):
        return None
    counts = [1] * len(texts) if counts is None else counts
    amounts, rows, others = [], collections.Counter(), []
    for text, count in zip(texts, counts, strict=True):
        if (amount := split_amount(text)) is not None:
            amounts.append(amount)
            rows[amount[0]] += count
        else:
            others.append(text)
    n_rows, n_read, n_bare = sum(counts), rows.total(), rows.pop((), 0)
    if are_marks(others, len(amounts), n_read / n_rows):
        n_rows = n_read
    if not rows:
        return None
    ((affixes, n_same),) = rows.most_common(1)
    if (
        n_same < _WITH_UNIT * n_rows
        or n_same + n_bare < _AMOUNTS * n_rows
        or rows.total() - n_same > _OTHER_UNITS * n_rows
    ):
        return None
    digits = [d for a, _, d in amounts if a == affixes]
    return Unit(affixes, _decimal_mark(digits, affixes, decimal))


def are_marks(others, n_numbers, share):
    """Tell whether the texts beside numbers stand for missing ones, such as "k.A.".

    Few different texts do beside many different numbers; codes do not, since in a
    column of 1, 2, 3, A and B the numbers are codes, too.

    Parameters
    ----------
    others : list of str
        Distinct texts that are no numbers.
    n_numbers : int
        Distinct texts that are.
    share : float
        Share of the rows that hold numbers.

    Returns
    -------
    bool
        False if there are no such texts.

    Examples
    --------
    >>> from autonomaly.io._amounts import are_marks
    >>> are_marks(["k.A."], 60, 0.9), are_marks(["k.A."], 5, 0.9)
    (True, False)
    >>> are_marks(["A", "B"], 60, 0.9)
    False
    """
    return (
        0 < len(others) <= _MARKS
        and n_numbers >= _NUMBERS_PER_MARK * len(others)
        and share >= _NUMBERS
        and not any(map(_CODE.fullmatch, others))
    )


def guess_spelling(texts, counts=None, *, decimal=None):
    """Find out how numbers without a unit are written that are no plain ones.

    Parameters
    ----------
    texts : list of str
        Distinct, stripped, not missing.
    counts : list of int or None
        How often each occurs; None for once.
    decimal : {",", None}
        A comma where the file says so of numbers that do not tell.

    Returns
    -------
    Unit or None
        Without a unit; None if these are plain numbers, or not all are numbers in one
        and the same reading.

    Examples
    --------
    >>> from autonomaly.io._amounts import guess_spelling
    >>> guess_spelling(["1.234,56", "120,3"]), guess_spelling(["2'857.29", "12"])
    (Unit(affixes=(), decimal=','), Unit(affixes=(), decimal='.'))
    >>> guess_spelling(["(76.52)", "12"]).read("(76.52)")
    -76.52
    >>> guess_spelling(["1,234", "12"]), guess_spelling(["192.168.100.200"])
    (None, None)
    """
    counts = [1] * len(texts) if counts is None else counts
    digits, others, n_others = [], [], 0
    for text, count in zip(texts, counts, strict=True):
        amount = split_amount(text)
        if amount is None or amount[0]:
            others.append(text)
            n_others += count
            if len(others) > _MARKS:
                return None
        else:
            digits.append(amount[2])
    share = 1 - n_others / sum(counts)
    if not digits or (others and not are_marks(others, len(digits), share)):
        return None
    point = all(map(_POINT.fullmatch, digits))
    if all(map(_COMMA.fullmatch, digits)):
        if decimal == "," or not point:
            if any("," in d for d in digits):
                return Unit((), ",")
        elif _are_grouped(texts, digits):
            return Unit((), ".")
    elif point and any(
        not _GROUPED_NUMBER.fullmatch(d) and _THOUSANDS.search(d) for d in digits
    ):
        return Unit((), ".")
    return Unit((), ".") if point and _have_negatives(texts) else None


def _have_negatives(texts):
    """Tell whether some numbers are negative as accountants write it, others plain."""
    numbers = [text for text in texts if split_amount(text) is not None]
    negative = sum(text[-1] in ")-" for text in numbers)
    return 0 < negative < len(numbers)


def _are_grouped(texts, digits):
    """Tell whether whole numbers have blanks between thousands, and are no phones."""
    marked = [d for d in digits if "'" in d or " " in d]
    if not marked or any(d[0] == "0" for d in marked):
        return False
    return len(set(map(len, digits))) > 1 and not any(t[0] == "+" for t in texts)


def _decimal_mark(digits, affixes, decimal):
    """Find out whether numbers are written with a decimal point or a comma."""
    marked = [d for d in digits if not d.isdecimal()]
    point = sum(_POINT.fullmatch(d) is not None for d in marked)
    comma = sum(_COMMA.fullmatch(d) is not None for d in marked)
    if point != comma:
        return "." if point > comma else ","
    if decimal is not None:
        return decimal
    # Nobody writes three decimals of a currency, but many write € 1.234 for 1,234.
    money = any(a in _CURRENCIES or _CURRENCY.fullmatch(a) for a in affixes)
    dotted = [d for d in marked if "." in d]
    return "," if money and dotted and all(map(_DOTTED.fullmatch, dotted)) else "."


def with_plain_comma(text):
    """Spell an amount with a decimal comma so that it can be read in no other way.

    Parameters
    ----------
    text : str
        Stripped.

    Returns
    -------
    str
        Without dots between thousands, and never with three digits behind the comma.

    Examples
    --------
    >>> from autonomaly.io._amounts import with_plain_comma
    >>> with_plain_comma("1.234 €"), with_plain_comma("1,234 kg")
    ('1234 €', '1,2340 kg')
    """
    amount = split_amount(text)
    digits = "" if amount is None else amount[2]
    if not (_COMMA.fullmatch(digits) and _POINT.fullmatch(digits)):
        return text
    plain = digits.replace(".", "")
    if "," in plain and "e" not in plain.lower():
        plain += "0"
    # What stands around the number holds no digits in front of it.
    return text.replace(digits, plain, 1)
