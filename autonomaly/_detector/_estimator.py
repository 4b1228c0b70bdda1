"""The detector that needs no configuration: it calls the parts in their order."""

import time
from numbers import Integral
from typing import Literal, Self

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from autonomaly._detector._feedback import LABEL_FREE, FeedbackMixin
from autonomaly._detector._fitting import Fitting
from autonomaly._detector._reading import row_slabs
from autonomaly._detector._result import AutonomousResult
from autonomaly._utils._constraints import (
    CONTAMINATION,
    FALSE_DISCOVERY_RATE,
    MEMORY_LIMIT,
    N_JOBS,
    TIME_BUDGET,
)
from autonomaly._utils._floats import FLOAT_ERRORS
from autonomaly._utils._progress import Progress
from autonomaly._utils._restore import all_or_nothing
from autonomaly._utils._threshold_mixin import ThresholdMixin
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
from autonomaly._utils._words import enumerated
from autonomaly.detectors._pickled_registrations import (
    pack_registered,
    unpack_registered,
)
from autonomaly.ensemble._budget import what_time_cost
from autonomaly.exceptions import BudgetWarning
from autonomaly.explanation._attribution import ordinary_rows
from autonomaly.explanation._decisions import record_fit
from autonomaly.explanation._html import summary_html
from autonomaly.io import as_chunks
from autonomaly.preprocessing import AutonomousPreprocessor
from autonomaly.resources import parse_memory
from autonomaly.tuning import STRATEGIES

__all__ = ["AutonomousDetector"]


