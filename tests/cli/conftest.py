import numpy as np
import pandas as pd
import pytest

from autonomaly.cli import main


@pytest.fixture
def run(capsys):
    """Run the command line; return its exit code and what it printed."""

    def call(*arguments):
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        return stop.value.code, printed.out, printed.err

    return call


def _orders():
    rng = np.random.RandomState(0)
    frame = pd.DataFrame(
        {
            "id": range(120),
            "amount": rng.normal(50, 5, size=120).round(2),
            "items": rng.poisson(4, size=120),
            "country": rng.choice(["DE", "FR"], size=120),
            "odd": 0,
        }
    )
    frame.loc[[11, 77], "amount"] = [9000.0, -4000.0]
    frame.loc[[11, 77], "odd"] = 1
    return frame


@pytest.fixture(scope="session")
def orders(tmp_path_factory):
    """A small table with two odd rows (11 and 77) and their truth, as a file."""
    path = tmp_path_factory.mktemp("orders") / "orders.csv"
    _orders().to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def results(orders, tmp_path_factory):
    """The results of a run on it, with the model."""
    output = tmp_path_factory.mktemp("results") / "made"
    with pytest.raises(SystemExit) as stop:
        main(
            [
                *("auto", "detect", "--quiet", "--dataset", str(orders)),
                *("--output", str(output), "--save-model", "--ignore-column", "id"),
                *("--truth-column", "odd"),
            ]
        )
    assert stop.value.code == 0
    return output
