"""From any table to numeric pictures of it."""

from autonomaly.preprocessing._preprocessor import AutonomousPreprocessor

__all__ = ["AutonomousPreprocessor"]
