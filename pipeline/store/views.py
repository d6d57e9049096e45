"""The ``report_…`` views: the contract of everything that reads the database.

Dashboards and notebooks read these and nothing else, so that tables may change underneath. A
view's columns are documented by the table column they show unless they say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from pipeline.store.tables import Column, table

_LATEST = "(SELECT max(id) FROM runs)"


@dataclass(frozen=True, slots=True)
class View:
    """One view: name, what it shows, its SELECT and its columns in order."""

    name: str
    description: str
    sql: str
    columns: tuple[Column, ...]


def _quoted(columns: tuple[Column, ...], alias: str) -> str:
    return ", ".join(f'{alias}."{column.name}"' for column in columns)


def _latest(name: str, of: str, description: str) -> View:
    columns = tuple(column for column in table(of).columns if column.name != "run_id")
    sql = f"SELECT {_quoted(columns, 't')} FROM {of} AS t WHERE t.run_id = {_LATEST}"  # noqa: S608
    return View(name, description, sql, columns)


def _from(of: str, *names: str) -> tuple[Column, ...]:
    return tuple(table(of).column(name) for name in names)


def _summary() -> View:
    columns = table("runs").columns
    sql = f"SELECT {_quoted(columns, 't')} FROM runs AS t WHERE t.id = {_LATEST}"  # noqa: S608
    return View("report_summary", "The latest run: hashes and totals, one row.", sql, columns)


_DOCUMENTS_SQL = """
SELECT d.id, d.source, d.kind, d.channel, d.external_id, d.question, d.text, d.occurred_at,
       d.period_day, d.customer_key, d.no_content, d.flag, d.copy_of, d.counted,
       r.sentiment, r.sentiment_score, r.dissatisfied,
       r.dissatisfaction_score, r.complaint, r.complaint_score, r.silent, r.leaving,
       r.satisfaction,
       (SELECT json_group_object(a.dimension, a.member) FROM
         (SELECT dimension, member FROM document_attributes
          WHERE document_id = d.id ORDER BY dimension) AS a) AS attributes,
       f.path AS file, d."row"
FROM documents AS d
JOIN files AS f ON f.id = d.file_id
LEFT JOIN readings AS r ON r.document_id = d.id
"""

_EVIDENCE_SQL = """
SELECT s.document_id, 'signal' AS kind, s.type AS label, 'negative' AS polarity, s.start, s."end",
       substr(d.text, s.start + 1, s."end" - s.start) AS evidence, s.score
FROM signals AS s JOIN documents AS d ON d.id = s.document_id
UNION ALL
SELECT t.document_id, 'topic', CASE t.subtopic WHEN '' THEN t.topic ELSE t.topic || '/' ||
       t.subtopic END, t.polarity, c.start, c."end",
       substr(d.text, c.start + 1, c."end" - c.start), t.score
FROM clause_topics AS t
JOIN clauses AS c ON c.document_id = t.document_id AND c.clause_no = t.clause_no
JOIN documents AS d ON d.id = t.document_id
"""

_TURNS_SQL = """
SELECT t.document_id, t.turn_no, t.role, t.role_source, t.role_confidence, t.start_ms, t.end_ms,
       substr(d.text, t.start + 1, t."end" - t.start) AS text, t.asr
FROM turns AS t JOIN documents AS d ON d.id = t.document_id
"""

_TOPICS_SQL = """
SELECT topic, subtopic, polarity, count(*) AS clauses, count(DISTINCT document_id) AS documents
FROM clause_topics GROUP BY topic, subtopic, polarity
"""

_QUARANTINE_SQL = """
SELECT f.source, f.path AS file, q."row", q."column", q.reason, q.excerpt, q.run_id
FROM quarantine AS q JOIN files AS f ON f.id = q.file_id
"""

_QUALITY_SQL = """
SELECT (SELECT coalesce(sum(rows_read), 0) FROM files) AS rows_read,
       (SELECT coalesce(sum(kept), 0) FROM files) AS kept,
       (SELECT coalesce(sum(quarantined), 0) FROM files) AS quarantined,
       (SELECT coalesce(sum(duplicates), 0) FROM files) AS duplicates,
       (SELECT count(*) FROM documents) AS documents,
       (SELECT count(*) FROM documents WHERE no_content = 1) AS no_content,
       (SELECT count(*) FROM documents WHERE flag = 'template') AS templates,
       (SELECT count(*) FROM documents WHERE flag = 'spam') AS spam,
       (SELECT count(*) FROM documents WHERE copy_of IS NOT NULL) AS copies,
       (SELECT count(*) FROM documents WHERE counted = 1) AS counted,
       (SELECT count(*) FROM documents WHERE occurred_at IS NULL) AS without_time,
       (SELECT count(*) FROM documents WHERE customer_key IS NULL) AS without_customer,
       (SELECT coalesce(sum(n), 0) FROM document_masks) AS masked,
       (SELECT count(*) FROM turns) AS turns,
       (SELECT count(*) FROM turns WHERE role = 'unknown') AS unknown_speakers,
       (SELECT count(*) FROM turns WHERE role_source = 'inferred') AS inferred_speakers,
       (SELECT count(*) FROM documents WHERE kind = 'transcript') AS calls,
       (SELECT count(*) FROM documents AS d WHERE kind = 'transcript' AND NOT EXISTS
         (SELECT 1 FROM turns WHERE document_id = d.id AND role = 'customer')) AS unknown_calls,
       (SELECT coalesce(sum(asr_dropped), 0) FROM documents) AS asr_dropped
