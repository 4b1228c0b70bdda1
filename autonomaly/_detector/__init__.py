"""The detector that needs no configuration: it calls the parts in their order."""

from autonomaly._detector._auto_detect import auto_detect
from autonomaly._detector._estimator import AutonomousDetector
from autonomaly._detector._result import AutonomousResult

__all__ = ["AutonomousDetector", "AutonomousResult", "auto_detect"]
