"""Time budgets: when to stop, and how to leave what hangs."""

import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from autonomaly._utils._quiet import leave_behind

__all__ = ["Deadline", "OutOfTime", "Work", "run_within"]

_Result = TypeVar("_Result")


class OutOfTime(Exception):
    """A piece of work had no time left, or did not finish in its time."""


class Deadline:
    """A moment to be done by.

    Parameters
    ----------
    seconds : float or None
        Seconds from now; None for no limit.
    budget : float, default=None
        Seconds of the whole budget that these are a part of: what errors name, since
        it is what the user asked for. None where these are all of it.

    Examples
    --------
    >>> from autonomaly.resources import Deadline
    >>> Deadline(None).remaining
    inf
    >>> Deadline(0).expired
    True
    """

    def __init__(
        self, seconds: float | None = None, budget: float | None = None
    ) -> None:
        self.seconds = seconds
        self.budget = seconds if budget is None else budget
        self._end = None if seconds is None else time.monotonic() + seconds
        self._share = 1.0

    def part(self, share: float) -> "Deadline":
        """Return an earlier moment of the same budget.

        Parameters
        ----------
        share : float
            Share of the time left, in [0, 1].

        Returns
        -------
        Deadline
            The moment after that share.
        """
        earlier = Deadline(self.seconds, self.budget)
        if self._end is not None:
            earlier._end = time.monotonic() + share * self.remaining
            earlier._share = share
        return earlier

    def give_back(self, seconds: float) -> None:
        """Do not count some of the time that has passed: it was of no use.

        Parameters
        ----------
        seconds : float
            How much. What is left of the whole is shared anew, as in :meth:`part`;
            the end of the whole is where it was.
        """
        if self._end is not None:
            self._end += (1 - self._share) * seconds

    @property
    def remaining(self) -> float:
        """Seconds left; infinite without a limit, never negative."""
        if self._end is None:
            return float("inf")
        return max(0.0, self._end - time.monotonic())

    @property
    def expired(self) -> bool:
        """Whether no time is left."""
        return self.remaining == 0

    def check(self, what: str | None = None) -> None:
        """Raise OutOfTime if no time is left for a piece of work, see `run_within`."""
        if self.expired:
            raise self.out_of_time(what)

    def out_of_time(self, what: str | None = None) -> OutOfTime:
        """Make the error for a piece of work that there was no time for."""
        return OutOfTime(
            f"the time budget of {self.budget:g} s was spent before {_named(what)} "
            f"began"
        )


def run_within(
    deadline: Deadline,
    what: str | None,
    work: Callable[[], _Result],
    *,
    watch: bool = True,
    share: float = 1.0,
) -> _Result:
    """Run a piece of work, and leave it behind if it does not end in time.

    Parameters
    ----------
    deadline : Deadline
        When to be done.
    what : str or None
        Named in the error; None where the error is kept under its name.
    work : callable
        Takes nothing; its result is returned and its exceptions pass through.
    watch : bool, default=True
        False runs the work in this thread, without a limit.
    share : float, default=1.0
        Share of the time left that the work may take, in (0, 1].

    Returns
    -------
    object
        What the work returns.

    Raises
    ------
    OutOfTime
        If the work does not end in time. It goes on in a daemon thread, whose result
        nobody takes: Python cannot stop a thread, and a process could not hand back
        detectors that do not pickle.

    Examples
    --------
    >>> from autonomaly.resources import Deadline, run_within
    >>> run_within(Deadline(5), "a sum", lambda: 1 + 1)
    2
    """
    if not watch or deadline.seconds is None:
        return work()
    return Work(what, work).result(deadline, share)


class Work(Generic[_Result]):
    """A piece of work that is waited for, perhaps more than once; see `run_within`.

    Parameters
    ----------
    what : str or None
        Named in errors.
    work : callable
        Takes nothing.

    Attributes
    ----------
    seconds : float
        How long it has been waited for.
    """

    def __init__(self, what: str | None, work: Callable[[], _Result]) -> None:
        self.what = what
        self.seconds = 0.0
        self._outcome: dict[str, Any] = {}
        self._work = work
        name = f"autonomaly-{what or 'work'}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _run(self):
        try:
            self._outcome["result"] = self._work()
        except BaseException as error:  # handed over to the thread that waits
            self._outcome["error"] = error

    def result(self, deadline: Deadline, share: float = 1.0) -> _Result:
        """Wait for it, and return what it returns.

        Parameters
        ----------
        deadline : Deadline
            When to be done.
        share : float, default=1.0
            Share of the time left that it is waited for, in (0, 1].

        Returns
        -------
        object
            What the work returns; its exceptions pass through.

        Raises
        ------
        OutOfTime
            If it does not end in time. It goes on, and may be waited for again.
        """
        started, seconds = time.monotonic(), share * deadline.remaining
        if self._thread.ident is None:
            self._thread.start()
        self._thread.join(seconds)
        self.seconds += time.monotonic() - started
        if self._thread.is_alive():
            leave_behind(self._thread.ident)
            raise OutOfTime(
                f"{_named(self.what)} did not finish within the {self.seconds:.2g} s "
                f"that it was allotted of the time budget of {deadline.budget:g} s"
            )
        if "error" in self._outcome:
            raise self._outcome["error"]
        return self._outcome["result"]


def _named(what):
    return "it" if what is None else repr(what)
