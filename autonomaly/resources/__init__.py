"""Time and memory: what is left, and what to plan with it."""

from autonomaly.resources._deadline import Deadline, OutOfTime, run_within
from autonomaly.resources._memory import bytes_per_row, chunk_rows
from autonomaly.resources._pace import Costs, slowness
from autonomaly.resources._plan import MemoryOptimizer, TrainingPlan, parse_memory

__all__ = [
    "Costs",
    "Deadline",
    "MemoryOptimizer",
    "OutOfTime",
    "TrainingPlan",
    "bytes_per_row",
    "chunk_rows",
    "parse_memory",
    "run_within",
    "slowness",
]
