"""Everything autonomaly raises or warns with, beyond the built-in exceptions."""

__all__ = [
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
]


class AutonomalyError(Exception):
    """Base class of the errors raised by autonomaly."""


class DataError(AutonomalyError, ValueError):
    """The data given cannot be used; the message says why and what to do."""


class LoadError(DataError):
    """A source could not be read as a table."""


class DetectorRejected(AutonomalyError, ValueError):
    """A detector declines to serve this data.

    Raised by detectors, never by the ensemble: the caller records the reason
    and goes on with the other members.

    Parameters
    ----------
    reason : str
        Why the detector does not apply, in words a user can read.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MemberFailedError(AutonomalyError, RuntimeError):
    """A fitted member of an ensemble failed while it scored rows.

    Members that fail while the ensemble is fitted are left out, see ``rejected_``.

    Parameters
    ----------
    name : str
        The member.
    reason : str
        What it raised.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        """Say what failed, and what to do."""
        return (
            f"The member {self.name!r} failed to score these rows: {self.reason}. "
            f"Fit again without it: AutonomousDetector(exclude=[{self.name!r}]), or "
            "omit it from the estimators of VotingOutlierEnsemble."
        )


class NoDetectorLeftError(AutonomalyError, ValueError):
    """Every detector was rejected, so that there is nothing to score with."""


class MissingExtraError(AutonomalyError, ImportError):
    """An optional dependency is not installed; the message names the extra."""


class AutonomalyWarning(UserWarning):
    """Base class of the warnings given by autonomaly."""


class BudgetWarning(AutonomalyWarning):
    """``time_budget`` was too short for the whole fit.

    The result is the best that was reached in that time; the warning says what is
    missing.
    """


class UnreadableWarning(AutonomalyWarning):
    """Values of a column of numbers or dates could not be read, and count as missing.

    Not given for missing values, nor for categories that were not seen in training.
    """


class UnseenWarning(AutonomalyWarning):
    """Many rows hold a category that did not occur in training, and look odd for it.

    Given for columns of few categories only, where a new one is often an old one in
    another spelling.
    """
