"""What the command line says: short, readable, plain when piped."""

import io

import numpy as np

_MAX_VALUE_WIDTH = 40
_N_ODDEST = 10


def plain(value, width=_MAX_VALUE_WIDTH):
    """Write one value of the data so that it cannot disturb the terminal.

    Parameters
    ----------
    value : object
        Any value.
    width : int, default=40
        At most so many characters.

    Returns
    -------
    str
        One line without control characters.
    """
    if _is_missing(value):
        return "missing"
    if isinstance(value, (float, np.floating)):
        text = f"{value:.4g}"
        if "e" in text and 1e-4 <= abs(value) < 1e9:
            text = f"{value:.0f}"
    else:
        text = str(value)
    text = "".join(c if c.isprintable() else " " for c in text).strip()
    return text if len(text) <= width else text[: width - 3] + "..."


def _is_missing(value):
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))


def share(part, whole):
    """Write a share in percent.

    Parameters
    ----------
    part, whole : int
        Counts.

    Returns
    -------
    str
        For example ``"4.2 %"``.
    """
    return f"{100 * part / whole:.1f} %" if whole else "0 %"


class Report:
    """Text that is put together first and printed at once.

    Parameters
    ----------
    stream : file object
        Where `print` writes.
    """

    def __init__(self, stream):
        from rich.console import Console

        self._stream = stream
        real = Console(file=stream)
        # Kept back until everything is there: a closed pipe can then only happen
        # in `print`, after all files are written.
        self._buffer = io.StringIO()
        self._console = Console(
            file=self._buffer,
            width=real.width,
            color_system=real.color_system,
            force_terminal=real.is_terminal,
            highlight=False,
            emoji=False,
            markup=False,
            safe_box=True,
        )
        self._ascii = (
            not (getattr(stream, "encoding", None) or "").lower().startswith("utf")
        )

    def print(self):
        """Write everything to the stream."""
        self._stream.write(self._buffer.getvalue())
        self._stream.flush()

    def _say(self, head, text):
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 2))
        grid.add_column(width=9, no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(Text(head, style="bold"), Text(text))
        self._console.print(Padding(grid, (0, 0, 1, 0)))
