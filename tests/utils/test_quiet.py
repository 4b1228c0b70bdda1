"""Foreign code leaves warning filters and random numbers as they were."""
# ruff: noqa: NPY002, what is tested is that nobody's legacy random numbers change

import pickle
import threading
import time
import warnings

import numpy as np
import pytest

from autonomaly._utils._quiet import kept_filters, quiet
from autonomaly.resources import Deadline, OutOfTime, run_within


@pytest.fixture
def as_before():
    """Check that the test leaves the process as it was."""
    np.random.seed(5)
    filters, state = list(warnings.filters), _random_state()
    yield
    assert warnings.filters == filters
    assert _random_state() == state


def _random_state():
    _, keys, position, *_ = np.random.get_state()
    return keys.tolist(), position


def _seen(work):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        work()
    return [str(w.message) for w in caught]


@pytest.mark.usefixtures("as_before")
def test_nothing_is_seen_and_nothing_stays():
    def foreign():
        with quiet():
            warnings.filterwarnings("always")  # as PyOD does
            with quiet():
                np.random.rand(3)
            warnings.warn("foreign", stacklevel=1)
        warnings.warn("ours", stacklevel=1)

    assert _seen(foreign) == ["ours"]


@pytest.mark.usefixtures("as_before")
def test_random_numbers_are_the_same_every_time():
    draws = []
    for _ in range(2):
        np.random.rand()
        with quiet():
            first = np.random.rand()
            with quiet():
                np.random.rand(7)
            draws.append((first, np.random.rand()))
    assert draws[0] == draws[1]
    np.random.seed(5)


@pytest.mark.usefixtures("as_before")
def test_blocks_of_two_threads_that_overlap():
    entered, leave = threading.Event(), threading.Event()

    def other():
        with quiet():
            entered.set()
            leave.wait(5)

    def ours():
        thread = threading.Thread(target=other)
        thread.start()
        entered.wait(5)
        with quiet():
            leave.set()
            thread.join()
            warnings.warn("foreign", stacklevel=1)
        warnings.warn("ours", stacklevel=1)

    assert _seen(ours) == ["ours"]


@pytest.mark.usefixtures("as_before")
@pytest.mark.parametrize("inner", [False, True])
def test_a_thread_that_is_left_behind(inner):
    done = threading.Event()

    def hangs():
        with quiet():
            time.sleep(0.3)
        done.set()

    def ours():
        with pytest.raises(OutOfTime):
            run_within(Deadline(0.05), "it", hangs)
        warnings.warn("after it", stacklevel=1)
        if inner:  # another block is open when it ends at last
            with quiet():
                done.wait(5)
                warnings.warn("foreign", stacklevel=1)
        done.wait(5)
        warnings.warn("ours", stacklevel=1)

    assert _seen(ours) == ["after it", "ours"]


class _OtherThread:
    """Saves the warning filters and brings them back when it is told to."""

    def __init__(self):
        self._leave, self._entered = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        with warnings.catch_warnings():
            self._entered.set()
            self._leave.wait(5)

    def enter(self):
        self._thread.start()
        self._entered.wait(5)

    def leave(self):
        self._leave.set()
        self._thread.join()


@pytest.mark.usefixtures("as_before")
@pytest.mark.parametrize("copied", [False, True])
def test_filters_that_another_thread_has_saved_meanwhile(copied):
    before = list(warnings.filters)

    def work():
        other = _OtherThread()
        with quiet():
            if copied:  # as scikit-learn's loops do
                with warnings.catch_warnings():
                    filters = list(warnings.filters)
                    warnings.resetwarnings()
                    for action, _, category, _, lineno in filters:
                        warnings.simplefilter(action, category, lineno, append=True)
                    warnings.warn("foreign", stacklevel=1)
                    other.enter()
            else:
                other.enter()
            warnings.warn("foreign", stacklevel=1)
        other.leave()
        warnings.warn("ours", stacklevel=1)

    assert _seen(work) == ["ours"]
    with quiet():  # whatever was brought back does nothing, and does not stay
        pass
    assert warnings.filters == before


@pytest.mark.usefixtures("as_before")
@pytest.mark.parametrize("block", [quiet, kept_filters])
def test_filters_that_somebody_goes_back_to_stay(block):
    before = list(warnings.filters)
    other = _OtherThread()
    with warnings.catch_warnings():
        other.enter()
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)
            keeping = block()
            keeping.__enter__()
        assert warnings.filters == before
        keeping.__exit__(None, None, None)
        assert warnings.filters == before
        other.leave()


def test_the_filter_of_a_quiet_block_goes_to_other_processes():
    with quiet():
        silence = warnings.filters[0]
        sent = pickle.loads(pickle.dumps(silence))
    assert sent == ("ignore", None, Warning, None, 0)
