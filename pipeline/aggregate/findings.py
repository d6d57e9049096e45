"""Findings: what a service manager should hear first, tested, ranked and without repetition."""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import ndtr
from scipy.stats import false_discovery_control, hypergeom

from pipeline.aggregate.facts import ANY, NEGATIVE, Facts, Ints, load_facts
from pipeline.aggregate.intervals import Floats, difference
from pipeline.config import AggregateSettings

Tokenize = Callable[[str], list[str]]

_LEAST_SILENT = 3
_SAME_DOCUMENTS = 0.7
_CONSIDERED = 200
_TERM_CLAUSES = 2000
_BACKGROUND_CLAUSES = 4000
_MARK = re.compile(r"\[[^\[\]]*\]")
_WORD = re.compile(r"[\u4e00-\u9fffA-Za-z]{2,}")


@dataclass(frozen=True, slots=True)
class Finding:
    """One result that stands out 发现: a share of silent dissatisfaction above its base.

    ``member``: a branch, product or cohort (``dimension``) against all others.
    ``change``: a week, month or day (``period_type``, ``period_start``) against all earlier ones.
    ``silent`` of ``n`` documents are silent and about ``topic`` (``subtopic`` empty: the topic as
    a whole; topic ``*``: any); ``share`` = silent / n. ``lift`` = share / base share, None where
    the base is 0. ``low``/``high`` bound ``share - base_share``. ``p_value`` is one-sided;
    ``q_value`` is Benjamini–Hochberg over all candidates. ``excess`` is how many silent documents
    there are above what the base share would give, channel by channel.
    """

    kind: Literal["member", "change"]
    topic: str
    subtopic: str
    channel: str
    dimension: str
    member: str
    period_type: str
    period_start: str
    silent: int
    n: int
    share: float
    base_silent: int
    base_n: int
    base_share: float
    lift: float | None
    low: float
    high: float
    p_value: float
    q_value: float
    excess: float
    terms: tuple[str, ...] = ()
    document_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Label:
    topic: str
    subtopic: str
    at: Ints  # positions of silent documents about it, ascending


@dataclass(frozen=True, slots=True)
class _Candidate:
    finding: Finding
    at: Ints
    order: int  # place of the period among its kind

    @property
    def score(self) -> float:
        return self.finding.excess * self.finding.low


def find(
    connection: sqlite3.Connection,
    settings: AggregateSettings,
    *,
    tokenize: Tokenize,
    limit: int = 20,
    q_limit: float = 0.05,
    facts: Facts | None = None,
) -> list[Finding]:
    """Return the strongest findings, strongest first, in an order that never varies.

    Candidates have ``min_n`` documents on both sides. Each gets a one-sided Fisher test;
    Benjamini–Hochberg runs over all candidates. What passes ``q_limit`` and still has at least
    half of its excess when channels are compared like with like is ranked by excess silent
    documents × lower bound of the difference, so that size counts and not only certainty.
    Findings that tell the same story are merged (`_same_story`); a subtopic stands for its topic
    where it holds at least half of the excess.
    """
    facts = load_facts(connection, settings.dimensions) if facts is None else facts
    if not len(facts):
        return []
    labels = _labels(connection, facts)
    candidates = [
        *_member_candidates(facts, labels, settings),
        *_change_candidates(facts, labels, settings),
    ]
    if not candidates:
        return []
    q_values = false_discovery_control([c.finding.p_value for c in candidates], method="bh")
    strong = [
        replace(candidate, finding=replace(candidate.finding, q_value=float(q)))
        for candidate, q in zip(candidates, q_values, strict=True)
        if q <= q_limit
        and candidate.finding.silent >= _LEAST_SILENT
        and candidate.finding.low > 0
        and candidate.finding.excess > 0
    ]
    strong.sort(key=_rank)
    stories = _merge(strong[:_CONSIDERED])[:limit]
    return list(_illustrate(connection, facts, stories, tokenize))


