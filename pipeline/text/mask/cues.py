"""Words that announce personal information, found in one pass over the text.

Every finder asks for the cues of its kind instead of searching the text again; a text without
any is done with at once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from types import MappingProxyType

import ahocorasick_rs

from pipeline.text.mask.words import words_by_kind


def _cases(word: str) -> list[str]:
    """Return every spelling of a word in large and small letters."""
    return sorted({"".join(chars) for chars in product(*((c.lower(), c.upper()) for c in word))})


#: Kind of cue → where its words stand, from left to right; none lies within another of its kind.
Cues = Mapping[str, Sequence[tuple[int, int]]]
_NONE: Cues = MappingProxyType({})


@functools.cache
def _finder() -> tuple[Callable[..., list[tuple[int, int, int]]], list[tuple[str, ...]]]:
    kinds: dict[str, list[str]] = {}
    for kind, listed in words_by_kind("mask_cues.txt").items():
        for word in listed:
            for form in _cases(word.replace("_", " ")):
                kinds.setdefault(form, []).append(kind)
    automaton = ahocorasick_rs.AhoCorasick(
        list(kinds), implementation=ahocorasick_rs.Implementation.DFA
    )
    return automaton.find_matches_as_indexes, [tuple(found) for found in kinds.values()]


def cues(text: str) -> Cues:
    """Return the cue words of a Simplified text by kind.

    >>> cues("我叫林晓雯,让周经理回电")
    {'introducing': [(0, 2)], 'title': [(8, 10)], 'staff': [(8, 10)]}
    """
    matches, kinds = _finder()
    found = matches(text, overlapping=True)
    if not found:
        return _NONE
    # Where two words begin at one place the longer one counts: 快递员, not 快递.
    found.sort(key=lambda match: (match[1], -match[2]))
    result: dict[str, list[tuple[int, int]]] = {}
    for word, start, end in found:
        for kind in kinds[word]:
            spans = result.setdefault(kind, [])
            if not spans or end > spans[-1][1] and (kind != "title" or start >= spans[-1][1]):
                spans.append((start, end))
    return result
