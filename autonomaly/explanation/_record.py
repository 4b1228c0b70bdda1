"""The record of every decision of a fit."""

import html
import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Literal, Self, overload

from autonomaly._utils._json import json_safe
from autonomaly.exceptions import DataError
from autonomaly.explanation._entries import Decision, Difference, as_text

_SCHEMA_VERSION = 1
_HTML_ROWS = 100
_MISSING = object()


class DecisionRecord:
    """Every decision of a fit, in order: readable, comparable, storable.

    A record is a sequence of :class:`Decision`. It is written while a fit runs
    and read afterwards: ``print(record)`` is a text for people, `to_json` one
    for programs, `diff` tells two fits apart.

    Parameters
    ----------
    decisions : iterable of Decision, default=()
        Decisions to start with.

    Attributes
    ----------
    stages : tuple of str
        The stages that took a decision, in the order of their first one.

    See Also
    --------
    Decision : One entry.
    Difference : One point in which two records differ.

    Examples
    --------
    >>> from autonomaly.explanation import DecisionRecord
    >>> record = DecisionRecord()
    >>> decision = record.add(
    ...     "selection", "lof", "used", "few columns, local density is meaningful",
    ...     n_features=3,
    ... )
    >>> print(record)
    1 decision in 1 stage
    <BLANKLINE>
    selection
      lof: used
          reason: few columns, local density is meaningful
          n_features = 3
    >>> DecisionRecord.from_json(record.to_json()) == record
    True
    """

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self._decisions = [_checked(decision) for decision in decisions]

    def add(
        self,
        stage: str,
        subject: str,
        choice: object,
        reason: str,
        /,
        **evidence: object,
    ) -> Decision:
        """Write one decision down.

        Parameters
        ----------
        stage : str
            The part of the fit.
        subject : str
            What was decided.
        choice : object
            What was chosen.
        reason : str
            Why, in one sentence.
        **evidence : object
            The figures behind the reason. They and `choice` are converted at
            once to what JSON can hold: numpy scalars and arrays to numbers and
            lists, NaN and infinities to ``None``.

        Returns
        -------
        Decision
            The decision as it was stored.
        """
        decision = _checked(Decision(stage, subject, choice, reason, evidence))
        self._decisions.append(decision)
        return decision

    @property
    def stages(self) -> tuple[str, ...]:
        """Tuple of str: the stages in the order of their first decision."""
        return tuple(dict.fromkeys(decision.stage for decision in self))

    def filter(
        self, stage: str | None = None, subject: str | None = None
    ) -> "DecisionRecord":
        """Keep the decisions of a stage, about a subject, or both.

        Parameters
        ----------
        stage : str or None, default=None
            The stage to keep; ``None`` keeps all.
        subject : str or None, default=None
            The subject to keep; ``None`` keeps all.

        Returns
        -------
        DecisionRecord
            A new record, empty if nothing matches.
        """
        return DecisionRecord(
            decision
            for decision in self
            if (stage is None or decision.stage == stage)
            and (subject is None or decision.subject == subject)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain dicts and lists, ready for JSON.

        Returns
        -------
        dict
            ``{"schema_version": 1, "decisions": [...]}``.
        """
        return {
            "schema_version": _SCHEMA_VERSION,
            "decisions": [json_safe(decision) for decision in self],
        }

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """Rebuild a record from `to_dict`.

        Parameters
        ----------
        state : dict
            What `to_dict` returned.

        Returns
        -------
        DecisionRecord
            The record.

        Raises
        ------
        DataError
            If `state` has no or another schema version, or is not complete.
        """
        version = state.get("schema_version") if isinstance(state, dict) else None
        if version != _SCHEMA_VERSION:
            raise DataError(
                f"The decision record has schema version {version!r}. This version "
                f"reads {_SCHEMA_VERSION}; write the record again with this version "
                "or read it with the version that wrote it."
            )
        entries = state.get("decisions")
        names = ("stage", "subject", "choice", "reason", "evidence")
        if not isinstance(entries, list) or not all(
            isinstance(entry, dict) and set(entry) == set(names) for entry in entries
        ):
            raise DataError(
                "The decision record is damaged. 'decisions' must be a list of "
                f"objects with exactly the keys {', '.join(names)}; pass the dict "
                "that to_dict returned."
            )
        return cls(Decision(**entry) for entry in entries)

    def to_json(self, *, indent: int | None = 2) -> str:
        """Return the record as JSON text.

        Parameters
        ----------
        indent : int or None, default=2
            Spaces per level; ``None`` writes one line.

        Returns
        -------
        str
            Strict JSON, without NaN or infinity.
        """
        return json.dumps(
            self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Rebuild a record from `to_json`.

        Parameters
        ----------
        text : str or bytes
            What `to_json` returned.

        Returns
        -------
        DecisionRecord
            The record.

        Raises
        ------
        DataError
            If the text is not JSON or not a record of this schema version.
        """
        try:
            state = json.loads(text)
        except ValueError as error:
            raise DataError(
                f"The decision record is not valid JSON ({error}). Pass the string "
                "that to_json returned."
            ) from error
        return cls.from_dict(state)

    def diff(
        self, other: "DecisionRecord", *, ignore: Iterable[str] = ()
    ) -> list[Difference]:
        """List the points in which another record differs from this one.

        Decisions are matched by stage, subject and, where a stage decided on a
        subject more than once, by their order.

        Parameters
        ----------
        other : DecisionRecord
            The record to compare with.
        ignore : iterable of str, default=()
            Keys of the evidence that do not matter, such as run times.

        Returns
        -------
        list of Difference
            Empty if the records agree. The order of decisions about different
            subjects does not count.

        Examples
        --------
        >>> from autonomaly.explanation import DecisionRecord
        >>> first, second = DecisionRecord(), DecisionRecord()
        >>> _ = first.add("ensemble", "lof", "used", "fits", seconds=0.1)
        >>> _ = second.add("ensemble", "lof", "rejected", "too slow", seconds=0.3)
        >>> for difference in first.diff(second, ignore=["seconds"]):
        ...     print(difference)
        ensemble / lof: choice changed from "used" to "rejected"
        ensemble / lof: reason changed from "fits" to "too slow"
        """
        if not isinstance(other, DecisionRecord):
            raise TypeError(
                f"other must be a DecisionRecord, got {type(other).__name__}. Read a "
                "stored one with DecisionRecord.from_json."
            )
        ignore = {ignore} if isinstance(ignore, str) else set(ignore)
        mine, theirs = self._keyed(), other._keyed()
        differences: list[Difference] = []
        for key in dict.fromkeys([*mine, *theirs]):
            before, after = mine.get(key), theirs.get(key)
            if before is None or after is None:
                stage, subject, _ = key
                first, second = (
                    None if side is None else side.choice for side in (before, after)
                )
                kind: Literal["added", "removed"]
                kind = "added" if before is None else "removed"
                differences.append(
                    Difference(stage, subject, kind, "decision", first, second)
                )
            else:
                differences += _changes(before, after, ignore)
        return differences

    def _keyed(self):
        seen = Counter()
        keyed = {}
        for decision in self:
            name = (decision.stage, decision.subject)
            keyed[(*name, seen[name])] = decision
            seen[name] += 1
        return keyed

    def __len__(self) -> int:
        return len(self._decisions)

    def __iter__(self) -> Iterator[Decision]:
        return iter(self._decisions)

    @overload
    def __getitem__(self, index: int) -> Decision: ...

    @overload
    def __getitem__(self, index: slice) -> "DecisionRecord": ...

    def __getitem__(self, index: int | slice) -> "Decision | DecisionRecord":
        if isinstance(index, slice):
            return DecisionRecord(self._decisions[index])
        return self._decisions[index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DecisionRecord):
            return NotImplemented
        return self._decisions == other._decisions

    # a record grows while a fit runs
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<DecisionRecord: {self._headline()}>"

    def _headline(self):
        n_decisions, n_stages = len(self), len(self.stages)
        return (
            f"{n_decisions} decision{'' if n_decisions == 1 else 's'} in "
            f"{n_stages} stage{'' if n_stages == 1 else 's'}"
        )

    def __str__(self) -> str:
        blocks = [self._headline()]
        for stage in self.stages:
            decisions = "\n".join(str(decision) for decision in self.filter(stage))
            blocks.append(f"{stage}\n{textwrap.indent(decisions, '  ')}")
        return "\n\n".join(blocks)

    def _repr_html_(self):
        rows = []
        for decision in self._decisions[:_HTML_ROWS]:
            evidence = ", ".join(
                f"{key} = {as_text(value)}" for key, value in decision.evidence.items()
            )
            cells = (
                decision.stage,
                decision.subject,
                as_text(decision.choice),
                decision.reason,
                evidence,
            )
            rows.append(
                "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells) + "</tr>"
            )
        left_out = len(self) - len(rows)
        more = f"<p>and {left_out} more; print the record for all</p>" * (left_out > 0)
        heads = ("stage", "subject", "choice", "reason", "evidence")
        return (
            f"<details><summary>{self._headline()}</summary><table><thead><tr>"
            + "".join(f"<th>{head}</th>" for head in heads)
            + f"</tr></thead><tbody>{''.join(rows)}</tbody></table>{more}</details>"
        )


def _checked(decision):
    """Return the decision with JSON-safe values, or say what is wrong."""
    if not isinstance(decision, Decision):
        raise TypeError(
            "A DecisionRecord holds Decision objects, got "
            f"{type(decision).__name__}. Add new ones with add()."
        )
    for name in ("stage", "subject", "reason"):
        value = getattr(decision, name)
        if not isinstance(value, str):
            raise TypeError(
                f"{name} must be a string, got {value!r} of type "
                f"{type(value).__name__}. Put figures into the evidence."
            )
    if not isinstance(decision.evidence, dict):
        raise TypeError(
            "evidence must be a dict that maps names to values, got "
            f"{type(decision.evidence).__name__}."
        )
    return Decision(
        json_safe(decision.stage),
        json_safe(decision.subject),
        json_safe(decision.choice),
        json_safe(decision.reason),
        json_safe(decision.evidence),
    )


def _changes(before, after, ignore):
    where = (before.stage, before.subject)
    changes = [
        Difference(*where, "changed", name, getattr(before, name), getattr(after, name))
        for name in ("choice", "reason")
        if not _same(getattr(before, name), getattr(after, name))
    ]
    for key in dict.fromkeys([*before.evidence, *after.evidence]):
        old = before.evidence.get(key, _MISSING)
        new = after.evidence.get(key, _MISSING)
        if key in ignore or _same(old, new):
            continue
        what = f"evidence.{key}"
        if old is _MISSING:
            changes.append(Difference(*where, "added", what, None, new))
        elif new is _MISSING:
            changes.append(Difference(*where, "removed", what, old, None))
        else:
            changes.append(Difference(*where, "changed", what, old, new))
    return changes


def _same(first, second):
    """Compare as JSON does: True is not 1."""
    if isinstance(first, bool) != isinstance(second, bool):
        return False
    return first == second
