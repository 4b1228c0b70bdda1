"""Scoring many rows before a deadline: members or rows are given up, never the time."""

import time

import numpy as np
from joblib import delayed

from autonomaly.resources import Deadline, Stopwatch

__all__ = ["affordable_members", "score_in_time"]

# What one step may take, since the clock is looked at in between: a share of the time
# left, and seconds below which the calls would cost more than the rows.
_STEP, _SHORTEST_STEP, _FEWEST_ROWS = 0.1, 0.05, 64
# What is planned takes this share of the time left.
_PLANNED = 0.9
# Standardised scores that are kept while members may still be given up, in bytes.
_MAX_KEPT = 2**29


def affordable_members(committee, order, seconds_per_row):
    """Choose the members that score a row in a given time.

    Parameters
    ----------
    committee : Committee
        Knows what they cost.
    order : list of str
        Their names, most wanted first.
    seconds_per_row : float
        What there is.

    Returns
    -------
    list of str
        Names, in the order given; the cheapest one where not even that fits.
    """
    kept = []
    for name in order:
        if committee.seconds_per_row([*kept, name]) <= seconds_per_row:
            kept.append(name)
    return kept or [min(order, key=lambda name: committee.seconds_per_row([name]))]


def score_in_time(
    committee, X, rows, deadline, *, every, max_rows, parallel, give_up, on_step
):
    """Score rows with every member for as long as there is time.

    Parameters
    ----------
    committee : Committee
        The members; those that the time does not allow are left out of it.
    X : ndarray of shape (n_samples, n_features)
        The table.
    rows : ndarray of shape (n_wanted,)
        Positions of the rows to score.
    deadline : Deadline
        When to be done.
    every : bool
        Whether every row must be scored, with fewer members if need be. If not, the
        rows that there was no time for are left out.
    max_rows : int
        Rows per chunk at most.
    parallel : Parallel
        Runs the chunks.
    give_up : callable
        ``give_up(names, reason)`` is told of the members that are to go, and makes
        ``committee.keep`` leave them out.
    on_step : callable
        Told name, number and total of the rows as they begin.

    Returns
    -------
    ndarray of shape (n_scored, n_columns)
        Standardised scores of the first rows, high = abnormal.
    """
    wanted = len(rows)
    parts, done, steps = [], 0, 0
    pace = 1.0  # wall time per second of work: below 1 with several threads
    flexible = wanted * len(committee.names) * 8 <= _MAX_KEPT
    with parallel:
        n_chunks = parallel._effective_n_jobs()
        while done < wanted and (every or not deadline.expired):
            on_step("scoring rows", done + 1, wanted)
            # The first step takes memory and starts threads: its rows look dear.
            if every and steps >= 2 and (flexible or steps == 2):
                _fit_members_to_time(
                    committee, parts, wanted - done, pace, deadline, give_up
                )
            per_row = committee.seconds_per_row()
            allowed = max(_STEP * deadline.remaining, _SHORTEST_STEP)
            affordable = allowed / max(pace * per_row, 1e-9)
            step = int(np.clip(affordable, min(_FEWEST_ROWS, max_rows), max_rows))
            stop = min(done + step * n_chunks, wanted)
            started = time.monotonic()
            scored = parallel(
                delayed(_score)(
                    committee,
                    X[rows[a : a + step]],
                    deadline.remaining,
                    deadline.budget,
                )
                for a in range(done, stop, step)
            )
            seconds = time.monotonic() - started
            pace = 0.5 * pace + 0.5 * seconds / max((stop - done) * per_row, 1e-9)
            late = {}
            for scores, costs, too_late in scored:
                parts.append(scores)
                committee.costs.update(costs)
                late |= too_late
            done, steps = stop, steps + 1
            for name, reason in late.items():
                _give_up(parts, [name], reason, give_up)
    return np.concatenate(parts) if parts else np.empty((0, len(committee.names)))


def _score(committee, X, seconds, budget):
    """Score a chunk, perhaps in another process; tell what it cost and who was late."""
    costs, late = Stopwatch(), {}
    return committee.scores(X, Deadline(seconds, budget), late, costs), costs, late


def _fit_members_to_time(committee, parts, n_rows, pace, deadline, give_up):
    """Give up the members that make the rows left take too long."""
    allowed = _PLANNED * deadline.remaining / (n_rows * max(pace, 1e-9))
    if committee.seconds_per_row() <= allowed:
        return
    names = dict.fromkeys(committee.members)
    order = [name for name in names if committee.weights[name] > 0]
    kept = affordable_members(committee, order, allowed)
    gone = [name for name in names if name not in kept]
    if gone:
        reason = (
            f"scoring {n_rows} rows with it as well would have taken longer than the "
            f"time budget of {deadline.budget:g} s allows"
        )
        _give_up(parts, gone, reason, give_up)


def _give_up(parts, names, reason, give_up):
    columns = give_up(names, reason)
    parts[:] = [Z[:, columns] for Z in parts]
