"""Explanation: why a fit did what it did, in words and numbers."""

from autonomaly.explanation._record import Decision, DecisionRecord, Difference

__all__ = ["Decision", "DecisionRecord", "Difference"]
