"""A short summary of a fit, for notebooks."""

from html import escape

__all__ = ["summary_html"]

_TABLE = '<table class="autonomaly-summary" style="text-align: left">'
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
    rows, by_choice = [], {}
    for decision in record:
        if decision.stage == "selection" or decision.choice == "dropped":
            by_choice.setdefault((f"{decision.stage}: {decision.choice}"), []).append(
                decision.subject
            )
        else:
            rows.append((f"{decision.stage}: {decision.subject}", decision.choice))
    for what, subjects in by_choice.items():
        rows.append((what, ", ".join(subjects)))
    body = "".join(_ROW.format(escape(a), escape(_text(b))) + "</tr>" for a, b in rows)
    return f"{_TABLE}{body}</table>"


def _text(choice):
    if isinstance(choice, list | tuple):
        return ", ".join(map(_text, choice))
    return f"{choice:.4g}" if isinstance(choice, float) else str(choice)
