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
    """A member of an ensemble failed on rows that are scored after its fit.

    While an ensemble is fitted, it goes on without that member.

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
            f"The member {self.name!r} was fitted, but fails on these rows: "
            f"{self.reason}. Fit without it: an AutonomousDetector with "
            f"exclude=[{self.name!r}], a VotingOutlierEnsemble with other estimators."
        )


class NoDetectorLeftError(AutonomalyError, ValueError):
    """Every detector was rejected, so that there is nothing to score with."""


class MissingExtraError(AutonomalyError, ImportError):
    """An optional dependency is not installed; the message names the extra."""


class AutonomalyWarning(UserWarning):
    """Base class of the warnings given by autonomaly."""


class BudgetWarning(AutonomalyWarning):
    """A time or memory budget forced a smaller fit than was asked for."""


class UnreadableWarning(AutonomalyWarning):
    """Values of a column of numbers or dates could not be read, and count as missing.

    Missing values themselves, and categories not seen in training, are no reason.
    """


class UnseenWarning(AutonomalyWarning):
    """Many rows hold a category that no row of the training had, and look odd for it.

    Said of columns of few categories: often they are only written in another way.
    """