class AutonomousDetector(FeedbackMixin, ThresholdMixin, BaseEstimator):
    """Anomaly detection on any table, without labels and without configuration.

    The table is profiled and converted to numbers. Detectors of different kinds score
    it on several scaled copies (views), and are refitted without the most suspicious
    rows; their scores are combined, and the threshold is estimated from the result.
    Every choice is in ``record_``.

    Parameters
    ----------
    contamination : "auto" or float in (0, 0.5], default="auto"
        Share of training rows to flag. ``"auto"`` estimates it from the distribution
        of the scores and may flag no row.
    max_false_discovery_rate : float in (0, 1), default=None
        Flag as many training rows as possible while the expected share of false alarms
        among them stays below this rate. Flags either no row or about ``1 / rate`` rows
        and more (twice as many with more than 4,000 rows), since p-values cannot be
        smaller than one over the number of held-out rows. Replaces ``contamination``.
    labels : {"ignore", "use"}, default="ignore"
        ``"ignore"`` never looks at ``y``. ``"use"`` learns from the labels in ``y``,
        any number of them (even none), and from those passed to :meth:`feedback`
        later. The detector then keeps the numbers and member scores of up to 25,000
        training rows, besides the labelled ones.
    outlier_label : object, default=None
        The label of anomalies. ``None`` is enough if labels are -1 (anomaly) and 1,
        0 and 1 (anomaly), or booleans (True for an anomaly).
    algorithms : list or tuple of str, default=None
        Names of detectors to use; None is the default pool. A name of
        :func:`~autonomaly.detectors.catalogue` (``"lof"``, ``"pyod_mcd"``) stands for
        all its members in :data:`~autonomaly.selection.POOL` (``"knn"`` has five) or,
        without any, for itself; a member's own name (``"knn5_squashed"``) for that
        member alone. :doc:`/api/detectors` lists all names.
    exclude : list or tuple of str, default=None
        Names not to use, as in ``algorithms``; None excludes nothing.
    max_models : int, default=None
        Maximum number of members that vote. None means no limit: 13 by default.
    search : {"bayesian", "random", "grid", "evolutionary", "halving"}, default=None
        Strategy that tunes the members' hyperparameters without labels, see
        :class:`OutlierSearch`. None leaves them as they are.
    n_trials : int, default=100
        Maximum number of trials, shared by all members; at least two per member if
        the budget allows. Under a budget, cheaper members (judged by their first
        trial) get more.
    time_budget : float, default=None
        Seconds for ``fit``, reading included. What cannot be fitted in time is left
        out, with a warning and an entry in ``record_``. Labelling all rows in
        ``fit_predict`` may come on top, see Notes.
    memory_limit : int, float or str, default=None
        Working memory beyond the data itself, in bytes or as text such as ``"2GB"``.
    n_jobs : int, default=None
        Number of threads used to score; may be changed after ``fit``. Results do not
        depend on it. None uses as many as scikit-learn's own loops (all cores, or
        ``OMP_NUM_THREADS``), except with third-party detectors or inside
        ``joblib.parallel_config``.
    random_state : int, RandomState instance or None, default=0
        Seed of everything random: the same seed gives the same result.
    verbose : int, default=0
        1 shows a progress bar with the stage and the time left on standard error.

    Attributes
    ----------
    n_samples_seen_ : int
        Number of rows read.
    profile_ : DataProfile
        Description of the table; of a sample of its rows if time is short.
    preprocessor_ : AutonomousPreprocessor
        Converts the table to numbers.
    recommendations_ : list of AlgorithmRecommendation
        The members chosen, with the reason.
    rejected_ : dict of str to str
        Members that were refused, failed or ran out of time, with the reason.
    ensemble_ : VotingOutlierEnsemble
        The fitted members and their vote.
    contamination_ : float
        Share of training rows flagged; after ``fit`` on a large table, of the sample
        that was scored.
    offset_ : float
        ``decision_function = score_samples - offset_``.
    known_labels_ : dict of int to bool
        The labels used: positions of training rows, True for anomalies.
    record_ : DecisionRecord
        Every choice with its reason.
    result_ : AutonomousResult
        The fit as one object.
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

    A table may come in chunks, except with ``labels="use"``: the path or a glob of
    files (``"day-*.parquet"``), a list of tables, an iterator of tables, or a function
    that returns one. If the table fits into ``memory_limit`` (2 GB if None), the
    result is the same as for the table in memory. If not, ``fit`` reads the chunks
    once and learns from a sample of the rows. ``fit_predict`` reads them a second
    time, which an iterator does not allow.

    A table in memory is encoded as a whole if that fits into ``memory_limit`` and
    takes only a part of ``time_budget``; otherwise (many categories, long texts)
    ``fit`` learns from a sample of it, except with ``labels="use"``.

    ``time_budget`` covers ``fit``, and ``fit_predict`` of a table that is encoded as a
    whole. Where ``fit`` learns from a sample, ``fit_predict`` labels all rows
    afterwards, however long that takes.

    A fitted detector holds training rows as numbers, up to 4,000 by default and up to
    25,000 more with ``labels="use"``: treat a saved one as confidential as the table.

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
        "contamination": CONTAMINATION,
        "max_false_discovery_rate": FALSE_DISCOVERY_RATE,
        "labels": [StrOptions({"ignore", "use"})],
        "outlier_label": "no_validation",
        "algorithms": [list, tuple, None],
        "exclude": [list, tuple, None],
        "max_models": [Interval(Integral, 1, None, closed="left"), None],
        "search": [StrOptions(set(STRATEGIES)), None],
        "n_trials": [Interval(Integral, 1, None, closed="left")],
        "time_budget": TIME_BUDGET,
        "memory_limit": MEMORY_LIMIT,
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    # What odd rows are compared with, see `ordinary_rows`; None until it is asked for.
    _ordinary_rows = None

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
        """Learn what is normal in a table.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features), or chunks
            Numbers, categories, strings, booleans and dates, with missing values; or
            chunks of a table that does not fit into memory, see Notes.
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
            Numbers, categories, strings, booleans and dates, with missing values; or
            chunks of a table that does not fit into memory, see Notes.
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
            Scores, low = abnormal: the negative combined scores of the members, each
            in units of its spread over the reference. If labels were used, about -1
            for anomalies and 1 for normal rows.

        Warns
        -----
        UnreadableWarning
            If columns of numbers or dates hold something else, which counts as
            missing.
        UnseenWarning
            If in more than 5 % of the rows, and at least 10, a column of few categories
            holds one that no training row had.
        """
        check_is_fitted(self)
        return self._by_slabs(X, self._now()._scores)

    def outlier_pvalues(self, X: TableOrChunks) -> FloatArray:
        """Give conformal p-values against the hypothesis that a row is normal.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features), or chunks
            Rows with the columns of the training table, or chunks of such rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            In (0, 1]; small = abnormal. Uniform for new rows from the training
            population; conservative (too large) with fewer than 2,000 training rows,
            the more so the more columns there are. Labels do not affect them.
        """
        check_is_fitted(self)
        return self._by_slabs(X, self._ensemble_now().outlier_pvalues)

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
        chunks = as_chunks(X)
        n_encoded = len(self.preprocessor_.feature_sources_) or 1
        memory = parse_memory(self.memory_limit)
        slabs = (
            slab
            for table in ([X] if chunks is None else chunks)
            for slab in row_slabs(table, n_encoded, memory)
        )
        encoded = self.preprocessor_._encode_parts(slabs, self)
        return np.concatenate([work(Z) for Z in encoded])

    def _numbers(self, X):
        (encoded,) = self.preprocessor_._encode_parts([X], self)
        return encoded

    def _keep_ordinary_rows(self, X, scores):
        """Keep what odd rows are compared with: a saved model explains new rows.

        ``X`` are rows of the training and ``scores`` what ``score_samples`` gives them.
        """
        self._ordinary_rows = ordinary_rows(self, X, scores)

    @all_or_nothing
    # What the user wants transformers to put out is not what goes from part to part.
    @config_context(transform_output="default")
    @np.errstate(**FLOAT_ERRORS)
    def _fit(self, X, y, *, label):
        fitting = Fitting(self, label)
        with Progress(self.verbose) as progress:
            progress.stage("reading the table")
            fitting.read(X, y)
            progress.stage("profiling")
            fitting.look()
            progress.stage("choosing detectors")
            fitting.choose()
            if self.search is not None:
                progress.stage("tuning detectors")
                fitting.tune()
            progress.stage("fitting detectors")
            fitting.vote(progress)
        self._publish(fitting)
        labels = self._label(fitting, X)
        if labels is not None:
            self._tell_share_of_all(labels)
        return labels

    def _publish(self, fitting):
        """Take over what a fit has found, and learn from the labels there are."""
        self._ordinary_rows = None
        self.n_samples_seen_ = fitting.n_rows
        self.profile_ = fitting.profile
        self.preprocessor_ = fitting.preprocessor
        self.ensemble_ = fitting.ensemble
        self.rejected_ = {**fitting.selection.refused, **fitting.failed}
        self.recommendations_ = [
            r
            for r in fitting.selection.recommendations
            if r.algorithm not in fitting.failed
        ]
        self.offset_ = self.ensemble_.offset_
        self._performance = {"kind": LABEL_FREE}
        self._performance["member_agreement"] = self.ensemble_.agreement_
        self._tell_share(self.ensemble_.contamination_, self.ensemble_.n_scored_)
        agreement = self.ensemble_.agreement_with_vote_
        names = [r.algorithm for r in self.recommendations_]
        self._best = max(names, key=lambda name: agreement.get(name, -1.0))
        record_fit(fitting.record, self)
        self.record_ = fitting.record
        self._start_learning(
            fitting.Z,
            fitting.known,
            fitting.time_left(),
            fitting.seeds[1],
            fitting.undone,
        )
        self._say_what_time_cost(fitting)
        self._performance["fit_seconds"] = time.monotonic() - fitting.started

    def _label(self, fitting, X):
        """Label the rows read, where that is wanted."""
        if fitting.label_here and self.known_labels_:
            return np.where(self._scores(fitting.Z) < self.offset_, -1, 1)
        if fitting.label_chunks:
            return self.predict(fitting.chunks)
        if fitting.label_table and not fitting.label_here:
            return self.predict(X)
        return fitting.labels

    def _say_what_time_cost(self, fitting):
        """Warn, and write down, if the time budget left something undone."""
        undone = [*fitting.undone, *self.ensemble_.undone_]
        if not undone:
            return
        spent = self.ensemble_._spent
        choice = "spent" if spent else "too short for everything"
        what = f"the fit {enumerated(undone)}"
        fitting.record.add("resources", "time_budget", choice, what)
        warn_user(what_time_cost(self.time_budget, undone), BudgetWarning)

    def __getstate__(self):
        # Worker processes know the detectors that come with the package, and no other.
        registered = pack_registered(self.algorithms, self.exclude)
        return {**super().__getstate__(), "_registered": registered}

    def __setstate__(self, state):
        state = dict(state)
        unpack_registered(state.pop("_registered", []))
        super().__setstate__(state)

    def _html_repr(self):
        html = super()._html_repr()
        return html + summary_html(self.record_) if hasattr(self, "record_") else html

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = AutonomousPreprocessor().__sklearn_tags__().input_tags
        return tags
