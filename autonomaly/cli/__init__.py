"""The command line: ``autonomaly auto detect``, ``score`` and ``profile``."""

from autonomaly.cli._app import main

__all__ = ["main"]
