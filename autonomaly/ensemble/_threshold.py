"""A threshold nobody had to choose."""

import numpy as np

__all__ = ["outlier_threshold"]


def outlier_threshold(abnormality):
    s = np.sort(abnormality)
    return np.quantile(s, 0.9)
