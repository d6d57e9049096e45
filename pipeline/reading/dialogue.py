"""How satisfied a customer is with a call or chat: a linear model over four views of it.

What is said last tells most: the same words mean more in the customer's last turn than before.
So each view of a dialogue has weights of its own, and the estimate is their sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pipeline.reading.features import hash_ngrams
from pipeline.reading.linear import Floats, LinearModel
from pipeline.records import Document

#: The customer's words, the whole dialogue, the customer's last turn, the last two turns of all.
VIEWS: tuple[str, ...] = ("own", "whole", "last", "ending")

#: Log counts: turns of the customer, characters of the customer, turns of all.
DIALOGUE_DENSE: tuple[str, ...] = ("own turns", "own length", "turns")


def dialogue_views(document: Document) -> tuple[str, ...]:
    """Return the text of each view of a transcript, in the order of `VIEWS`."""
    text = document.simplified.lower()
    own = [text[start:end] for start, end in document.customer_spans()]
    lines = text.split("\n")
    return "\n".join(own), text, own[-1] if own else "", "\n".join(lines[-2:])


def dialogue_dense(views: Sequence[tuple[str, ...]]) -> Floats:
    """Return `DIALOGUE_DENSE` for dialogues given as their views, one row each."""
    counts = [(own.count("\n") + 1, len(own), whole.count("\n") + 1) for own, whole, *_ in views]
    return np.log1p(np.array(counts, dtype=np.float32).reshape(-1, len(DIALOGUE_DENSE)))


def satisfaction(
    documents: Sequence[Document], model: LinearModel, cut: Callable[[str], Sequence[str]]
) -> list[float]:
    """Return the estimated satisfaction, −2…2, with each transcript."""
    if not documents:
        return []
    views = [dialogue_views(document) for document in documents]
    total = np.zeros(len(documents))
    for column, texts in enumerate(zip(*views, strict=True)):
        rows = model.weigh(hash_ngrams(texts, model.spec, cut=cut))
        total += np.asarray(rows @ model.weights[:, column], dtype=np.float64)
    # The dense weights and the intercept stand in the first column.
    dense = model.standardise(dialogue_dense(views)).astype(np.float64)
    total += dense @ model.dense_weights[:, 0] + model.intercepts[0]
    return [round(float(value), 3) for value in np.clip(total, -2, 2)]
