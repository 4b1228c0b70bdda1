"""The detector that needs no configuration: it calls the parts in their order."""

import time
from numbers import Integral, Real
from typing import Literal, Self

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _num_samples, check_is_fitted, validate_data

from autonomaly._detector._feedback import LABEL_FREE, FeedbackMixin
from autonomaly._detector._reading import (
    read_chunks,
    row_slabs,
    rows_to_encode,
    rows_to_profile,
)
from autonomaly._detector._result import AutonomousResult
from autonomaly._utils._labels import ThresholdMixin
from autonomaly._utils._progress import Progress
from autonomaly._utils._seeds import spawn_seeds
from autonomaly._utils._typing import (
    Contamination,
    FloatArray,
    IntArray,
    Labels,
    Memory,
    Names,
    Seed,
    Strategy,
    TableOrChunks,
    keeps_signature,
)
from autonomaly._utils._warn import warn_user
from autonomaly.detectors._carried import pack_registered, unpack_registered
from autonomaly.ensemble import VotingOutlierEnsemble
from autonomaly.ensemble._budget import what_time_cost
from autonomaly.exceptions import BudgetWarning, DataError, NoDetectorLeftError
from autonomaly.explanation import DecisionRecord
from autonomaly.explanation._decisions import record_data, record_fit, record_tuning
from autonomaly.explanation._html import summary_html
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
from autonomaly.selection import AlgorithmSelector, build_member
from autonomaly.tuning import STRATEGIES, tune_selection

__all__ = ["AutonomousDetector"]

# Of the time for the ensemble, where labels are to be learnt from afterwards.
_SHARE_BEFORE_LABELS = 0.7
# Where time is short, tuning takes this share of what is left.
_TUNING_SHARE = 0.5


