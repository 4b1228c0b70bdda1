"""A short summary of a fit, for notebooks."""

from html import escape

from autonomaly._utils._words import count, percent
from autonomaly.explanation._entries import as_text

__all__ = ["summary_html"]

_TABLE = '<table class="autonomaly-summary" style="text-align: left">'
_CAPTION = (
    "<caption>What the fit decided; reasons: <code>print(detector.record_)</code>"
    "</caption>"
)
_ROW = '<tr><th style="text-align: left">{}</th><td style="text-align: left">{}</td>'


def summary_html(record):
    """Write down in a few lines of HTML what was chosen.

    Parameters
    ----------
    record : DecisionRecord
        The record of a fit.

    Returns
    -------
    str
        A table; names that come from the data are escaped.

    Examples
    --------
    >>> from autonomaly.explanation import DecisionRecord
    >>> from autonomaly.explanation._html import summary_html
    >>> record = DecisionRecord()
    >>> _ = record.add("profile", "data", "9 rows, 2 columns", "counted")
    >>> "9 rows, 2 columns</td></tr></table>" in summary_html(record)
    True
    """
    lines = {}
    for decision in record:
        kind = f"{decision.stage}: {decision.subject}"
        if decision.stage == "selection" or decision.choice == "dropped":
            kind = f"{decision.stage}: {decision.choice}"
            lines.setdefault(kind, []).append(decision.subject)
        elif not _is_threshold(decision):
            lines[kind] = [as_text(decision.choice)]
    rows = [*_flagged(record), *((kind, ", ".join(of)) for kind, of in lines.items())]
    body = "".join(_ROW.format(escape(a), escape(b)) + "</tr>" for a, b in rows)
    return f"{_TABLE}{_CAPTION}{body}</table>"


def _is_threshold(decision):
    of_the_fit = decision.stage in ("threshold", "labels")
    return of_the_fit and decision.subject == "contamination"


def _flagged(record):
    """Say how many rows the last threshold flags."""
    thresholds = [decision for decision in record if _is_threshold(decision)]
    if not thresholds:
        return []
    share, evidence = thresholds[-1].choice, thresholds[-1].evidence
    said = f"{percent(share)} of the rows"
    if n_rows := evidence.get("rows"):
        n_flagged = round(share * n_rows)
        said = f"{n_flagged} of {count(n_rows, 'row')} ({percent(share)})"
    return [("Flagged", f"{said}, scores below {as_text(evidence.get('offset'))}")]
