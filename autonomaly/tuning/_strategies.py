"""Where to look next: the strategies behind ``search=``."""

from inspect import signature

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.utils import check_random_state

from autonomaly._utils._quiet import quiet
from autonomaly._utils._threads import one_blas_thread
from autonomaly.tuning._spaces import Choice

__all__ = ["STRATEGIES", "Budget", "prepare"]

# Points of a range that a grid has.
_GRID_POINTS = 5
# Parents that survive each generation.
_N_PARENTS = 8
# Below these many random points a model of the criterion has nothing to learn from.
_MIN_INITIAL, _MAX_INITIAL = 4, 10
_HALVING_FACTOR = 3


class Budget:
    """What a strategy may spend.

    Parameters
    ----------
    first : list of dict
        Settings to begin with; they are tried already where the strategy has no way of
        its own to try them.
    n_trials : int
        Trials at most.
    batch_size : int
        Settings decided upon at once.
    seed : int
        Of everything the strategy draws.
    resource : str
        What successive halving rations: ``"n_samples"`` or a hyperparameter.
    max_resources : int or None
        The most of that hyperparameter.
    """

    def __init__(self, first, n_trials, batch_size, seed, resource, max_resources):
        self.first = first
        self.n_trials = n_trials
        self.batch_size = batch_size
        self.seed = seed
        self.resource = resource
        self.max_resources = max_resources


def prepare(search):
    """Import what a strategy needs, before its time is measured."""
    if search == "bayesian":
        with quiet():  # scikit-optimize sets warning filters while it is imported
            import skopt  # noqa: F401


def random_search(space, runner, budget):
    """Try settings drawn at random."""
    n_iter = int(min(budget.n_trials, space.n_settings))
    sampler = ParameterSampler(_for_sampler(space), n_iter, random_state=budget.seed)
    runner.evaluate(list(sampler))


def _for_sampler(space):
    """Write a space for scikit-learn, which draws without replacement from lists."""
    return [
        {n: list(a.values) if isinstance(a, Choice) else a for n, a in part.items()}
        for part in space.parts
    ]


def grid_search(space, runner, budget):
    """Try the settings of a grid; a random part of it where it is too large."""
    settings = list(
        ParameterGrid(
            [{n: a.grid(_GRID_POINTS) for n, a in p.items()} for p in space.parts]
        )
    )
    if len(settings) > budget.n_trials:
        rng = check_random_state(budget.seed)
        chosen = np.sort(rng.choice(len(settings), budget.n_trials, replace=False))
        settings = [settings[i] for i in chosen]
    runner.evaluate(settings)


