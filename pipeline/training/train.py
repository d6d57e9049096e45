"""Training of the models that read documents; same data, same code, same bytes.

The *evidence* model learns from the large public sets, each of which says a little (positive or
negative, a topic, a satisfaction vote). The *verdict* model learns our own axes from our own
annotation, on top of what the evidence model, the lexicon, the rules and the taxonomy say. No
text of the annotation is in the evidence model's training data, so what it says about them is as
uncertain as what it will say about new texts. The *dialogue* model estimates satisfaction.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score
from sklearn.model_selection import KFold, StratifiedKFold

from pipeline.ingest.transcripts.plain import parse_turns
from pipeline.paths import shipped
from pipeline.reading.dialogue import DIALOGUE_DENSE, VIEWS, dialogue_dense, dialogue_views
from pipeline.reading.evidence import DENSE_NAMES, EVIDENCE_LABELS
from pipeline.reading.features import FeatureSpec, hash_ngrams
from pipeline.reading.linear import LinearModel, save_model, weigh
from pipeline.reading.reader import VERDICT_LABELS, Equipment, gather
from pipeline.records import SIGNAL_TYPES, TOPICS, Document, Verbatim
from pipeline.text.documents import DocumentRules, load_rules, to_document
from pipeline.training import corpora
from pipeline.training.corpora import Example

SEED = 20260831
FOLDS = 5

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Log = Callable[[str], None]

_EVIDENCE_SPEC = FeatureSpec(bits=19, char_orders=(1, 2, 3, 4), word_orders=(1, 2))
_EVIDENCE_C = 8.0
#: How much a source says beside the others: takeaway reviews are few and unlike the rest, chat
#: turns and single restaurant sentences are many and short.
_SOURCE_SAY = {"takeaway": 2.0, "dining": 0.6, "chat": 0.4}
_VERDICT_C = 30.0
#: How much a dense feature counts beside the n-grams: they are few and already distilled.
_DENSE_SCALE = 0.05
#: Weight of a rule's own example beside an annotated text: short, clear, and not drawn from life.
_EXAMPLE_WEIGHT = 0.3
_DIALOGUE_DENSE_SCALE = 0.3
_MIN_DF = 3
_MIN_ANNOTATED = 2


def gold_documents(examples: Sequence[Example]) -> list[Document]:
    """Return our annotated examples as the documents a run would make of them."""
    return [example_document(example) for example in examples]


@functools.cache
def _rules() -> DocumentRules:
    return load_rules(shipped("lexicons"))


def example_document(example: Example) -> Document:
    """Return one annotated example as a document; a dialogue gets its turns."""
    raw = str(example.extra.get("text", example.text))
    turns = parse_turns(raw) if raw.startswith(("客户：", "客服：")) else ()
    if turns:
        verbatim = Verbatim(
            source=example.source,
            kind="transcript",
            channel="hotline",
            turns=turns,
            external_id=example.group,
        )
    else:
        verbatim = Verbatim(
            source=example.source,
            # Annotators judged the words alone, not the desk they were sent to.
            kind="survey",
            channel="survey",
            text=raw,
            external_id=example.group,
        )
    return to_document(verbatim, _rules())


def evidence_examples(data: Path, annotated: Iterable[Example]) -> list[Example]:
    """Return the public examples, without the texts that stand in our annotation."""
    known = {_fingerprint(example.text) for example in annotated}
    public = [
        *corpora.reviews(data),
        *corpora.bank(data),
        *corpora.chat(data),
        *corpora.food_safety(data),
        *corpora.car_posts(data),
        *corpora.restaurant_opinions(data),
        *corpora.traditional(data),
        *corpora.restaurant_aspects(data),
        *corpora.dialogues(data),
    ]
    return [example for example in public if _fingerprint(example.text) not in known]


def _fingerprint(text: str) -> str:
    return "".join(text.split())[:40]


def train_evidence(
    examples: Sequence[Example], cut: Callable[[str], Sequence[str]], log: Log = lambda _: None
) -> LinearModel:
    """Fit the evidence model: one linear model a label, each on the sets that give that label."""
    spec = _EVIDENCE_SPEC
    presence = hash_ngrams([example.text.lower() for example in examples], spec, cut=cut)
    idf = inverse_document_frequency(presence)
    rows = weigh(presence, idf)
    sources = np.array([example.source for example in examples])
    weights = np.zeros((spec.buckets, len(EVIDENCE_LABELS)), dtype=np.float32)
    intercepts = np.zeros(len(EVIDENCE_LABELS), dtype=np.float32)
    for position, (label, known, target, balance) in enumerate(_evidence_tasks(examples)):
        log(f"evidence: {label}, {int(known.sum())} examples")
        if label == "satisfaction":
            ridge = Ridge(alpha=1.0, solver="sparse_cg", tol=1e-6).fit(rows[known], target[known])
            weights[:, position] = ridge.coef_
            intercepts[position] = ridge.intercept_
            continue
        sample = _source_weights(sources[known], target[known] > 0, balance=balance)
        fitted = _logistic(rows[known], target[known] > 0, _EVIDENCE_C, sample)
        weights[:, position] = fitted[0]
        intercepts[position] = fitted[1]
    ones = np.ones(len(EVIDENCE_LABELS), dtype=np.float32)
    none = np.zeros(0, dtype=np.float32)
    return LinearModel(
        spec=spec,
        labels=EVIDENCE_LABELS,
        dense_names=(),
        idf=_as_stored(idf),
        weights=_as_stored(weights),
        dense_weights=np.zeros((0, len(EVIDENCE_LABELS)), dtype=np.float32),
        dense_mean=none,
        dense_scale=none,
        intercepts=intercepts,
        slopes=ones,
        offsets=ones * 0,
        thresholds=ones * 0.5,
    )


def _evidence_tasks(
    examples: Sequence[Example],
) -> Iterable[tuple[str, Bools, npt.NDArray[np.float64], bool]]:
    """Yield label, which examples know it, its value, and whether to balance within sources."""

    def task(
        label: str, value: Callable[[Example], float | None], *, balance: bool
    ) -> tuple[str, Bools, npt.NDArray[np.float64], bool]:
        values = [value(example) for example in examples]
        known = np.array([found is not None for found in values])
        return label, known, np.array([found or 0.0 for found in values]), balance

    def valence(example: Example) -> float | None:
        return {"positive": 1.0, "negative": 0.0}.get(example.sentiment or "")

    def opinion(example: Example) -> float | None:
        if example.sentiment is None or example.source in {"hotel", "takeaway", "shopping", "chat"}:
            return None
        return float(example.sentiment != "neutral")

    def topic(name: str) -> Callable[[Example], float | None]:
        return lambda example: None if example.topics is None else float(name in example.topics)

    yield task("valence", valence, balance=True)
    yield task("opinion", opinion, balance=False)
    yield task("satisfaction", lambda example: example.satisfaction, balance=False)
    yield task("food_risk", lambda example: _number(example.extra.get("risk")), balance=False)
    for name in TOPICS:
        yield task(f"topic:{name}", topic(name), balance=False)


def _number(value: bool | None) -> float | None:
    return None if value is None else float(value)


def _source_weights(sources: npt.NDArray[np.str_], target: Bools, *, balance: bool) -> Floats:
    """Return weights that give both classes of each source the same say, if ``balance``."""
    weights = np.ones(len(sources), dtype=np.float32)
    if not balance:
        return weights
    for source in np.unique(sources):
        inside = sources == source
        share = float(target[inside].mean())
        if 0 < share < 1:
            say = _SOURCE_SAY.get(str(source), 1.0)
            weights[inside] = say * np.where(target[inside], 0.5 / share, 0.5 / (1 - share))
    return weights


def inverse_document_frequency(presence: sparse.csr_matrix) -> Floats:
    """Return smoothed idf per bucket; 0 where fewer than three texts hold the bucket."""
    frequency = np.bincount(presence.indices, minlength=presence.shape[1])
    idf = np.log((1 + presence.shape[0]) / (1 + frequency)) + 1
    idf[frequency < _MIN_DF] = 0
    return np.asarray(idf, dtype=np.float32)


def _as_stored(values: Floats) -> Floats:
    """Return values as they come back from disk, so that training and use see the same model."""
    return values.astype(np.float16).astype(np.float32)


def _logistic(
    rows: Any, target: Bools, c: float, sample: Floats | None = None
) -> tuple[npt.NDArray[np.float64], float]:
    # The dual is twenty times faster here and gives the same weights.
    model = LogisticRegression(C=c, solver="liblinear", dual=True, random_state=SEED, max_iter=1000)
    model.fit(rows, target, sample_weight=sample)
    return model.coef_[0], float(model.intercept_[0])


def verdict_targets(examples: Sequence[Example]) -> dict[str, Bools]:
    """Return the true value of every verdict label, as arrays over the examples."""
    targets: dict[str, list[bool]] = {label: [] for label in VERDICT_LABELS}
    for example in examples:
        topics = example.topics or {}
        signals = example.signals or frozenset()
        targets["dissatisfied"].append(bool(example.dissatisfied))
        targets["complaint"].append(bool(example.complaint))
        for verdict in ("positive", "negative", "mixed", "neutral"):
            targets[f"verdict {verdict}"].append(example.sentiment == verdict)
        for topic in TOPICS:
            polarities = topics.get(topic, frozenset())
            targets[f"topic:{topic}"].append(topic in topics)
            targets[f"{topic} negative"].append("negative" in polarities)
            targets[f"{topic} positive"].append("positive" in polarities)
        for name in SIGNAL_TYPES:
            targets[f"signal:{name}"].append(name in signals)
    return {label: np.array(values) for label, values in targets.items()}


@dataclass(frozen=True, slots=True)
class _RuleExamples:
    """The examples that stand beside the rules, as further training texts.

    What rules say of them is blanked: each fires on its own examples by construction, and the
    n-grams are to learn what the rules know, not to be told to trust them.
    """

    presence: sparse.csr_matrix
    dense: Floats
    labels: list[str]
    shown: Bools

    def known(self, label: str) -> npt.NDArray[np.int8]:
        """Return 1, 0 or −1 (says nothing of the label) for each example."""
        return np.array(
            [_example_target(label, *pair) for pair in zip(self.labels, self.shown, strict=True)],
            dtype=np.int8,
        )


def _example_target(label: str, rule_label: str, shown: bool) -> int:
    is_unhappy = rule_label in _UNHAPPY_RULES
    if label in (f"signal:{rule_label}", "complaint" if rule_label == "complaint_act" else ""):
        return int(shown)
    if label == "dissatisfied" and shown and is_unhappy:
        return 1
    if label == "complaint" and shown and rule_label in ("improvement_wish", "lukewarm"):
        return 0
    return -1


#: Rules whose examples show dissatisfaction beyond doubt; a bare 一般般 or a quip does not.
_UNHAPPY_RULES = frozenset({*SIGNAL_TYPES, "complaint_act"}) - {"lukewarm", "sarcasm"}


def _rule_examples(equipment: Equipment, evidence: LinearModel) -> _RuleExamples:
    texts: list[str] = []
    labels: list[str] = []
    shown: list[bool] = []
    for rule in equipment.rules.rules:
        for examples, value in ((rule.examples, True), (rule.counter_examples, False)):
            texts.extend(examples)
            labels.extend([rule.label] * len(examples))
            shown.extend([value] * len(examples))
    documents = [
        example_document(Example(source="rule", text=text, extra={"text": text})) for text in texts
    ]
    gathered = gather(documents, equipment, evidence)
    dense = gathered.dense.copy()
    dense[:, [name.startswith("rule") for name in DENSE_NAMES]] = 0
    return _RuleExamples(gathered.presence, dense, labels, np.array(shown))


def train_verdict(
    examples: Sequence[Example],
    documents: Sequence[Document],
    equipment: Equipment,
    evidence: LinearModel,
    log: Log = lambda _: None,
) -> tuple[LinearModel, Floats]:
    """Fit the verdict model and calibrate it on predictions it made for texts it had not seen.

    Returns the model and its cross-validated probabilities (examples × labels).
    """
    gathered = gather(documents, equipment, evidence)
    dense = gathered.dense
    taught = _rule_examples(equipment, evidence)
    idf = evidence.idf.copy()
    # What one annotated text alone holds can't be generalised from, and may give it away.
    held = np.concatenate([gathered.presence.indices, taught.presence.indices])
    idf[np.bincount(held, minlength=len(idf)) < _MIN_ANNOTATED] = 0
    active = np.flatnonzero(idf)
    mean = dense.mean(axis=0)
    scale = np.maximum(dense.std(axis=0), 1e-3)

    def features(presence: sparse.csr_matrix, values: Floats) -> Any:
        standard = np.clip((values - mean) / scale, -4, 4) * _DENSE_SCALE
        return sparse.hstack([weigh(presence, idf)[:, active], standard]).tocsr()

    inputs, further = features(gathered.presence, dense), features(taught.presence, taught.dense)
    targets = verdict_targets(examples)
    folds = _folds(examples)

    size = len(VERDICT_LABELS)
    weights = np.zeros((evidence.spec.buckets, size), dtype=np.float32)
    dense_weights = np.zeros((len(DENSE_NAMES), size), dtype=np.float32)
    intercepts = np.zeros(size, dtype=np.float32)
    slopes = np.ones(size, dtype=np.float32)
    offsets = np.zeros(size, dtype=np.float32)
    crossed = np.zeros((len(examples), size), dtype=np.float32)
    for position, label in enumerate(VERDICT_LABELS):
        log(f"verdict: {label}")
        target = targets[label]
        if target.sum() < 2 * FOLDS:
            # Too few to learn from: the label is never given.
            intercepts[position] = -10.0
            crossed[:, position] = 0.0
            continue
        known = taught.known(label)

        def fit(
            chosen: npt.NDArray[np.int64], target: Bools = target, known: Any = known
        ) -> tuple[npt.NDArray[np.float64], float]:
            extra = np.flatnonzero(known >= 0)
            sample = np.ones(len(chosen) + len(extra), dtype=np.float32)
            sample[len(chosen) :] = _EXAMPLE_WEIGHT
            return _logistic(
                sparse.vstack([inputs[chosen], further[extra]]).tocsr(),
                np.concatenate([target[chosen], known[extra] == 1]),
                _VERDICT_C,
                sample,
            )

        held_out = np.zeros(len(examples))
        for train, test in folds:
            coefficients, intercept = fit(train)
            held_out[test] = inputs[test] @ coefficients + intercept
        slope, offset = platt(held_out, target)
        coefficients, intercept = fit(np.arange(len(examples)))
        weights[active, position] = coefficients[: len(active)]
        dense_weights[:, position] = coefficients[len(active) :] * _DENSE_SCALE
        intercepts[position] = intercept
        slopes[position], offsets[position] = slope, offset
        crossed[:, position] = 1 / (1 + np.exp(-(slope * held_out + offset)))
    thresholds = choose_thresholds(crossed, targets)
    model = LinearModel(
        spec=evidence.spec,
        labels=VERDICT_LABELS,
        dense_names=DENSE_NAMES,
        idf=idf,
        weights=_as_stored(weights),
        dense_weights=dense_weights,
        dense_mean=mean.astype(np.float32),
        dense_scale=scale.astype(np.float32),
        intercepts=intercepts,
        slopes=slopes,
        offsets=offsets,
        thresholds=thresholds,
    )
    return model, crossed


def train_dialogue(
    examples: Sequence[Example], cut: Callable[[str], Sequence[str]], log: Log = lambda _: None
) -> tuple[LinearModel, float]:
    """Fit the satisfaction of dialogues; return the model and its cross-validated correlation.

    The correlation is Spearman's, with the mean of the votes.
    """
    log(f"dialogue: {len(examples)} dialogues")
    spec = _EVIDENCE_SPEC
    views = [dialogue_views(dialogue_document(example)) for example in examples]
    presence = [hash_ngrams(texts, spec, cut=cut) for texts in zip(*views, strict=True)]
    idf = inverse_document_frequency(presence[VIEWS.index("whole")])
    active = np.flatnonzero(idf)
    dense = dialogue_dense(views)
    mean, scale = dense.mean(axis=0), np.maximum(dense.std(axis=0), 1e-3)
    standard = np.clip((dense - mean) / scale, -4, 4) * _DIALOGUE_DENSE_SCALE
    rows = [weigh(view, idf)[:, active] for view in presence]
    inputs = sparse.hstack([*rows, sparse.csr_matrix(standard)]).tocsr()
    target = np.array([example.satisfaction for example in examples])

    def fit(chosen: npt.NDArray[np.int64]) -> Ridge:
        return Ridge(alpha=1.0, solver="sparse_cg", tol=1e-6).fit(inputs[chosen], target[chosen])

    held_out = np.zeros(len(examples))
    for train, test in KFold(FOLDS, shuffle=True, random_state=SEED).split(target):
        held_out[test] = fit(train).predict(inputs[test])
    ridge = fit(np.arange(len(examples)))
    weights = np.zeros((spec.buckets, len(VIEWS)), dtype=np.float32)
    for column in range(len(VIEWS)):
        weights[active, column] = ridge.coef_[column * len(active) : (column + 1) * len(active)]
    size = len(VIEWS)
    dense_weights = np.zeros((len(DIALOGUE_DENSE), size), dtype=np.float32)
    dense_weights[:, 0] = ridge.coef_[size * len(active) :] * _DIALOGUE_DENSE_SCALE
    intercepts = np.zeros(size, dtype=np.float32)
    intercepts[0] = ridge.intercept_
    ones = np.ones(size, dtype=np.float32)
    model = LinearModel(
        spec=spec,
        labels=VIEWS,
        dense_names=DIALOGUE_DENSE,
        idf=_as_stored(idf),
        weights=_as_stored(weights),
        dense_weights=dense_weights,
        dense_mean=mean.astype(np.float32),
        dense_scale=scale.astype(np.float32),
        intercepts=intercepts,
        slopes=ones,
        offsets=ones * 0,
        thresholds=ones * 0.5,
    )
    return model, float(spearmanr(held_out, target).statistic)


def dialogue_document(example: Example) -> Document:
    """Return a dialogue with votes as the document a run would make of it."""
    whole = str(example.extra["whole"])
    return example_document(replace(example, extra={"text": whole}))


def _folds(
    examples: Sequence[Example],
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    strata = [f"{example.source} {example.dissatisfied}" for example in examples]
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    return list(splitter.split(np.zeros(len(examples)), strata))


def platt(scores: npt.NDArray[np.float64], target: Bools) -> tuple[float, float]:
    """Return slope and offset that turn held-out scores into log-odds (Platt 1999).

    >>> scores, target = np.array([-2.0, -1, 1, 2]), np.array([False, False, True, True])
    >>> slope, offset = platt(scores, target)
    >>> slope > 0
    True
    """
    model = LogisticRegression(C=100.0, solver="lbfgs").fit(scores[:, None], target)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def choose_thresholds(crossed: Floats, targets: Mapping[str, Bools]) -> Floats:
    """Return the probability from which each label is given: best F1 on held-out predictions.

    Bounded to 0.2…0.7, so that a rare label's luck in few examples does not decide. The four
    sentiments compete; theirs are what is taken off before the highest wins.
    """
    grid = np.round(np.arange(0.2, 0.701, 0.02), 2)
    thresholds = np.full(len(VERDICT_LABELS), 0.5, dtype=np.float32)
    for position, label in enumerate(VERDICT_LABELS):
        if label.startswith("verdict "):
            continue
        average = "macro" if label == "dissatisfied" else "binary"
        scores = [
            f1_score(targets[label], crossed[:, position] >= edge, average=average, zero_division=0)
            for edge in grid
        ]
        # The middle of the plateau, not its luckiest point.
        near = grid[np.asarray(scores) >= max(scores) - 0.003]
        thresholds[position] = float(np.median(near))
    columns = [
        position for position, label in enumerate(VERDICT_LABELS) if label.startswith("verdict ")
    ]
    truth = np.argmax(
        np.stack([targets[VERDICT_LABELS[column]] for column in columns], axis=1), axis=1
    )
    handicap = np.zeros(len(columns), dtype=np.float32)
    steps = [float(step) for step in np.round(np.arange(-0.2, 0.201, 0.02), 2)]
    for _ in range(3):
        for place in range(len(columns)):

            def score(step: float, place: int = place) -> tuple[float, float]:
                trial = handicap.copy()
                trial[place] = step
                guess = np.argmax(crossed[:, columns] - trial, axis=1)
                return float(f1_score(truth, guess, average="macro")), -abs(step)

            handicap[place] = max(steps, key=score)
    thresholds[columns] = handicap
    return thresholds


def train_all(
    data: Path, gold: Path, models: Path, equipment: Equipment, log: Log = lambda _: None
) -> dict[str, Path]:
    """Train the models and write them with their cards; return their paths."""
    annotated = [
        *corpora.gold(gold, "train.jsonl"),
        *corpora.annotation(shipped("models") / "annotation", data),
    ]
    held_back = corpora.gold(gold, "gold.jsonl")
    examples = evidence_examples(data, [*annotated, *held_back])
    evidence = train_evidence(examples, equipment.segmenter.cut, log)
    documents = gold_documents(annotated)
    verdict, crossed = train_verdict(annotated, documents, equipment, evidence, log)
    scores = label_scores(crossed, verdict, verdict_targets(annotated))
    common = {
        "seed": SEED,
        "python": platform.python_version(),
        "libraries": {
            name: importlib.metadata.version(name)
            for name in ("numpy", "scipy", "scikit-learn", "spacy", "opencc")
        },
        "made_with": dict(equipment.digests),
    }
    voted = corpora.dialogues(data)
    dialogue, correlation = train_dialogue(voted, equipment.segmenter.cut, log)
    return {
        "dialogue": save_model(
            dialogue,
            models,
            "dialogue",
            {
                "purpose": "Satisfaction of the customer with a call or chat, -2 to 2",
                "trained_on": _counts(voted),
                "data_sha256": _data_digest(voted),
                "cross_validated": {"spearman with the mean of 19 votes": round(correlation, 3)},
                **common,
            },
        ),
        "evidence": save_model(
            evidence,
            models,
            "evidence",
            {
                "purpose": "Valence, opinion, satisfaction, food risk and topics of a text",
                "trained_on": _counts(examples),
                "data_sha256": _data_digest(examples),
                **common,
            },
        ),
        "verdict": save_model(
            verdict,
            models,
            "verdict",
            {
                "purpose": "Dissatisfied, complaint act, sentiment, topics with polarity, signals",
                "trained_on": _counts(annotated),
                "trained_beside": "the examples of the rules in lexicons/rules, our own",
                "data_sha256": _data_digest(annotated),
                "cross_validated": scores,
                **common,
            },
        ),
    }


def label_scores(
    crossed: Floats, model: LinearModel, targets: Mapping[str, Bools]
) -> dict[str, dict[str, float]]:
    """Return count and cross-validated F1 of every label, rounded."""
    scores = {}
    for position, label in enumerate(model.labels):
        if label.startswith("verdict "):
            continue
        given = crossed[:, position] >= model.thresholds[position]
        scores[label] = {
            "n": int(targets[label].sum()),
            "f1": round(float(f1_score(targets[label], given, zero_division=0)), 3),
        }
    return scores


def _counts(examples: Sequence[Example]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for example in examples:
        counts[example.source] = counts.get(example.source, 0) + 1
    return dict(sorted(counts.items()))


def _data_digest(examples: Sequence[Example]) -> str:
    """Return the SHA-256 of texts and labels: a changed label is changed data."""
    digest = hashlib.sha256()
    for example in examples:
        labels = (
            example.sentiment,
            sorted((topic, sorted(found)) for topic, found in (example.topics or {}).items()),
            example.complaint,
            example.dissatisfied,
            sorted(example.signals or ()),
            example.satisfaction,
        )
        digest.update(
            f"{example.source}\x1f{example.text}\x1f{labels!r}".encode("utf-8", "replace")
        )
    return digest.hexdigest()


__all__ = [
    "choose_thresholds",
    "evidence_examples",
    "gold_documents",
    "label_scores",
    "platt",
    "train_all",
    "train_evidence",
    "train_verdict",
    "verdict_targets",
]
