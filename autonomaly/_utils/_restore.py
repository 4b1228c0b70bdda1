"""Fits that fail leave what was fitted before."""

import contextlib

__all__ = ["as_before_on_failure"]


@contextlib.contextmanager
def as_before_on_failure(estimator):
    """Give an estimator the attributes back that it had, if the block raises.

    Parameters
    ----------
    estimator : object
        Whose attributes are replaced in the block, and not changed in place.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from autonomaly._utils._restore import as_before_on_failure
    >>> estimator = SimpleNamespace(offset_=1.0)
    >>> try:
    ...     with as_before_on_failure(estimator):
    ...         estimator.offset_ = 1 / 0
    ... except ZeroDivisionError:
    ...     print(estimator)
    namespace(offset_=1.0)
    """
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
