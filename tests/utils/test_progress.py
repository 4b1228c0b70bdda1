"""The progress bar on a terminal: stage, steps and the time left."""

import io
import re
import sys

from autonomaly._utils._progress import Progress


def _shown(progress):
    progress._bar.refresh()  # rather than wait for the thread that draws
    return progress._bar.tasks


def test_a_terminal_shows_stage_bar_and_time_left(terminal):
    with terminal() as shown, Progress(verbose=1) as progress:
        progress.stage("reading the table")
        _shown(progress)
        progress.stage("fitting detectors")
        for number in range(1, 4):
            progress.step("knn5_squashed", number, 3)
            _shown(progress)
    text = "".join(shown)
    stages = ["reading the table", "knn5_squashed"]
    assert sorted(stages, key=text.index) == stages
    assert "\u2501" in text  # the bar
    assert re.search(r"0:00:\d\d", text)
    # Nothing of it stays.
    assert text.rstrip().endswith("\x1b[2K")


def test_the_bar_is_full_when_all_is_done_only(terminal):
    with terminal(), Progress(verbose=1) as progress:
        progress.stage("fitting detectors")
        progress.step("a", 1, 2)
        progress.step("b", 2, 2)
        (task,) = _shown(progress)
        assert (task.description, task.percentage) == ("b", 50)
        # The length of the next stage is not known before its first step.
        progress.stage("scoring rows")
        (task,) = _shown(progress)
        assert (task.description, task.total, task.completed) == (
            "scoring rows",
            None,
            0,
        )
        progress.step("scoring rows", 4, 10)
        (task,) = _shown(progress)
        assert task.percentage == 30


def test_without_a_terminal_stages_are_lines(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress(verbose=1) as progress:
        progress.stage("profiling")
        progress.step("knn", 1, 2)
    assert stream.getvalue() == "profiling\n"


def test_nothing_is_shown_unasked(terminal):
    with terminal() as shown, Progress(verbose=0) as progress:
        progress.stage("profiling")
        progress.step("knn", 1, 2)
    assert shown == []