"""


def _count(name: str, description: str, unit: str, denominator: str = "") -> Column:
    return Column(name, "INTEGER", description, unit, denominator)


def _unread(column: Column) -> Column:
    meaning = column.null_meaning or "the document has no reading"
    return Column(
        column.name, column.type, column.description, column.unit, column.denominator, meaning
    )


def views() -> tuple[View, ...]:
    """All views, in the order in which they are created."""
    readings = tuple(
        _unread(column) for column in table("readings").columns if column.name != "document_id"
    )
    span = _from("signals", "start", "end")
    return (
        _summary(),
        _latest("report_silence", "silence", "The latest run's silence, cell by cell."),
        _latest("report_signals", "silence_signals", "The latest run's signals, cell by cell."),
        _latest("report_findings", "findings", "The latest run's findings, strongest first."),
        View(
            "report_topics",
            "Topic × subtopic × polarity, counted over all documents held.",
            _TOPICS_SQL,
            (
                *_from("clause_topics", "topic", "subtopic", "polarity"),
                _count("clauses", "Clauses that say so.", "clauses"),
                _count("documents", "Documents with such a clause.", "documents"),
            ),
        ),
        View(
            "report_documents",
            "One row a document, with its reading and attributes.",
            _DOCUMENTS_SQL,
            (
                *_from(
                    "documents",
                    "id",
                    "source",
                    "kind",
                    "channel",
                    "external_id",
                    "question",
                    "text",
                    "occurred_at",
                    "period_day",
                    "customer_key",
                    "no_content",
                    "flag",
                    "copy_of",
                    "counted",
                ),
                *readings,
                Column("attributes", "TEXT", "Attribute to value.", "JSON object"),
                Column("file", "TEXT", "Path of the file it was read from."),
                *_from("documents", "row"),
            ),
        ),
        View(
            "report_evidence",
            "Every signal and every topic of a clause, with the words that show it.",
            _EVIDENCE_SQL,
            (
                *_from("signals", "document_id"),
                Column("kind", "TEXT", "signal or topic."),
                Column("label", "TEXT", "Signal type, or topic/subtopic."),
                Column("polarity", "TEXT", "Polarity; always negative for a signal."),
                *span,
                Column("evidence", "TEXT", "The words: documents.text from start to end."),
                Column("score", "REAL", "signals.score (0…1) or clause_topics.score.", "−1…1"),
            ),
        ),
        View(
            "report_turns",
            "Speaker turns of calls and chats, with their words.",
            _TURNS_SQL,
            (
                *_from("turns", "document_id", "turn_no", "role", "role_source", "role_confidence"),
                *_from("turns", "start_ms", "end_ms"),
                Column("text", "TEXT", "The words: documents.text from start to end."),
                *_from("turns", "asr"),
            ),
        ),
        View(
            "report_quarantine",
            "Rows that could not be read.",
            _QUARANTINE_SQL,
            (
                *_from("files", "source"),
                Column("file", "TEXT", "Path of the file."),
                *_from("quarantine", "row", "column", "reason", "excerpt", "run_id"),
            ),
        ),
        View(
            "report_files",
            "Input files, as last published.",
            f"SELECT {_quoted(table('files').columns, 't')} FROM files AS t",  # noqa: S608
            table("files").columns,
        ),
        View(
            "report_quality",
            "Quality of the input held, one row.",
            _QUALITY_SQL,
            (
                *_from("files", "rows_read", "kept", "quarantined", "duplicates"),
                _count("documents", "Documents held, with content or without.", "documents"),
                _count("no_content", "Of them, those that say nothing.", "documents", "documents"),
                _count(
                    "templates",
                    "Of them, those a form, a system or a passed-on wording wrote.",
                    "documents",
                    "documents",
                ),
                _count("spam", "Of them, those that are advertising.", "documents", "documents"),
                _count(
                    "copies",
                    "Of them, those that repeat another's words.",
                    "documents",
                    "documents",
                ),
                _count(
                    "counted",
                    "Of them, those in the denominators (documents.counted).",
                    "documents",
                    "documents",
                ),
                _count("without_time", "Of them, those without a time.", "documents", "documents"),
                _count(
                    "without_customer",
                    "Of them, those without a customer key.",
                    "documents",
                    "documents",
                ),
                _count("masked", "Pieces of personal information masked.", "marks"),
                _count("turns", "Speaker turns of transcripts.", "turns"),
                _count("unknown_speakers", "Of them, by an unknown speaker.", "turns", "turns"),
                _count(
                    "inferred_speakers", "Of them, whose speaker was inferred.", "turns", "turns"
                ),
                _count("calls", "Calls and chats held.", "documents"),
                _count(
                    "unknown_calls",
                    "Of them, those where no turn is known to be the customer's.",
                    "documents",
                    "calls",
                ),
                _count(
                    "asr_dropped",
                    "Passages that recognisers made up, left out of the texts.",
                    "passages",
                ),
            ),
        ),
    )


def create_views(db: Database) -> None:
    """Drop every ``report_…`` view and create those of this version."""
    for name in db.view_names():
        if name.startswith("report_"):
            db.view(name).drop()
    for view in views():
        db.create_view(view.name, view.sql.strip())
