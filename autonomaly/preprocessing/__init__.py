"""From any table to numeric pictures of it."""

from autonomaly.preprocessing._preprocessor import AutonomousPreprocessor
from autonomaly.preprocessing._views import (
    MinMaxView,
    NormalView,
    RobustView,
    SquashedView,
)

__all__ = [
    "AutonomousPreprocessor",
    "MinMaxView",
    "NormalView",
    "RobustView",
    "SquashedView",
]
