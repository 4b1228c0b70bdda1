"""Autonomous anomaly detection with scikit-learn's conventions.

`AutonomousDetector` reads a table, fits a broad pool of detectors, combines
their scores, sets the threshold and records every decision. Its parts are
public and work by themselves.

Names are imported when they are first used (PEP 562), so that ``import
autonomaly`` is fast.
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0.dev0"

if TYPE_CHECKING:  # type checkers do not run __getattr__
    from autonomaly._detector import AutonomousDetector, AutonomousResult, auto_detect
    from autonomaly.detectors import register_detector
    from autonomaly.ensemble import VotingOutlierEnsemble
    from autonomaly.exceptions import (
        AutonomalyError,
        AutonomalyWarning,
        BudgetWarning,
        DataError,
        DetectorRejected,
        LoadError,
        MemberFailedError,
        MissingExtraError,
        NoDetectorLeftError,
        UnreadableWarning,
        UnseenWarning,
    )
    from autonomaly.explanation import DecisionRecord
    from autonomaly.io import Dataset, load_dataset, register_loader
    from autonomaly.preprocessing import AutonomousPreprocessor
    from autonomaly.profiling import DataProfile, DataProfiler, register_profiler
    from autonomaly.tuning import OutlierSearch

__all__ = [
    "AutonomalyError",
    "AutonomalyWarning",
    "AutonomousDetector",
    "AutonomousPreprocessor",
    "AutonomousResult",
    "BudgetWarning",
    "DataError",
    "DataProfile",
    "DataProfiler",
    "Dataset",
    "DecisionRecord",
    "DetectorRejected",
    "LoadError",
    "MemberFailedError",
    "MissingExtraError",
    "NoDetectorLeftError",
    "OutlierSearch",
    "UnreadableWarning",
    "UnseenWarning",
    "VotingOutlierEnsemble",
    "__version__",
    "auto_detect",
    "load_dataset",
    "register_detector",
    "register_loader",
    "register_profiler",
]

_HOMES = {
    "autonomaly._detector": ["AutonomousDetector", "AutonomousResult", "auto_detect"],
    "autonomaly.detectors": ["register_detector"],
    "autonomaly.ensemble": ["VotingOutlierEnsemble"],
    "autonomaly.exceptions": [
        "AutonomalyError",
        "AutonomalyWarning",
        "BudgetWarning",
        "DataError",
        "DetectorRejected",
        "LoadError",
        "MemberFailedError",
        "MissingExtraError",
        "NoDetectorLeftError",
        "UnreadableWarning",
        "UnseenWarning",
    ],
    "autonomaly.explanation": ["DecisionRecord"],
    "autonomaly.io": ["Dataset", "load_dataset", "register_loader"],
    "autonomaly.preprocessing": ["AutonomousPreprocessor"],
    "autonomaly.profiling": ["DataProfile", "DataProfiler", "register_profiler"],
    "autonomaly.tuning": ["OutlierSearch"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # to a type checker it would promise any name

    def __getattr__(name):
        """Import a public name when it is first asked for."""
        home = _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(home), name)
        globals()[name] = value  # the next access does not come here
        return value


def __dir__() -> list[str]:
    """List what is there and what will be when it is asked for."""
    return sorted({*globals(), *__all__})
