"""Better hyperparameters for the members of an ensemble, all judged by one vote."""

import dataclasses
from dataclasses import dataclass

import numpy as np
from sklearn.utils import check_random_state

from autonomaly._utils._seeds import spawn_seeds
from autonomaly.detectors import detector_spec
from autonomaly.exceptions import NoDetectorLeftError
from autonomaly.resources import Deadline, OutOfTime, run_within
from autonomaly.selection import build_member
from autonomaly.tuning._criteria import get_criterion
from autonomaly.tuning._search import OutlierSearch

__all__ = ["TunedMember", "tune_selection"]

# Rows that settings are tried on, at most: the criterion hardly changes beyond.
_MAX_ROWS = 2000


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
    """

    name: str
    parameters: dict
    changed: bool
    value: float | None
    value_before: float | None
    trials: list
    reason: str


def tune_selection(
    selection,
    X,
    *,
    search="random",
    scoring="blend",
    n_trials=100,
    time_budget=None,
    n_jobs=None,
    random_state=0,
):
    """Search better hyperparameters for every member of a selection.

    Parameters
    ----------
    selection : Selection
        Members, as :class:`~autonomaly.selection.AlgorithmSelector` chooses them.
    X : ndarray of shape (n_samples, n_features)
        Finite numbers.
    search : str, default="random"
        A strategy of :class:`OutlierSearch`.
    scoring : str, default="blend"
        A criterion of ``CRITERIA``, computed with one consensus for all members.
    n_trials : int, default=100
        Trials of all members together, at most; each has at least two.
    time_budget : float, default=None
        Seconds; members that there is no time for stay as they are.
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
    deadline = Deadline(time_budget)
    seeds = spawn_seeds(random_state, 3)
    if len(X) > _MAX_ROWS:
        rng = check_random_state(seeds[0])
        X = X[np.sort(rng.choice(len(X), _MAX_ROWS, replace=False))]
    tunable = [m for m in selection.members if detector_spec(m.detector).search_space]
    try:
        criterion = run_within(
            deadline,
            "the vote that members are compared with",
            lambda: get_criterion(scoring).on(X, random_state=seeds[1]),
            share=0.5,
        )
    except (OutOfTime, NoDetectorLeftError) as error:
        return selection, [_untouched(member, str(error)) for member in tunable]
    views, tuned = {}, []
    for i, member in enumerate(tunable):
        try:
            pipeline = build_member(member)[1]
        except Exception as error:  # the user's factory may raise anything
            tuned.append(_untouched(member, f"{type(error).__name__}: {error}"))
            continue
        if member.view not in views:  # once for all members that use it
            views[member.view] = pipeline[:-1].fit_transform(X)
        seconds = None
        if time_budget is not None:
            seconds = deadline.remaining / (len(tunable) - i)
        found = OutlierSearch(
            pipeline[-1],
            search_space=detector_spec(member.detector).search_space,
            search=search,
            scoring=criterion,
            n_trials=max(2, n_trials // len(tunable)),
            time_budget=seconds or None,
            max_samples=len(X),
            n_jobs=n_jobs,
            random_state=seeds[2],
        )
        tuned.append(_tune(member, found, views[member.view], scoring, deadline))
    parameters = {t.name: t.parameters for t in tuned}
    return _with_parameters(selection, parameters), tuned


def _tune(member, search, Z, scoring, deadline):
    if deadline.expired:
        return _untouched(member, "the time budget was spent")
    try:
        search.fit(Z)
    except NoDetectorLeftError as error:
        return _untouched(member, str(error))
    before = next((t.value for t in search.trials_ if t.number == 0), None)
    changed = search.best_trial_.number != 0
    own = {**member.parameters, **search.best_params_} if changed else member.parameters
    what = f"{scoring} {search.best_score_:.3f}"
    if changed and before is not None:
        what += f" instead of {before:.3f}"
    what += f", the best of {len(search.trials_)} trials"
    reason = f"{what}; a proxy that needs no labels, not an accuracy"
    return TunedMember(
        member.name,
        dict(own),
        changed,
        search.best_score_,
        before,
        search.trials_,
        reason,
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
