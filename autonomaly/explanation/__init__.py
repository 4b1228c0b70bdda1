"""Explanation: why a fit did what it did, in words and numbers."""

from autonomaly.explanation._entries import Decision, Difference
from autonomaly.explanation._record import DecisionRecord

__all__ = ["Decision", "DecisionRecord", "Difference"]
