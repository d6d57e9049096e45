"""Render the report: published views in, one self-contained HTML file out."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

from pipeline.errors import StoreError
from pipeline.records import SIGNAL_TYPES, TOPICS
from pipeline.report import charts
from pipeline.report.names import (
    CHANNEL_NAMES,
    DIMENSION_NAMES,
    POLARITY_NAMES,
    QUALITY_NAMES,
    SIGNAL_NAMES,
    SILENCE_REASONS,
    TOPIC_NAMES,
    named,
)

#: How many verbatims a finding shows, and how many the list of the strongest holds.
_PER_FINDING = 3
_STRONGEST = 60

Row = dict[str, Any]

#: The cell of all documents where none has content: such a cell is not counted, so not stored.
_NOTHING_SAID: Mapping[str, Any] = {
    **dict.fromkeys(("documents", "silent", "complaining", "leaving"), 0),
    **dict.fromkeys(("silent_share", "silent_low", "silent_high"), None),
    **dict.fromkeys(("complaint_share", "complaint_low", "complaint_high"), None),
    **dict.fromkeys(("silence_ratio", "ratio_low", "ratio_high"), None),
}


def write_report(database: Path, target: Path, *, title: str) -> Path:
    """Write the report on the newest run of a database; whole, or not at all."""
    content = render(database, title=title)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=".report-", suffix=".html")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(content)
        Path(draft).replace(target)
    except OSError as exc:
        raise StoreError(
            f"{target}: expected a place to write the report, got: {exc.strerror}; "
            "set output.report in config.yaml"
        ) from exc
    return target


def render(database: Path, *, title: str) -> str:
    """Return the report on the newest run as HTML."""
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        # One snapshot for all queries: a run published meanwhile must not mix into the page.
        connection.execute("BEGIN")
        page = _page(connection, title)
    finally:
        connection.close()
    environment = Environment(
        loader=PackageLoader("pipeline.report"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["share"] = _share
    environment.filters["number"] = lambda value: "—" if value is None else f"{value:,}"
    return environment.get_template("report.html.j2").render(page)


def _page(connection: sqlite3.Connection, title: str) -> Mapping[str, Any]:
    summary = _rows(connection, "SELECT * FROM report_summary")
    if not summary:
        raise StoreError("expected a published run to report on, found none; run 'voc run' first")
    totals = _silence(connection, period_type="all")
    whole = next((row for row in totals if row["topic"] == "*"), _NOTHING_SAID)
    topic_rows = [
        row for topic in TOPICS for row in totals if row["topic"] == topic and row["mentions"]
    ]
    findings = _findings(connection)
    return {
        "title": title,
        "summary": summary[0],
        "whole": whole,
        "topic_rows": [{**row, "name": named(TOPIC_NAMES, row["topic"])} for row in topic_rows],
        "channels": _channels(connection),
        "reasons": _reasons(connection),
        "findings": findings,
        "charts": {name: _embed(figure) for name, figure in _charts(connection, topic_rows)},
        "verbatims": _strongest(connection),
        "quality": [
            {"key": key, "name": named(QUALITY_NAMES, key), "value": value}
            for key, value in _rows(connection, "SELECT * FROM report_quality")[0].items()
        ],
        "quarantine": _rows(connection, "SELECT * FROM report_quarantine LIMIT 50"),
        "signal_names": SIGNAL_NAMES,
        "topic_names": TOPIC_NAMES,
        "plotly": Markup(get_plotlyjs()),  # noqa: S704  the library's own script
    }


def _charts(
    connection: sqlite3.Connection, topic_rows: Sequence[Row]
) -> list[tuple[str, go.Figure]]:
    found = [("topics", charts.topics(topic_rows))]
    weeks = _silence(connection, period_type="week", topic="*") or _silence(
        connection, period_type="month", topic="*"
    )
    if len(weeks) > 1:
        found.append(("trend", charts.trend(weeks)))
    cells = _rows(
        connection,
        "SELECT * FROM report_silence WHERE period_type = 'all' AND channel = '*'"
        " AND dimension = 'branch' AND member <> '*'",
    )
    if cells:
        order = [
            row["member"]
            for row in sorted(
                (row for row in cells if row["topic"] == "*"),
                key=lambda row: (-(row["silent_share"] or 0), row["member"]),
            )
        ][:25]
        topic_order = ["*", *(row["topic"] for row in topic_rows)]
        found.append(("members", charts.members(cells, order, topic_order)))
    signal_rows = _signal_rows(connection)
    if signal_rows:
        found.append(("signals", charts.signals(signal_rows)))
    return found


def _signal_rows(connection: sqlite3.Connection) -> list[Row]:
    return _rows(
        connection,
        "SELECT signal, documents, silent FROM report_signals WHERE period_type = 'all'"
        " AND topic = '*' AND channel = '*' AND dimension = '*' AND documents > 0"
        " ORDER BY silent DESC, documents DESC, signal",
    )


def _silence(
    connection: sqlite3.Connection, *, period_type: str, topic: str | None = None
) -> list[Row]:
    return _rows(
        connection,
        "SELECT * FROM report_silence WHERE period_type = :period_type AND channel = '*'"
        " AND dimension = '*' AND (:topic IS NULL OR topic = :topic) ORDER BY period_start, topic",
        {"period_type": period_type, "topic": topic},
    )


def _channels(connection: sqlite3.Connection) -> list[Row]:
    rows = _rows(
        connection,
        "SELECT * FROM report_silence WHERE period_type = 'all' AND topic = '*'"
        " AND dimension = '*' AND channel <> '*' ORDER BY documents DESC, channel",
    )
    return [{**row, "name": named(CHANNEL_NAMES, row["channel"])} for row in rows]


def _reasons(connection: sqlite3.Connection) -> list[Row]:
    """Count silent documents by reason for silence; one document may show several."""
    by_document: dict[str, set[str]] = {}
    for row in _rows(
        connection,
        "SELECT e.document_id AS id, e.label AS label FROM report_evidence e"
        " JOIN report_documents d ON d.id = e.document_id"
        " WHERE e.kind = 'signal' AND d.silent = 1 AND d.counted = 1",
    ):
        by_document.setdefault(row["id"], set()).add(row["label"])
    silent = _rows(
        connection, "SELECT count(*) AS n FROM report_documents WHERE silent = 1 AND counted = 1"
    )[0]
    reasons = []
    for name, types in SILENCE_REASONS.values():
        count = sum(bool(found & set(types)) for found in by_document.values())
        reasons.append(
            {
                "name": name,
                "signals": "、".join(SIGNAL_NAMES[signal] for signal in types),
                "n": count,
                "share": count / silent["n"] if silent["n"] else None,
            }
        )
    return reasons


def _findings(connection: sqlite3.Connection) -> list[Row]:
    findings = []
    subtopics = {
        row["subtopic"]: row["zh"] for row in _rows(connection, "SELECT subtopic, zh FROM taxonomy")
    }
    for row in _rows(connection, "SELECT * FROM report_findings ORDER BY rank"):
        ids = json.loads(row["document_ids"])[:_PER_FINDING]
        findings.append(
            {
                **row,
                "headline": headline(row, subtopics),
                "terms": json.loads(row["terms"]),
                "verbatims": [_verbatim(connection, identity) for identity in ids],
            }
        )
    return findings


def headline(row: Mapping[str, Any], subtopics: Mapping[str, str]) -> str:
    """Return a finding as one Chinese sentence with its numbers.

    ``subtopics`` maps subtopics to their Chinese names.

    >>> headline({"kind": "member", "topic": "service", "subtopic": "", "channel": "*",
    ...     "dimension": "branch", "member": "云桥支行", "period_type": "all", "period_start": "",
    ...     "silent": 30, "n": 60, "share": 0.5, "base_share": 0.1}, {})
    '网点「云桥支行」：服务方面沉默不满 50%（30/60），其余为 10%'
    """
    about = "总体" if row["topic"] == "*" else f"{named(TOPIC_NAMES, row['topic'])}方面"
    if row["subtopic"]:
        about = f"{named(TOPIC_NAMES, row['topic'])}·{named(subtopics, row['subtopic'])}方面"
    where = ""
    if row["dimension"] not in ("*", ""):
        where = f"{named(DIMENSION_NAMES, row['dimension'])}「{row['member']}」"
    if row["channel"] not in ("*", ""):
        where += f"{'，' if where else ''}{named(CHANNEL_NAMES, row['channel'])}"
    numbers = f"{row['share']:.0%}（{row['silent']}/{row['n']}）"
    if row["kind"] == "change":
        when = _when(row["period_type"], row["period_start"])
        return (
            f"{when}{'，' + where if where else ''}：{about}沉默不满升至 {numbers}，"
            f"此前为 {row['base_share']:.0%}"
        )
    return f"{where}：{about}沉默不满 {numbers}，其余为 {row['base_share']:.0%}"


def _when(period_type: str, start: str) -> str:
    if period_type == "month":
        return f"{start[:7]} 当月"
    return f"{start} 当周" if period_type == "week" else start


def _strongest(connection: sqlite3.Connection) -> list[Row]:
    rows = _rows(
        connection,
        "SELECT id AS document_id FROM report_documents WHERE silent = 1 AND counted = 1"
        " ORDER BY dissatisfaction_score DESC, document_id LIMIT ?",
        (_STRONGEST,),
    )
    return [_verbatim(connection, row["document_id"]) for row in rows]


def _verbatim(connection: sqlite3.Connection, identity: str) -> Row:
    (row,) = _rows(
        connection, "SELECT *, id AS document_id FROM report_documents WHERE id = ?", (identity,)
    )
    evidence = _rows(
        connection,
        "SELECT kind, label, polarity, start, end FROM report_evidence WHERE document_id = ?"
        " ORDER BY start, end, label",
        (identity,),
    )
    signals = [item for item in evidence if item["kind"] == "signal"]
    topics = sorted({item["label"] for item in evidence if item["kind"] == "topic"})
    return {
        **row,
        "channel_name": named(CHANNEL_NAMES, row["channel"]),
        "sentiment_name": named(POLARITY_NAMES, row["sentiment"]),
        "html": highlight(row["text"], evidence),
        "signals": [
            named(SIGNAL_NAMES, label)
            for label in SIGNAL_TYPES
            if any(item["label"] == label for item in signals)
        ],
        "signal_keys": sorted({item["label"] for item in signals}),
        "topic_keys": sorted({topic.split("/")[0] for topic in topics}),
    }


def highlight(text: str, evidence: Sequence[Mapping[str, Any]]) -> Markup:
    """Return text as safe HTML with its evidence marked: signals strongest, topics by polarity.

    >>> highlight("<b>太慢", [{"kind": "signal", "label": "high_effort", "polarity": None,
    ...     "start": 3, "end": 5}])
    Markup('&lt;b&gt;<mark class="signal" title="费时费力">太慢</mark>')
    """
    styles: list[tuple[int, str, str] | None] = [None] * len(text)
    for item in evidence:
        is_signal = item["kind"] == "signal"
        name = (
            named(SIGNAL_NAMES, item["label"])
            if is_signal
            else named(TOPIC_NAMES, str(item["label"]).split("/")[0])
        )
        style = (1, "signal", name) if is_signal else (0, str(item["polarity"]), name)
        for position in range(item["start"], min(item["end"], len(text))):
            former = styles[position]
            if former is None or style[0] > former[0]:
                styles[position] = style
    pieces = []
    start = 0
    for position in range(1, len(text) + 1):
        if position < len(text) and styles[position] == styles[start]:
            continue
        words = escape(text[start:position])
        current = styles[start] if text else None
        if current is None:
            pieces.append(words)
        else:
            pieces.append(
                Markup('<mark class="{}" title="{}">{}</mark>').format(
                    current[1], current[2], words
                )
            )
        start = position
    return Markup("").join(pieces)


def _embed(figure: go.Figure) -> Markup:
    """Return a figure as JSON that is safe inside a script element."""
    content = figure.to_json().replace("<", "\\u003c").replace("\u2028", "\\u2028")
    return Markup(content)  # noqa: S704  escaped above


def _share(value: float | None) -> str:
    return "不足" if value is None else f"{value:.1%}"


def _rows(
    connection: sqlite3.Connection,
    query: str,
    values: Mapping[str, Any] | Sequence[Any] = (),
) -> list[Row]:
    return [dict(row) for row in connection.execute(query, values)]
