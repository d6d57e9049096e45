"""Training: the same data gives the same model, calibrated on what it has not seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.paths import shipped
from pipeline.reading.linear import load_model, read_card
from pipeline.reading.reader import MODEL_NAMES, VERDICT_LABELS, load_equipment
from pipeline.training import corpora, train
from pipeline.training.corpora import Example

SHARED = Path(__file__).resolve().parents[2] / "shared"
needs_shared = pytest.mark.skipif(
    not (SHARED / "gold" / "train.jsonl").exists(),
    reason="needs the labelled sets in ../shared, which are never committed",
)

GOOD = (
    "服务很好",
    "味道不错",
    "房间干净",
    "态度热情",
    "下次还来",
    "很满意",
    "价格实惠",
    "环境优美",
)
BAD = ("服务太差", "味道难吃", "房间很脏", "态度恶劣", "再也不来", "很失望", "价格太贵", "环境嘈杂")


def small_set() -> list[Example]:
    return [
        Example(source=f"source{number % 2}", text=f"{words}，第{number}次", sentiment=sentiment)
        for number in range(6)
        for texts, sentiment in ((GOOD, "positive"), (BAD, "negative"))
        for words in texts
    ]


def test_the_evidence_model_learns_which_way_words_lean() -> None:
    model = train.train_evidence([*small_set(), *with_topics()], list)
    rows = model.weigh(train.hash_ngrams(["味道很好", "房间太脏"], model.spec, cut=list))
    good, bad = model.logits(rows)[:, model.column("valence")]
    assert good > 0 > bad


def with_topics() -> list[Example]:
    """Return a few examples for the labels the first set says nothing of."""
    topics = {topic: frozenset({"positive"}) for topic in train.TOPICS}
    plain: list[Example] = []
    for number in range(4):
        plain.append(Example(source="t", text=f"价格{number}", topics=topics, sentiment="mixed"))
        plain.append(Example(source="t", text=f"问问{number}", topics={}, sentiment="neutral"))
        plain.append(Example(source="d", text=f"通话{number}", satisfaction=number - 2.0))
        plain.append(Example(source="f", text=f"食物{number}", extra={"risk": number % 2 == 0}))
    return plain


def test_training_twice_gives_the_same_weights() -> None:
    examples = [*small_set(), *with_topics()]
    first, second = (train.train_evidence(examples, list) for _ in range(2))
    np.testing.assert_array_equal(first.weights, second.weights)
    np.testing.assert_array_equal(first.intercepts, second.intercepts)


def test_both_classes_of_a_source_have_the_same_say() -> None:
    sources = np.array(["a"] * 4 + ["b"] * 2)
    target = np.array([True, True, True, False, False, False])
    weights = train._source_weights(sources, target, balance=True)
    assert weights[:3].sum() == pytest.approx(weights[3])
    # A source with one class alone is left as it is.
    assert weights[4:].tolist() == [1, 1]


def test_platt_scaling_makes_scores_probabilities() -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(4000) < 0.3
    scores = np.where(truth, 2.0, -1.0) + rng.normal(scale=1.5, size=4000)
    slope, offset = train.platt(scores, truth)
    likely = 1 / (1 + np.exp(-(slope * scores + offset)))
    for low in np.arange(0.1, 0.9, 0.2):
        inside = (likely >= low) & (likely < low + 0.2)
        assert truth[inside].mean() == pytest.approx(likely[inside].mean(), abs=0.07)


def test_thresholds_stay_within_their_bounds() -> None:
    rng = np.random.default_rng(5)
    targets = {label: rng.random(300) < 0.3 for label in VERDICT_LABELS}
    chosen = train.choose_thresholds(
        rng.random((300, len(VERDICT_LABELS))).astype(np.float32), targets
    )
    for label, threshold in zip(VERDICT_LABELS, chosen, strict=True):
        low, high = (-0.2, 0.2) if label.startswith("verdict ") else (0.2, 0.7)
        assert low - 1e-6 <= threshold <= high + 1e-6


@pytest.mark.parametrize(
    ("category", "topic"),
    [
        ("FOOD#QUALITY", "quality"),
        ("RESTAURANT#PRICES", "price"),
        ("AMBIENCE#GENERAL", "environment"),
        ("SERVICE#GENERAL", "service"),
        ("DISPLAY#DESIGN_FEATURES", "quality"),
    ],
)
def test_foreign_categories_map_onto_our_topics(category: str, topic: str) -> None:
    assert corpora.category_topic(category) == topic


def test_only_the_customers_turns_are_trained_on() -> None:
    text = "客户：太慢了\n客服：非常抱歉\n客户：算了"
    assert corpora.customer_words(text) == "太慢了\n算了"


@needs_shared
def test_no_annotated_text_is_in_the_evidence_models_data() -> None:
    annotated = corpora.gold(SHARED / "gold", "gold.jsonl")
    known = {train._fingerprint(example.text) for example in annotated}
    examples = train.evidence_examples(SHARED / "data", annotated)
    assert not known & {train._fingerprint(example.text) for example in examples}
    assert len(examples) > 100_000


@needs_shared
@pytest.mark.slow
def test_the_shipped_models_are_what_training_gives(tmp_path: Path) -> None:
    equipment = load_equipment(shipped("lexicons"), industries=())
    if equipment.segmenter.engine != "rjieba":
        pytest.skip("models are trained with the fast segmenter; install the extra 'fast'")
    train.train_all(SHARED / "data", SHARED / "gold", tmp_path, equipment)
    for name in MODEL_NAMES:
        made, kept = read_card(tmp_path, name), read_card(shipped("models"), name)
        assert made["made_with"] == kept["made_with"], "lexicons changed: run voc train"
        assert made["labels"] == kept["labels"]
        assert made["data_sha256"] == kept["data_sha256"]
        # The same machine gives the same bytes; another processor may round a sum differently.
        again, shipped_model = load_model(tmp_path, name), load_model(shipped("models"), name)
        np.testing.assert_allclose(again.weights, shipped_model.weights, atol=5e-3)
        np.testing.assert_allclose(again.thresholds, shipped_model.thresholds, atol=0.05)
