"""A search for hyperparameters of outlier detectors, with or without labels."""

import dataclasses
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import (
    BaseEstimator,
    MetaEstimatorMixin,
    OutlierMixin,
    _fit_context,
)
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from autonomaly._utils._constraints import MEMORY_LIMIT, N_JOBS, TIME_BUDGET
from autonomaly._utils._restore import all_or_nothing
from autonomaly._utils._seeds import spawn_seeds
from autonomaly._utils._threads import one_blas_thread
from autonomaly._utils._typing import (
    FloatArray,
    IntArray,
    Labels,
    Memory,
    Seed,
    Strategy,
    keeps_signature,
)
from autonomaly._utils._warn import warn_user
from autonomaly.exceptions import BudgetWarning, NoDetectorLeftError
from autonomaly.resources import (
    Deadline,
    OutOfTime,
    parse_memory,
    run_within,
    workers_in_time,
)
from autonomaly.tuning._inputs import check_names, checked_labels, seeded
from autonomaly.tuning._judge import Judge, check_metric, is_label_metric
from autonomaly.tuning._objectives import Objective, choose
from autonomaly.tuning._spaces import SearchSpace, default_search_space
from autonomaly.tuning._strategies import STRATEGIES, Budget, prepare
from autonomaly.tuning._trials import SearchEnded, TrialRunner, make_candidate

__all__ = ["OutlierSearch"]

# Share of the time budget for trials; the rest is for what cannot be interrupted, and
# for a last fit where trials see a sample only.
_TIME_FOR_TRIALS = 0.9
_TIME_FOR_TRIALS_ON_A_SAMPLE = 0.6


def _best_has(method):
    def check(self):
        inner = getattr(self, "best_estimator_", self.estimator)
        return hasattr(inner, method)

    return check


