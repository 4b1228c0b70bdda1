"""Seeds, drawn before work is handed out so that ``n_jobs`` changes nothing."""

import numpy as np
from sklearn.utils import check_random_state


def spawn_seeds(random_state, n_seeds):
    """Draw integer seeds from a random state.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        Where the seeds come from.
    n_seeds : int
        How many seeds to draw.

    Returns
    -------
    list of int
        Seeds in [0, 2**31 - 1).
    """
    rng = check_random_state(random_state)
    return rng.randint(np.iinfo(np.int32).max, size=n_seeds).tolist()


def set_missing_seeds(estimator, seed, missing=(None,)):
    """Set every ``random_state`` of an estimator, and of its parts, that is not given.

    Parameters
    ----------
    estimator : estimator
        Changed in place.
    seed : int
        The seed.
    missing : tuple, default=(None,)
        Values that stand for no choice.

    Examples
    --------
    >>> from sklearn.ensemble import IsolationForest
    >>> from autonomaly._utils._seeds import set_missing_seeds
    >>> forests = IsolationForest(), IsolationForest(random_state=7)
    >>> for forest in forests:
    ...     set_missing_seeds(forest, 1)
    >>> [forest.random_state for forest in forests]
    [1, 7]
    """
    seeds = {
        key: seed
        for key, value in estimator.get_params().items()
        if (key == "random_state" or key.endswith("__random_state"))
        and value in missing
    }
    estimator.set_params(**seeds)
