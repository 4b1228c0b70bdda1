"""What all tests share; ``HYPOTHESIS_PROFILE=thorough`` lets hypothesis try more."""

import contextlib
import os
import threading

import pytest
from hypothesis import HealthCheck, settings

from autonomaly import register_detector
from autonomaly.detectors import unregister_detector

_COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("ci", max_examples=60, **_COMMON)
settings.register_profile("thorough", max_examples=2500, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture
def terminal(monkeypatch):
    """Make standard error a terminal for a ``with`` block; gives parts of its text."""
    pty = pytest.importorskip("pty", reason="no pseudo-terminals here")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)

    @contextlib.contextmanager
    def opened():
        ours, theirs = pty.openpty()
        shown = []

        def read():  # as it comes: whoever writes waits where nobody reads
            with contextlib.suppress(OSError):  # the other end is closed
                while part := os.read(ours, 4096):
                    shown.append(part.decode("utf-8", errors="replace"))

        reader = threading.Thread(target=read)
        reader.start()
        try:
            with (
                os.fdopen(theirs, "w", encoding="utf-8") as stream,
                contextlib.redirect_stderr(stream),
            ):
                yield shown
        finally:
            reader.join()
            os.close(ours)

    return opened


@pytest.fixture
def register():
    """Register detectors that are gone afterwards."""
    names = []

    def add(name, factory, **more):
        register_detector(name, factory, **more)
        names.append(name)

    yield add
    for name in names:
        unregister_detector(name)
