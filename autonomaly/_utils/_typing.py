"""Names of types that signatures share, and what keeps a signature."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

# Arrays, by their ``__array__`` data frames of any package, and lists of mixed rows.
Table: TypeAlias = npt.ArrayLike | Sequence[object]
# The same, or what gives tables: files, an iterable of chunks, a function.
TableOrChunks: TypeAlias = (
    Table | Path | Iterable[Table] | Callable[[], Iterable[Table]]
)
# Labels of rows, where those that are not known may be None.
Labels: TypeAlias = npt.ArrayLike | Sequence[object]
# Scores, and numeric rows.
FloatArray: TypeAlias = npt.NDArray[np.float64]
# Labels -1 and 1, and positions of rows.
IntArray: TypeAlias = npt.NDArray[np.int64]
# Share of rows to flag.
Contamination: TypeAlias = float | Literal["auto"]
# Bytes, or a number with a unit.
Memory: TypeAlias = float | str
# Names of detectors, in an order.
Names: TypeAlias = list[str] | tuple[str, ...]
# A file.
PathLike: TypeAlias = str | os.PathLike[str]
# Whatever `sklearn.utils.check_random_state` takes.
Seed: TypeAlias = int | np.random.RandomState | None
# The keys of `autonomaly.tuning.STRATEGIES`.
Strategy: TypeAlias = Literal["bayesian", "evolutionary", "grid", "halving", "random"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def keeps_signature(decorator: Any) -> Callable[[_Function], _Function]:
    """Return a decorator as it is, typed as one that changes no signature.

    scikit-learn's decorators have no types: what they decorate would have none either.

    Parameters
    ----------
    decorator : callable
        A decorator whose result is called as what it decorates.

    Returns
    -------
    callable
        The decorator.

    Examples
    --------
    >>> from sklearn import config_context
    >>> from autonomaly._utils._typing import keeps_signature
    >>> @keeps_signature(config_context(assume_finite=True))
    ... def double(x: int) -> int:
    ...     return 2 * x
    >>> double(2)
    4
    """
    return decorator
