"""The stages of a fit, from the table to an ensemble."""

import time
from typing import Any

from sklearn.utils.validation import _num_samples, validate_data

from autonomaly import __version__
from autonomaly._detector._reading import read_chunks, rows_to_encode, rows_to_profile
from autonomaly._utils._seeds import spawn_seeds
from autonomaly._utils._warn import warn_user
from autonomaly.ensemble import VotingOutlierEnsemble
from autonomaly.exceptions import BudgetWarning, DataError, NoDetectorLeftError
from autonomaly.explanation import DecisionRecord
from autonomaly.explanation._decisions import (
    record_data,
    record_settings,
    record_tuning,
)
from autonomaly.io import as_chunks
from autonomaly.io._columns import check_names
from autonomaly.preprocessing import AutonomousPreprocessor
from autonomaly.profiling import DataProfiler
from autonomaly.resources import (
    Deadline,
    MemoryOptimizer,
    parallel_threads,
    parse_memory,
    slowness,
)
from autonomaly.selection import POOL, AlgorithmSelector, build_member
from autonomaly.tuning import tune_selection

__all__ = ["Fitting"]

# Of the time for the ensemble, where labels are to be learnt from afterwards.
_SHARE_BEFORE_LABELS = 0.7
# Where time is short, tuning takes this share of what is left.
_TUNING_SHARE = 0.5