class AutonomousDetector(FeedbackMixin, ThresholdMixin, BaseEstimator):
    """Anomaly detection on any table, without labels and without configuration.

    The data is profiled, made numeric, looked at through several views by detectors of
    different kinds whose reference is cleaned of suspicious rows, and their votes are
    combined; the threshold comes from the scores. Every choice is in ``record_``.

    Parameters
    ----------
    contamination : "auto" or float in (0, 0.5], default="auto"
        Share of training rows to flag. ``"auto"`` estimates it from the distribution
        of the scores and may flag no row.
    max_false_discovery_rate : float in (0, 1), default=None
        Flag as many training rows as keeps the expected share of false alarms among
        them below this rate; may flag no row, and never flags much fewer than one over
        the rate. Takes the place of ``contamination``.
    labels : {"ignore", "use"}, default="ignore"
        ``"ignore"`` never looks at ``y``. ``"use"`` learns from the labels in ``y``,
        any number of them, none too, and from those that :meth:`feedback` brings
        later; member scores of up to 25,000 training rows are kept for it.
    outlier_label : object, default=None
        The label of anomalies. ``None`` will do where labels are -1 (anomaly) and 1,
        0 and 1 (anomaly), or booleans.
    algorithms : list or tuple of str, default=None
        Use only these detectors of :func:`autonomaly.detectors.catalogue`.
    exclude : list or tuple of str, default=None
        Do not use these detectors.
    max_models : int, default=None
        Number of members that vote, at most.
    search : {"bayesian", "random", "grid", "evolutionary", "halving"}, default=None
        Strategy to tune the members' hyperparameters with, without labels, see
        :class:`OutlierSearch`. None leaves them as they are.
    n_trials : int, default=100
        Trials of that search, at most, over all members; each has at least two. How
        many each gets of them under a budget is read off what its first one took.
    time_budget : float, default=None
        Seconds for ``fit``. What cannot be fitted in time is left out, and recorded.
    memory_limit : int, float or str, default=None
        Working memory beyond the data itself, in bytes or such as ``"2GB"``.
    n_jobs : int, default=None
        Threads that score; results do not depend on it. None is as many as
        scikit-learn's own loops take (the cores, or ``OMP_NUM_THREADS``), unless
        ``joblib.parallel_config`` says otherwise, or foreign detectors take part.
    random_state : int, RandomState instance or None, default=0
        Seed of everything random: the same seed gives the same result.
    verbose : int, default=0
        1 shows a progress bar with the stage and the time left on standard error.

    Attributes
    ----------
    n_samples_seen_ : int
        Rows that were read.
    profile_ : DataProfile
        What the data is; where time is short, what a sample of its rows is.
    preprocessor_ : AutonomousPreprocessor
        From the table to numbers.
    recommendations_ : list of AlgorithmRecommendation
        The detectors chosen, with the reason.
    rejected_ : dict of str to str
        Those refused, failed or out of time, with the reason.
    ensemble_ : VotingOutlierEnsemble
        The fitted members and their vote.
    contamination_ : float
        Share of training rows below the threshold; after ``fit`` of those that were
        looked at, which are not all of many.
    offset_ : float
        ``decision_function = score_samples - offset_``.
    labels_ : dict of int to bool
        The labels learnt from: positions of training rows, True for anomalies.
    record_ : DecisionRecord
        Every choice with its reason.
    result_ : AutonomousResult
        All of these as one object.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X has names that are strings.

    See Also
    --------
    VotingOutlierEnsemble : The ensemble, with members of your choice.
    auto_detect : From a file to a result in one call.

    Notes
    -----
    Low scores are abnormal and labels are -1 for outliers and +1 for inliers, as in
    scikit-learn. A row's score depends on the fitted detector and the row alone.

    Wherever a table is taken, it may come in chunks: the path or a glob of files
    (``"day-*.parquet"``), a list of tables, an iterator of them, or a function that
    returns one. If the table fits into ``memory_limit`` (2 GB where it is None), the
    result is the same as for the table in memory. If not, ``fit`` reads the chunks
    once and learns from a sample of the rows. ``fit_predict`` reads them a second
    time, which an iterator does not allow. Of a table in memory, a sample is made
    numeric where all of it, categories spread over columns, would not fit, or would
    take too much of ``time_budget``, as texts do; unless ``labels="use"``.
    ``fit_predict`` then labels every row afterwards, whatever time that takes.

    References
    ----------
    .. [1] Aggarwal, C. C. and Sathe, S. "Theoretical foundations and algorithms for
           outlier ensembles." SIGKDD Explorations 17, 2015.
           :doi:`10.1145/2830544.2830549`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly import AutonomousDetector
    >>> X = np.random.RandomState(0).randn(300, 3)
    >>> X[:2] = [[8, 8, 8], [9, -9, 9]]
    >>> detector = AutonomousDetector()
    >>> detector.fit_predict(X)[:3]
    array([-1, -1,  1])
    """

    _parameter_constraints = {
        "contamination": [
            StrOptions({"auto"}),
            Interval(Real, 0, 0.5, closed="right"),
        ],
        "max_false_discovery_rate": [Interval(Real, 0, 1, closed="neither"), None],
        "labels": [StrOptions({"ignore", "use"})],
        "outlier_label": "no_validation",
        "algorithms": [list, tuple, None],
        "exclude": [list, tuple, None],
        "max_models": [Interval(Integral, 1, None, closed="left"), None],
        "search": [StrOptions(set(STRATEGIES)), None],
        "n_trials": [Interval(Integral, 1, None, closed="left")],
        "time_budget": [Interval(Real, 0, None, closed="neither"), None],
        "memory_limit": [Real, str, None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        contamination: Contamination = "auto",
        max_false_discovery_rate: float | None = None,
        labels: Literal["ignore", "use"] = "ignore",
        outlier_label: object = None,
        algorithms: Names | None = None,
        exclude: Names | None = None,
        max_models: int | None = None,
        search: Strategy | None = None,
        n_trials: int = 100,
        time_budget: float | None = None,
        memory_limit: Memory | None = None,
        n_jobs: int | None = None,
        random_state: Seed = 0,
        verbose: int = 0,
    ) -> None:
        self.contamination = contamination
        self.max_false_discovery_rate = max_false_discovery_rate
        self.labels = labels
        self.outlier_label = outlier_label
        self.algorithms = algorithms
        self.exclude = exclude
        self.max_models = max_models
        self.search = search
        self.n_trials = n_trials
        self.time_budget = time_budget
        self.memory_limit = memory_limit
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @keeps_signature(_fit_context(prefer_skip_nested_validation=True))
    def fit(self, X: TableOrChunks, y: Labels | None = None) -> Self:
        """Find out what is normal in a table.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features), or chunks
            Numbers, categories, strings, booleans, dates, with missing values. Or
            what does not fit into memory, see Notes.
        y : array-like of shape (n_samples,) or None
            With ``labels="use"``, labels of at most two values, NaN or None where
            unknown; ignored otherwise.

        Returns
        -------
        self : object
            The fitted detector.

        Raises
        ------
        ValueError
            If the data or a parameter cannot be used; the message says why.
        """
        self._fit(X, y, label=False)
        return self

    def fit_predict(self, X: TableOrChunks, y: Labels | None = None) -> IntArray:
        """Fit, and label the training rows; the same as ``fit(X).predict(X)``.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features), or chunks
            Numbers, categories, strings, booleans, dates, with missing values. Or
            what does not fit into memory, see Notes.
        y : array-like of shape (n_samples,) or None
            With ``labels="use"``, labels of at most two values, NaN or None where
            unknown; ignored otherwise.

        Returns
        -------
        ndarray of shape (n_samples,)
            -1 for outliers, +1 for inliers.
        """
        self._validate_params()
        return self._fit(X, y, label=True)

    def score_samples(self, X: TableOrChunks) -> FloatArray:
        """Score rows; the lower, the more abnormal.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features), or chunks
            Rows with the columns of the training table, or chunks of such rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            Scores, low = abnormal: minus what the members combine to, each in units of
            its own spread over the reference. Where labels were learnt from, about -1
            for anomalies and 1 for normal rows.

        Warns
        -----
        UnreadableWarning
            If columns of numbers or dates hold something else, which counts as
            missing.
        """
        check_is_fitted(self)
        chunks = as_chunks(X)
        if chunks is None:
            return self._by_slabs(X, self._scores)
        return np.concatenate([self.score_samples(chunk) for chunk in chunks])

    def outlier_pvalues(self, X: TableOrChunks) -> FloatArray:
        """Give conformal p-values against the hypothesis that a row is normal.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features), or chunks
            Rows with the columns of the training table, or chunks of such rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            In (0, 1]; small = abnormal. For new rows from the population of the
            training rows they are uniform; larger than that with fewer than 2,000
            training rows and nearly as many columns as rows. They are those of the vote
            without labels.
        """
        check_is_fitted(self)
        chunks = as_chunks(X)
        if chunks is None:
            return self._by_slabs(X, self.ensemble_.outlier_pvalues)
        return np.concatenate([self.outlier_pvalues(chunk) for chunk in chunks])

    @property
    def result_(self) -> AutonomousResult:
        """The fit as one object: see :class:`AutonomousResult`."""
        check_is_fitted(self)
        return AutonomousResult(
            model=self,
            performance=dict(self._performance),
            explanations=self.record_,
            recommendations=list(self.recommendations_),
            data_profile=self.profile_,
            best_result=self._best,
            success=True,
        )

    def _by_slabs(self, X, work):
        """Encode and score rows, not more of them at a time than memory allows."""
        n_encoded = len(self.preprocessor_.feature_sources_) or 1
        slabs = row_slabs(X, n_encoded, parse_memory(self.memory_limit))
        return np.concatenate([work(self._numbers(rows)) for rows in slabs])

    def _numbers(self, X):
        with config_context(transform_output="default"):
            return self.preprocessor_._transform(X, self)

    # What the user wants transformers to put out is not what goes from part to part.
    @config_context(transform_output="default")
    def _fit(self, X, y, *, label):
        started = time.monotonic()
        deadline = Deadline(self.time_budget)
        record = DecisionRecord()
        seeds = spawn_seeds(self.random_state, 3)
        memory = parse_memory(self.memory_limit)
        chunks = as_chunks(X)
        with Progress(self.verbose) as progress:
            progress.stage("reading the table")
            profile, n_rows = None, None
            if chunks is not None:
                X, profile, n_rows, label_chunks = read_chunks(
                    chunks, memory, deadline, seeds[0], record, label=label
                )
                label = label and not label_chunks
            preprocessor = AutonomousPreprocessor().fit(X)
            n_held = _num_samples(X)
            self.n_samples_seen_ = n_held if n_rows is None else n_rows
            check_names(X)  # what the cells hold is for the preprocessor
            validate_data(self, X, reset=True, skip_check_array=True)
            if n_held < 2:
                raise DataError(
                    f"Found array with {n_held} sample(s) while a minimum of 2 is "
                    f"required: one row cannot be odd beside others. Give more rows."
                )
            known = self._read_labels(y, n_held, in_chunks=chunks is not None)
            encoded = X
            if known is None:  # labels belong to rows
                encoded = rows_to_encode(
                    X, preprocessor, memory, deadline, seeds[0], record
                )
            label_here = label and encoded is X
            Z = preprocessor.transform(encoded)
            progress.stage("profiling")
            profiler = DataProfiler(mergeable=False, random_state=seeds[0])
            rows = X
            if profile is None:
                rows = rows_to_profile(X, n_held, deadline, seeds[0])
                profile = profiler.profile(rows, roles=preprocessor.roles_)
            self.profile_ = profile
            self.preprocessor_ = preprocessor
            record_data(record, profile, self.n_samples_seen_, preprocessor, Z)
            if rows is not X:
                choice = f"from {self.profile_.n_samples} of {n_held} rows"
                why = "time_budget leaves no time to read all of them once more"
                record.add("resources", "profile", choice, why)

            progress.stage("choosing detectors")
            hurried = self.time_budget is not None
            plan = MemoryOptimizer(
                slowness=slowness() if hurried else 1.0,
                speed=parallel_threads(self.n_jobs).speed,
            ).plan(
                n_held,
                Z.shape[1],
                memory,
                time_budget=_time_left(
                    deadline, 1.0 if self.search is None else 1 - _TUNING_SHARE
                ),
                score_all=label_here,
            )
            record.add(
                "resources",
                "reference",
                f"{plan.n_reference} of {n_held} rows",
                plan.reason,
                strategy=plan.strategy,
                batch_size=plan.batch_size,
                time_budget=self.time_budget,
                memory_limit=self.memory_limit,
            )
            selector = AlgorithmSelector(
                algorithms=self.algorithms,
                exclude=self.exclude,
                max_models=self.max_models,
            )
            selection = selector.select(self.profile_, plan.n_reference, Z.shape[1])
            if self.search is not None:
                progress.stage("tuning detectors")
                selection, tuned = tune_selection(
                    selection,
                    Z,
                    search=self.search,
                    n_trials=self.n_trials,
                    time_budget=Deadline(
                        _time_left(deadline, _TUNING_SHARE), self.time_budget
                    ),
                    memory_limit=memory,
                    n_jobs=self.n_jobs,
                    random_state=seeds[2],
                )
                record_tuning(record, self.search, tuned)
            members, failed = _build_members(selection.members)
            self.ensemble_ = VotingOutlierEnsemble(
                members,
                contamination=self.contamination,
                max_false_discovery_rate=self.max_false_discovery_rate,
                max_reference=plan.n_reference,
                memory_limit=memory,
                time_budget=_time_left(
                    deadline, 1.0 if known is None else _SHARE_BEFORE_LABELS
                ),
                n_jobs=self.n_jobs,
                random_state=seeds[1],
            )
            progress.stage("fitting detectors")
            with self.ensemble_._part_of(
                progress=progress,
                sources=list(preprocessor.feature_sources_.values()),
                whole_budget=self.time_budget,
            ):
                labels = self.ensemble_.fit_predict(Z) if label_here else None
                if not label_here:
                    self.ensemble_.fit(Z)

        self._say_what_time_cost(record)
        failed = {**failed, **self.ensemble_.rejected_}
        self.rejected_ = {**selection.refused, **failed}
        self.recommendations_ = [
            r for r in selection.recommendations if r.algorithm not in failed
        ]
        self.offset_ = self.ensemble_.offset_
        self._performance = {"kind": LABEL_FREE}
        self._performance["member_agreement"] = self.ensemble_.agreement_
        self._tell_share(self.ensemble_.contamination_, self.ensemble_.n_scored_)
        agreement = self.ensemble_.agreement_with_vote_
        names = [r.algorithm for r in self.recommendations_]
        self._best = max(names, key=lambda name: agreement.get(name, -1.0))
        record_fit(record, self)
        self.record_ = record
        self._start_learning(Z, known, _time_left(deadline), seeds[1])
        self._performance["fit_seconds"] = time.monotonic() - started
        if label_here and self.labels_:
            labels = np.where(self._scores(Z) < self.offset_, -1, 1)
        elif chunks is not None and label_chunks:
            labels = self.predict(chunks)
        elif label and not label_here:
            labels = self.predict(X)
        if labels is not None:
            self._tell_share_of_all(labels)
        return labels

    def _say_what_time_cost(self, record):
        """Warn, and write down, if the time budget left something undone."""
        if not self.ensemble_.undone_:
            return
        undone = ", ".join(self.ensemble_.undone_)
        spent = self.ensemble_._spent
        choice = "spent" if spent else "too short for everything"
        record.add("resources", "time_budget", choice, undone)
        what = what_time_cost(self.time_budget, spent, self.ensemble_.undone_)
        warn_user(what, BudgetWarning)

    def __getstate__(self):
        # Worker processes know the detectors that come with the package, and no other.
        registered = pack_registered(self.algorithms, self.exclude)
        return {**super().__getstate__(), "_registered": registered}

    def __setstate__(self, state):
        state = dict(state)
        unpack_registered(state.pop("_registered", None))
        super().__setstate__(state)

    def _html_repr(self):
        html = super()._html_repr()
        return html + summary_html(self.record_) if hasattr(self, "record_") else html

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = AutonomousPreprocessor().__sklearn_tags__().input_tags
        return tags


def _time_left(deadline, share=1.0):
    """Return a share of the seconds that are left, at least a moment; None = all."""
    if deadline.seconds is None:
        return None
    return max(share * deadline.remaining, 1e-3)


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
            "No detector can be built. "
            + "; ".join(f"{name}: {why}" for name, why in failed.items())
        )
    return built, failed
