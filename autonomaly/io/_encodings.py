"""Text files as bytes: packed or not, and how they are encoded."""

import codecs
import contextlib
import gzip
import zlib

from autonomaly.exceptions import LoadError

__all__ = ["find_encoding", "open_text", "unpacked_size"]

_MARKUP = {b"<!doctype": "a web page", b"<html": "a web page", b"<?xml": "an XML file"}
_PIECE = 2**20  # bytes
# The longer marks first: that of UTF-32 begins like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
# Bytes that are control characters in Latin-1, and mostly letters in Windows files.
_NO_CONTROLS = bytes(code for code in range(256) if not 0x80 <= code < 0xA0)
_UNUSED_IN_CP1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")


def _open_bytes(path):
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")


def open_text(path, encoding):
    """Open a text file, also a compressed one.

    Parameters
    ----------
    path : Path
        The file.
    encoding : str
        Its encoding.

    Returns
    -------
    file object
        Lines keep their ends, as the csv module wants it.
    """
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding=encoding, newline="")
    return path.open(encoding=encoding, newline="")


def unpacked_size(path, enough):
    """Measure a text file, once decompressed.

    Parameters
    ----------
    path : Path
        The file.
    enough : int
        Bytes from which on it does not matter how many more there are: no more of a
        compressed file is decompressed.

    Returns
    -------
    int
        Bytes. What cannot be decompressed does not count; whoever reads the file will
        say that it is damaged.
    """
    if path.suffix.lower() != ".gz":
        return path.stat().st_size
    size = 0
    with contextlib.suppress(EOFError, zlib.error, gzip.BadGzipFile):
        with _open_bytes(path) as file:
            while size < enough and (piece := file.read(_PIECE)):
                size += len(piece)
    return size


def find_encoding(path, encoding=None):
    """Find out how a text file is encoded, by decoding all of it.

    Parameters
    ----------
    path : Path
        The file.
    encoding : str or None
        What the user says.

    Returns
    -------
    str
        The user's; ``utf-8-sig``, ``utf-16`` or ``utf-32`` for a file with such a mark;
        ``utf-8``, or for a file that is not: ``cp1252`` where a byte tells it from
        ``latin-1``.

    Raises
    ------
    LoadError
        If the file is empty, binary, damaged or not in the user's encoding.
    """
    try:
        with _open_bytes(path) as file:
            first = file.read(_PIECE)
            given, found = encoding, encoding or _marked_encoding(first)
            if not first.decode(found, errors="replace").strip("\ufeff \t\r\n\f\v"):
                raise LoadError(
                    f"The file {str(path)!r} is empty. A table needs at least one row; "
                    "check how the file was written."
                )
            _refuse_markup(path, first)
            decoder = codecs.getincrementaldecoder(found)()
            wide = found.lower().startswith(("utf-16", "utf-32"))
            piece, controls = first, set()
            while piece:
                if b"\0" in piece and not wide:
                    raise LoadError(_binary_message(path, first))
                if given is None and not wide:
                    controls |= set(piece.translate(None, _NO_CONTROLS))
                decoder = _decode(decoder, piece, path, given, wide and found)
                piece = file.read(_PIECE)
            decoder = _decode(decoder, b"", path, given, wide and found)
    except LookupError as error:
        raise LoadError(
            f"Unknown encoding {encoding!r}. Pass one that Python knows, such as "
            "'utf-8', 'latin-1' or 'cp1252', or omit it."
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise LoadError(
            f"The file {str(path)!r} cannot be decompressed ({error}). It is damaged "
            "or truncated; download or copy it again."
        ) from error
    if decoder is not None:
        return found
    return "cp1252" if controls and not controls & _UNUSED_IN_CP1252 else "latin-1"


def _marked_encoding(first):
    """Say which encoding the first bytes of a file are the mark of; UTF-8 if none."""
    marked = (encoding for mark, encoding in _MARKS if first.startswith(mark))
    return next(marked, "utf-8")


def _decode(decoder, piece, path, given, wide):
    """Decode a piece; give None if the file is not UTF-8, which nobody said it was."""
    if decoder is None:
        return None
    try:
        decoder.decode(piece, final=not piece)
    except UnicodeDecodeError as error:
        if given is not None or wide:
            raise LoadError(
                f"The file {str(path)!r} is not encoded as {given or wide!r} "
                f"({error.reason}). "
                "Omit encoding to have it detected, or pass the right one."
            ) from error
        return None
    return decoder


def _refuse_markup(path, first):
    """Refuse a page of the web that was saved instead of the file behind it."""
    start = first.removeprefix(codecs.BOM_UTF8).lstrip()[:20].lower()
    for tag, kind in _MARKUP.items():
        if start.startswith(tag):
            raise LoadError(
                f"The file {str(path)!r} is {kind}, not a table: it begins with "
                f"{tag.decode()!r}. Download the table itself, or export it as csv."
            )


def _binary_message(path, first):
    kinds = {
        b"PK\x03\x04": "it begins like a zip archive or an Excel workbook (.xlsx)",
        b"PAR1": "it begins like a parquet file",
        b"\x1f\x8b": "it begins like a gzip file (.gz)",
        b"ARROW1": "it begins like an arrow file",
        b"\x93NUMPY": "it begins like a NumPy array (.npy)",
    }
    kind = next((kind for start, kind in kinds.items() if first.startswith(start)), "")
    return (
        f"The file {str(path)!r} is binary, not text{': ' if kind else ''}{kind}. "
        "Give the file the extension of its format, or export it as csv."
    )
