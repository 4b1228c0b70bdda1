"""Several objectives at once: what is given up for what, and why this one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from autonomaly._utils._words import unknown_name_message
from autonomaly.tuning._criteria import CRITERIA
from autonomaly.tuning._judge import LABEL_METRICS
from autonomaly.tuning._trials import Trial

__all__ = [
    "LABEL_FREE_OBJECTIVES",
    "LABEL_OBJECTIVES",
    "Objective",
    "choose",
    "pareto_front",
]

COSTS = {"training_time": "seconds", "memory_usage": "model_bytes"}


@dataclass(frozen=True)
class Objective:
    """One thing that is wanted of a detector.

    Parameters
    ----------
    name : str
        ``"quality"`` for ``scoring`` of the search, a criterion of
        ``CRITERIA``, a metric of labels (``"f1"``, ``"precision"``, ``"recall"``,
        ``"average_precision"``, ``"roc_auc"``), ``"training_time"`` (seconds of
        fitting and judging) or ``"memory_usage"`` (bytes of the fitted detector).
    weight : float, default=1.0
        Its share in the weighted sum, not negative.
    direction : {"auto", "maximize", "minimize"}, default="auto"
        ``"auto"`` minimises what is a cost, and maximises the rest.

    Examples
    --------
    >>> from autonomaly.tuning import Objective
    >>> Objective("training_time", 0.05).sign
    -1
    """

    name: str
    weight: float = 1.0
    direction: Literal["auto", "maximize", "minimize"] = "auto"

    def __post_init__(self) -> None:
        known = ("quality", *CRITERIA, *LABEL_METRICS, *COSTS)
        if self.name not in known:
            raise ValueError(unknown_name_message("objective", self.name, known))
        if self.direction not in ("auto", "maximize", "minimize"):
            raise ValueError(
                f"direction of objective {self.name!r} must be 'auto', 'maximize' or "
                f"'minimize', got {self.direction!r}."
            )
        if not 0 <= self.weight < np.inf:
            raise ValueError(
                f"weight of objective {self.name!r} must be a finite number of at "
                f"least 0, got {self.weight!r}."
            )

    @property
    def sign(self) -> int:
        """+1 where more is better, -1 where less is."""
        if self.direction == "auto":
            return -1 if self.name in COSTS else 1
        return 1 if self.direction == "maximize" else -1

    @property
    def is_cost(self) -> bool:
        """Whether it is seconds or bytes rather than a figure of merit."""
        return self.name in COSTS

    def of(self, trial: Trial) -> float | None:
        """Look up the figure of a trial.

        Parameters
        ----------
        trial : Trial
            What was tried.

        Returns
        -------
        float or None
            None if it is not known.
        """
        if self.name == "quality":  # one of several figures, or the only one
            return trial.metrics.get("quality", trial.value)
        if self.is_cost:
            return getattr(trial, COSTS[self.name])
        return trial.metrics.get(self.name)


LABEL_OBJECTIVES = (
    Objective("f1", 0.6),
    Objective("precision", 0.2),
    Objective("recall", 0.1),
    Objective("training_time", 0.05),
    Objective("memory_usage", 0.05),
)
LABEL_FREE_OBJECTIVES = (
    Objective("quality", 0.9),
    Objective("training_time", 0.05),
    Objective("memory_usage", 0.05),
)


def _figures(trials, objectives):
    """Tabulate figures, all to be maximised; what is not known is worst."""
    table = np.full((len(trials), len(objectives)), np.nan)
    for i, trial in enumerate(trials):
        for j, objective in enumerate(objectives):
            figure = objective.of(trial)
            if figure is not None:
                table[i, j] = objective.sign * figure
    worst = np.array(
        [c[~np.isnan(c)].min() if (~np.isnan(c)).any() else 0.0 for c in table.T]
    )
    return np.where(np.isnan(table), worst, table)


def pareto_front(trials: list[Trial], objectives: Sequence[Objective]) -> list[Trial]:
    """Keep the trials that no other one beats in every objective.

    Parameters
    ----------
    trials : list of Trial
        Finished trials.
    objectives : sequence of Objective
        What is wanted.

    Returns
    -------
    list of Trial
        Those of which no other is better in one objective and no worse in the rest, in
        the order given.

    Examples
    --------
    >>> from autonomaly.tuning import Objective, Trial, pareto_front
    >>> trials = [
    ...     Trial(0, {}, "done", value=0.9, seconds=5.0),
    ...     Trial(1, {}, "done", value=0.8, seconds=1.0),
    ...     Trial(2, {}, "done", value=0.7, seconds=2.0),
    ... ]
    >>> front = pareto_front(trials, [Objective("quality"), Objective("training_time")])
    >>> [trial.number for trial in front]
    [0, 1]
    """
    table = _figures(trials, objectives)
    kept = []
    for i, row in enumerate(table):
        no_worse = (table >= row).all(axis=1)
        better = (table > row).any(axis=1)
        if not (no_worse & better).any():
            kept.append(trials[i])
    return kept


def _weighted_sums(trials, objectives):
    """Add up the objectives, each from 0 (worst of the trials) to 1 (best)."""
    table = _figures(trials, objectives)
    low, high = table.min(axis=0), table.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    weights = np.array([objective.weight for objective in objectives])
    total = weights.sum()
    return (table - low) / span @ (weights / total if total else weights)


def choose(
    trials: list[Trial],
    objectives: Sequence[Objective],
    *,
    minimum_threshold: float | None = None,
) -> tuple[Trial, list[Trial], str]:
    """Choose the trial with the greatest weighted sum, and say why.

    Every objective is scaled from 0, the worst of the trials, to 1, the best. The
    greatest weighted sum lies on the Pareto front.

    Parameters
    ----------
    trials : list of Trial
        Finished trials, at least one.
    objectives : sequence of Objective
        What is wanted.
    minimum_threshold : float, default=None
        Trials whose value is smaller are not chosen, if any is not.

    Returns
    -------
    trial : Trial
        The chosen one.
    front : list of Trial
        The Pareto front.
    reason : str
        Why, in plain words.

    Examples
    --------
    >>> from autonomaly.tuning import LABEL_FREE_OBJECTIVES, Trial, choose
    >>> trials = [
    ...     Trial(0, {}, "done", value=0.9, seconds=5.0, model_bytes=100),
    ...     Trial(1, {}, "done", value=0.8, seconds=1.0, model_bytes=100),
    ... ]
    >>> trial, front, reason = choose(trials, LABEL_FREE_OBJECTIVES)
    >>> trial.number, len(front)
    (0, 2)
    """
    eligible, note = trials, ""
    if minimum_threshold is not None:
        eligible = [
            t for t in trials if t.value is not None and t.value >= minimum_threshold
        ]
        n_below = len(trials) - len(eligible)
        if not eligible:
            eligible = trials
            note = f" No trial reached the minimum of {minimum_threshold:g}."
        elif n_below:
            note = (
                f" {n_below} of {len(trials)} trials were below the minimum of "
                f"{minimum_threshold:g} and were left out."
            )
    front = pareto_front(eligible, objectives)
    sums = _weighted_sums(eligible, objectives)
    best = max(
        front,
        key=lambda t: (sums[eligible.index(t)], -t.number),
    )
    reason = _explain(best, front, eligible, objectives) + note
    return best, front, reason


def _explain(best, front, trials, objectives):
    if len(objectives) == 1 and not objectives[0].is_cost:
        return (
            f"Trial {best.number} has the best {objectives[0].name} of {len(trials)} "
            f"trials, {_text(objectives[0], best)}. "
        ) + _what_is_known(objectives)
    parts = [
        f"Trial {best.number} is one of {len(front)} of {len(trials)} trials on the "
        f"Pareto front, where no trial is better in one objective without being worse "
        f"in another. Among those it has the largest weighted sum: "
        + ", ".join(
            f"{o.name} {_text(o, best)} (weight {o.weight:g})" for o in objectives
        )
        + "."
    ]
    for objective in objectives:
        if objective.weight == 0 or objective.of(best) is None:
            continue
        known = [t for t in front if objective.of(t) is not None]
        leader = max(known, key=lambda t: objective.sign * objective.of(t))
        if objective.of(leader) != objective.of(best):
            parts.append(
                f"Trial {leader.number} is best in {objective.name} "
                f"({_text(objective, leader)}), but loses more elsewhere than it gains."
            )
    parts.append(_what_is_known(objectives))
    return " ".join(parts)


def _text(objective, trial):
    figure = objective.of(trial)
    if figure is None:
        return "unknown"
    if objective.name == "training_time":
        return f"{figure:.3g} s"
    if objective.name == "memory_usage":
        return f"{figure / 2**20:.3g} MB"
    return f"{figure:.4g}"


def _what_is_known(objectives):
    """Say which figures are measured with labels and which stand in for them."""
    measured = [o.name for o in objectives if o.name in LABEL_METRICS]
    proxies = [o.name for o in objectives if o.name in CRITERIA]
    said = []
    if any(o.name == "quality" for o in objectives):
        said.append("quality: the value that scoring returned.")
    if measured:
        said.append(f"{', '.join(measured)}: measured with labels.")
    if proxies:
        said.append(
            f"{', '.join(proxies)}: a proxy that needs no labels, not an accuracy."
        )
    return " ".join(said)
