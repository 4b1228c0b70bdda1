"""Fits that fail leave what was fitted before."""

import functools

__all__ = ["all_or_nothing"]


def all_or_nothing(fit):
    """Decorate a fit, so that an estimator is as before if it raises.

    Parameters
    ----------
    fit : callable
        A method that replaces attributes of its estimator, and changes none in place.

    Returns
    -------
    callable
        The method.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from autonomaly._utils._restore import all_or_nothing
    >>> @all_or_nothing
    ... def fit(estimator):
    ...     estimator.n_features_in_ = 3
    ...     estimator.offset_ = 1 / 0
    >>> estimator = SimpleNamespace(n_features_in_=2)
    >>> try:
    ...     fit(estimator)
    ... except ZeroDivisionError:
    ...     print(estimator)
    namespace(n_features_in_=2)
    """

    @functools.wraps(fit)
    def fit_or_restore(estimator, *args, **kwargs):
        before = dict(vars(estimator))
        try:
            return fit(estimator, *args, **kwargs)
        except BaseException:
            vars(estimator).clear()
            vars(estimator).update(before)
            raise

    return fit_or_restore
