"""Time and memory, planned and kept."""

import threading
import time

import pytest

from autonomaly.resources import (
    Deadline,
    OutOfTime,
    chunk_rows,
    parse_memory,
    plan_reference,
    run_within,
)


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
    [0, -1, "0", "-2GB", "GB", "two GB", "1.2.3MB", ".", "", "2 XB", [1], float("nan"),
     float("inf"), "0.1b"],
)  # fmt: skip
def test_memory_that_cannot_be_read(given):
    with pytest.raises(ValueError, match="cannot be read; pass a positive number"):
        parse_memory(given)


def test_plan_reference():
    assert plan_reference(300, 5).n_reference == 300
    assert "every row" in plan_reference(300, 5).reason
    assert plan_reference(50_000, 5).n_reference == 4000
    large = plan_reference(200_000, 5)
    assert large.n_reference < 4000
    assert "more than" in large.reason


def test_plan_reference_for_less_memory_and_time():
    sizes = [
        plan_reference(50_000, 20, memory_limit=m * 2**20).n_reference
        for m in (1, 50, 100, 10_000)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] == 200  # fewer describe nothing
    assert sizes[1] < sizes[2] <= sizes[3] == 4000
    assert "memory_limit" in plan_reference(4000, 20, memory_limit=2**20).reason
    times = [
        plan_reference(50_000, 20, time_budget=t).n_reference for t in (0.1, 1, 3, 60)
    ]
    assert times == sorted(times)
    assert times[-1] == 4000
    assert "time_budget" in plan_reference(5000, 20, time_budget=1).reason
    assert (
        plan_reference(5000, 200, time_budget=1).n_reference
        < plan_reference(5000, 20, time_budget=1).n_reference
    )
    # Never more than there are.
    assert plan_reference(50, 20, memory_limit=1, time_budget=0.01).n_reference == 50


@pytest.mark.parametrize("n_samples", [1, 999, 10**6, 10**8])
@pytest.mark.parametrize("memory_limit", [None, 1, 10**6, 10**12])
def test_chunks_cover_the_rows_evenly(n_samples, memory_limit):
    rows = chunk_rows(n_samples, 30, memory_limit)
    assert 1 <= rows <= n_samples
    n_chunks = -(-n_samples // rows)
    assert n_chunks * rows - n_samples < max(rows, n_chunks)
    if memory_limit is not None and rows > 1:
        assert rows * 30 * 8 <= memory_limit


def test_chunks_shrink_with_columns():
    assert chunk_rows(10**6, 1000) < chunk_rows(10**6, 10)


def test_deadline():
    free = Deadline(None)
    assert free.remaining == float("inf")
    assert not free.expired
    free.check("anything")
    short = Deadline(0.05)
    assert 0 < short.remaining <= 0.05
    short.check("something")
    time.sleep(0.06)
    assert short.remaining == 0
    assert short.expired
    with pytest.raises(OutOfTime, match="time budget of 0.05 s was spent before 'lof'"):
        short.check("lof")


def test_run_within_hands_over_results_and_errors():
    assert run_within(Deadline(5), "sum", lambda: 1 + 1) == 2
    assert run_within(Deadline(None), "sum", lambda: 1 + 1) == 2
    with pytest.raises(KeyError, match="lost"):
        run_within(Deadline(5), "bad", lambda: {}["lost"])
    with pytest.raises(KeyError, match="lost"):
        run_within(Deadline(None), "bad", lambda: {}["lost"])


def test_run_within_leaves_what_hangs():
    woken = threading.Event()
    started = time.monotonic()
    try:
        with pytest.raises(OutOfTime, match="'slow' did not finish within the 0.1 s"):
            run_within(Deadline(0.4), "slow", lambda: woken.wait(60), share=0.25)
        seconds = time.monotonic() - started
    finally:
        woken.set()
    assert 0.09 < seconds < 1.5


def test_run_within_stays_in_the_thread_where_nothing_is_watched():
    here = threading.get_ident()
    assert run_within(Deadline(1), "x", threading.get_ident, watch=False) == here
    assert run_within(Deadline(None), "x", threading.get_ident) == here
    assert run_within(Deadline(1), "x", threading.get_ident) != here
