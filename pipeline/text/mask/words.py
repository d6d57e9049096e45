"""The word lists of masking, read once a process from ``lexicons/``."""

from __future__ import annotations

import functools

from pipeline.paths import shipped


@functools.cache
def words(name: str) -> frozenset[str]:
    """Return the words of a list file: separated by blanks, lines with ``#`` are comments.

    >>> "欧阳" in words("surnames.txt")
    True
    """
    lines = shipped(f"lexicons/{name}").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
