"""Figures of merit of a fitted detector, without labels or with a few."""

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from autonomaly._utils._words import unknown_name_message
from autonomaly.tuning._abnormality import abnormality
from autonomaly.tuning._criteria import CRITERIA

__all__ = ["LABEL_METRICS", "Judge", "is_label_metric"]

_OF_SCORES = {"average_precision": average_precision_score, "roc_auc": roc_auc_score}
_OF_LABELS = {"f1": f1_score, "precision": precision_score, "recall": recall_score}
LABEL_METRICS = (*_OF_SCORES, *_OF_LABELS)


def is_label_metric(name):
    """Tell whether a figure of merit needs labels."""
    return isinstance(name, str) and name in LABEL_METRICS


class Judge:
    """Give figures of merit for one table.

    Parameters
    ----------
    metrics : dict of str to (str or callable)
        Name to a criterion, a metric of labels, or a scorer of the user's.
    weights : dict of str to float
        What is maximised: the weighted mean of these metrics.
    X : ndarray of shape (n_samples, n_features)
        Rows to fit and judge on.
    y : ndarray of shape (n_samples,) or None
        1 for outliers, 0 for inliers, NaN if unknown.
    seed : int
        Of whatever the criteria draw.

    Attributes
    ----------
    n_samples : int
        Number of rows.
    can_part : bool
        Whether a part of the rows says something: labels are too few to be parted.
    """

    def __init__(self, metrics, weights, X, y, *, seed):
        self.X = X
        self.y = y
        self.n_samples = len(X)
        self.weights = weights
        self.can_part = True
        self._scorers = {}
        self._label_metrics = []
        for name, metric in metrics.items():
            if is_label_metric(metric):
                self._label_metrics.append(name)
                self.can_part = False
            elif isinstance(metric, str):
                self._scorers[name] = CRITERIA[metric].on(X, random_state=seed)
            else:
                self._scorers[name] = metric

    def rows(self, rows):
        """Return rows by their positions; all for None."""
        return self.X if rows is None else self.X[rows]

    def __call__(self, estimator, rows=None):
        """Return the figures of merit of an estimator fitted on these rows.

        Raises
        ------
        ValueError
            If one of them is not a finite number.
        """
        figures = {}
        for name, scorer in self._scorers.items():
            here = scorer.part(rows) if hasattr(scorer, "part") else scorer
            y = self.y if rows is None or self.y is None else self.y[rows]
            figures[name] = float(here(estimator, self.rows(rows), y))
        if self._label_metrics:
            figures.update(self._judge_by_labels(estimator))
        for name, figure in figures.items():
            if not np.isfinite(figure):
                raise ValueError(f"{name} is {figure}, not a finite number")
        return figures

    def _judge_by_labels(self, estimator):
        known = ~np.isnan(self.y)
        truth = self.y[known].astype(int)
        figures = {}
        if any(name in _OF_SCORES for name in self._label_metrics):
            scores = abnormality(estimator, self.X[known])
        if any(name in _OF_LABELS for name in self._label_metrics):
            flagged = (estimator.predict(self.X[known]) == -1).astype(int)
        for name in self._label_metrics:
            if name in _OF_SCORES:
                figures[name] = float(_OF_SCORES[name](truth, scores))
            else:
                metric = _OF_LABELS[name]
                figures[name] = float(metric(truth, flagged, zero_division=0))
        return figures

    def value(self, metrics):
        """Return what is maximised."""
        # Weights of what is minimised are negative; their sizes share the whole.
        total = sum(abs(weight) for weight in self.weights.values())
        return sum(w * metrics[name] for name, w in self.weights.items()) / total


def check_metric(name):
    """Raise if a figure of merit is unknown."""
    if not callable(name) and name not in CRITERIA and not is_label_metric(name):
        known = (*CRITERIA, *LABEL_METRICS)
        raise ValueError(unknown_name_message("scoring", name, known))
