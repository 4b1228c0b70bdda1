"""Time and memory: what is left, and what to plan with it."""

from autonomaly.resources._allocation import (
    Allocation,
    ResourceManager,
    SystemState,
    Task,
)
from autonomaly.resources._backends import (
    Parallel,
    parallel_threads,
    run_here,
    workers_in_time,
)
from autonomaly.resources._chunk_rows import bytes_per_row, chunk_rows
from autonomaly.resources._cost_model import CostEstimate, CostModel
from autonomaly.resources._deadline import Deadline, OutOfTime, run_within
from autonomaly.resources._memory_plan import (
    MemoryOptimizer,
    TrainingPlan,
    parse_memory,
)
from autonomaly.resources._stopwatch import Stopwatch, slowness

__all__ = [
    "Allocation",
    "CostEstimate",
    "CostModel",
    "Deadline",
    "MemoryOptimizer",
    "OutOfTime",
    "Parallel",
    "ResourceManager",
    "Stopwatch",
    "SystemState",
    "Task",
    "TrainingPlan",
    "bytes_per_row",
    "chunk_rows",
    "parallel_threads",
    "parse_memory",
    "run_here",
    "run_within",
    "slowness",
    "workers_in_time",
]
