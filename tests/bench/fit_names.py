"""Fit ``models/names.npz``: ``python -m tests.bench.fit_names TEXTS.pkl [--cross]``.

Names come from the labelled cases, everything else that passes the gate in them and in the texts
(a pickled mapping of source to cleaned, Simplified texts) is taken for no name.
"""

from __future__ import annotations

import math
import pickle
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

import pipeline.text.mask
from pipeline.text.clean import clean, simplify

finding = sys.modules["pipeline.text.mask.find"]
finding.likely = lambda text: []
find = _find = finding.find
from pipeline.text.mask.likely import (
    CELLS,
    FIRST,
    HIDDEN,
    LAST,
    NAMED,
    QUESTIONS,
    NameModel,
    candidates,
    cell,
    gate,
    surnames,
)
from pipeline.text.mask.person import is_typical
from pipeline.text.mask.words import words
from tests.masking import DATA, cases

SIZE = LAST - FIRST + 1


def byte(bits):
    return max(0, min(254, round(bits * 8)))


def tables(texts, named):
    single, pair = Counter(), Counter()
    for t in texts:
        single.update(t)
        pair.update(zip(t, t[1:]))
    total = sum(n for c, n in single.items() if FIRST <= ord(c) <= LAST)
    plain = np.full(SIZE, 200, np.uint8)
    for c, n in single.items():
        if FIRST <= ord(c) <= LAST:
            plain[ord(c) - FIRST] = byte(-math.log2(n / total))
    pairs = np.full(CELLS, 255, np.uint8)
    for (a, b), n in pair.items():
        if n > 2 and FIRST <= ord(a) <= LAST and FIRST <= ord(b) <= LAST:
            at = cell(a, b)
            pairs[at] = min(int(pairs[at]), byte(-math.log2(n / single[a])))
    usual = "".join(words("mask_given_usual.txt"))
    listed = "".join(words("mask_given.txt"))
    weight = np.zeros(SIZE)
    for i in range(SIZE):
        c = chr(FIRST + i)
        weight[i] = 0.08 / 3000 if is_typical(c) else 0.004 / 6000
    for c in set(listed):
        weight[ord(c) - FIRST] = 0.30 / len(set(listed))
    for c in set(usual):
        weight[ord(c) - FIRST] = 0.62 / len(set(usual))
    n = sum(named.values())
    for c, k in named.items():
        if FIRST <= ord(c) <= LAST:
            weight[ord(c) - FIRST] += 0.35 * k / max(n, 1)
    weight /= weight.sum()
    given = np.array([byte(-math.log2(w)) for w in weight], np.uint8)
    return plain, given, pairs


def labelled(paths):
    """Yield (group, text with other masks hidden, gold name spans)."""
    for path in paths:
        for number, case in enumerate(cases(path)):
            turns = case.get("turns", [case.get("text", "")])
            for t, raw in enumerate(turns):
                text = simplify(clean(raw))
                gold = []
                for p in case["pieces"]:
                    if p["kind"] == "name" and p.get("turn", 0) == t:
                        v = simplify(clean(p["value"]))
                        at = text.find(v)
                        while at >= 0:
                            gold.append((at, at + len(v)))
                            at = text.find(v, at + 1)
                yield path.stem + str(number), hide(text, gold), gold


def hide(text, gold=()):
    for kind, a, b in _find(text):
        if kind != "name" and not any(a < y and x < b for x, y in gold):
            text = text[:a] + HIDDEN * (b - a) + text[b:]
    return text


def seen(text, gold):
    """Variants of a text: as it is, and for lists the earlier names of it hidden."""
    yield text, gold
    if len(gold) > 1:
        for i in range(1, len(gold)):
            t = text
            for a, b in sorted(gold)[:i]:
                t = t[:a] + NAMED * (b - a) + t[b:]
            yield t, sorted(gold)[i:]
        for kept in gold:
            t = text
            for a, b in gold:
                if (a, b) != kept:
                    t = t[:a] + NAMED * (b - a) + t[b:]
            yield t, [kept]


def rows(texts_with_gold, model):
    X, y, meta = [], [], []
    for text, gold in texts_with_gold:
        for c in candidates(text, model):
            over = any(c.start < b and a < c.end for a, b in gold)
            exact = (c.start, c.end) in gold
            if (
                over
                and not exact
                and not any(
                    c.start == a and c.end < b or (c.start == a and c.end > b) for a, b in gold
                )
            ):
                pass
            row = np.zeros(len(QUESTIONS), np.float32)
            for at, v in c.answers:
                row[at] = v
            X.append(row)
            y.append(exact)
            meta.append((text, c.start, c.end))
    return np.array(X).reshape(-1, len(QUESTIONS)), np.array(y, bool), meta


def fit(X, y, w):
    lr = LogisticRegression(C=0.5, fit_intercept=False, max_iter=2000)
    lr.fit(X, y, sample_weight=w)
    return lr.coef_[0]


