"""From a source to a result in one call."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autonomaly._detector._estimator import AutonomousDetector
from autonomaly._detector._result import AutonomousResult
from autonomaly._utils._words import unknown_name_message
from autonomaly.io import load_dataset

__all__ = ["auto_detect"]


def auto_detect(
    source: Any, config: Mapping[str, Any] | None = None
) -> AutonomousResult:
    """Load a table and detect its anomalies.

    Parameters
    ----------
    source : array, DataFrame, path, glob or str
        See :func:`autonomaly.load_dataset`.
    config : mapping of str to object, default=None
        Parameters of :class:`AutonomousDetector`.

    Returns
    -------
    AutonomousResult
        The fitted detector and what it found. ``result.model.predict(source)``
        labels the rows, ``result.model.score_samples(source)`` scores them.

    Raises
    ------
    TypeError
        If ``config`` is not a mapping, or has a key that is not a parameter.

    Examples
    --------
    >>> from autonomaly import auto_detect
    >>> result = auto_detect("sklearn:iris", {"max_models": 3})
    >>> result.success, len(result.recommendations)
    (True, 3)
    >>> result.model.predict("sklearn:iris").shape
    (105,)
    """
    detector = AutonomousDetector(**_checked({} if config is None else config))
    if isinstance(source, str | Path):
        return detector.fit(source).result_  # read in chunks where memory asks for it
    return detector.fit(load_dataset(source).data).result_


def _checked(config):
    """Return the configuration, or say what is wrong with it."""
    if not isinstance(config, Mapping):
        raise TypeError(
            f"config must be a dict of parameters of AutonomousDetector, such as "
            f"{{'max_models': 3}}, got {config!r}. To use an existing detector, call "
            f"detector.fit(source)."
        )
    known = AutonomousDetector().get_params()
    unknown = [name for name in config if name not in known]
    if unknown:
        raise TypeError(
            " ".join(unknown_name_message("parameter", n, known) for n in unknown)
        )
    return dict(config)
