"""The word lists of masking, read once a process from ``lexicons/``."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType

from pipeline.paths import shipped


@functools.cache
def words(name: str) -> frozenset[str]:
    """Return the words of a list file: separated by blanks, lines with ``#`` are comments.

    >>> "欧阳" in words("surnames.txt")
    True
    """
    lines = shipped(f"lexicons/{name}").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@functools.cache
def words_by_kind(name: str) -> Mapping[str, tuple[str, ...]]:
    """Return the words of a list file whose lines are ``kind<TAB>words``.

    >>> words_by_kind("mask_cues.txt")["family"]
    ('姓',)
    """
    kinds: dict[str, tuple[str, ...]] = {}
    for line in shipped(f"lexicons/{name}").read_text(encoding="utf-8").splitlines():
        kind, _, listed = line.partition("\t")
        if not line.startswith("#"):
            kinds[kind] = kinds.get(kind, ()) + tuple(listed.split())
    return MappingProxyType(kinds)
