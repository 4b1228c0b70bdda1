import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def planted():
    """A cloud with twenty rows far out, and who they are."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 3))
    X[:20] += 6 * rng.choice([-1, 1], size=(20, 3))
    return X, np.arange(200) < 20
