"""From a source to a result in one call."""

from autonomaly._detector._estimator import AutonomousDetector
from autonomaly.io import load_dataset

__all__ = ["auto_detect"]


def auto_detect(source, config=None):
    """Load a table and detect its anomalies.

    Parameters
    ----------
    source : array, DataFrame, path, glob or str
        See :func:`autonomaly.load_dataset`.
    config : dict, default=None
        Parameters of :class:`AutonomousDetector`.

    Returns
    -------
    AutonomousResult
        The fitted detector and what was found out. ``result.model.predict(source)``
        labels the rows, ``result.model.score_samples(source)`` scores them.

    Examples
    --------
    >>> from autonomaly import auto_detect
    >>> result = auto_detect("sklearn:iris", {"max_models": 3})
    >>> result.success, len(result.recommendations)
    (True, 3)
    >>> result.model.predict("sklearn:iris").shape
    (105,)
    """
    dataset = load_dataset(source)
    return AutonomousDetector(**(config or {})).fit(dataset.data).result_