def write_findings(connection: sqlite3.Connection, run_id: int, findings: Sequence[Finding]) -> int:
    """Write the findings of a run, rank 1 first, in place of what it had; return how many."""
    connection.execute("DELETE FROM findings WHERE run_id = ?", (run_id,))
    connection.executemany(
        "INSERT INTO findings (run_id, rank, kind, topic, subtopic, channel, dimension, member,"
        " period_type, period_start, silent, n, share, base_silent, base_n, base_share, lift,"
        " low, high, excess, p_value, q_value, terms, document_ids)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                run_id, rank, f.kind, f.topic, f.subtopic, f.channel, f.dimension, f.member,
                f.period_type, f.period_start, f.silent, f.n, f.share, f.base_silent, f.base_n,
                f.base_share, f.lift, f.low, f.high, f.excess, f.p_value, f.q_value,
                json.dumps(f.terms, ensure_ascii=False), json.dumps(f.document_ids),
            )
            for rank, f in enumerate(findings, start=1)
        ],
    )  # fmt: skip
    return len(findings)


def _rank(candidate: _Candidate) -> tuple[float, float, str, str, str, str, str, str, str]:
    f = candidate.finding
    return (
        -candidate.score, f.q_value, f.kind, f.topic, f.subtopic, f.dimension, f.member,
        f.period_type, f.period_start,
    )  # fmt: skip


def _labels(connection: sqlite3.Connection, facts: Facts) -> list[_Label]:
    labels = [_Label(ANY, "", np.flatnonzero(facts.silent))]
    labels += [
        _Label(topic, "", np.flatnonzero(facts.silent & about))
        for topic, about in facts.about.items()
    ]
    holders: dict[tuple[str, str], set[int]] = {}
    for document_id, topic, subtopic in connection.execute(
        "SELECT ct.document_id, ct.topic, ct.subtopic FROM clause_topics AS ct"
        " WHERE ct.subtopic <> '' AND ct.polarity IN (?, ?)",
        NEGATIVE,
    ):
        at = facts.index.get(document_id)
        if at is not None and facts.silent[at]:
            holders.setdefault((topic, subtopic), set()).add(at)
    for (topic, subtopic), found in sorted(holders.items()):
        labels.append(_Label(topic, subtopic, np.array(sorted(found), dtype=np.int64)))
    return [label for label in labels if len(label.at) >= _LEAST_SILENT]


def _fisher(k: Ints, n: Ints, base_k: Ints, base_n: Ints) -> Floats:
    """One-sided Fisher: chance of ``k`` or more of the pooled cases falling among the ``n``."""
    cases, total = k + base_k, n + base_n
    expected = n * cases / total
    spread = np.sqrt(np.maximum(expected * (1 - cases / total) * base_n / total, 1e-12))
    # The normal value is good enough where nothing stands out; the exact tail is slow there.
    p = ndtr(-(k - 0.5 - expected) / spread)
    out = np.flatnonzero(k - expected > spread)
    p[out] = hypergeom.sf(
        k[out] - 1, total[out], np.maximum(n, cases)[out], np.minimum(n, cases)[out]
    )
    return np.asarray(np.clip(p, 0.0, 1.0), dtype=np.float64)


def _like_with_like(k: Ints, n: Ints, base_k: Ints, base_n: Ints) -> Floats:
    """Excess over the base, channel by channel (last axis): a mix of channels is no finding."""
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(base_n > 0, n * base_k / np.maximum(base_n, 1), k)
    return np.asarray((k - expected).sum(axis=-1), dtype=np.float64)


def _table(facts: Facts, code: Ints, size: int, at: Ints | None = None) -> Ints:
    """Count documents by group (rows) and channel (columns); code −1 is outside."""
    channels = len(facts.channel.names)
    chosen = np.arange(len(facts)) if at is None else at
    group = code[chosen]
    flat = (group * channels + facts.channel.codes[chosen])[group >= 0]
    return np.bincount(flat, minlength=size * channels).reshape(size, channels)


def _member_candidates(
    facts: Facts, labels: list[_Label], settings: AggregateSettings
) -> Iterator[_Candidate]:
    # Channels are no candidates: whoever writes to the complaint desk complains, so that channels
    # differ in silence is given.
    for dimension, coded in facts.members.items():
        size = len(coded.names)
        if size < 2:
            continue
        n = _table(facts, coded.codes, size)
        for label in labels:
            k = _table(facts, coded.codes, size, label.at)
            base_k, base_n = k.sum(axis=0) - k, n.sum(axis=0) - n
            excess = _like_with_like(k, n, base_k, base_n)
            for i, finding in _tested(
                k.sum(axis=1), n.sum(axis=1), base_k.sum(axis=1), base_n.sum(axis=1), excess,
                label, settings, kind="member",
            ):  # fmt: skip
                name = coded.names[i]
                yield _Candidate(
                    replace(finding, dimension=dimension, member=name),
                    label.at[coded.codes[label.at] == i],
                    0,
                )


