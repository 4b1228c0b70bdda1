"""What parameters that several estimators share may be; see scikit-learn's own."""

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, StrOptions

__all__ = [
    "CONTAMINATION",
    "FALSE_DISCOVERY_RATE",
    "MEMORY_LIMIT",
    "N_JOBS",
    "TIME_BUDGET",
]

CONTAMINATION = [StrOptions({"auto"}), Interval(Real, 0, 0.5, closed="right")]
FALSE_DISCOVERY_RATE = [Interval(Real, 0, 1, closed="neither"), None]
TIME_BUDGET = [Interval(Real, 0, None, closed="neither"), None]
# bytes, or a text such as "2GB"
MEMORY_LIMIT = [Real, str, None]
N_JOBS = [
    Interval(Integral, 1, None, closed="left"),
    Interval(Integral, None, -1, closed="right"),
    None,
]
