"""A progress bar with stage and time left, on standard error and only when asked."""

import logging

__all__ = ["NoProgress", "Progress"]

_LOGGER = logging.getLogger("autonomaly")


class NoProgress:
    """Take reports of stages and steps, and tell nobody.

    Examples
    --------
    >>> from autonomaly._utils._progress import NoProgress
    >>> NoProgress().stage("fitting")
    """

    def stage(self, name):
        """Take note of nothing."""

    def step(self, name, number, total):
        """Take note of nothing."""


class Progress:
    """Report stages and steps of a fit.

    Stages always go to the logger ``"autonomaly"``. Where standard error is not a
    terminal, they are written there as lines.

    Parameters
    ----------
    verbose : int or bool
        Whether to show a bar on standard error.

    Examples
    --------
    >>> from autonomaly._utils._progress import Progress
    >>> with Progress(verbose=0) as progress:
    ...     progress.stage("fitting")
    ...     progress.step("lof", 1, 10)
    """

    def __init__(self, verbose):
        self.verbose = verbose
        self._bar = None

    def __enter__(self):
        if self.verbose:
            from rich import progress
            from rich.console import Console

            console = Console(stderr=True)
            self._lines = not console.is_terminal
            self._bar = progress.Progress(
                progress.TextColumn("{task.description}"),
                progress.BarColumn(),
                progress.TimeRemainingColumn(),
                console=console,
                transient=True,
                disable=self._lines,
            )
            self._bar.start()
            self._task = self._bar.add_task("", total=None)
        return self

    def __exit__(self, *error):
        if self._bar is not None:
            self._bar.stop()

    def stage(self, name):
        """Begin a stage of unknown length."""
        _LOGGER.info(name)
        if self._bar is not None:
            # A task of its own: its length is unknown and its pace is another.
            self._bar.remove_task(self._task)
            self._task = self._bar.add_task(name, total=None)
            if self._lines:
                self._bar.console.print(name)

    def step(self, name, number, total):
        """Begin a step of the stage, the first one is 1: those before it are done."""
        _LOGGER.debug("%s (%d of %d)", name, number, total)
        if self._bar is not None:
            done = number - 1
            self._bar.update(self._task, description=name, total=total, completed=done)
