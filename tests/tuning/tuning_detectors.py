"""Detectors that behave as a test needs it; workers import them from here."""

import os
import time

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin

from autonomaly.detectors import KNNDetector


class FarFromZero(OutlierMixin, BaseEstimator):
    """Knows the truth of the tests' tables, as far as ``skill`` lets it."""

    def __init__(self, skill=1.0, delay=0.0, fails=False, size=0, label="a"):
        self.skill = skill
        self.delay = delay
        self.fails = fails
        self.size = size
        self.label = label

    def fit(self, X, y=None):
        time.sleep(self.delay)
        if self.fails:
            raise RuntimeError("this one never fits")
        self.ballast_ = np.zeros(self.size)
        self.n_rows_ = len(X)
        scores = self.score_samples(X)
        self.offset_ = np.percentile(scores, 10)
        return self

    def score_samples(self, X):
        norm = np.linalg.norm(X, axis=1)
        return -(self.skill * norm + (1 - self.skill) * np.sin(1e4 * X[:, 0]))

    def decision_function(self, X):
        return self.score_samples(X) - self.offset_

    def predict(self, X):
        return np.where(self.decision_function(X) < 0, -1, 1)


class SlowToArrive(FarFromZero):
    """Takes its time to come up in any process but its own, as cold workers do."""

    def __init__(self, skill=1.0, home=0):
        super().__init__(skill=skill)
        self.home = home

    def __setstate__(self, state):
        super().__setstate__(state)
        if os.getpid() != self.home:
            time.sleep(6.0)


class SlowKNN(KNNDetector):
    """Nearest neighbours that may take their time."""

    def __init__(self, *, n_neighbors=5, contamination="auto", delay=0.0):
        super().__init__(n_neighbors=n_neighbors, contamination=contamination)
        self.delay = delay

    def fit(self, X, y=None):
        time.sleep(self.delay)
        return super().fit(X)


def skill(estimator, X, y=None):
    """Score by what the detector was told."""
    return estimator.skill


def agreement_with_norm(estimator, X, y=None):
    """Score by the correlation with the distance from zero."""
    norm = np.linalg.norm(X, axis=1)
    return float(np.corrcoef(-estimator.score_samples(X), norm)[0, 1])
