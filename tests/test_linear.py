"""Artefacts come back as they were, are the same bytes each time, and are refused when changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.reading.features import FeatureSpec, hash_ngrams
from pipeline.reading.linear import LinearModel, load_model, save_model, weigh


def small_model() -> LinearModel:
    spec = FeatureSpec(bits=8, char_orders=(1,), word_orders=())
    rng = np.random.default_rng(1)
    idf = rng.random(spec.buckets).astype(np.float16).astype(np.float32)
    idf[::3] = 0
    weights = rng.normal(size=(spec.buckets, 2)).astype(np.float16).astype(np.float32)
    weights[idf == 0] = 0
    return LinearModel(
        spec=spec,
        labels=("dissatisfied", "complaint"),
        dense_names=("length",),
        idf=idf,
        weights=weights,
        dense_weights=np.array([[0.5, -0.5]], dtype=np.float32),
        dense_mean=np.array([2.0], dtype=np.float32),
        dense_scale=np.array([1.0], dtype=np.float32),
        intercepts=np.array([0.1, -0.1], dtype=np.float32),
        slopes=np.array([1.5, 1.0], dtype=np.float32),
        offsets=np.array([0.0, 0.2], dtype=np.float32),
        thresholds=np.array([0.5, 0.4], dtype=np.float32),
    )


def test_a_saved_model_scores_as_the_one_in_memory(tmp_path: Path) -> None:
    model = small_model()
    save_model(model, tmp_path, "small", {})
    back = load_model(tmp_path, "small")
    rows = weigh(hash_ngrams(["太慢了", "很好"], model.spec), model.idf)
    dense = np.array([[1.0], [9.0]], dtype=np.float32)
    assert back.labels == model.labels
    np.testing.assert_array_equal(back.logits(rows, dense), model.logits(rows, dense))


def test_saving_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first = save_model(small_model(), tmp_path / "a", "small", {"n": 1}).read_bytes()
    assert save_model(small_model(), tmp_path / "b", "small", {"n": 1}).read_bytes() == first


def test_a_changed_model_is_refused(tmp_path: Path) -> None:
    path = save_model(small_model(), tmp_path, "small", {})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"small\.npz: expected SHA-256 .* found"):
        load_model(tmp_path, "small")


def test_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="run 'voc train'"):
        load_model(tmp_path, "small")


def test_weighed_rows_have_length_one() -> None:
    model = small_model()
    rows = weigh(hash_ngrams(["排队两个小时", "好"], model.spec), np.ones(256, dtype=np.float32))
    np.testing.assert_allclose(np.asarray(rows.multiply(rows).sum(axis=1)).ravel(), 1, rtol=1e-5)


def test_logits_add_dense_features() -> None:
    model = small_model()
    rows = weigh(hash_ngrams(["慢"], model.spec), model.idf)
    low = model.logits(rows, np.array([[2.0]], dtype=np.float32))
    high = model.logits(rows, np.array([[3.0]], dtype=np.float32))
    np.testing.assert_allclose(high - low, [[0.5, -0.5]], atol=1e-6)
