"""One decision of a fit, and one difference between two."""

import json
import textwrap
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Decision", "Difference", "as_text"]

_WIDTH = 88


def as_text(value):
    """Write a JSON value for a reader: short floats, plain words."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {as_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(as_text(item) for item in value) + "]"
    return str(value)


def _exact_text(value):
    """Write a JSON value so that two different values never look the same."""
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True)
class Decision:
    """One choice, what it was about and why it was made.

    Parameters
    ----------
    stage : str
        The part of the fit, for example ``"selection"``.
    subject : str
        What was decided, for example ``"isolation_forest"`` or ``"contamination"``.
    choice : None, bool, int, float, str, list or dict
        What was chosen.
    reason : str
        Why, in a sentence a reader who did not write the program understands.
    evidence : dict, default={}
        The figures behind the reason. Values are what JSON can hold.

    See Also
    --------
    DecisionRecord : Holds the decisions of a fit in their order.

    Examples
    --------
    >>> from autonomaly.explanation import Decision
    >>> decision = Decision("selection", "lof", "rejected", "too few rows", {"n": 3})
    >>> print(decision)
    lof: rejected
        reason: too few rows
        n = 3
    """

    stage: str
    subject: str
    choice: object = field(hash=False)
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        lines = textwrap.wrap(f"{self.subject}: {as_text(self.choice)}", _WIDTH)
        if self.reason:
            lines += _indented(f"reason: {self.reason}")
        if self.evidence:
            items = (f"{key} = {as_text(v)}" for key, v in self.evidence.items())
            lines += _indented(", ".join(items))
        return "\n".join(lines)


def _indented(text):
    return textwrap.wrap(text, _WIDTH, initial_indent="    ", subsequent_indent="    ")


@dataclass(frozen=True)
class Difference:
    """One point in which two records differ.

    Parameters
    ----------
    stage, subject : str
        The decision concerned.
    kind : {"added", "removed", "changed"}
        ``"added"`` if only the other record has the decision, ``"removed"`` if
        only this one has it.
    what : str
        ``"decision"`` for a whole decision, else ``"choice"``, ``"reason"`` or
        ``"evidence.<key>"``.
    before, after : None, bool, int, float, str, list or dict, default=None
        The value in this record and in the other one. A side that has no such
        entry is ``None``.

    Examples
    --------
    >>> from autonomaly.explanation import Difference
    >>> print(Difference("threshold", "share", "changed", "choice", 0.1, 0.05))
    threshold / share: choice changed from 0.1 to 0.05
    """

    stage: str
    subject: str
    kind: Literal["added", "removed", "changed"]
    what: str
    before: object = field(default=None, hash=False)
    after: object = field(default=None, hash=False)

    def __str__(self) -> str:
        where = f"{self.stage} / {self.subject}"
        if self.what == "decision":
            text = self.after if self.kind == "added" else self.before
            side = "second" if self.kind == "added" else "first"
            return f"{where}: {_exact_text(text)}, only in the {side} record"
        if self.kind == "added":
            return f"{where}: {self.what} added, {_exact_text(self.after)}"
        if self.kind == "removed":
            return f"{where}: {self.what} removed, {_exact_text(self.before)}"
        before, after = _exact_text(self.before), _exact_text(self.after)
        return f"{where}: {self.what} changed from {before} to {after}"
