"""Settings: what is wrong is said in one line, with the key and the cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config import Settings, describe_settings, load_settings
from pipeline.errors import ConfigError

GOOD = "sources: [{name: survey, kind: survey, path: answers.csv}]\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, GOOD))
    assert settings.output.database == (tmp_path / "out" / "voc.sqlite").resolve()
    assert Path(settings.sources[0].path) == tmp_path.resolve() / "answers.csv"


def test_channel_follows_kind_unless_said(tmp_path: Path) -> None:
    text = (
        "sources:\n- {name: a, kind: transcript, path: x}\n"
        "- {name: b, kind: transcript, path: x, channel: 在线客服}\n"
    )
    settings = load_settings(written(tmp_path, text))
    assert [source.channel for source in settings.sources] == ["hotline", "在线客服"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "outptu: {}\n", r"outptu: unknown key \(did you mean 'output'\?\)"),
        (
            "sources: [{name: a, kind: survey, path: x, colums: {}}]\n",
            r"sources\.0\.colums: unknown key \(did you mean 'columns'\?\)",
        ),
        ("sources: [{name: a, kind: survy, path: x}]\n", "'complaint', 'transcript' or 'survey'"),
        ("sources: [{kind: survey, path: x}]\n", r"sources\.0\.name: expected a value, found none"),
        ("title: x\n", "sources: expected a value"),
        ("- a\n", "expected keys and values, got list"),
        ("a: [\n", "expected YAML"),
        (GOOD + "timezone: Asia/Shangai\n", "no time zone named 'Asia/Shangai'"),
        (GOOD + "aggregate: {confidence: 2}\n", r"aggregate\.confidence: .* less than 1"),
        (
            "sources: [{name: a, kind: survey, path: x}, {name: a, kind: survey, path: y}]\n",
            "'a' stands twice",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_settings(written(tmp_path, text))
    assert "\n" not in str(caught.value)
    assert "config.yaml" in str(caught.value)


def test_a_missing_file_names_the_cure(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="voc init"):
        load_settings(tmp_path / "config.yaml")


def test_an_unknown_source_suggests_the_nearest(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, GOOD))
    with pytest.raises(ConfigError, match="did you mean 'survey'"):
        settings.source("survy")


def test_digest_changes_with_what_can_change_a_number(tmp_path: Path) -> None:
    base = load_settings(written(tmp_path, GOOD)).digest()
    elsewhere = tmp_path / "other"
    elsewhere.mkdir()
    assert load_settings(written(elsewhere, GOOD + "run: {workers: 1}\n")).digest() == base
    assert load_settings(written(tmp_path, GOOD + "aggregate: {min_n: 5}\n")).digest() != base


def test_every_key_is_described() -> None:
    rows = list(describe_settings())
    assert all(meaning for _, _, _, meaning in rows)
    tops = {key.split(".")[0].removesuffix("[]") for key, *_ in rows}
    assert tops == set(Settings.model_fields)
