"""Errors of this product: one class per cause, one line per message.

Every message says where, what was expected, what was found and how to mend it. The CLI prints
the message alone (no traceback) and exits with 1.
"""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Iterable
from pathlib import Path


class VocError(Exception):
    """Base of all errors that a user can mend; never raised itself."""


class ConfigError(VocError):
    """``config.yaml`` is missing, unreadable, or holds an unknown or ill-typed key."""


class InputError(VocError):
    """An input file as a whole can't be read (missing, empty, corrupt, a needed column absent)."""


class LexiconError(VocError):
    """A lexicon, taxonomy or pattern file has a line that does not fit its format."""


class ModelError(VocError):
    """A model artefact is missing, or its bytes do not match its card."""


class StoreError(VocError):
    """The output database can't be opened, migrated or published to."""


class QuarantineLimitError(VocError):
    """Too large a share of the rows was unreadable, so nothing was published."""


class UnexpectedError(VocError):
    """A fault of this program: says what kind and where, nothing of the data it met."""


def unexpected(exc: BaseException, cure: str) -> UnexpectedError:
    """Return what may be said of an exception that nobody foresaw: its kind and its place.

    Its own message may quote what a customer said, so logs, schedulers and terminals are not
    given it.

    >>> try:
    ...     int("13800138000 please call")
    ... except ValueError as exc:
    ...     print(unexpected(exc, "report it"))
    a fault of this program: ValueError at <doctest pipeline.errors.unexpected[0]>:2; report it
    """
    frames = traceback.extract_tb(exc.__traceback__)
    ours = [frame for frame in frames if {"pipeline", "flows"} & set(Path(frame.filename).parts)]
    frame = (ours or frames)[-1]
    parts = Path(frame.filename).parts
    first = next((at for at, part in enumerate(parts) if part in ("pipeline", "flows")), 0)
    place = "/".join(parts[first:])
    return UnexpectedError(
        f"a fault of this program: {type(exc).__name__} at {place}:{frame.lineno}; {cure}"
    )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the nearest known word, or an empty string.

    >>> did_you_mean("databse", ["database", "report"])
    " (did you mean 'database'?)"
    >>> did_you_mean("zzz", ["database"])
    ''
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""
