"""One trial after the other: what was tried, how it ended, when to stop."""

import pickle
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import joblib
import numpy as np
from joblib import delayed
from sklearn.base import clone

from autonomaly._utils._quiet import quiet
from autonomaly._utils._threads import one_blas_thread
from autonomaly.detectors import DetectorAdapter
from autonomaly.detectors._adapter import is_pyod
from autonomaly.resources import Deadline, OutOfTime, Parallel, run_within

__all__ = ["SearchEnded", "Trial", "TrialRunner", "make_candidate"]

# A subsample costs little beside all rows only where there are many.
_MIN_ROWS_TO_PRUNE = 1000
_PRUNING_SHARE = 0.25
# Values to compare with before anything counts as hopeless.
_MIN_TRIALS_TO_PRUNE = 5
# A trial may take this share of the time left: one that hangs leaves time for others.
# Where the shortest so far took as long, the next may take up to the greatest share.
_SHARE_OF_TIME_LEFT = 0.5
_GREATEST_SHARE_OF_TIME_LEFT = 0.9
# With less there is no use in beginning.
_LEAST_SECONDS = 0.01
# Told of a trial without a value where there is nothing yet to compare it with; search
# strategies need finite numbers.
_FLOOR = -1.0


class SearchEnded(Exception):
    """No more trials are run: it takes the way out of any strategy."""


@dataclass(frozen=True)
class Trial:
    """One setting of the hyperparameters and its result.

    Attributes
    ----------
    number : int
        Position in the order of the search, from 0.
    params : dict
        Hyperparameters, as ``set_params`` takes them.
    status : str
        ``"done"``; ``"pruned"``: hopeless on a part of the rows; ``"failed"``;
        ``"timeout"``; ``"too large"``: beyond the memory limit.
    value : float or None
        What the search maximises, None without a score.
    metrics : dict of str to float
        All figures of merit by name.
    share : float
        Share of the resource (rows, or trees) that was used, in (0, 1].
    seconds : float
        Wall time of fitting and scoring.
    model_bytes : int or None
        Bytes of the fitted detector when it is pickled; None if it cannot be.
    error : str or None
        Why the trial has no score.
    """

    number: int
    params: dict[str, Any]
    status: str
    value: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    share: float = 1.0
    seconds: float = 0.0
    model_bytes: int | None = None
    error: str | None = None


def _model_bytes(estimator):
    """Measure a fitted estimator; its arrays are counted without copying them."""
    buffers = []
    try:
        head = pickle.dumps(estimator, protocol=5, buffer_callback=buffers.append)
    except Exception:  # whatever cannot be pickled says so in its own way
        return None
    return len(head) + sum(buffer.raw().nbytes for buffer in buffers)


def make_candidate(estimator, params):
    """Build the unfitted detector of a setting, low scores = abnormal."""
    with quiet():  # PyOD's get_params changes the warning filters
        candidate = clone(estimator).set_params(**clone(params, safe=False))
    if hasattr(candidate, "steps"):
        name, last = candidate.steps[-1]
        candidate.steps[-1] = (name, _turned(last))
        return candidate
    return _turned(candidate)


def _turned(detector):
    """Wrap PyOD's detectors, whose scores are high for outliers."""
    if is_pyod(detector):
        return DetectorAdapter(estimator=detector)
    return detector


def _run_trial(estimator, params, judge, rows, seconds, sent):
    """Fit and judge one setting; never raises, and never takes much longer than told.

    Returns
    -------
    tuple
        Fields of the Trial, and the fitted estimator or None.
    """
    started = time.monotonic()
    if seconds is not None:
        # The way here may have taken a worker's start; the clock is that of the wall,
        # which processes and machines have in common.
        seconds -= max(0.0, time.time() - sent)

    def work():
        candidate = make_candidate(estimator, params)
        candidate.fit(judge.rows(rows))
        return candidate, judge(candidate, rows)

    outcome, fitted = {}, None
    try:
        if seconds is not None and seconds < _LEAST_SECONDS:
            raise OutOfTime("no time was left for this trial")
        with one_blas_thread():
            fitted, metrics = run_within(Deadline(seconds), "a trial", work)
        outcome.update(status="done", metrics=metrics, model_bytes=_model_bytes(fitted))
        if outcome["model_bytes"] is None:
            fitted = None  # it could not come back from another process
    except OutOfTime as error:
        outcome.update(status="timeout", error=str(error))
    except Exception as error:  # any detector may fail in any way; it is written down
        outcome.update(status="failed", error=f"{type(error).__name__}: {error}")
    return {**outcome, "seconds": time.monotonic() - started}, fitted


