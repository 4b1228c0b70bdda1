"""Time and memory, planned and kept."""

import re
import threading
import time
from types import SimpleNamespace

import pytest

from autonomaly.resources import (
    Deadline,
    MemoryOptimizer,
    OutOfTime,
    Stopwatch,
    bytes_per_row,
    chunk_rows,
    parse_memory,
    run_within,
    slowness,
)
from autonomaly.resources._deadline import Work


@pytest.mark.parametrize(
    ("given", "n_bytes"),
    [
        (None, None),
        (1, 1),
        (1e9, 10**9),
        ("1024", 1024),
        ("2kb", 2048),
        (" 1.5 MB ", 3 * 2**19),
        ("2GB", 2**31),
        ("1tb", 2**40),
        ("7b", 7),
    ],
)
def test_parse_memory(given, n_bytes):
    assert parse_memory(given) == n_bytes


@pytest.mark.parametrize(
    "given",
    [0, -1, True, "0", "-2GB", "GB", "two GB", "1.2.3MB", ".", "", "2 XB", [1],
     float("nan"), float("inf"), "0.1b"],
)  # fmt: skip
def test_memory_that_cannot_be_read(given):
    with pytest.raises(ValueError, match="memory_limit must be a positive number"):
        parse_memory(given)


def plan(*shape, **budget):
    return MemoryOptimizer().plan(*shape, **budget)


def test_reference():
    assert plan(300, 5).n_reference == 300
    assert "all rows" in plan(300, 5).reason
    assert plan(50_000, 5).n_reference == 4000
    large = plan(200_000, 5)
    assert large.n_reference < 4000
    assert "more than" in large.reason


def test_reference_for_less_memory_and_time():
    sizes = [
        plan(50_000, 20, memory_limit=m * 2**20).n_reference for m in (1, 50, 100, 9999)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] == 200  # fewer describe nothing
    assert sizes[1] < sizes[2] <= sizes[3] == 4000
    assert "memory_limit" in plan(4000, 20, memory_limit=2**20).reason
    times = [plan(50_000, 20, time_budget=t).n_reference for t in (0.1, 1, 3, 60)]
    assert times == sorted(times)
    assert times[-1] == 4000
    assert "time_budget" in plan(5000, 20, time_budget=1).reason
    assert (
        plan(5000, 200, time_budget=2).n_reference
        < plan(5000, 20, time_budget=2).n_reference
    )
    # Never more than there are.
    assert plan(50, 20, memory_limit=1, time_budget=0.01).n_reference == 50


def test_what_takes_longer_gets_a_smaller_reference():
    budget = {"time_budget": 10, "score_all": True}
    some = MemoryOptimizer().plan(90_000, 30, time_budget=10)
    every = MemoryOptimizer().plan(90_000, 30, **budget)
    busy = MemoryOptimizer(slowness=10.0).plan(90_000, 30, time_budget=10)
    threads = MemoryOptimizer(speed=1.5).plan(90_000, 30, **budget)
    assert every.n_reference < threads.n_reference
    assert threads.estimated_seconds <= 10
    assert every.n_reference < some.n_reference
    assert busy.n_reference < some.n_reference
    assert some.estimated_seconds <= 10
    enough = plan(50_000, 30, time_budget=3600, score_all=True)
    assert enough.n_reference == 4000


