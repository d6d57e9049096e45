"""Errors of this product: one class per cause, one line per message.

Every message says where, what was expected, what was found and how to mend it. The CLI prints
the message alone (no traceback) and exits with 1.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


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


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the nearest known word, or an empty string.

    >>> did_you_mean("databse", ["database", "report"])
    " (did you mean 'database'?)"
    >>> did_you_mean("zzz", ["database"])
    ''
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""