class TrialRunner:
    """Run settings, keep the history and the best model, and say when to stop.

    What it decides depends on whole batches of settings, so that the same settings
    give the same history for any number of jobs.

    Parameters
    ----------
    estimator : estimator
        The unfitted detector.
    judge : object
        Called with a fitted estimator and rows, gives figures of merit; see
        :mod:`autonomaly.tuning._judge`.
    deadline : Deadline
        When to be done.
    n_trials : int
        Trials at most.
    early_stopping : int or None
        Stop after so many trials without a better one.
    pruning : bool
        Whether hopeless settings are given up on a part of the rows.
    memory_limit : int or None
        Bytes a fitted detector may take.
    batch_size : int
        Trials decided upon at once.
    n_jobs : int or None
        Trials at a time.
    keep_all : bool
        Whether the models of all trials are kept, not only that of the best.
    seed : int
        Of the part of the rows.

    Attributes
    ----------
    trials : list of Trial
        The history.
    best : Trial or None
        The best trial with the largest share of the resource.
    fitted : dict of int to estimator
        The models that were kept, by the number of the trial.
    stop_reason : str or None
        Why no more trials are run.
    """

    def __init__(
        self,
        estimator,
        judge,
        *,
        deadline,
        n_trials,
        early_stopping,
        pruning,
        memory_limit,
        batch_size,
        n_jobs,
        keep_all,
        seed,
    ):
        self.estimator = estimator
        self.judge = judge
        self.deadline = deadline
        self.n_trials = n_trials
        self.early_stopping = early_stopping
        self.pruning = pruning and judge.can_part
        self.memory_limit = memory_limit
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.keep_all = keep_all
        self.trials = []
        self.best = None
        self.fitted = {}
        self.stop_reason = None
        self._order = np.random.RandomState(seed).permutation(judge.n_samples)
        self._known = {}
        self._early_values = []
        # How long the strategy thought at most, between two calls of ours.
        self._longest_thought = 0.0
        self._answered = time.monotonic()

    def adopt(self, trial, fitted):
        """Take over a trial on all rows that was run before: it is not run again.

        Parameters
        ----------
        trial : Trial
            The first of the history.
        fitted : estimator
            Its detector.
        """
        self._known[joblib.hash((trial.params, trial.share, None))] = trial.value
        self.trials.append(trial)
        self.best = trial
        self.fitted[trial.number] = fitted

    def part(self, share):
        """Return the rows of a share; larger shares contain smaller ones."""
        if share >= 1:
            return None
        n_rows = max(2, round(share * len(self._order)))
        return np.sort(self._order[:n_rows])

    def evaluate(self, settings, share=1.0, resource_share=None):
        """Run settings, a batch at a time; those that are known are not run again.

        Parameters
        ----------
        settings : list of dict
            Hyperparameters.
        share : float, default=1.0
            Share of the rows to fit and judge on.
        resource_share : float, default=None
            Share of another resource (trees) that the settings use.

        Returns
        -------
        list of float
            Values to maximise, finite whatever happened.

        Raises
        ------
        SearchEnded
            If no more trials are to be run.
        """
        thought = time.monotonic() - self._answered
        self._longest_thought = max(self._longest_thought, thought)
        settings = [dict(setting) for setting in settings]
        keys = [joblib.hash((s, share, resource_share)) for s in settings]
        new = {}
        for key, setting in zip(keys, settings, strict=True):
            if key not in self._known:
                new.setdefault(key, setting)
        new = list(new.items())
        for start in range(0, len(new), self.batch_size):
            room = min(self.batch_size, self.n_trials - len(self.trials))
            self._run_batch(new[start : start + room], share, resource_share)
            self._look_whether_to_stop()
        if not new:  # strategies take time too
            self._look_whether_to_stop()
        floor = self._floor()
        self._answered = time.monotonic()
        return [floor if self._known[k] is None else self._known[k] for k in keys]

    def _floor(self):
        """Say what is told of a setting without a value: no better than the worst."""
        values = [t.value for t in self.trials if t.value is not None]
        return min(values) if values else _FLOOR

    def _run_batch(self, batch, share, resource_share):
        survivors, early = batch, {}
        if self._may_prune(share):
            early, survivors = self._prune(batch)
        finished = dict(
            zip(
                [key for key, _ in survivors],
                self._run(survivors, self.part(share)),
                strict=True,
            )
        )
        used = share if resource_share is None else resource_share
        for key, setting in batch:
            if key in finished:
                fields, fitted = finished[key]
                first = early.get(key)
                seconds = fields["seconds"] + (first["seconds"] if first else 0.0)
                fields = {**fields, "seconds": seconds, "share": used}
            else:
                fields, fitted = {**early[key], "share": _PRUNING_SHARE}, None
                fields["status"] = "pruned"
            self._record(key, setting, fields, fitted)
        self._early_values += [
            self.judge.value(fields["metrics"])
            for fields in early.values()
            if fields["status"] == "done"
        ]

    def _may_prune(self, share):
        return self.pruning and share == 1 and len(self._order) >= _MIN_ROWS_TO_PRUNE

    def _prune(self, batch):
        """Run a batch on a part of the rows; give up what is below the median so far.

        The first trials have nothing to be compared with, and are fitted on all rows
        whatever the part says.
        """
        results = self._run(batch, self.part(_PRUNING_SHARE))
        early = {key: f for (key, _), (f, _) in zip(batch, results, strict=True)}
        if len(self._early_values) < _MIN_TRIALS_TO_PRUNE:
            return early, batch
        median = float(np.median(self._early_values))
        survivors = [
            (key, setting)
            for key, setting in batch
            # What fails on few rows may well serve on all of them.
            if early[key]["status"] != "done"
            or self.judge.value(early[key]["metrics"]) >= median
        ]
        return early, survivors

    def _run(self, batch, rows):
        """Run settings through joblib, on all rows or some."""
        given_up = threading.Event()

        def jobs():
            for _, setting in batch:
                if given_up.is_set():
                    return
                seconds = None
                if self._too_late_for_another():
                    seconds = 0.0
                elif self.deadline.seconds is not None:
                    seconds = self._seconds_for_one()
                yield delayed(_run_trial)(
                    self.estimator, setting, self.judge, rows, seconds, time.time()
                )

        if len(batch) <= 1:  # a worker would gain nothing, and may take long to start
            return [work(*args, **kwargs) for work, args, kwargs in jobs()]
        # Jobs are drawn as workers become free: each sees the time left by then.
        parallel = Parallel(n_jobs=self.n_jobs, pre_dispatch="n_jobs", batch_size=1)
        started = time.monotonic()
        try:
            # Trials mind the time themselves, once a worker has come up to run them.
            return run_within(self.deadline, "a batch", lambda: parallel(jobs()))
        except OutOfTime:
            given_up.set()
            late = {
                "status": "timeout",
                "error": "no worker started and finished it within the time budget",
                "seconds": time.monotonic() - started,
            }
            return [(late, None)] * len(batch)

    def _record(self, key, setting, fields, fitted):
        number = len(self.trials)
        value = None
        if fields["status"] in ("done", "pruned"):
            value = self.judge.value(fields["metrics"])
        size = fields.get("model_bytes")
        too_large = self.memory_limit is not None and (size or 0) > self.memory_limit
        if too_large and fields["status"] == "done":
            fields = {
                **fields,
                "status": "too large",
                "error": f"the fitted detector takes {size} bytes, but memory_limit is "
                f"{self.memory_limit}",
            }
            value = None
        trial = Trial(number=number, params=setting, value=value, **fields)
        self.trials.append(trial)
        self._known[key] = value
        if trial.status != "done":
            return
        if self.best is None or (trial.share, value) > (
            self.best.share,
            self.best.value,
        ):
            self.best = trial
            if not self.keep_all:
                self.fitted.clear()
        elif not self.keep_all:
            return
        if fitted is not None:
            self.fitted[number] = fitted

    def _look_whether_to_stop(self):
        patience = self.early_stopping
        if self.deadline.expired or self._too_late_for_another():
            self.stop_reason = "the time budget was spent"
        elif len(self.trials) >= self.n_trials:
            self.stop_reason = "all trials were run"
        elif patience is not None and self.best is not None:
            since = len(self.trials) - 1 - self.best.number
            if since >= patience:
                self.stop_reason = f"{since} trials brought no improvement"
        if self.stop_reason is not None:
            raise SearchEnded(self.stop_reason)

    def _too_late_for_another(self):
        """Tell whether a thought and even the shortest trial would not end in time."""
        remaining = self.deadline.remaining
        if self._longest_thought > remaining:
            return True
        return self._shortest() > _GREATEST_SHARE_OF_TIME_LEFT * remaining

    def _seconds_for_one(self):
        """Give the time that the next trial may take."""
        remaining = self.deadline.remaining
        return max(
            _SHARE_OF_TIME_LEFT * remaining,
            min(2 * self._shortest(), _GREATEST_SHARE_OF_TIME_LEFT * remaining),
        )

    def _shortest(self):
        return min((t.seconds for t in self.trials if t.status == "done"), default=0.0)
