"""The word lists of masking, read once a process from ``lexicons/``."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from pipeline.paths import shipped


@functools.cache
def digest() -> str:
    """SHA-256 of the lists and the model that masking reads: they decide what a text becomes."""
    lists = sorted(shipped("lexicons").glob("mask_*.txt"))
    names = sorted(shipped("lexicons").glob("surnames*.txt"))
    parts = (*lists, *names, shipped("models") / "names.npz")
    content = b"\0".join(path.name.encode() + b"\0" + path.read_bytes() for path in parts)
    return hashlib.sha256(content).hexdigest()


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