def _change_candidates(
    facts: Facts, labels: list[_Label], settings: AggregateSettings
) -> Iterator[_Candidate]:
    for period_type in settings.periods:
        codes, starts = facts.period(period_type)
        size = len(starts)
        if size < 2:
            continue
        n = _table(facts, codes, size)
        base_n = n.cumsum(axis=0) - n
        for label in labels:
            k = _table(facts, codes, size, label.at)
            base_k = k.cumsum(axis=0) - k
            for i, finding in _tested(
                k.sum(axis=1), n.sum(axis=1), base_k.sum(axis=1), base_n.sum(axis=1),
                _like_with_like(k, n, base_k, base_n), label, settings, kind="change",
            ):  # fmt: skip
                yield _Candidate(
                    replace(finding, period_type=period_type, period_start=starts[i]),
                    label.at[codes[label.at] == i],
                    i,
                )


def _tested(
    k: Ints,
    n: Ints,
    base_k: Ints,
    base_n: Ints,
    excess: Floats,
    label: _Label,
    settings: AggregateSettings,
    *,
    kind: Literal["member", "change"],
) -> Iterator[tuple[int, Finding]]:
    # Only margins decide who is a candidate, never the outcome: else the q-values would be wrong.
    chosen = np.flatnonzero(
        (n >= settings.min_n) & (base_n >= settings.min_n) & (k + base_k >= _LEAST_SILENT)
    )
    if not len(chosen):
        return
    k, n, base_k, base_n = k[chosen], n[chosen], base_k[chosen], base_n[chosen]
    p = _fisher(k, n, base_k, base_n)
    low, high = difference(k, n, base_k, base_n, confidence=settings.confidence)
    share, base_share = k / n, base_k / base_n
    crude = k - n * base_share
    # Less than half left when like is compared with like: a matter of mix, so no excess.
    real = np.where(excess[chosen] >= 0.5 * crude, excess[chosen], 0.0)
    for j, i in enumerate(chosen.tolist()):
        yield (
            i,
            Finding(
                kind=kind,
                topic=label.topic,
                subtopic=label.subtopic,
                channel=ANY,
                dimension=ANY,
                member=ANY,
                period_type="all",
                period_start="",
                silent=int(k[j]),
                n=int(n[j]),
                share=float(share[j]),
                base_silent=int(base_k[j]),
                base_n=int(base_n[j]),
                base_share=float(base_share[j]),
                lift=float(share[j] / base_share[j]) if base_k[j] else None,
                low=float(low[j]),
                high=float(high[j]),
                p_value=float(p[j]),
                q_value=1.0,
                excess=float(real[j]),
            ),
        )


def _same_group(one: _Candidate, other: _Candidate) -> bool:
    """Tell whether two are about one member, or about periods that overlap or touch."""
    a, b = one.finding, other.finding
    if a.kind != b.kind or (a.dimension, a.member) != (b.dimension, b.member):
        return False
    if a.kind == "member":
        return True
    if a.period_type == b.period_type:
        return abs(one.order - other.order) <= 1
    return bool(len(np.intersect1d(one.at, other.at, assume_unique=True)))


def _same_story(one: _Candidate, other: _Candidate) -> bool:
    """Tell whether two findings are one story.

    They are, within one member or touching periods, when one's topic holds the other's (the same
    subtopic, a subtopic and its topic, any topic); and anywhere when their documents are 70 %
    the same (Jaccard).
    """
    a, b = one.finding, other.finding
    if _same_group(one, other):
        if ANY in (a.topic, b.topic):
            return True
        if a.topic == b.topic and (a.subtopic == b.subtopic or "" in (a.subtopic, b.subtopic)):
            return True
    common = len(np.intersect1d(one.at, other.at, assume_unique=True))
    return common > _SAME_DOCUMENTS * (len(one.at) + len(other.at) - common)


def _depth(finding: Finding) -> int:
    return 0 if finding.topic == ANY else 1 if not finding.subtopic else 2


