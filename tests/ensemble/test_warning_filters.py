"""Fits in several threads leave the warning filters of the process as they were."""

import threading
import warnings

import numpy as np
import pytest

from autonomaly import AutonomousDetector, VotingOutlierEnsemble
from autonomaly.detectors import ForestDetector, MixtureDetector

X = np.random.RandomState(0).randn(60, 3)
FOREIGN = ["pyod_hbos", "pyod_pca", "forest"]


@pytest.mark.parametrize("algorithms", [["forest", "mixture"], FOREIGN])
def test_concurrent_fits(algorithms):
    detector = AutonomousDetector(algorithms=algorithms)
    detector.fit(X)  # what is imported at the first fit is another matter
    failed = []

    def fit():
        try:
            AutonomousDetector(algorithms=algorithms).fit(X).score_samples(X)
        except Exception as error:
            failed.append(error)

    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.simplefilter("default")
        warnings.filterwarnings("error", "nobody says this")
        before = list(warnings.filters)
        for _ in range(2):
            threads = [threading.Thread(target=fit) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert warnings.filters == before
    assert failed == []


def test_own_members_never_touch_the_filters():
    members = [("forest", ForestDetector()), ("mixture", MixtureDetector())]
    ensemble = VotingOutlierEnsemble(members, calibrate=False, n_jobs=1)
    seen = []

    class Watched(list):
        def __getitem__(self, place):  # what ``catch_warnings`` goes on with
            return Watched(super().__getitem__(place))

        def insert(self, place, entry):
            if entry[0] == "ignore":  # scikit-learn inserts others while it checks
                seen.append(entry)
            super().insert(place, entry)

    with warnings.catch_warnings():
        warnings.filters = Watched(warnings.filters)
        ensemble.fit(X).score_samples(X)
    assert seen == []
