"""A voting ensemble of outlier detectors on shared views and a trimmed reference."""

import contextlib
import math
from functools import partial
from numbers import Integral
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from joblib import delayed
from sklearn.base import _fit_context
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import check_is_fitted, validate_data

from autonomaly._utils._constraints import (
    CONTAMINATION,
    FALSE_DISCOVERY_RATE,
    MEMORY_LIMIT,
    N_JOBS,
    TIME_BUDGET,
)
from autonomaly._utils._floats import FLOAT_ERRORS
from autonomaly._utils._progress import NoProgress
from autonomaly._utils._quiet import kept_filters, quiet_if
from autonomaly._utils._restore import all_or_nothing
from autonomaly._utils._seeds import spawn_seeds
from autonomaly._utils._threads import one_blas_thread
from autonomaly._utils._threshold_mixin import ThresholdMixin
from autonomaly._utils._typing import (
    Contamination,
    FloatArray,
    IntArray,
    Memory,
    Seed,
    keeps_signature,
)
from autonomaly.detectors import DetectorAdapter
from autonomaly.ensemble._budget import BudgetMixin
from autonomaly.ensemble._calibration import Calibration, n_discoveries
from autonomaly.ensemble._combination import combine
from autonomaly.ensemble._committee import Committee
from autonomaly.ensemble._common_values import common_values
from autonomaly.ensemble._held_out import MAX_HELD_OUT, cross_fitted
from autonomaly.ensemble._members import is_ours
from autonomaly.ensemble._parameters import (
    checked_depths,
    checked_names,
    checked_weights,
)
from autonomaly.ensemble._reference import MIN_HELD_OUT, split_rows
from autonomaly.ensemble._structure import joint_structure
from autonomaly.ensemble._threshold import outlier_threshold, separating_threshold
from autonomaly.resources import Deadline, parallel_threads, run_here

__all__ = ["VotingOutlierEnsemble"]

# Searches among fewer rows are done before a thread has started.
_WORTH_THREADS = 1000


