"""The page: safe whatever customers write, whole without a network, honest about little data."""

from __future__ import annotations

import html as html_entities
import json
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pipeline.aggregate import findings, silence
from pipeline.config import AggregateSettings
from pipeline.errors import StoreError
from pipeline.records import (
    Clause,
    ClauseReading,
    Document,
    Quarantined,
    Reading,
    Signal,
    TopicOpinion,
)
from pipeline.report import html
from pipeline.store import parts, publish
from tests.conftest import Published

ATTACK = (
    "</script><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass(frozen=True)
class Said:
    """A text with the verdict it is given."""

    text: str
    dissatisfied: bool = True
    complaint: bool = False
    topic: str = "service"
    signal: tuple[str, int, int] | None = None
    when: datetime | None = datetime(2026, 9, 1, 9)
    attributes: Mapping[str, str] = field(default_factory=dict)
    channel: str = "survey"
    no_content: bool = False


def records(number: int, said: Said) -> tuple[Document, Reading]:
    identity = f"{number:016x}"
    document = Document(
        id=identity,
        source="survey",
        kind="survey",
        channel=said.channel,
        external_id=str(number),
        text=said.text,
        simplified=said.text,
        occurred_at=said.when,
        attributes=said.attributes,
        no_content=said.no_content,
        row=number,
    )
    if said.no_content:
        return document, Reading(identity, "neutral", 0.0, {}, False, 0.0, False, 0.0, False)
    polarity = "negative" if said.dissatisfied else "positive"
    clause = Clause(identity, 0, 0, len(said.text), said.text)
    signals = ()
    if said.signal:
        name, start, end = said.signal
        signals = (Signal(name, start, end, said.text[start:end], 0.9),)
    reading = Reading(
        identity,
        polarity,
        -0.9 if said.dissatisfied else 0.9,
        {said.topic: polarity},
        said.complaint,
        float(said.complaint),
        said.dissatisfied,
        0.95 if said.dissatisfied else 0.05,
        False,
        signals,
        (ClauseReading(clause, polarity, 0.5, (TopicOpinion(said.topic, "", polarity, 0.9),)),),
    )
    return document, reading


def publish_said(
    folder: Path,
    said: Sequence[Said],
    *,
    title: str = "江澜银行",
    quarantined: Sequence[Quarantined] = (),
    path: str = "answers.csv",
) -> Path:
    """Publish texts with given verdicts, counted and compared as a run does."""
    database = folder / "voc.sqlite"
    run = publish.RunRecord(
        "2026-11-01T00:00:00", "manual", title, *(["0" * 64] * 4), "0.1", "jieba"
    )
    pairs = [records(number, one) for number, one in enumerate(said, start=1)]
    file = publish.FileRecord("survey", path, "0" * 64, len(said), len(said), len(quarantined), 0)
    settings = AggregateSettings()
    with publish.publishing(database, run) as writer:
        file_id = writer.add_file(file, quarantined)
        if pairs:
            documents, readings = zip(*pairs, strict=True)
            writer.add_part(parts.part_of(documents, readings), file_id)
        writer.end_file(file_id)
        silence.aggregate_silence(writer.connection, writer.run_id, settings)
        found = findings.find(writer.connection, settings, tokenize=str.split)
        findings.write_findings(writer.connection, writer.run_id, found)
    return database


def story(words: str = "排队 太久 了", branch: str = "云桥支行") -> list[Said]:
    """Eight weeks, two branches; one of them is where people are silent and unhappy."""
    said = []
    for week in range(8):
        when = datetime.fromordinal(datetime(2026, 8, 31).toordinal() + 7 * week)
        for n in range(6):
            said.append(
                Said(
                    f"{words} 第{week}周{n}号",
                    signal=("high_effort", 0, len(words)),
                    when=when,
                    attributes={"branch": branch},
                    complaint=n == 0,
                )
            )
            said.append(
                Said("办得很快", dissatisfied=False, when=when, attributes={"branch": "东湖支行"})
            )
    return said


class Page(HTMLParser):
    """What a browser would make of the page: scripts, addresses, and visible text."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.addresses: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.marked: list[tuple[str, str]] = []
        self.text = ""
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.handlers += [name for name in values if name.startswith("on")]
        self.addresses += [
            values[name] or "" for name in ("src", "href", "action") if name in values
        ]
        if tag not in {"meta", "br", "input", "img", "link"}:
            self._open.append((tag, values))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tag, values = self._open[-1] if self._open else ("", {})
        if tag == "script":
            self.scripts.append((values, data))
        elif tag != "style":
            self.text += data
        if tag == "mark":
            self.marked.append((values.get("class") or "", data))

    def figures(self) -> dict[str, Any]:
        return {
            values["id"] or "": json.loads(content)
            for values, content in self.scripts
            if values.get("type") == "application/json"
        }


def rendered(database: Path, title: str = "江澜银行") -> Page:
    return Page(html.render(database, title=title))


# ---- safe


def test_markup_in_what_people_write_is_shown_as_text(tmp_path: Path) -> None:
    database = publish_said(
        tmp_path,
        story(f"{ATTACK} 太慢", branch=ATTACK),
        path=f"{ATTACK}.csv",
        quarantined=[Quarantined(f"{ATTACK}.csv", 3, ATTACK, f"expected {ATTACK}", ATTACK)],
    )
    page = rendered(database, title=ATTACK)
    plain = rendered(publish_said(tmp_path / "plain", story(), path="a.csv"))
    assert page.tags.count("script") == plain.tags.count("script")
    assert "img" not in page.tags
    assert page.handlers == []
    assert page.text.count(ATTACK) > 5
    assert len(page.figures()) == len(plain.figures()) == 4
    assert ATTACK in json.dumps(page.figures()["data-members"]["data"]).replace('\\"', '"')


def test_markup_in_an_attribute_stays_in_it() -> None:
    label = '"><script>alert(1)</script>'
    evidence = [{"kind": "signal", "label": label, "polarity": None, "start": 0, "end": 2}]
    shown = str(html.highlight("太慢", evidence))
    assert "<script>" not in shown
    assert html_entities.escape(label) in shown.replace("&#34;", "&quot;")


@pytest.mark.parametrize("title", ["江澜银行", ATTACK])
def test_the_page_loads_nothing_from_elsewhere(title: str, tmp_path: Path) -> None:
    content = html.render(publish_said(tmp_path, story()), title=title)
    page = Page(content)
    assert page.addresses == []
    assert not {"link", "iframe", "object", "embed", "base"} & set(page.tags)
    own = re.sub(r"(?s)<script>.*?</script>", "", content, count=1)
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//", own)
    assert "url(" not in own
    assert "@import" not in own


# ---- honest


def test_highlighted_words_are_the_evidence(tmp_path: Path) -> None:
    said = [
        Said("等了 两个小时 没人理", signal=("high_effort", 3, 7)),
        Said("<3 & 还是 太贵", topic="price", signal=("poor_value", 8, 10)),
    ]
    page = rendered(publish_said(tmp_path, said))
    signals = [text for style, text in page.marked if style == "signal"]
    assert signals[1:] == ["两个小时", "太贵"], "after the legend"
    assert "<3 & 还是 太贵" in page.text


def test_overlapping_evidence_keeps_the_text() -> None:
    text = "等了两个小时没人理"
    evidence = [
        {"kind": "topic", "label": "service/waiting", "polarity": "negative", "start": 0, "end": 9},
        {"kind": "signal", "label": "high_effort", "polarity": None, "start": 2, "end": 6},
        {"kind": "signal", "label": "channel_barrier", "polarity": None, "start": 4, "end": 99},
    ]
    page = Page(str(html.highlight(text, evidence)))
    assert page.text == text
    assert page.marked == [("negative", "等了"), ("signal", "两个小时"), ("signal", "没人理")]


def test_text_without_evidence_has_no_marks() -> None:
    assert str(html.highlight("", [])) == ""
    assert str(html.highlight("a & b", [])) == "a &amp; b"


def test_the_planted_branch_leads_the_findings(tmp_path: Path) -> None:
    page = rendered(publish_said(tmp_path, story()))
    assert "网点「云桥支行」" in page.text
    assert {"data-topics", "data-trend", "data-members", "data-signals"} == set(page.figures())


def test_too_few_documents_are_called_too_few(tmp_path: Path) -> None:
    page = rendered(publish_said(tmp_path, [Said("太慢"), Said("不错", dissatisfied=False)]))
    assert page.text.count("不足") >= 3
    assert "nan" not in page.text.lower()
    assert "None" not in page.text


BARE = {
    "one period": [Said(f"太慢{n}", attributes={"branch": "甲"}) for n in range(20)],
    "no branch": [Said(f"太慢{n}") for n in range(20)],
    "no time": [Said(f"太慢{n}", when=None) for n in range(20)],
    "nobody silent": [Said(f"我要投诉{n}", complaint=True) for n in range(20)],
    "nobody dissatisfied": [Said(f"不错{n}", dissatisfied=False) for n in range(20)],
    "nothing said": [Said("无", no_content=True) for _ in range(20)],
    "nothing at all": [],
}


@pytest.mark.parametrize("case", BARE)
def test_a_page_is_made_of_whatever_there_is(case: str, tmp_path: Path) -> None:
    page = rendered(publish_said(tmp_path, BARE[case]))
    assert "江澜银行" in page.text
    assert "没有明显高于其余" in page.text
    assert "None" not in page.text
    assert "data-trend" not in page.figures()


def test_without_a_run_the_cure_is_named(tmp_path: Path) -> None:
    database = publish_said(tmp_path, [])
    with closing(sqlite3.connect(database)) as connection, connection:
        for name in ("silence", "silence_signals", "findings", "quarantine", "files", "runs"):
            connection.execute(f"DELETE FROM {name}")
    with pytest.raises(StoreError, match="run 'voc run' first"):
        html.render(database, title="江澜银行")


def test_the_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    database = publish_said(tmp_path, story())
    target = tmp_path / "out" / "report.html"
    html.write_report(database, target, title="一")
    first = target.read_text(encoding="utf-8")
    html.write_report(database, target, title="二")
    assert target.read_text(encoding="utf-8") == first.replace("一 <small>", "二 <small>").replace(
        "<title>一", "<title>二"
    )
    assert [path.name for path in target.parent.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            {
                "kind": "change",
                "topic": "price",
                "subtopic": "fees",
                "channel": "survey",
                "period_type": "week",
                "period_start": "2026-09-21",
            },
            "2026-09-21 当周，问卷开放题：价格·收费方面沉默不满升至 50%（30/60），此前为 10%",
        ),
        (
            {
                "kind": "change",
                "topic": "quality",
                "period_type": "month",
                "period_start": "2026-10-01",
            },
            "2026-10 当月：质量方面沉默不满升至 50%（30/60），此前为 10%",
        ),
        (
            {"kind": "member", "topic": "*", "dimension": "product", "member": "储蓄卡"},
            "产品「储蓄卡」：总体沉默不满 50%（30/60），其余为 10%",
        ),
        (
            {"kind": "member", "topic": "quality", "dimension": "city", "member": "南京"},
            "city「南京」：质量方面沉默不满 50%（30/60），其余为 10%",
        ),
    ],
)
def test_a_finding_is_one_chinese_sentence(row: dict[str, Any], sentence: str) -> None:
    blank = {"channel": "*", "dimension": "*", "member": "*", "period_type": "all"}
    blank |= {"subtopic": "", "period_start": ""}
    numbers = {"silent": 30, "n": 60, "share": 0.5, "base_share": 0.1}
    assert html.headline({**blank, **numbers, **row}, {"fees": "收费"}) == sentence


# ---- in a browser


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_browser_draws_every_chart_without_an_error(published: Published, tmp_path: Path) -> None:
    attacked = tmp_path / "attacked.html"
    database = publish_said(tmp_path, story(f"{ATTACK} 太慢", branch=ATTACK))
    html.write_report(database, attacked, title=ATTACK)
    for path in (published.settings.output.report, attacked):
        done = subprocess.run(
            [
                str(CHROMIUM),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--enable-logging=stderr",
                f"--user-data-dir={tmp_path / 'profile'}",
                "--virtual-time-budget=8000",
                "--dump-dom",
                path.as_uri(),
            ],
            capture_output=True,
            encoding="utf-8",
            check=True,
            timeout=120,
        )
        assert not [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        for chart in ("topics", "trend", "members", "signals"):
            assert re.search(rf'id="chart-{chart}"[^>]*class="[^"]*js-plotly-plot', done.stdout)
        assert "<title>pwned" not in done.stdout
        shown = re.search(r'id="count"[^>]*>(\d+) / (\d+)<', done.stdout)
        assert shown
        assert shown[1] == shown[2] != "0"


def test_every_line_of_data_quality_has_a_chinese_name() -> None:
    from pipeline.report.names import QUALITY_NAMES
    from pipeline.store.views import views

    [quality] = [view for view in views() if view.name == "report_quality"]
    assert set(QUALITY_NAMES) == {column.name for column in quality.columns}