def main(args):
    corpora = pickle.load(open(args[0], "rb"))
    held = ("hotel_sentiment.csv", "takeaway_sentiment.csv")
    paths = sorted(DATA.glob("masking_cases*.jsonl"))
    if not (DATA / "masking_cases_e.jsonl").exists():
        paths.append(Path("/tmp/blind/e.jsonl"))
    gold = list(labelled(paths))
    named = Counter(c for g, t, spans in gold for a, b in set(spans) for c in t[a + 1 : b])
    skip = ("title+body", "gold.jsonl")
    use = {k: v for k, v in corpora.items() if not any(s in k for s in skip)}
    cross = "--cross" in args
    lm = [t for k, v in use.items() if not (cross and k in held) for t in v]
    plain, given, pairs = tables(lm, named)
    known = surnames()
    model = NameModel(
        plain.tobytes(),
        given.tobytes(),
        pairs.tobytes(),
        known,
        gate(known, plain.tobytes(), given.tobytes()),
        (),
        0.0,
    )
    # what the rules mask in the texts is left out of the negatives
    negative = []
    texts = {k: list(dict.fromkeys(v)) for k, v in use.items()}
    for k, v in texts.items():
        n = 0
        for t in v:
            if model.gate.search(t):
                g = [(a, b) for kind, a, b in find(t) if kind == "name"]
                h = hide(t)
                for a, b in g:
                    h = h[:a] + NAMED * (b - a) + h[b:]
                negative.append((k, h))
    print("gated texts", len(negative), "of", sum(map(len, texts.values())))
    Xn, _, mn = rows(((t, []) for _, t in negative), model)
    source = {t: k for k, t in negative}
    public = np.array(
        [
            source[t].startswith(("citizen", "train", "helpdesk", "bank", "auto", "hotline"))
            for t, _, _ in mn
        ]
    )
    print("negatives", Xn.shape)
    P = [(g, tt, gg) for g, t, s in gold for tt, gg in seen(t, s)]
    Xs, ys, ms, gs = [], [], [], []
    for g, t, s in P:
        X, y, m = rows([(t, s)], model)
        Xs.append(X)
        ys.append(y)
        ms += m
        gs += [g] * len(y)
    Xp, yp = np.concatenate(Xs), np.concatenate(ys)
    total = len({(g, a, b) for g, t, s in gold for a, b in s})
    print(
        "positives among candidates",
        yp.sum(),
        "gold spans",
        total,
        "negatives labelled",
        (~yp).sum(),
    )
    missing = sorted(
        {
            t[max(0, a - 8) : a] + "<" + t[a:b] + ">" + t[b : b + 6]
            for g, t, s in gold
            for a, b in s
            if not any(c.start == a and c.end == b for c in candidates(t, model))
        }
    )
    print("not candidates", missing)
    wn = np.full(len(Xn), 1.0)
    wp = np.where(yp, 6.0, 8.0)
    # Letters to offices name people that the rules do not find: what looks like a name there is left out.
    for _ in range(2):
        w0 = fit(
            np.concatenate([Xp, Xn]),
            np.concatenate([yp, np.zeros(len(Xn), bool)]),
            np.concatenate([wp, wn]),
        )
        wn = np.where(public & (Xn @ w0 > -1.0), 0.0, 1.0)
        print("left out", int((wn == 0).sum()))
    groups = np.array(gs)
    if cross:
        scores = np.zeros(len(yp))
        hash_ = np.array([hash_of(g) % 5 for g in gs])
        for f in range(5):
            tr = hash_ != f
            w = fit(
                np.concatenate([Xp[tr], Xn]),
                np.concatenate([yp[tr], np.zeros(len(Xn), bool)]),
                np.concatenate([wp[tr], wn]),
            )
            scores[~tr] = Xp[~tr] @ w
        heldm = np.array([k in held for k, t in negative for _ in ()]) if 0 else None
        wall = fit(
            np.concatenate([Xp, Xn]),
            np.concatenate([yp, np.zeros(len(Xn), bool)]),
            np.concatenate([wp, wn]),
        )
        sn = Xn @ wall
        e = np.array(["e" in g.rstrip("0123456789")[-1:] for g in gs])
        tn = len(set(t for v in texts.values() for t in v))
        for th in (-2, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3):
            print(
                th,
                "recall all %.3f e %.3f" % ((scores[yp] > th).mean(), (scores[yp & e] > th).mean()),
                "fp labelled",
                int((scores[~yp] > th).sum()),
                "fp texts",
                int((sn > th).sum()),
                "reviews",
                int((sn[~public] > th).sum()),
                "of",
                tn,
            )
        return model, public, Xn, mn, Xp, yp, ms, gs, wall, scores, sn
    w = fit(
        np.concatenate([Xp, Xn]),
        np.concatenate([yp, np.zeros(len(Xn), bool)]),
        np.concatenate([wp, wn]),
    )
    np.savez_compressed(
        "models/names.npz",
        plain=plain,
        given=given,
        pairs=pairs,
        weights=np.round(w, 3),
        threshold=np.float64(
            float(next((a.split("=")[1] for a in args if a.startswith("--threshold")), 1.0))
        ),
    )
    for n, v in sorted(zip(QUESTIONS, w), key=lambda x: x[1]):
        print(f"{n}:{v:.2f}", end=" ")


def hash_of(g):
    import zlib

    return zlib.crc32(g.encode())


if __name__ == "__main__":
    main(sys.argv[1:])
