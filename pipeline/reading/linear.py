"""Linear models over hashed n-grams, and how they are kept on disk.

An artefact is two files: ``name.npz`` (plain arrays, read with ``allow_pickle=False``) and its
card ``name.yaml``, which says what the model is, what it was trained on, how good it is and the
SHA-256 of the arrays. A model whose bytes do not match its card is refused.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from scipy import sparse

from pipeline.errors import ModelError
from pipeline.reading.features import FeatureSpec

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LinearModel:
    """One weight per n-gram bucket and label, plus one per dense feature and label.

    ``idf`` weighs buckets by inverse document frequency (0 for buckets too rare to trust);
    ``weights`` is buckets × labels; ``dense_weights`` is dense features × labels, on features
    standardised by ``dense_mean`` and ``dense_scale``; ``slopes`` and ``offsets`` turn logits
    into calibrated log-odds (Platt 1999); ``thresholds`` are the calibrated probabilities from
    which a label is given.
    """

    spec: FeatureSpec
    labels: tuple[str, ...]
    dense_names: tuple[str, ...]
    idf: Floats
    weights: Floats
    dense_weights: Floats
    dense_mean: Floats
    dense_scale: Floats
    intercepts: Floats
    slopes: Floats
    offsets: Floats
    thresholds: Floats

    def weigh(self, presence: sparse.csr_matrix) -> sparse.csr_matrix:
        """Return tf–idf rows of length one for rows of n-gram presence."""
        return weigh(presence, self.idf)

    def logits(self, weighed: sparse.csr_matrix, dense: Floats | None = None) -> Floats:
        """Return raw scores, documents × labels, for weighed rows and their dense features."""
        scores = np.asarray(weighed @ self.weights, dtype=np.float32) + self.intercepts
        if dense is not None and len(self.dense_names):
            # In double precision: in single, a row's last digits depend on how many rows there are.
            scores += self.standardise(dense).astype(np.float64) @ self.dense_weights
        return np.asarray(scores, dtype=np.float32)

    def standardise(self, dense: Floats) -> Floats:
        """Return dense features with the training mean 0 and deviation 1, clipped to ±4."""
        standard = (dense - self.dense_mean) / self.dense_scale
        return np.asarray(np.clip(standard, -4, 4), dtype=np.float32)

    def probabilities(self, logits: Floats) -> Floats:
        """Return calibrated probabilities for raw scores."""
        return sigmoid(logits * self.slopes + self.offsets)

    def column(self, label: str) -> int:
        """Return the column of a label."""
        try:
            return self.labels.index(label)
        except ValueError:
            raise ModelError(
                f"expected a model with the label {label!r}, found {', '.join(self.labels)}; "
                "rebuild the models with 'voc train'"
            ) from None


def sigmoid(values: Floats) -> Floats:
    """Return the logistic function, safe from overflow.

    >>> sigmoid(np.array([0.0, 1000.0], dtype=np.float32)).tolist()
    [0.5, 1.0]
    """
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -50, 50))), dtype=np.float32)


def weigh(presence: sparse.csr_matrix, idf: Floats) -> sparse.csr_matrix:
    """Return presence rows weighed by ``idf`` and scaled to Euclidean length one."""
    data = idf[presence.indices]
    rows = np.repeat(np.arange(presence.shape[0]), np.diff(presence.indptr))
    squares = np.bincount(rows, weights=data * data, minlength=presence.shape[0])
    lengths = np.sqrt(np.maximum(squares, 1e-12)).astype(np.float32)
    return sparse.csr_matrix(
        (data / lengths[rows], presence.indices, presence.indptr), shape=presence.shape
    )


_ARRAYS = (
    "idf",
    "weights",
    "dense_weights",
    "dense_mean",
    "dense_scale",
    "intercepts",
    "slopes",
    "offsets",
    "thresholds",
)
#: Kept in half precision: their rounding moves no score by more than a thousandth.
_HALF = ("idf", "weights")


def save_model(model: LinearModel, folder: Path, name: str, card: Mapping[str, Any]) -> Path:
    """Write ``name.npz`` and ``name.yaml``; the same model gives the same bytes."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    used = np.flatnonzero(model.idf)
    for key in _ARRAYS:
        values = getattr(model, key)
        values = values[used] if key in _HALF else values
        arrays[key] = values.astype(np.float16) if key in _HALF else values
    # Buckets that carry no weight are left out, which halves the file.
    arrays["used"] = used.astype(np.int32)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    content = buffer.getvalue()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.npz"
    path.write_bytes(content)
    head = {
        "model": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "spec": {
            "bits": model.spec.bits,
            "char_orders": list(model.spec.char_orders),
            "word_orders": list(model.spec.word_orders),
        },
        "labels": list(model.labels),
        "dense_names": list(model.dense_names),
    }
    (folder / f"{name}.yaml").write_text(
        yaml.safe_dump({**head, **card}, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    return path


def load_model(folder: Path, name: str) -> LinearModel:
    """Read an artefact; raise `ModelError` where it is missing or does not match its card."""
    path, card = folder / f"{name}.npz", read_card(folder, name)
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise ModelError(
            f"{path}: expected a trained model, found none; run 'voc train' or reinstall"
        ) from exc
    found = hashlib.sha256(content).hexdigest()
    if found != card.get("sha256"):
        raise ModelError(
            f"{path}: expected SHA-256 {card.get('sha256')} (its card), found {found}; "
            "the file was changed: restore it or run 'voc train'"
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        arrays = {key: stored[key] for key in (*_ARRAYS, "used")}
    spec = FeatureSpec(
        bits=int(card["spec"]["bits"]),
        char_orders=tuple(card["spec"]["char_orders"]),
        word_orders=tuple(card["spec"]["word_orders"]),
    )
    used = arrays.pop("used")
    for key in _HALF:
        whole = np.zeros((spec.buckets, *arrays[key].shape[1:]), dtype=np.float32)
        whole[used] = arrays[key]
        arrays[key] = whole
    return LinearModel(
        spec=spec,
        labels=tuple(card["labels"]),
        dense_names=tuple(card["dense_names"]),
        **arrays,
    )


def read_card(folder: Path, name: str) -> dict[str, Any]:
    """Return a model's card."""
    path = folder / f"{name}.yaml"
    try:
        card = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ModelError(
            f"{path}: expected the card of model {name!r}, found none; run 'voc train'"
        ) from exc
    except yaml.YAMLError as exc:
        raise ModelError(f"{path}: expected YAML, got: {' '.join(str(exc).split())}") from exc
    missing = [key for key in ("sha256", "spec", "labels", "dense_names") if key not in card]
    if missing:
        raise ModelError(f"{path}: expected the key {missing[0]!r} in the card; run 'voc train'")
    return dict(card)


def models_digest(folder: Path, names: Sequence[str]) -> str:
    """Return one SHA-256 over the artefacts' own hashes, in the order of their names."""
    parts = [str(read_card(folder, name)["sha256"]) for name in names]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