def _merge(ranked: list[_Candidate]) -> list[_Candidate]:
    """Keep one finding a story: the strongest, or a more exact one with half of its excess."""
    # A general finding that a more exact one explains goes first, so that it can't swallow
    # the other stories of that member.
    exact = [
        one
        for one in ranked
        if not any(
            _depth(other.finding) > _depth(one.finding)
            and _same_group(one, other)
            and one.finding.topic in (ANY, other.finding.topic)
            and other.finding.excess >= 0.5 * one.finding.excess
            for other in ranked
        )
    ]
    kept: list[_Candidate] = []
    for candidate in exact:
        if not any(_same_story(candidate, other) for other in kept):
            kept.append(candidate)
    return kept


def _illustrate(
    connection: sqlite3.Connection, facts: Facts, stories: list[_Candidate], tokenize: Tokenize
) -> Iterator[Finding]:
    if not stories:
        return
    silent = sorted(facts.ids[i] for i in np.flatnonzero(facts.silent).tolist())
    step = max(1, len(silent) // _BACKGROUND_CLAUSES)
    background = _words_of(connection, silent[::step], ANY, "", tokenize)
    for story in stories:
        ids = sorted(facts.ids[i] for i in story.at.tolist())
        step = max(1, math.ceil(len(ids) / _TERM_CLAUSES))
        own = _words_of(connection, ids[::step], story.finding.topic, story.finding.subtopic,
                        tokenize)  # fmt: skip
        mine = set(ids)
        terms = _top_terms(
            list(own.values()), [words for id_, words in background.items() if id_ not in mine]
        )
        position = {facts.ids[i]: i for i in story.at.tolist()}

        def typical(
            id_: str,
            own: dict[str, set[str]] = own,
            terms: tuple[str, ...] = terms,
            position: dict[str, int] = position,
        ) -> tuple[int, int, str]:
            hits = min(2, len(own.get(id_, set()).intersection(terms[:5])))
            return -hits, -int(facts.score[position[id_]]), id_

        yield replace(story.finding, terms=terms, document_ids=tuple(sorted(ids, key=typical)[:5]))


def _words_of(
    connection: sqlite3.Connection,
    ids: Iterable[str],
    topic: str,
    subtopic: str,
    tokenize: Tokenize,
) -> dict[str, set[str]]:
    """Return the words of each document's negative clauses, of that topic where one is given."""
    about = (
        ""
        if topic == ANY
        else " AND EXISTS (SELECT 1 FROM clause_topics AS ct WHERE ct.document_id = c.document_id"
        " AND ct.clause_no = c.clause_no AND ct.topic = :topic"
        " AND (:subtopic = '' OR ct.subtopic = :subtopic))"
    )
    sql = (
        'SELECT substr(coalesce(d.simplified, d.text), c.start + 1, c."end" - c.start)'  # noqa: S608
        " FROM clauses AS c"
        " JOIN documents AS d ON d.id = c.document_id"
        f" WHERE c.document_id = :id AND c.polarity IN ('negative', 'mixed'){about}"
    )
    words: dict[str, set[str]] = {}
    for id_ in ids:
        found: set[str] = set()
        for (text,) in connection.execute(sql, {"id": id_, "topic": topic, "subtopic": subtopic}):
            found.update(w for w in tokenize(_MARK.sub(" ", text)) if _WORD.fullmatch(w))
        words[id_] = found
    return words


def _top_terms(own: list[set[str]], rest: list[set[str]], *, limit: int = 8) -> tuple[str, ...]:
    """Return the words that set one group of texts apart, strongest first.

    Log-odds with an informative Dirichlet prior, as z-scores (Monroe, Colaresi and Quinn,
    "Fightin' Words", Political Analysis 16 (2008), 372–403), over documents that hold a word.
    """
    mine, theirs = Counter(w for s in own for w in s), Counter(w for s in rest for w in s)
    both = mine + theirs
    total, n_mine, n_theirs = sum(both.values()), sum(mine.values()), sum(theirs.values())
    scored: list[tuple[float, str]] = []
    for word, count in mine.items():
        # The only word of all texts sets nothing apart, and its odds are infinite.
        if count < 2 or both[word] == total:
            continue
        # A prior that weighs as much as 500 words of the pooled text.
        prior = 500 * both[word] / total
        a, b = count + prior, theirs[word] + prior
        delta = math.log(a / (n_mine + 500 - a)) - math.log(b / (n_theirs + 500 - b))
        scored.append((delta / math.sqrt(1 / a + 1 / b), word))
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    return tuple(word for z, word in scored[:limit] if z > 0)
