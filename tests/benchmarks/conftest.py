import os
import sys
from pathlib import Path

import pytest

# The scripts are no package: they import each other from their own folder.
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))


@pytest.fixture(scope="session")
def small_data(tmp_path_factory):
    from _data import write_smoke_data

    folder = tmp_path_factory.mktemp("data")
    write_smoke_data(folder)
    return folder


@pytest.fixture(scope="session")
def real_data():
    folder = os.environ.get("AUTONOMALY_DATA")
    if folder is None:
        pytest.skip("AUTONOMALY_DATA does not name the folder of benchmark sets")
    return Path(folder)
