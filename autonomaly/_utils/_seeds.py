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
