"""Conformal p-values from held-out scores, and what they let one flag."""

import numpy as np
from scipy.stats import false_discovery_control

from autonomaly.ensemble._common_values import beside_their_like
from autonomaly.ensemble._threshold import SCORE_CAP, TIE, tail_surplus

__all__ = ["Calibration", "n_discoveries"]


class Calibration:
    """Scores of rows that the detector has not seen.

    Parameters
    ----------
    abnormality : ndarray of shape (n_held_out,)
        Held-out scores, high = abnormal.
    values : list of list of ndarray of int, default=()
        The rows that have a value in common, see
        :func:`~autonomaly.ensemble._common_values.common_values`: the tail is that of
        rows beside their like.
    seen : ndarray of shape (n_held_out,), default=None
        What the detector that has seen them gives the same rows, where others, fitted
        on fewer, gave the held-out scores.

    Attributes
    ----------
    scores : ndarray of shape (n_clean,)
        The held-out scores, sorted, without those that the tail of the others cannot
        explain.
    n_left_out : int
        How many those are.
    seen : Calibration or None
        The same of the scores of rows that the detector has seen.

    Notes
    -----
    Training data holds the very anomalies that the p-values should reveal; left among
    the held-out rows they would hide each other. As many of the suspicious rows as the
    tail explains stay, so that ordinary rows are not left out with them: p-values would
    be too small, and more false alarms than allowed would follow. On clean data next to
    nothing is left out and the p-values stay uniform, for columns with long tails too;
    of scores of few distinct values none is left out.

    A detector fitted on fewer rows may give other scores: where rows have many copies,
    fewer of their neighbours are copies then. Rows that a detector has seen are less
    odd to it than new ones. The larger of the two p-values counts.

    References
    ----------
    .. [1] Bates, S., Candès, E., Lei, L., Romano, Y. and Sesia, M. "Testing for
           outliers with conformal p-values." Annals of Statistics 51, 2023.
           :doi:`10.1214/22-AOS2244`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble._calibration import Calibration
    >>> Calibration(np.arange(9) / 10).pvalues(np.array([0.4, 100.0]))
    array([0.6, 0.1])
    """

    def __init__(self, abnormality, values=(), seen=None):
        # A tail that is too long for a threshold (which stretches by a half) may be an
        # ordinary one here: that of log-normal columns, say.
        stretched = np.exp(np.minimum(abnormality, SCORE_CAP) / 4)
        beside = beside_their_like(stretched, values)
        self.n_left_out = tail_surplus(beside)
        stay = np.argsort(beside, kind="stable")[: len(beside) - self.n_left_out]
        self.scores = np.sort(abnormality[stay])
        self.seen = None if seen is None else Calibration(seen, values)

    def pvalues(self, abnormality):
        """Give the share of held-out rows at least as abnormal, counting the row.

        Parameters
        ----------
        abnormality : ndarray of shape (n_samples,)
            Scores, high = abnormal.

        Returns
        -------
        ndarray of shape (n_samples,)
            p-values in (0, 1].
        """
        n = len(self.scores)
        # A row's score differs in its last digits with the batch it comes in.
        least = abnormality - TIE * (1 + np.abs(abnormality))
        below = np.searchsorted(self.scores, least, side="left")
        pvalues = (1.0 + n - below) / (n + 1.0)
        if self.seen is not None:
            pvalues = np.maximum(pvalues, self.seen.pvalues(abnormality))
        return pvalues


def n_discoveries(pvalues, rate):
    """Count the rows that can be flagged at a false discovery rate.

    Parameters
    ----------
    pvalues : ndarray of shape (n_samples,)
        Of the rows tested.
    rate : float in (0, 1)
        The expected share of false alarms among the rows flagged.

    Returns
    -------
    int
        The rows with that many smallest p-values (Benjamini-Hochberg); may be 0.

    References
    ----------
    .. [1] Benjamini, Y. and Hochberg, Y. "Controlling the false discovery rate."
           JRSS B 57, 1995. :doi:`10.1111/j.2517-6161.1995.tb02031.x`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble._calibration import n_discoveries
    >>> n_discoveries(np.array([0.9, 0.001, 0.4]), 0.1)
    1
    """
    return int((false_discovery_control(pvalues) <= rate).sum())
