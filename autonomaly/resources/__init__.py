"""Time and memory: what is left, and what to plan with it."""

from autonomaly.resources._deadline import Deadline, OutOfTime, run_within
from autonomaly.resources._memory import chunk_rows

__all__ = ["Deadline", "OutOfTime", "chunk_rows", "run_within"]
