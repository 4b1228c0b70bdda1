"""Time and memory: what is left, and what to plan with it."""

from autonomaly.resources._deadline import Deadline, OutOfTime, run_within
from autonomaly.resources._memory import chunk_rows
from autonomaly.resources._plan import ReferencePlan, parse_memory, plan_reference

__all__ = [
    "Deadline",
    "OutOfTime",
    "ReferencePlan",
    "chunk_rows",
    "parse_memory",
    "plan_reference",
    "run_within",
]