class OutlierSearch(OutlierMixin, MetaEstimatorMixin, BaseEstimator):
    """Search good hyperparameters of an outlier detector, without labels.

    Settings are tried one batch after the other; each is judged by a criterion that
    needs no labels, or by metrics where there are some. The search itself then is the
    detector with the best setting.

    Parameters
    ----------
    estimator : estimator
        An outlier detector of scikit-learn's or PyOD's kind, or a Pipeline that ends in
        one.
    search_space : dict or list of dict, default=None
        Hyperparameter to a list of values, to ``(low, high)``, of whole numbers if both
        are, or to ``(low, high, "log")``. A list of dicts means one of them. By default
        what the catalogue says of the detector.
    search : {"bayesian", "random", "grid", "evolutionary", "halving"}, \
            default="bayesian"
        ``"bayesian"`` is scikit-optimize's ``BayesSearchCV``, ``"halving"``
        scikit-learn's ``HalvingRandomSearchCV``, ``"evolutionary"`` a (mu + lambda)
        evolution strategy.
    scoring : str or callable, default="blend"
        A criterion of ``CRITERIA``; ``"average_precision"``, ``"roc_auc"``, ``"f1"``,
        ``"precision"`` or ``"recall"``, for which ``fit`` needs labels; or a callable
        ``(estimator, X, y) -> float``, greater is better.
    objectives : tuple or list of Objective, default=None
        What else is wanted of the chosen setting, such as ``LABEL_FREE_OBJECTIVES`` or
        ``LABEL_OBJECTIVES``. The search maximises the weighted mean of the figures of
        merit among them, those to be minimised with a minus; seconds and bytes count
        when the setting is chosen.
    minimum_threshold : float, default=None
        Settings with a smaller value, as the search maximises it, are chosen only if
        there is no other.
    n_trials : int, default=100
        Trials at most.
    batch_size : int, default=4
        Settings decided upon at once, which can then run in parallel. The result
        depends on it, and not on ``n_jobs``.
    warm_start_params : list of dict, default=None
        Settings to try first, after that of ``estimator`` itself.
    early_stopping : int, default=30
        Stop after so many trials in a row that were not better; None to go on.
        Successive halving has its own way to stop.
    pruning : bool, default=True
        Whether settings that are below the median on a quarter of the rows are given
        up; with 1000 rows or more, and without labels.
    resource : str, default="n_samples"
        What ``search="halving"`` rations: rows, or a hyperparameter that grows with the
        cost, such as ``"n_estimators"``.
    max_resources : int, default=None
        The most of that hyperparameter; by default what ``estimator`` has.
    max_samples : int, default=5000
        Rows that settings are tried on, at most; more are sampled, and the chosen
        setting is fitted on all of them.
    time_budget : float, default=None
        Seconds for ``fit``.
    memory_limit : int, float or str, default=None
        Bytes a fitted detector may take, or such as ``"500MB"``.
    outlier_label : object, default=None
        The value of y that marks an outlier. ``None`` will do where labels are -1
        (outlier) and 1, 0 and 1 (outlier), or booleans. Missing labels are NaN, None or
        NA.
    n_jobs : int, default=None
        Trials at a time, through joblib: ``joblib.parallel_config`` sends them to a
        cluster. New processes are not started where ``time_budget`` is short.
    random_state : int, RandomState instance or None, default=0
        Seed of the search, the criterion, and of detectors that have none of their own.

    Attributes
    ----------
    best_estimator_ : estimator
        The detector with the chosen setting, fitted on all rows.
    best_params_ : dict
        The chosen setting.
    best_score_ : float
        Its value.
    best_trial_ : Trial
        Its trial.
    trials_ : list of Trial
        What was tried, in order.
    pareto_front_ : list of Trial
        The trials that no other one beats in every objective.
    reason_ : str
        Why this setting was chosen, and which figures are proxies.
    stop_reason_ : str
        Why the search ended.
    offset_ : float
        ``decision_function = score_samples - offset_``, where the detector has one.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X has names that are strings.

    See Also
    --------
    AutonomousDetector : Chooses detectors and hyperparameters by itself.

    Notes
    -----
    Without labels every criterion is a proxy. ``benchmarks/criteria.py`` measures how
    well each one ranks settings of the catalogue on real data: ``"blend"``, the best on
    families that had no say in the choice, correlates by .42 with the true AUROC.

    A trial that hangs is left behind in a thread, which goes on until it ends by
    itself. With a time budget the number of trials, and so the result, depends on the
    machine.

    References
    ----------
    .. [1] Ma, M. Q., Zhao, Y., Zhang, X. and Akoglu, L. "The need for unsupervised
           outlier model selection." SIGKDD Explorations 25, 2023.
           :doi:`10.1145/3606274.3606277`
    .. [2] Snoek, J., Larochelle, H. and Adams, R. P. "Practical Bayesian optimization
           of machine learning algorithms." NeurIPS 2012.
           :doi:`10.48550/arXiv.1206.2944`
    .. [3] Jamieson, K. and Talwalkar, A. "Non-stochastic best arm identification and
           hyperparameter optimization." AISTATS 2016.
           :doi:`10.48550/arXiv.1502.07943`
    .. [4] Beyer, H.-G. and Schwefel, H.-P. "Evolution strategies: a comprehensive
           introduction." Natural Computing 1, 2002. :doi:`10.1023/A:1015059928466`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly import OutlierSearch
    >>> from autonomaly.detectors import KNNDetector
    >>> X = np.random.RandomState(0).randn(200, 2)
    >>> X[0] = [6.0, -6.0]
    >>> search = OutlierSearch(KNNDetector(), search="random", n_trials=8)
    >>> search.fit(X).score_samples(X).argmin()
    np.int64(0)
    >>> sorted(search.best_params_)
    ['n_neighbors']
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit"])],
        "search_space": [dict, list, None],
        "search": [StrOptions(set(STRATEGIES))],
        "scoring": [str, callable],
        "objectives": [tuple, list, None],
        "minimum_threshold": [Real, None],
        "n_trials": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "warm_start_params": [list, None],
        "early_stopping": [Interval(Integral, 1, None, closed="left"), None],
        "pruning": ["boolean"],
        "resource": [str],
        "max_resources": [Interval(Integral, 1, None, closed="left"), None],
        "max_samples": [Interval(Integral, 4, None, closed="left")],
        "time_budget": TIME_BUDGET,
        "memory_limit": MEMORY_LIMIT,
        "outlier_label": "no_validation",
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        search_space: dict[str, Any] | list[dict[str, Any]] | None = None,
        search: Strategy = "bayesian",
        scoring: str | Callable[..., float] = "blend",
        objectives: tuple[Objective, ...] | list[Objective] | None = None,
        minimum_threshold: float | None = None,
        n_trials: int = 100,
        batch_size: int = 4,
        warm_start_params: list[dict[str, Any]] | None = None,
        early_stopping: int | None = 30,
        pruning: bool = True,
        resource: str = "n_samples",
        max_resources: int | None = None,
        max_samples: int = 5000,
        time_budget: float | None = None,
        memory_limit: Memory | None = None,
        outlier_label: object = None,
        n_jobs: int | None = None,
        random_state: Seed = 0,
    ) -> None:
        self.estimator = estimator
        self.search_space = search_space
        self.search = search
        self.scoring = scoring
        self.objectives = objectives
        self.minimum_threshold = minimum_threshold
        self.n_trials = n_trials
        self.batch_size = batch_size
        self.warm_start_params = warm_start_params
        self.early_stopping = early_stopping
        self.pruning = pruning
        self.resource = resource
        self.max_resources = max_resources
        self.max_samples = max_samples
        self.time_budget = time_budget
        self.memory_limit = memory_limit
        self.outlier_label = outlier_label
        self.n_jobs = n_jobs
        self.random_state = random_state

    @keeps_signature(_fit_context(prefer_skip_nested_validation=False))
    @keeps_signature(all_or_nothing)
    def fit(self, X: npt.ArrayLike, y: Labels | None = None) -> Self:
        """Search, and fit the detector with the best setting.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.
        y : array-like of shape (n_samples,) or None
            Labels, missing ones NaN, None or NA. They are used by ``scoring`` and
            ``objectives`` that need them, and ignored otherwise.

        Returns
        -------
        self : object
            The fitted search.

        Raises
        ------
        NoDetectorLeftError
            If no setting could serve.
        ValueError
            If the space, the objectives or the labels cannot be used.
        """
        return self._fit(X, y)

    def _fit(self, X, y=None):
        """Search; if it fails, the trials are kept for whoever wants the reason."""
        deadline = Deadline(self.time_budget)
        prepare(self.search)
        Z = validate_data(self, X, dtype=np.float64, ensure_min_samples=4)
        seeds = spawn_seeds(self.random_state, 4)
        estimator, own = seeded(self.estimator, seeds[0])
        given = self.search_space
        space = SearchSpace(default_search_space(estimator) if given is None else given)
        check_names(own, space, self.warm_start_params or [])
        metrics, weights, objectives = self._checked_objectives()
        truth = None
        if any(is_label_metric(metric) for metric in metrics.values()):
            truth = checked_labels(Z, y, metrics, self.outlier_label)
        elif callable(self.scoring) and y is not None:
            truth = np.asarray(y)

        rows = None
        if len(Z) > self.max_samples:
            rng = check_random_state(seeds[3])
            rows = np.sort(rng.choice(len(Z), self.max_samples, replace=False))
        tried = Z if rows is None else Z[rows]
        if truth is not None and rows is not None:
            truth = truth[rows]
        with one_blas_thread():
            judge = self._prepare_judge(
                metrics, weights, tried, truth, seeds[1], deadline
            )
            runner = self._make_runner(estimator, judge, deadline, rows, seeds[2])
            if hasattr(self, "_begun"):
                runner.adopt(self._begun.best_trial_, self._begun.best_estimator_)
            try:
                self._run(runner, space, own, seeds[3])
            except SearchEnded as ended:
                self.stop_reason_ = str(ended)
            self.trials_ = runner.trials
            self._choose(runner, objectives, deadline, Z, sampled=rows is not None)
        return self

    def _make_runner(self, estimator, judge, deadline, rows, seed):
        seconds, n_jobs = None, self.n_jobs
        if self.time_budget is not None:
            known = hasattr(self, "_begun")  # whoever began knows of the workers, too
            if not known and workers_in_time(n_jobs, deadline) == 1:
                n_jobs = 1
            share = _TIME_FOR_TRIALS if rows is None else _TIME_FOR_TRIALS_ON_A_SAMPLE
            seconds = share * deadline.remaining
        halving = self.search == "halving"  # has its own way to give settings up
        return TrialRunner(
            estimator,
            judge,
            deadline=Deadline(seconds),
            n_trials=self.n_trials,
            early_stopping=None if halving else self.early_stopping,
            pruning=self.pruning and not halving,
            memory_limit=parse_memory(self.memory_limit),
            batch_size=self.batch_size,
            n_jobs=n_jobs,
            # With objectives the chosen one is known at the end only; without a time
            # budget there is time to fit it again.
            keep_all=self.objectives is not None and seconds is not None,
            seed=seed,
        )

    def _run(self, runner, space, own, seed):
        """Try what is known first, then look where the strategy says."""
        first = {n: own[n] for n in space.parts[0]}
        first = [first, *(self.warm_start_params or [])][: self.n_trials]
        if self.search != "halving":  # which compares settings on a part of the rows
            runner.evaluate(first[:1])  # something to return, whatever comes
            runner.evaluate(first[1:])
        budget = Budget(
            first,
            self.n_trials - len(runner.trials),
            self.batch_size,
            seed,
            self.resource,
            self._max_resources(own),
        )
        STRATEGIES[self.search](space, runner, budget)
        self.stop_reason_ = "the strategy had nothing left to try"

    def _max_resources(self, own):
        if self.search != "halving" or self.resource == "n_samples":
            return None
        own = own.get(self.resource)
        most = own if self.max_resources is None else self.max_resources
        if not isinstance(most, Integral) or most < 1:
            raise ValueError(
                f"resource={self.resource!r} must name an integer hyperparameter, but "
                f"it is {own!r} in the estimator. Name another one, or pass "
                f"max_resources."
            )
        return int(most)

    # ------------------------------------------------------------- what is wanted

    def _checked_objectives(self):
        """Return metrics and weights of the search, and objectives of the choice."""
        if isinstance(self.scoring, str):
            check_metric(self.scoring)
        name = self.scoring if isinstance(self.scoring, str) else "quality"
        if self.objectives is None:
            return {name: self.scoring}, {name: 1.0}, [Objective(name)]
        objectives = list(self.objectives)
        if not objectives or not all(isinstance(o, Objective) for o in objectives):
            raise ValueError(
                f"objectives must be a tuple of Objective, for example "
                f"autonomaly.tuning.LABEL_FREE_OBJECTIVES, got {self.objectives!r}."
            )
        if name != "quality":
            objectives = [
                dataclasses.replace(o, name=name) if o.name == "quality" else o
                for o in objectives
            ]
        merits = [o for o in objectives if not o.is_cost]
        metrics = {
            o.name: self.scoring if o.name == "quality" else o.name for o in merits
        }
        weights = {o.name: o.sign * o.weight for o in merits}
        if not any(weights.values()):  # only costs: the search still needs a value
            metrics, weights = {name: self.scoring, **metrics}, {name: 1.0}
        return metrics, weights, objectives

    def _prepare_judge(self, metrics, weights, X, truth, seed, deadline):
        try:
            return run_within(
                deadline,
                "computing what the criterion compares with",
                lambda: Judge(metrics, weights, X, truth, seed=seed),
            )
        except OutOfTime as error:
            raise NoDetectorLeftError(
                f"There was no time for a single trial: {error}. Increase "
                f"time_budget, or use a scoring without a consensus, such as "
                f"'injection'."
            ) from error

    # ------------------------------------------------------------------ the result

    def _choose(self, runner, objectives, deadline, X, *, sampled):
        done = [t for t in runner.trials if t.status == "done"]
        if not done:
            faults = dict.fromkeys(t.error for t in runner.trials if t.error)
            raise NoDetectorLeftError(
                f"None of {len(runner.trials)} trials yielded a usable detector. "
                + "; ".join(list(faults)[:5])
            )
        most = max(t.share for t in done)
        finalists = [t for t in done if t.share == most]
        best, front, reason = choose(
            finalists, objectives, minimum_threshold=self.minimum_threshold
        )
        self.best_trial_, self.pareto_front_, self.reason_ = best, front, reason
        self.best_params_, self.best_score_ = dict(best.params), best.value
        fitted = runner.fitted.get(best.number)
        whole = not sampled and most == 1
        if fitted is None or not whole:
            fitted = self._fit_last(runner.estimator, best, deadline, X, fitted)
        self.best_estimator_ = fitted

    def _fit_last(self, estimator, best, deadline, X, fitted):
        """Fit the chosen setting on all rows, as far as there is time."""
        last = make_candidate(estimator, best.params)
        try:
            return run_within(deadline, "refitting on all rows", lambda: last.fit(X))
        except OutOfTime as error:
            if fitted is None:
                raise NoDetectorLeftError(str(error)) from error
            what = f"{error}. The detector remains fitted on part of the rows."
            warn_user(what, BudgetWarning)
            return fitted

    # -------------------------------------------------------------------- scoring

    @keeps_signature(available_if(_best_has("score_samples")))
    def score_samples(self, X: npt.ArrayLike) -> FloatArray:
        """Score rows with the best detector; the lower, the more abnormal.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        ndarray of shape (n_samples,)
            Scores, low = abnormal.
        """
        return self.best_estimator_.score_samples(self._validate_scoring(X))

    def decision_function(self, X: npt.ArrayLike) -> FloatArray:
        """Score rows relative to the best detector's threshold; negative = outlier.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        ndarray of shape (n_samples,)
            Scores, negative = outlier.
        """
        X = self._validate_scoring(X)
        return self.best_estimator_.decision_function(X)

    def predict(self, X: npt.ArrayLike) -> IntArray:
        """Label rows with the best detector.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        ndarray of shape (n_samples,)
            -1 for outliers, +1 for inliers.
        """
        X = self._validate_scoring(X)
        return self.best_estimator_.predict(X)

    @property
    def offset_(self) -> float:
        """Threshold of the best detector on its ``score_samples``."""
        check_is_fitted(self)
        best = self.best_estimator_
        return (best[-1] if hasattr(best, "steps") else best).offset_

    def _validate_scoring(self, X):
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, reset=False)