class Fitting:
    """A fit under way: what the stages have found so far.

    Parameters
    ----------
    detector : AutonomousDetector
        With the parameters. Columns and the meaning of labels are checked through it.
    label : bool
        Whether every row is to be labelled.

    Attributes
    ----------
    record : DecisionRecord
        Written to by every stage.
    table : DataFrame, ndarray or sequence of rows
        The rows that are held.
    n_rows : int
        Number of rows read.
    known : dict of int to bool or None
        Labels of rows; None where they are ignored.
    Z : ndarray of shape (n_encoded, n_columns)
        The rows learnt from, as numbers.
    chunks : Chunks or None
        What rows that come in chunks are read from.
    label_chunks : bool
        Whether they must be read again to label them.
    label_table : bool
        Whether the rows of a table are still to be labelled.
    labels : ndarray of shape (n_encoded,) or None
        -1 and +1, where the ensemble labelled all rows.
    undone : list of str
        What there was no time for before the ensemble was fitted.
    """

    table: Any
    labels = None

    def __init__(self, detector, label):
        self.started = time.monotonic()
        self.detector = detector
        self.deadline = Deadline(detector.time_budget)
        self.record = DecisionRecord()
        record_settings(self.record, detector, __version__)
        self.seeds = spawn_seeds(detector.random_state, 3)
        self.memory = parse_memory(detector.memory_limit)
        self.label_table = label
        self.label_chunks = False
        self.undone = []

    def read(self, X, y):
        """Read the table, and make numbers of the rows to learn from."""
        self.profile, n_rows = None, None
        self.chunks = as_chunks(X)
        if self.chunks is not None:
            X, self.profile, n_rows, self.label_chunks = read_chunks(
                self.chunks,
                self.memory,
                self.deadline,
                self.seeds[0],
                self.record,
                label=self.label_table,
            )
            self.label_table = self.label_table and not self.label_chunks
        self.preprocessor = AutonomousPreprocessor().fit(X)
        self.table, self.n_held = X, _num_samples(X)
        self.n_rows = self.n_held if n_rows is None else n_rows
        self._check_table()
        self.known = self.detector._read_labels(
            y, self.n_held, in_chunks=self.chunks is not None
        )
        encoded = X
        if self.known is None:  # labels belong to rows
            encoded = rows_to_encode(
                X,
                self.preprocessor,
                self.memory,
                self.deadline,
                self.seeds[0],
                self.record,
            )
        self.label_here = self.label_table and encoded is X
        self.Z = self.preprocessor.transform(encoded)

    def _check_table(self):
        check_names(self.table)  # what the cells hold is for the preprocessor
        validate_data(self.detector, self.table, reset=True, skip_check_array=True)
        if self.n_held < 2:
            raise DataError(
                f"Found array with {self.n_held} sample(s) while a minimum of 2 is "
                f"required: a single row cannot be compared with others. Pass more "
                f"rows."
            )

    def look(self):
        """Profile the table, or as many of its rows as there is time for."""
        rows = self.table
        if self.profile is None:
            rows = rows_to_profile(rows, self.n_held, self.deadline, self.seeds[0])
            profiler = DataProfiler(mergeable=False, random_state=self.seeds[0])
            self.profile = profiler.profile(rows, roles=self.preprocessor.roles_)
        record_data(self.record, self.profile, self.n_rows, self.preprocessor, self.Z)
        if rows is not self.table:
            choice = f"from {self.profile.n_samples} of {self.n_held} rows"
            why = "time_budget leaves no time to read all of them again"
            self.record.add("resources", "profile", choice, why)

    def choose(self):
        """Plan how many rows to learn from, and choose the detectors for them."""
        detector = self.detector
        self.plan = self._plan()
        selector = AlgorithmSelector(
            algorithms=detector.algorithms,
            exclude=detector.exclude,
            max_models=detector.max_models,
        )
        self.selection = selector.select(
            self.profile, self.plan.n_reference, self.Z.shape[1]
        )
        self._warn_of_memory()

    def _warn_of_memory(self):
        """Warn if even the fewest rows of use may take more memory than there is."""
        share = len(self.selection.members) / len(POOL)
        needed = share * self.plan.reference_bytes
        if self.memory is not None and needed > self.memory:
            warn_user(
                f"memory_limit={self.detector.memory_limit!r} cannot be kept: learning "
                f"from {self.plan.n_reference} rows of {self.Z.shape[1]} columns, the "
                f"fewest of use, may take {needed / 2**20:.0f} MB.",
                BudgetWarning,
            )

    def _plan(self):
        detector = self.detector
        hurried = detector.time_budget is not None
        planner = MemoryOptimizer(
            slowness=slowness() if hurried else 1.0,
            speed=parallel_threads(detector.n_jobs).speed,
        )
        size = self.n_held, self.Z.shape[1], self.memory
        plan = planner.plan(
            *size,
            time_budget=self.time_left(
                1.0 if detector.search is None else 1 - _TUNING_SHARE
            ),
            score_all=self.label_here,
        )
        wanted = planner.plan(*size).n_reference
        if plan.n_reference < wanted:
            self.undone.append(
                f"trained on {plan.n_reference} instead of {wanted} rows"
            )
        return plan

    def tune(self):
        """Tune the hyperparameters of the detectors chosen."""
        detector = self.detector
        self.selection, tuned = tune_selection(
            self.selection,
            self.Z,
            search=detector.search,
            n_trials=detector.n_trials,
            time_budget=Deadline(self.time_left(_TUNING_SHARE), detector.time_budget),
            memory_limit=self.memory,
            n_jobs=detector.n_jobs,
            random_state=self.seeds[2],
        )
        record_tuning(self.record, detector.search, tuned)

    def vote(self, progress):
        """Fit the members, their vote and its threshold."""
        detector = self.detector
        members, self.failed = _build_members(self.selection.members)
        self.ensemble = VotingOutlierEnsemble(
            members,
            contamination=detector.contamination,
            max_false_discovery_rate=detector.max_false_discovery_rate,
            max_reference=self.plan.n_reference,
            memory_limit=self.memory,
            time_budget=self.time_left(
                1.0 if self.known is None else _SHARE_BEFORE_LABELS
            ),
            n_jobs=detector.n_jobs,
            random_state=self.seeds[1],
        )
        with self.ensemble._part_of(
            progress=progress,
            sources=list(self.preprocessor.feature_sources_.values()),
            whole_budget=detector.time_budget,
        ):
            if self.label_here:
                self.labels = self.ensemble.fit_predict(self.Z)
            else:
                self.ensemble.fit(self.Z)
        self.failed = {**self.failed, **self.ensemble.rejected_}
        self._record_reference()

    def _record_reference(self):
        plan, size = self.plan, self.ensemble.reference_size_
        why = plan.reason
        if size < plan.n_reference:
            why += f", but {self.n_held - size} are held out to calibrate p-values"
        self.record.add(
            "resources",
            "reference",
            f"{size} of {self.n_held} rows",
            why,
            strategy=plan.strategy,
            batch_size=plan.batch_size,
            time_budget=self.detector.time_budget,
            memory_limit=self.detector.memory_limit,
        )

    def time_left(self, share=1.0):
        """Return a share of the seconds left, at least a moment; None = all."""
        if self.deadline.seconds is None:
            return None
        return max(share * self.deadline.remaining, 1e-3)


def _build_members(members):
    """Build members; what the user's factories raise is a reason to go without."""
    built, failed = [], {}
    for member in members:
        try:
            built.append(build_member(member))
        except Exception as error:  # foreign code may raise anything; it is recorded
            failed[member.name] = f"{type(error).__name__}: {error}"
    if not built:
        raise NoDetectorLeftError(
            "No detector could be built. "
            + "; ".join(f"{name}: {why}" for name, why in failed.items())
        )
    return built, failed