class VotingOutlierEnsemble(BudgetMixin, ThresholdMixin, _BaseComposition):
    """Outlier detectors that vote, without labels.

    Every member is fitted on the reference (the training rows, or a sample of them)
    and again on what is left of it once a consensus has left out the most suspicious
    rows; all of them score every row. Scores are standardised with the statistics of
    the reference, so that a row's score depends on the fitted ensemble and the row
    alone. What members have in common is computed once: equal view steps of their
    pipelines, one neighbour search per view, one spline basis.

    Parameters
    ----------
    estimators : list of (str, estimator) tuples
        Outlier detectors of scikit-learn's or PyOD's kind, each with ``score_samples``
        or ``decision_function`` for new rows, or Pipelines that end in one.
    voting : {"soft", "hard"}, default="soft"
        ``"soft"`` combines the standardised scores, ``"hard"`` the labels: the score
        of a row is minus the share of members that flag it, and more than half of
        them must; where contamination is a number, the rows most members flag, up to
        that share.
    combination : {"upper_half", "mean", "median", "max"}, default="upper_half"
        How soft votes are combined; ``"upper_half"`` is the mean of the half of the
        members that find the row most abnormal.
    weights : array-like of shape (n_estimators,) or (n_estimators, n_depths), \
            default=None
        Non-negative weights of the members, the same at every depth of trimming or
        one for each.
    trimming : "auto", None or tuple or list of float, default="auto"
        The depths at which members are fitted, each a share in [0, 1) of the reference
        that is left out: the rows that the vote so far finds most abnormal. ``None``
        is ``(0.0,)``, ``"auto"`` is ``(0.0, 0.3, 0.5)``.
    contamination : "auto" or float in (0, 0.5], default="auto"
        Share of training rows to flag. ``"auto"`` estimates it from the distribution
        of the scores and may flag no row.
    max_false_discovery_rate : float in (0, 1), default=None
        Flag as many training rows as keeps the expected share of false alarms among
        them below this rate (conformal p-values, Benjamini-Hochberg); may flag no
        row. Takes the place of ``contamination``.
    calibrate : bool, default=True
        Whether to score held-out rows, for :meth:`outlier_pvalues`. From 2,000 rows on
        1,000 of them are left out of the reference for it; with fewer, it takes three
        more fits on parts of the rows, or up to ten where there are many columns.
    max_reference : int, default=4000
        Rows that members are fitted on at most; more are sampled.
    memory_limit : int, float or str, default=None
        Bytes to work with; chunks of rows are smaller for it.
    time_budget : float, default=None
        Seconds for ``fit``. Members that come too late are rejected; ``undone_`` says
        what else was left out, and there is a :class:`BudgetWarning`.
    n_jobs : int, default=None
        Threads that score chunks of rows; results do not depend on it. None is as many
        as scikit-learn's own loops take (the cores, or ``OMP_NUM_THREADS``), unless
        ``joblib.parallel_config`` says otherwise, or foreign detectors take part.
    random_state : int, RandomState instance or None, default=0
        Seed of the reference, the folds, and the members whose own ``random_state`` is
        None or 0; members of one class get different ones.

    Attributes
    ----------
    estimators_ : list of Pipeline
        The fitted members, view and detector, of all levels.
    named_estimators_ : Bunch
        The fitted members by name; those fitted on a trimmed reference are named
        ``"name@0.3"`` after the share left out.
    rejected_ : dict of str to str
        Members that could not serve, with the reason.
    n_scored_ : int
        Training rows that set the threshold: of many, ``fit`` scores a part only.
    contamination_ : float
        Share of those rows below the threshold.
    structure_ : float
        Typical distance between neighbouring rows, relative to a Gaussian population
        with the same columns and correlations: about 1 where the data is one
        homogeneous population, less where it has structure.
    threshold_reason_ : str
        What set the threshold.
    agreement_ : float or None
        Mean rank correlation of the members with the vote, on the reference. None with
        fewer than two members.
    agreement_with_vote_ : dict of str to float
        The same for each member, over its levels.
    offset_ : float
        ``decision_function = score_samples - offset_``.
    reference_size_ : int
        Number of rows the members were fitted on.
    depths_ : tuple of float
        The depths of trimming that were reached: shares of the reference that members
        were fitted without.
    calibration_ : Calibration or None
        Scores of held-out rows.
    undone_ : list of str
        What the time budget cut short, such as "reached 1 of 3 trimming depths".
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X has names that are strings.

    See Also
    --------
    AutonomousDetector : Chooses the members by itself.

    References
    ----------
    .. [1] Aggarwal, C. C. and Sathe, S. "Theoretical foundations and algorithms for
           outlier ensembles." SIGKDD Explorations 17, 2015.
           :doi:`10.1145/2830544.2830549`
    .. [2] Bates, S., Candès, E., Lei, L., Romano, Y. and Sesia, M. "Testing for
           outliers with conformal p-values." Annals of Statistics 51, 2023.
           :doi:`10.1214/22-AOS2244`

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import IsolationForest
    >>> from autonomaly import VotingOutlierEnsemble
    >>> from autonomaly.detectors import KNNDetector
    >>> X = np.random.RandomState(0).randn(200, 2)
    >>> X[0] = [9.0, -9.0]
    >>> ensemble = VotingOutlierEnsemble(
    ...     [("knn", KNNDetector()), ("forest", IsolationForest(n_estimators=20))]
    ... )
    >>> ensemble.fit_predict(X)[:3]
    array([-1,  1,  1])
    """

    _parameter_constraints = {
        "estimators": [list],
        "voting": [StrOptions({"soft", "hard"})],
        "combination": [StrOptions({"upper_half", "mean", "median", "max"})],
        "weights": ["array-like", None],
        "trimming": [StrOptions({"auto"}), None, tuple, list],
        "contamination": CONTAMINATION,
        "max_false_discovery_rate": FALSE_DISCOVERY_RATE,
        "calibrate": ["boolean"],
        "max_reference": [Interval(Integral, 2, None, closed="left")],
        "memory_limit": MEMORY_LIMIT,
        "time_budget": TIME_BUDGET,
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimators: list[tuple[str, Any]],
        *,
        voting: Literal["soft", "hard"] = "soft",
        combination: Literal["upper_half", "mean", "median", "max"] = "upper_half",
        weights: npt.ArrayLike | None = None,
        trimming: Literal["auto"] | tuple[float, ...] | list[float] | None = "auto",
        contamination: Contamination = "auto",
        max_false_discovery_rate: float | None = None,
        calibrate: bool = True,
        max_reference: int = 4000,
        memory_limit: Memory | None = None,
        time_budget: float | None = None,
        n_jobs: int | None = None,
        random_state: Seed = 0,
    ) -> None:
        self.estimators = estimators
        self.voting = voting
        self.combination = combination
        self.weights = weights
        self.trimming = trimming
        self.contamination = contamination
        self.max_false_discovery_rate = max_false_discovery_rate
        self.calibrate = calibrate
        self.max_reference = max_reference
        self.memory_limit = memory_limit
        self.time_budget = time_budget
        self.n_jobs = n_jobs
        self.random_state = random_state

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters of the ensemble and of its members.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return those of the members too, as ``name__parameter``.

        Returns
        -------
        dict
            Parameter names to values.
        """
        return self._get_params("estimators", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters of the ensemble and of its members.

        Parameters
        ----------
        **params : dict
            Parameter names to values; a member's name replaces the member.

        Returns
        -------
        self : object
            The ensemble.
        """
        return self._set_params("estimators", **params)

    @keeps_signature(_fit_context(prefer_skip_nested_validation=False))
    @keeps_signature(all_or_nothing)
    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Fit the members, the vote and the threshold.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : object
            The fitted ensemble.

        Raises
        ------
        NoDetectorLeftError
            If no member could serve.
        """
        X = self._validate_fit(X)
        with self._kept_filters():
            self._fit(X, score_all=False)
        self._warn_of_the_undone()
        return self

    @keeps_signature(all_or_nothing)
    def fit_predict(self, X: npt.ArrayLike, y: object = None) -> IntArray:
        """Fit, and label the training rows; the same as ``fit(X).predict(X)``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        ndarray of shape (n_samples,)
            -1 for outliers, +1 for inliers.
        """
        self._validate_params()
        X = self._validate_fit(X)
        with self._kept_filters():
            abnormality = self._fit(X, score_all=True)
        self._warn_of_the_undone()
        return np.where(-abnormality < self.offset_, -1, 1)

    def score_samples(self, X: npt.ArrayLike) -> FloatArray:
        """Score rows; the lower, the more abnormal.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        ndarray of shape (n_samples,)
            Scores, low = abnormal. With soft votes, the negative combined scores of
            the members, each in units of its spread over the reference.
        """
        check_is_fitted(self)
        return -self._abnormality(self._validate_scoring(X))

    def outlier_pvalues(self, X: npt.ArrayLike) -> FloatArray:
        """Give conformal p-values against the hypothesis that a row is normal.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        ndarray of shape (n_samples,)
            In (0, 1]; small = abnormal. For new rows from the population of the
            training rows they are uniform; with fewer than 2,000 training rows they
            are larger than that, the more so the more columns there are.

        Raises
        ------
        ValueError
            If the ensemble was fitted with ``calibrate=False``, or one of its members
            did not end in time when it was fitted again for the calibration.
        """
        scores = self.score_samples(X)
        if self.calibration_ is None:
            raise ValueError(
                f"p-values need held-out rows, but the fit with "
                f"calibrate={self.calibrate} and time_budget={self.time_budget} kept "
                f"none. Fit with calibrate=True and enough time."
            )
        return self.calibration_.pvalues(-scores)

    def member_scores(self, X: npt.ArrayLike) -> dict[str, FloatArray]:
        """Score rows with every member.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        dict of str to ndarray of shape (n_samples,)
            Standardised scores by the names of ``named_estimators_``, low = abnormal,
            as everywhere.
        """
        check_is_fitted(self)
        X = self._validate_scoring(X)
        Z = np.vstack(self._map_chunks(X, Committee.scores))
        return {name: -Z[:, j] for j, name in enumerate(self._committee.names)}

    # ------------------------------------------------------------------ fitting

    def _kept_filters(self):
        """Keep the warning filters where foreign code takes part: for all of a fit.

        Between the members other threads would save what foreign code has set.
        """
        ours = all(is_ours(estimator) for _, estimator in self.estimators)
        return contextlib.nullcontext() if ours else kept_filters()

    def _validate_fit(self, X):
        if self.max_false_discovery_rate is not None and not self.calibrate:
            raise ValueError(
                "max_false_discovery_rate needs held-out scores, which calibrate=False "
                "does not keep. Pass calibrate=True."
            )
        X = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        self._validate_names(checked_names(self.estimators))
        self._depths = checked_depths(self.trimming)
        shape = len(self.estimators), len(self._depths)
        self._weights = checked_weights(self.weights, shape)
        return X

    @np.errstate(**FLOAT_ERRORS)
    def _fit(self, X, score_all, structure=None):
        """Fit; return the abnormality of the rows of X, or None where not all scored.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Validated rows.
        score_all : bool
            Whether to score every row; the threshold does not depend on it.
        structure : float, default=None
            The structure of the data where it is known; measured if None.
        """
        # Whoever gave a part of a budget knows the whole, which reasons name.
        deadline = Deadline(self.time_budget, getattr(self, "_whole_budget", None))
        seeds = spawn_seeds(self.random_state, 5)
        split = split_rows(
            len(X),
            self.max_reference,
            calibrate=self.calibrate,
            # The fewer are held out, the more must be as odd as any to be discovered.
            in_turn=self.max_false_discovery_rate is not None,
            judge_all=self.contamination != "auto",
            score_all=score_all,
            seeds=(seeds[0], seeds[3]),
        )
        self.rejected_, self._n_unscored = {}, 0
        with one_blas_thread():
            reference = split.reference_of(X)
            if structure is None:
                # Whoever made the columns of a table knows which belong together.
                sources = getattr(self, "_sources", None)
                structure = joint_structure(reference, seeds[4], sources)
            self.structure_ = structure
            Z = self._fit_members(reference, seeds[1], deadline, split, score_all)
        self.reference_size_ = len(Z)
        Z, held_out = self._score_rest(X, Z, split, score_all, seeds[3], deadline)
        self._committee.finish()
        Z, unseen = self._survived(
            Z, lambda: self._hold_out(X, *split.judges(held_out), seeds[2], deadline)
        )
        del self._values
        scores = self._vote(Z)
        self._fit_calibration(X, *unseen, scores if held_out is None else None)
        self._fit_threshold(X, *split.rows_and_scores(scores, held_out))
        self.undone_ = self._what_is_undone(deadline)
        return split.in_order(scores, held_out)

    def _score_rest(self, X, Z, split, score_all, seed, deadline):
        """Score the rows outside of the reference, as many as there is time for.

        Returns the standardised scores of the reference, of the members that are left,
        and the votes on the rows ``split.rest`` then holds; None if there are none.
        """
        if split.rest is None:
            return Z, None
        self._watcher().stage("scoring rows")
        if deadline.seconds is None:
            return self._survived(Z, lambda: self._abnormality(X[split.rest]))
        rest = split.rest
        if not score_all:  # the first ones stand for all, should time run out
            rest = check_random_state(seed).permutation(rest)
        Z, held_out = self._score_in_time(X, Z, rest, score_all, deadline)
        self._n_unscored = len(rest) - len(held_out)
        if not score_all:
            order = np.argsort(rest[: len(held_out)])
            split.rest, held_out = rest[order], held_out[order]
        return Z, held_out

    def _fit_members(self, X, seed, deadline, split, score_all):
        """Fit the members; return their standardised scores of the reference."""
        rows_later = 0 if split.rest is None else len(split.rest)
        if not score_all:
            rows_later = min(rows_later, MIN_HELD_OUT)
        rows_later = math.ceil(rows_later / parallel_threads(self.n_jobs).speed)
        # Without rows outside of the reference the calibration is another fit.
        twice = self.calibrate and split.rest is None
        self._committee = Committee(
            self.estimators,
            self._weights,
            self._depths,
            self.combination if self.voting == "soft" else "upper_half",
        )
        max_rows = self._chunk_rows(rows_later, X.shape[1])
        parallel = parallel_threads(
            self.n_jobs,
            n_tasks=1 if len(X) < _WORTH_THREADS else None,
            here=True,
            # What is drawn ahead is begun, however late it gets meanwhile.
            pre_dispatch="n_jobs",
            batch_size=1,
        )
        with run_here():
            Z = self._committee.fit(
                X,
                seed,
                deadline.part(0.5) if twice else deadline,
                self.rejected_,
                self._watcher().step,
                parallel,
                rows_later,
                max_rows,
            )
        # Needed while fitting only, where every member flags rows of the reference.
        self._values = common_values(X) if self.voting == "hard" else []
        self._take_members(Z)
        return Z

    def _take_members(self, Z):
        """Publish the members of the committee, and see how well they agree."""
        self.estimators_ = self._committee.pipelines
        self.named_estimators_ = Bunch(
            **dict(zip(self._committee.names, self.estimators_, strict=True))
        )
        self.depths_ = self._committee.depths_fitted
        soft = self.voting == "soft"
        self._thresholds = None if soft else self._member_thresholds(Z)
        self.agreement_, self.agreement_with_vote_ = self._committee.agreement(
            Z, self._vote(Z)
        )

    def _member_thresholds(self, Z):
        """Find the standardised score above which each member flags a row."""
        if self.contamination == "auto":
            return np.array(
                [
                    outlier_threshold(column, self.structure_, self._values)[0]
                    for column in Z.T
                ]
            )
        return np.quantile(Z, 1 - self.contamination, axis=0)

    def _hold_out(self, X, rows, held_out, seed, deadline):
        """Return rows that the members have not seen, and their scores, or two None.

        Without any, all rows are held out in turn.
        """
        self._n_uncalibrated = 0
        if not self.calibrate:
            return None, None
        rng = check_random_state(seed)
        if held_out is None:
            self._watcher().stage("calibrating")
            rows, held_out = cross_fitted(self, X, rng, deadline, self._watcher().step)
            self._n_uncalibrated = 0 if held_out is None else len(X) - len(held_out)
        elif len(held_out) > MAX_HELD_OUT and self.max_false_discovery_rate is None:
            some = rng.choice(len(held_out), MAX_HELD_OUT, replace=False)
            rows, held_out = rows[some], held_out[some]
        return rows, held_out

    def _fit_calibration(self, X, rows, held_out, scores):
        """Keep the held-out scores, and what rows that were seen as well had."""
        self.calibration_ = None
        if held_out is not None:
            # A normal row may well have a category that is rarer than what is common.
            alike = common_values(X[rows], share=0.0, others=True)
            seen = None if scores is None else scores[rows]
            self.calibration_ = Calibration(held_out, alike, seen)

    def _fit_threshold(self, X, rows, scores):
        """Set the threshold by the scores of some rows, and the share beyond it."""
        if self.max_false_discovery_rate is not None:
            if self.calibration_ is None:
                raise ValueError(
                    "max_false_discovery_rate needs held-out scores, for which there "
                    "was no time. Increase time_budget."
                )
            rate = self.max_false_discovery_rate
            n_flagged = n_discoveries(self.calibration_.pvalues(scores), rate)
            threshold = separating_threshold(scores, n_flagged)
            why = (
                f"on average at most {100 * rate:g} % of the flagged rows are false "
                f"alarms (conformal p-values, Benjamini-Hochberg)"
            )
            if not (scores > threshold).any():
                # no p-value is below one over the number of rows
                why += (
                    f"; none of the rows examined is flagged: fewer than about "
                    f"{1 / rate:.0f} rows stand out clearly, see 'threshold' in the "
                    f"user guide"
                )
        elif self.voting == "hard" and self.contamination == "auto":
            threshold, why = 0.5, "more than half of the members flag a row"
        elif self.contamination == "auto":
            threshold, why = outlier_threshold(
                scores, self.structure_, common_values(X[rows])
            )
        else:
            share = np.quantile(scores, 1 - self.contamination)
            threshold = separating_threshold(scores, int((scores > share).sum()))
            why = "contamination was given"
        self.threshold_reason_ = why
        self.offset_ = -threshold
        self.n_scored_ = len(scores)
        self.contamination_ = float(np.mean(-scores < self.offset_))

    # ------------------------------------------------------------------ scoring

    def _validate_scoring(self, X):
        return validate_data(self, X, dtype=np.float64, reset=False)

    def _abnormality(self, X):
        return np.concatenate(self._map_chunks(X, partial(_votes, self._rule())))

    def _map_chunks(self, X, work):
        """Score chunks of rows, perhaps in other processes.

        ``work(committee, chunk)`` keeps of a chunk what is needed: the scores of all
        members are far larger than their vote.
        """
        size = self._chunk_rows(len(X), X.shape[1])
        starts = range(0, len(X), size)
        foreign = self._has_foreign_members()
        watcher = self._watcher()

        def calls():  # drawn as threads become free
            for number, a in enumerate(starts, 1):
                watcher.step("scoring rows", number, len(starts))
                yield delayed(work)(self._committee, X[a : a + size])

        with one_blas_thread(), quiet_if(foreign):
            parallel = parallel_threads(
                self.n_jobs, n_tasks=len(starts), automatic=not foreign
            )
            return parallel(calls())

    @contextlib.contextmanager
    def _part_of(self, *, progress, sources, whole_budget):
        """Know while fitting what the caller does: who watches, and of what it is part.

        ``sources`` are the columns of the table that the columns come from.
        """
        known = {
            "_progress": progress,
            "_sources": sources,
            "_whole_budget": whole_budget,
        }
        vars(self).update(known)
        try:
            yield
        finally:
            for name in known:
                delattr(self, name)

    def _watcher(self):
        """Return what is told of stages and steps, while somebody follows the fit."""
        return getattr(self, "_progress", None) or NoProgress()

    def _has_foreign_members(self):
        return any(isinstance(p[-1], DetectorAdapter) for p in self.estimators_)

    def _vote(self, Z):
        return self._rule()(Z)

    def _rule(self):
        """Return the function from the members' scores to their vote."""
        weights = self._committee.weights_of_columns
        if self._thresholds is None:  # soft votes
            how = self._committee.combination
            return partial(combine, how=how, weights=weights)
        return partial(_share_that_flags, thresholds=self._thresholds, weights=weights)


def _share_that_flags(Z, thresholds, weights):
    return combine((thresholds < Z).astype(np.float64), "mean", weights)


@np.errstate(**FLOAT_ERRORS)
def _votes(rule, committee, X):
    return rule(committee.scores(X))
