"""Warnings that name the user's line."""

import sys
import warnings

__all__ = ["warn_user"]

# Between a line of ours and the user's are decorators, and pipelines of scikit-learn.
_BETWEEN = ("autonomaly", "sklearn", "contextlib", "numpy")


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn at the line outside of the package that everything began with.

    Parameters
    ----------
    message : str
        What to say.
    category : type
        Of warning.

    Examples
    --------
    >>> import warnings
    >>> from autonomaly._utils._warn import warn_user
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warn_user("careful", UserWarning)
    >>> print(caught[0].message)
    careful
    """
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_between(frame):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _is_between(frame):
    return frame.f_globals.get("__name__", "").partition(".")[0] in _BETWEEN
