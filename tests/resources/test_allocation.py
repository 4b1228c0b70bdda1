"""The integer programme, compared with trying every possibility."""

import itertools
import math
import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autonomaly.resources import ResourceManager, Task


def worth(task, n):
    return task.value * sum(1 / k for k in range(1, n + 1))


def best_of_all(tasks, seconds, memory, n_jobs, max_trials):
    """The greatest worth within the budget, by trying every number of trials."""
    best = 0.0
    for counts in itertools.product(*(range(t.max_trials + 1) for t in tasks)):
        chosen = [(t, n) for t, n in zip(tasks, counts, strict=True) if n]
        if any(n > n_jobs * (seconds // t.seconds) for t, n in chosen):
            continue  # a trial runs on one worker
        if max_trials is not None and sum(counts) > max_trials:
            continue
        time = sum(t.seconds * n for t, n in chosen)
        held = sum(t.kept_bytes for t, _ in chosen)
        held += n_jobs * max((t.bytes for t, _ in chosen), default=0)
        if time <= seconds * n_jobs and (memory is None or held <= memory):
            best = max(best, sum(worth(t, n) for t, n in chosen))
    return best


task_lists = st.lists(
    st.builds(
        Task,
        name=st.just("?"),
        seconds=st.integers(1, 9).map(float),
        bytes=st.integers(0, 20),
        value=st.integers(1, 9).map(float),
        max_trials=st.integers(1, 3),
        kept_bytes=st.integers(0, 9),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=40)
@given(
    tasks=task_lists,
    seconds=st.integers(1, 20),
    memory=st.none() | st.integers(1, 40),
    n_jobs=st.integers(1, 2),
    max_trials=st.none() | st.integers(1, 6),
)
def test_nothing_is_better(tasks, seconds, memory, n_jobs, max_trials):
    tasks = [Task(**{**vars(task), "name": f"t{i}"}) for i, task in enumerate(tasks)]
    manager = ResourceManager(n_jobs=n_jobs)
    found = manager.allocate(tasks, seconds, memory, max_trials=max_trials)
    assert max_trials is None or sum(found.trials.values()) <= max_trials
    assert found.seconds <= seconds + 1e-9
    assert memory is None or found.bytes <= memory
    best = best_of_all(tasks, seconds, memory, n_jobs, max_trials)
    assert found.value == pytest.approx(best)
    assert {*found.trials} | {*found.left_out} == {task.name for task in tasks}
    assert not {*found.trials} & {*found.left_out}


def test_reasons():
    tasks = [
        Task("slow", seconds=11),
        Task("large", seconds=1, bytes=600),
        Task("poor", seconds=9, value=0.1),
        Task("good", seconds=2, value=3.0, max_trials=100),
    ]
    found = ResourceManager(n_jobs=2).allocate(tasks, seconds=10, memory=1000)
    assert found.trials == {"good": 10}
    assert found.left_out == {
        "slow": "one trial takes 11 s of 10 s",
        "large": "it needs 1200 bytes of 1000",
        "poor": "other trials are worth more for the same budget",
    }
    assert found.seconds == 10
    nothing = ResourceManager().allocate([Task("slow", seconds=9)], seconds=1)
    assert nothing.trials == {}
    assert nothing.value == 0


@pytest.mark.parametrize(
    ("tasks", "budget", "message"),
    [
        ([Task("a", 1), Task("a", 2)], {"seconds": 1}, "must be unique"),
        ([Task("a", 1)], {"seconds": 0}, "seconds=0"),
        ([Task("a", 1)], {"seconds": 1, "memory": 0}, "memory=0"),
        ([Task("a", 1)], {"seconds": 1, "max_trials": 0}, "max_trials=0"),
        ([Task("a", 1)], {"seconds": float("nan")}, "seconds=nan"),
        ([Task("a", 1, value=math.inf)], {"seconds": 1}, "its value finite"),
        ([Task("a", 0)], {"seconds": 1}, "of a task must be positive"),
        ([Task("a", 1, value=-1)], {"seconds": 1}, "of a task must be positive"),
    ],
)
def test_what_is_no_budget(tasks, budget, message):
    with pytest.raises(ValueError, match=message):
        ResourceManager().allocate(tasks, **budget)


def test_without_a_limit_of_time():
    tasks = [Task(name, seconds=1 + i, max_trials=9) for i, name in enumerate("abc")]
    for seconds in (None, math.inf):
        found = ResourceManager().allocate(tasks, seconds, max_trials=6)
        assert found.trials == {"a": 2, "b": 2, "c": 2}
    assert ResourceManager().allocate(tasks, None).trials == {"a": 9, "b": 9, "c": 9}


def test_trials_are_not_cut_in_two():
    """Nine seconds of work fit into ten, but not three times three into twice five."""
    three = [Task("a", seconds=3, max_trials=9)]
    assert ResourceManager(n_jobs=2).allocate(three, seconds=5).trials == {"a": 2}


def test_very_many_trials():
    tasks = [
        Task("often", seconds=1e-4, max_trials=10**5),
        Task("seldom", seconds=1.0, max_trials=10**5),
    ]
    started = time.monotonic()
    found = ResourceManager().allocate(tasks, 20.0)
    assert time.monotonic() - started < 10
    # a second of "seldom" no. k is worth 1/k, and 10,000 of "often" next to nothing
    assert 8 <= found.trials["seldom"] <= 19
    assert found.trials["often"] >= 9000
    assert found.seconds <= 20 * (1 + 1e-6)


def test_a_solver_without_time_leaves_a_good_plan(monkeypatch):
    import scipy.optimize

    real = scipy.optimize.milp
    outcomes = []

    def hurried(*args, options, **kwargs):
        outcomes.append(real(*args, options={"time_limit": 0.0}, **kwargs))
        return outcomes[-1]

    tasks = [
        Task(f"{i}", seconds=0.9 + 0.7 * i, bytes=7 * i, max_trials=40, kept_bytes=i)
        for i in range(12)
    ]
    best = ResourceManager().allocate(tasks, 30.0, 150, max_trials=25)
    monkeypatch.setattr(scipy.optimize, "milp", hurried)
    found = ResourceManager().allocate(tasks, 30.0, 150, max_trials=25)
    assert outcomes[0].x is None
    assert found.seconds <= 30
    assert found.bytes <= 150
    assert sum(found.trials.values()) <= 25
    assert 0.8 * best.value < found.value <= best.value


def test_system_state():
    state = ResourceManager().system_state()
    assert 1 <= state.n_cores <= os.cpu_count()
    assert math.isnan(state.load) or state.load >= 0
    if os.path.exists("/proc/meminfo"):
        assert 2**27 < state.memory_available <= state.memory_total