def evolutionary_search(space, runner, budget):
    """Breed the best settings so far: a (mu + lambda) evolution strategy."""
    rng = check_random_state(budget.seed)
    population = {}

    def meet(settings):
        for setting, value in zip(settings, runner.evaluate(settings), strict=True):
            population[len(population)] = (value, setting)

    for trial in runner.trials:
        if trial.status == "done" and space.part_of(trial.params) is not None:
            population[len(population)] = (trial.value, trial.params)
    meet([_draw(space, rng) for _ in range(min(budget.n_trials, _N_PARENTS))])
    # Repeated settings are no trials: generations must come to an end by themselves.
    for _ in range(4 * budget.n_trials // budget.batch_size + 1):
        order = sorted(population, key=lambda i: (-population[i][0], i))
        parents = [population[i][1] for i in order[:_N_PARENTS]]
        children = []
        for _ in range(budget.batch_size):
            first, second = rng.randint(len(parents), size=2)
            children.append(space.cross(parents[first], parents[second], rng))
        meet(children)


def _draw(space, rng):
    part = space.parts[rng.randint(len(space.parts))]
    return {name: axis.rvs(random_state=rng) for name, axis in part.items()}


def halving_search(space, runner, budget):
    """Try many settings on little, the best third of them on three times as much."""
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingRandomSearchCV

    by_rows = budget.resource == "n_samples"
    most = runner.judge.n_samples if by_rows else budget.max_resources
    # One rung after the other takes n (1 + 1/3 + 1/9 + ...) = 1.5 n trials.
    n_candidates = int(max(1, min(budget.n_trials / 1.5, space.n_settings)))

    def run(settings):
        amounts = [setting.pop(_RESOURCE) for setting in settings]
        amount = amounts[0]  # all of a rung have the same
        if _HALVING_FACTOR * amount > most:  # the last rung, less a rounded rest
            amount = most
        share = amount / most
        if by_rows:
            return runner.evaluate(settings, share=share)
        settings = [{**s, budget.resource: amount} for s in settings]
        return runner.evaluate(settings, resource_share=share)

    search = _driven(HalvingRandomSearchCV)(
        _Setting(),
        _for_sampler(space),
        n_candidates=n_candidates,
        factor=_HALVING_FACTOR,
        resource=_RESOURCE,
        min_resources="exhaust",
        max_resources=most,
        cv=_ONE_SPLIT,
        scoring=_value_of,
        refit=False,
        random_state=budget.seed,
    )
    search.drive = run
    search.first = budget.first[:n_candidates]
    search.fit(_NO_ROWS)


def bayesian_search(space, runner, budget):
    """Model the criterion by a Gaussian process; try where most is to be expected."""
    from skopt import BayesSearchCV

    share = budget.n_trials // len(space.parts)
    n_initial = int(np.clip(share // 4, _MIN_INITIAL, _MAX_INITIAL))
    search = _driven(BayesSearchCV)(
        _Setting(),
        [
            # more iterations than there are settings would only repeat them
            ({n: a.dimension() for n, a in part.items()}, int(max(1, min(share, size))))
            for part, size in zip(space.parts, space.sizes, strict=True)
        ],
        n_points=budget.batch_size,
        cv=_ONE_SPLIT,
        scoring=_value_of,
        refit=False,
        random_state=budget.seed,
        optimizer_kwargs={
            "n_initial_points": n_initial,
            # Gradients of the acquisition cost seconds and gained nothing measurable.
            "acq_func": "EI",
            "acq_optimizer": "sampling",
            "acq_optimizer_kwargs": {"n_points": 1000},
        },
    )
    search.drive = lambda settings: runner.evaluate(
        [_decode(space, setting) for setting in settings]
    )
    search.known = [_known_points(part, space, runner.trials) for part in space.parts]
    # Threads: matrices are tiny. Quiet: a space of few settings is walked through more
    # than once, which scikit-optimize warns of each time.
    with one_blas_thread(), quiet():
        search.fit(_NO_ROWS)


def _decode(space, setting):
    part = next(part for part in space.parts if part.keys() == setting.keys())
    return {name: axis.decode(setting[name]) for name, axis in part.items()}


def _known_points(part, space, trials):
    """Return the points of a set that were tried, as scikit-optimize sees them."""
    known = [
        t for t in trials if t.value is not None and space.part_of(t.params) is part
    ]
    names = sorted(part)  # scikit-optimize's order
    points = [[part[name].encode(t.params[name]) for name in names] for t in known]
    return points, [t.value for t in known]


# ------------------------------------------- scikit-learn's searches, driven by ours

# The searches see no data: a trial is run by the runner, which gives its value to them
# under this name.
_VALUE = "value of the trial"
_RESOURCE = "resource of the trial"
_NO_ROWS = np.zeros((2, 1))
_ONE_SPLIT = [(np.arange(2), np.arange(2))]


class _Setting(BaseEstimator):
    """Stands for the detector inside of a search: any parameters, nothing to fit."""

    def __init__(self, params=None):
        self.params = params

    def get_params(self, deep=True):
        return {"params": self.params, _RESOURCE: None}

    def set_params(self, **params):
        self.params = params
        return self

    def __sklearn_clone__(self):
        return _Setting(self.params)

    def fit(self, X, y=None):
        return self


def _value_of(setting, X, y=None):
    return setting.params[_VALUE]


class _Driven:
    """Mixin for the searches of scikit-learn's kind whose trials our runner runs.

    ``_run_search`` is what such searches override to say which settings to evaluate
    next. Here it only puts the runner between the strategy and the evaluation, so that
    deadlines, failures, pruning and the history are the same for all strategies.
    """

    drive = None
    first = ()
    known = ()

    def _run_search(self, evaluate_candidates, callback_ctx=None):
        def evaluate(settings, *args, **kwargs):
            settings = [_without_value(setting) for setting in settings]
            values = self.drive([dict(setting) for setting in settings])
            known = [{**s, _VALUE: v} for s, v in zip(settings, values, strict=True)]
            return evaluate_candidates(known, *args, **kwargs)

        run = super()._run_search
        if "callback_ctx" in signature(run).parameters:  # scikit-learn's, from 1.9 on
            return run(evaluate, callback_ctx=callback_ctx)
        return run(evaluate)

    def _generate_candidate_params(self):
        """Begin with the first settings, where a search draws all at once."""
        drawn = list(super()._generate_candidate_params())
        others = [setting for setting in drawn if setting not in self.first]
        return [*self.first, *others][: len(drawn)]

    def _make_optimizer(self, params_space):
        """Make the optimizer of the next set, and tell it what is known."""
        from skopt.utils import cook_estimator, dimensions_aslist, normalize_dimensions

        # Two more starts of the likelihood's maximisation triple the time that a trial
        # costs beside the trial.
        self.optimizer_kwargs_["base_estimator"] = cook_estimator(
            "GP",
            space=normalize_dimensions(dimensions_aslist(params_space)),
            random_state=self.random_state,
            n_restarts_optimizer=0,
        )
        optimizer = super()._make_optimizer(params_space)
        points, values = self.known.pop(0)
        if points:
            optimizer.tell(points, [-value for value in values])
        return optimizer


def _without_value(setting):
    return {name: value for name, value in setting.items() if name != _VALUE}


def _driven(search):
    return type(f"_Driven{search.__name__}", (_Driven, search), {})


STRATEGIES = {
    "bayesian": bayesian_search,
    "evolutionary": evolutionary_search,
    "grid": grid_search,
    "halving": halving_search,
    "random": random_search,
}
