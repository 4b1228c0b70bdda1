"""Whether data is one homogeneous population."""

import time

import numpy as np
import pytest

from autonomaly.ensemble._structure import _root, joint_structure


@pytest.mark.parametrize("shape", [(200, 6), (20, 50)])
def test_surrogates_have_the_covariance_of_the_rows(shape):
    Z = np.random.RandomState(0).randn(*shape)
    Z -= Z.mean(axis=0)
    root = _root(Z)
    np.testing.assert_allclose(root.T @ root, Z.T @ Z / len(Z), atol=1e-12)
    assert len(root) == min(shape)


@pytest.mark.parametrize("shape", [(300, 5), (100, 400)])
def test_noise_has_none_and_clusters_have_some(shape):
    rng = np.random.RandomState(0)
    noise = rng.randn(*shape)
    clusters = noise + 20 * rng.randint(0, 4, size=(len(noise), 1))
    assert joint_structure(noise) > 0.97
    assert joint_structure(clusters) < joint_structure(noise)


def test_time_is_not_cubic_in_the_columns():
    X = np.random.RandomState(0).randn(20, 4000)
    started = time.process_time()
    joint_structure(X)
    # Hundredths of a second, and 10 s with the eigenvalues of all pairs of columns.
    assert time.process_time() - started < 4
