"""Better hyperparameters for the members of an ensemble, all judged by one vote."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from autonomaly._utils._seeds import spawn_seeds
from autonomaly._utils._typing import FloatArray, Memory, Seed, Strategy
from autonomaly.detectors import detector_spec
from autonomaly.exceptions import NoDetectorLeftError
from autonomaly.resources import (
    Deadline,
    OutOfTime,
    ResourceManager,
    Task,
    parse_memory,
    run_within,
    workers_in_time,
)
from autonomaly.selection import Selection, build_member
from autonomaly.selection._pool import PoolMember
from autonomaly.tuning._criteria import get_criterion
from autonomaly.tuning._inputs import check_names, seeded
from autonomaly.tuning._search import OutlierSearch
from autonomaly.tuning._spaces import SearchSpace
from autonomaly.tuning._trials import Trial

__all__ = ["TunedMember", "tune_selection"]

# Rows that settings are tried on, at most: the criterion hardly changes beyond.
_MAX_ROWS = 2000
# Share of the time left that trials are planned for. Other settings may cost more than
# the first, and strategies think: the rest is for that.
_PLANNED = 0.7
# A search gives its first trial a part of its time, this many times smaller.
_FOR_ONE_TRIAL = 2.2
# What the clock can tell.
_SHORTEST = 1e-4


@dataclass(frozen=True)
class TunedMember:
    """What tuning did to a member.

    Attributes
    ----------
    name : str
        Name of the member.
    parameters : dict
        Its hyperparameters now.
    changed : bool
        Whether they are others than before.
    value, value_before : float or None
        The criterion with and without tuning.
    trials : list of Trial
        What was tried.
    reason : str
        Why these hyperparameters.
    planned : int or None
        Trials after the first that time and memory were found to allow; None without
        a budget.
    """

    name: str
    parameters: dict[str, Any]
    changed: bool
    value: float | None
    value_before: float | None
    trials: list[Trial]
    reason: str
    planned: int | None = None


def tune_selection(
    selection: Selection,
    X: FloatArray,
    *,
    search: Strategy = "random",
    scoring: str = "blend",
    n_trials: int = 100,
    time_budget: float | Deadline | None = None,
    memory_limit: Memory | None = None,
    n_jobs: int | None = None,
    random_state: Seed = 0,
) -> tuple[Selection, list[TunedMember]]:
    """Search better hyperparameters for every member of a selection.

    Without a budget all members get the same number of trials. With one, the first
    trial of every member is run and measured, and a
    :class:`~autonomaly.resources.ResourceManager` decides how many more of each fit:
    cheap members get more of them, since a trial is worth less the more there were.

    Parameters
    ----------
    selection : Selection
        Members, as :class:`~autonomaly.selection.AlgorithmSelector` chooses them.
    X : ndarray of shape (n_samples, n_features)
        Finite numbers.
    search : {"bayesian", "random", "grid", "evolutionary", "halving"}, \
            default="random"
        A strategy of :class:`~autonomaly.OutlierSearch`.
    scoring : str, default="blend"
        A criterion of ``CRITERIA``, computed with one consensus for all members.
    n_trials : int, default=100
        Trials of all members together, at most; but two of each, if the budget allows.
    time_budget : float or Deadline, default=None
        Seconds; members that there is no time for stay as they are. What fits depends
        on the machine, and so does the result.
    memory_limit : int, float or str, default=None
        Bytes that the detectors being tried may take, or such as ``"500MB"``.
    n_jobs : int, default=None
        Trials at a time.
    random_state : int, RandomState instance or None, default=0
        Seed.

    Returns
    -------
    selection : Selection
        The same members with the hyperparameters found.
    tuned : list of TunedMember
        What was done, for the members whose detector has a search space.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.profiling import DataProfiler
    >>> from autonomaly.selection import AlgorithmSelector
    >>> from autonomaly.tuning import tune_selection
    >>> X = np.random.RandomState(0).randn(100, 3)
    >>> profile = DataProfiler().profile(X)
    >>> selection = AlgorithmSelector(algorithms=["lof30_robust"]).select(profile)
    >>> tuned, (member,) = tune_selection(selection, X, n_trials=4)
    >>> member.name, len(member.trials)
    ('lof30_robust', 4)
    """
    if isinstance(time_budget, Deadline):
        deadline = time_budget
    else:
        deadline = Deadline(time_budget)
    seeds = spawn_seeds(random_state, 3)
    if len(X) > _MAX_ROWS:
        rng = check_random_state(seeds[0])
        X = X[np.sort(rng.choice(len(X), _MAX_ROWS, replace=False))]
    tunable = [m for m in selection.members if detector_spec(m.detector).search_space]
    try:
        criterion = run_within(
            deadline,
            "computing the vote that members are compared with",
            lambda: get_criterion(scoring).on(X, random_state=seeds[1]),
            share=0.5,
        )
    except (OutOfTime, NoDetectorLeftError) as error:
        return selection, [_untouched(member, str(error)) for member in tunable]
    budgeted = deadline.seconds is not None or memory_limit is not None
    views: dict[str, Any] = {}
    jobs: list[_Job] = []
    tuned: dict[str, TunedMember] = {}
    for member in tunable:
        space = detector_spec(member.detector).search_space
        try:
            pipeline = build_member(member)[1]
            check_names(seeded(pipeline[-1], 0)[1], SearchSpace(space), [])
        except Exception as error:  # the user's factory may raise anything
            tuned[member.name] = _untouched(member, f"{type(error).__name__}: {error}")
            continue
        if member.view not in views:  # once for all members that use it
            views[member.view] = pipeline[:-1].fit_transform(X)
        found = OutlierSearch(
            pipeline[-1],
            search_space=space,
            search=search,
            scoring=criterion,
            n_trials=max(2, n_trials // len(tunable)),
            memory_limit=memory_limit,
            max_samples=len(X),
            n_jobs=n_jobs,
            random_state=seeds[2],
        )
        jobs.append(_Job(member, found, views[member.view], scoring))
    if budgeted:
        tuned.update(_tune_within(jobs, deadline, memory_limit, n_trials))
    else:
        tuned.update((job.member.name, job.tune()) for job in jobs)
    in_order = [tuned[member.name] for member in tunable]
    parameters = {t.name: t.parameters for t in in_order}
    return _with_parameters(selection, parameters), in_order


@dataclass
class _Job:
    """The search for one member, on its view of the rows."""

    member: PoolMember
    search: OutlierSearch
    Z: np.ndarray
    scoring: object

    def begin(self, seconds):
        """Run the first trial, of the setting the member has, and nothing else.

        Raises
        ------
        NoDetectorLeftError
            If it gave nothing to compare with.
        """
        parameters = self.search.get_params(deep=False)
        if seconds is not None:  # so that the trial itself may take as much
            parameters["time_budget"] = _FOR_ONE_TRIAL * seconds
        first = OutlierSearch(**parameters)
        first.set_params(search="random", n_trials=1, n_jobs=1)
        try:
            self.search._begun = first._fit(self.Z)
        except NoDetectorLeftError as error:
            trials = getattr(first, "trials_", [])
            why = trials[0].error if trials else str(error)
            if trials and trials[0].status == "timeout":
                why = f"it did not finish within its share of time, {seconds:.2g} s"
            raise NoDetectorLeftError(
                f"no successful first trial to compare with: {why}"
            ) from error
        return first.best_trial_

    def tune(self, planned=None):
        """Search, and return the result."""
        try:
            self.search.fit(self.Z)
        except NoDetectorLeftError as error:
            return _untouched(self.member, str(error))
        return self.result(self.search, planned)

    def result(self, search, planned, why=None):
        """Return the result of a search."""
        best, trials = search.best_trial_, search.trials_
        # The setting the member has, as far as it was tried as the best one was:
        # successive halving begins on a part of the rows.
        own = trials[0].params
        tried = [t for t in trials if t.params == own and t.share == best.share]
        before = tried[-1].value if tried else None
        changed = best.params != own
        parameters = dict(self.member.parameters)
        if changed:
            parameters.update(search.best_params_)
        reason = f"{self.scoring} {search.best_score_:.3f}"
        if changed and before is not None:
            reason += f" instead of {before:.3f}"
        reason += f", the best of {len(trials)} trials"
        if planned is not None:
            reason += f"; the first took {trials[0].seconds:.2g} s: "
            reason += why or f"{planned} more were planned"
        reason += "; a proxy that needs no labels, not an accuracy"
        return TunedMember(
            self.member.name,
            parameters,
            changed,
            search.best_score_,
            before,
            trials,
            reason,
            planned,
        )


def _tune_within(jobs, deadline, memory_limit, n_trials):
    """Measure the first trial of every member, share what is left, and go on."""
    tuned, first = {}, {}
    n_jobs = 1
    if jobs:
        n_jobs = workers_in_time(jobs[0].search.n_jobs, deadline)
        for job in jobs:
            job.search.n_jobs = n_jobs if n_jobs == 1 else job.search.n_jobs
        n_jobs = min(n_jobs, jobs[0].search.batch_size)
    for i, job in enumerate(jobs):
        name, seconds = job.member.name, None
        try:
            deadline.check("its first trial")
            if deadline.seconds is not None:
                seconds = max(deadline.remaining, _SHORTEST) / (len(jobs) - i)
            first[name] = job.begin(seconds)
        except (OutOfTime, NoDetectorLeftError) as error:
            tuned[name] = _untouched(job.member, str(error))
    begun = [job for job in jobs if job.member.name in first]
    if not begun:
        return tuned
    if deadline.expired:
        why = "the first trials of the members used up the time budget"
        tuned.update((j.member.name, j.result(j.search._begun, 0, why)) for j in begun)
        return tuned
    plan = _share(first, deadline.remaining, memory_limit, n_trials, n_jobs)
    cost = {n: k * first[n].seconds / n_jobs for n, k in plan.trials.items()}
    for job in begun:
        name = job.member.name
        count = plan.trials.get(name, 0)
        cost.pop(name, None)
        why = plan.left_out.get(name)
        if count and deadline.expired:
            why = "the time budget was spent before more could be tried"
        if why is not None:
            tuned[name] = job.result(job.search._begun, count, why)
            continue
        left = None
        if deadline.seconds is not None:  # those that follow keep what they need
            left = max(deadline.remaining - sum(cost.values()), _SHORTEST)
        job.search.set_params(n_trials=1 + count, time_budget=left)
        tuned[name] = job.tune(count)
    return tuned


def _share(first, seconds, memory_limit, n_trials, n_jobs):
    """Decide how many more trials each member gets, by what its first one cost."""
    tasks = [
        Task(
            name,
            seconds=max(trial.seconds, _SHORTEST),
            bytes=trial.model_bytes or 0,
            max_trials=n_trials,
        )
        for name, trial in first.items()
    ]
    return ResourceManager(n_jobs=n_jobs).allocate(
        tasks,
        max(_PLANNED * seconds, _SHORTEST),
        parse_memory(memory_limit),
        max_trials=max(n_trials - len(tasks), len(tasks)),
    )


def _untouched(member, why):
    return TunedMember(member.name, dict(member.parameters), False, None, None, [], why)


def _with_parameters(selection, parameters):
    """Return a selection with other hyperparameters by member."""
    members = [
        dataclasses.replace(m, parameters=parameters.get(m.name, m.parameters))
        for m in selection.members
    ]
    recommendations = [
        dataclasses.replace(
            r, hyperparameters=parameters.get(r.algorithm, r.hyperparameters)
        )
        for r in selection.recommendations
    ]
    return dataclasses.replace(
        selection, recommendations=recommendations, members=members
    )