def test_strategies():
    needed = plan(100_000, 20).estimated_bytes
    assert 100_000 * 20 * 8 < needed < 20 * 100_000 * 20 * 8
    for limit, strategy in [
        (None, "full_batch"),
        (needed, "full_batch"),
        (needed - 1, "mini_batch"),
        (needed // 2, "mini_batch"),
        (needed // 2 - 1, "sampled_mini_batch"),
    ]:
        found = plan(100_000, 20, memory_limit=limit)
        assert found.strategy == strategy
        if strategy == "full_batch":
            assert found.data_sampling_ratio == 1
        elif strategy == "sampled_mini_batch":
            assert found.data_sampling_ratio < 1
    little = plan(10**7, 20, memory_limit="1GB")
    assert little.strategy == "sampled_mini_batch"
    # What is held of the table takes a small part of the memory.
    assert little.data_sampling_ratio * 10**7 * 20 * 8 <= 2**30 / 8
    assert little.data_sampling_ratio * 10**7 >= little.n_reference
    half = plan(100_000, 20, memory_limit=2**25)
    assert half.data_sampling_ratio * 100_000 * 4 * 20 * 8 <= 2**24
    huge = plan(10**9, 20, memory_limit="64GB")
    assert huge.data_sampling_ratio * 10**9 == pytest.approx(200_000)
    assert little.batch_size < 10**6
    with pytest.raises(ValueError, match="memory_limit must be .*got 'lots'"):
        plan(10, 2, memory_limit="lots")


def test_slowness_sees_a_busy_machine():
    idle = min(slowness() for _ in range(3))
    done = threading.Event()

    def work():
        while not done.is_set():
            sum(range(1000))

    others = [threading.Thread(target=work) for _ in range(8)]
    for thread in others:
        thread.start()
    try:
        busy = slowness()
    finally:
        done.set()
        for thread in others:
            thread.join()
    assert 0.5 <= idle < busy


def test_costs_follow_the_last_measurement():
    costs = Stopwatch()
    with costs.measured("sleep", n_rows=10):
        time.sleep(0.05)
    assert 0.005 <= costs.per_row("sleep") < 0.05
    costs.add("a", seconds=1.0, n_rows=10)
    costs.add("a", seconds=4.0, n_rows=10)
    assert costs.per_row("a") == pytest.approx(4.5 / 15)
    assert costs.per_row("a", "b", "sleep") == pytest.approx(
        costs.per_row("a") + costs.per_row("sleep")
    )


@pytest.mark.parametrize("n_samples", [1, 999, 10**6, 10**8])
@pytest.mark.parametrize("memory_limit", [None, 1, 10**6, 10**12])
def test_chunks_cover_the_rows_evenly(n_samples, memory_limit):
    rows = chunk_rows(n_samples, 30, memory_limit)
    assert 1 <= rows <= n_samples
    n_chunks = -(-n_samples // rows)
    assert n_chunks * rows - n_samples < max(rows, n_chunks)
    if memory_limit is not None:
        assert (rows - 1) * bytes_per_row(30) <= memory_limit / 16


@pytest.mark.parametrize(("n_samples", "chunks"), [(1999, 1), (2000, 2), (6000, 4)])
def test_chunks_keep_two_threads_busy(n_samples, chunks):
    rows = chunk_rows(n_samples, 20)
    assert -(-n_samples // rows) == chunks


def test_chunks_shrink_with_columns():
    assert chunk_rows(10**6, 1000) < chunk_rows(10**6, 10)


def test_deadline(monkeypatch):
    # A clock of its own: on a busy machine seconds may pass between two lines.
    now = 100.0
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr("autonomaly.resources._deadline.time", clock)
    free = Deadline(None)
    assert free.remaining == float("inf")
    assert not free.expired
    free.check("anything")
    short = Deadline(0.05)
    assert short.remaining == pytest.approx(0.05)
    now += 0.04
    assert short.remaining == pytest.approx(0.01)
    short.check("something")
    now += 0.02
    assert short.remaining == 0
    assert short.expired
    with pytest.raises(OutOfTime, match="time budget of 0.05 s was spent before 'lof'"):
        short.check("lof")


def test_work_that_is_waited_for_again():
    wait = threading.Event()
    work = Work("it", lambda: wait.wait(5))
    with pytest.raises(OutOfTime):
        work.result(Deadline(0.05))
    with pytest.raises(OutOfTime, match=r"within the 0\.1\d* s that it was allotted"):
        work.result(Deadline(0.05))
    wait.set()
    assert work.result(Deadline(5))


def test_time_of_no_use_is_given_back():
    whole = Deadline(100.0)
    half = whole.part(0.5)
    half.give_back(20.0)
    assert half.remaining == pytest.approx(60, abs=1)
    whole.give_back(20.0)
    assert whole.remaining == pytest.approx(100, abs=1)


def test_part_of_a_deadline():
    whole = Deadline(1000)
    half = whole.part(0.5)
    assert 400 < half.remaining <= 500 < whole.remaining
    assert half.seconds == 1000
    assert Deadline(None).part(0.5).remaining == float("inf")
    with pytest.raises(OutOfTime, match="time budget of 1000 s"):
        half.part(0).check("lof")


def test_errors_name_the_whole_budget():
    part = Deadline(0, 60)
    assert part.part(0.5).budget == 60
    with pytest.raises(OutOfTime, match="^the time budget of 60 s was spent before it"):
        part.check()
    woken = threading.Event()
    try:
        with pytest.raises(OutOfTime, match="^it did not finish .* budget of 60 s$"):
            run_within(Deadline(0.01, 60), None, lambda: woken.wait(60))
    finally:
        woken.set()


def test_run_within_hands_over_results_and_errors():
    assert run_within(Deadline(60), "sum", lambda: 1 + 1) == 2
    assert run_within(Deadline(None), "sum", lambda: 1 + 1) == 2
    with pytest.raises(KeyError, match="lost"):
        run_within(Deadline(60), "bad", lambda: {}["lost"])
    with pytest.raises(KeyError, match="lost"):
        run_within(Deadline(None), "bad", lambda: {}["lost"])


def test_run_within_leaves_what_hangs():
    woken = threading.Event()
    started = time.monotonic()
    try:
        with pytest.raises(OutOfTime) as caught:
            run_within(Deadline(50), "slow", lambda: woken.wait(60), share=0.002)
        seconds = time.monotonic() - started
    finally:
        woken.set()
    assert seconds < 30  # it would hang for 60; a busy machine adds a few
    found = re.fullmatch(
        r"'slow' did not finish within the (.+) s that it was allotted of the time "
        r"budget of 50 s",
        str(caught.value),
    )
    assert 0.09 < float(found[1]) < 1.1 * seconds  # rounded to two digits


def test_run_within_stays_in_the_thread_where_nothing_is_watched():
    here = threading.get_ident()
    assert run_within(Deadline(60), "x", threading.get_ident, watch=False) == here
    assert run_within(Deadline(None), "x", threading.get_ident) == here
    assert run_within(Deadline(60), "x", threading.get_ident) != here


@pytest.mark.parametrize(
    ("size", "budget", "said"),
    [
        ((-5, 3), {}, "n_samples must be an integer"),
        ((10.5, 3), {}, "n_samples must be .* got 10.5"),
        ((10, True), {}, "n_features must be .* got True"),
        ((10, 0), {}, "n_features must be an integer of at least 1, got 0"),
        ((10, 3), {"time_budget": float("nan")}, "time_budget must be .*got nan"),
        ((10, 3), {"time_budget": -1}, "time_budget must be .*got -1"),
    ],
)
def test_what_cannot_be_planned(size, budget, said):
    with pytest.raises(ValueError, match=said):
        MemoryOptimizer().plan(*size, **budget)
    for factor in (0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="slowness must be a positive, finite"):
            MemoryOptimizer(slowness=factor).plan(10, 3)
        with pytest.raises(ValueError, match="speed must be a positive"):
            MemoryOptimizer(speed=factor).plan(10, 3)


def test_extreme_limits_say_that_they_cannot_be_kept():
    tight = MemoryOptimizer().plan(10_000, 10, 1)
    assert tight.n_reference == 200
    assert tight.batch_size == 1
    assert tight.reason == "200 rows are the minimum; memory_limit would allow fewer"
    short = MemoryOptimizer().plan(10**5, 30, time_budget=0)
    assert short.n_reference == 200
    assert short.reason == "200 rows are the minimum; time_budget would allow fewer"
    kept = MemoryOptimizer().plan(10_000, 10, "20MB")
    assert 200 <= kept.n_reference < 4000
    assert kept.reason == "as many rows as memory_limit allows"
    wide = MemoryOptimizer().plan(10**6, 10**5, "1GB")
    assert wide.strategy == "sampled_mini_batch"
    assert 0 < wide.data_sampling_ratio < 1
    assert MemoryOptimizer().plan(0, 3).n_reference == 0
