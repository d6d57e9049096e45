"""Every table of the output database, in one place: columns, types, keys and what they mean.

The SQL schema, the ``data_dictionary`` table and the README's table list are all generated from
`TABLES`. A column may be NULL exactly where ``null_meaning`` says what NULL means.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["TEXT", "INTEGER", "REAL"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``unit`` of its values, ``denominator`` of a share, and what NULL means."""

    name: str
    type: ColumnType
    description: str
    unit: str = ""
    denominator: str = ""
    null_meaning: str = ""

    @property
    def nullable(self) -> bool:
        """True where the column may hold NULL, which then has a documented meaning."""
        return bool(self.null_meaning)


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: ``columns`` of this table point at ``other_columns`` of ``table``."""

    columns: tuple[str, ...]
    table: str
    other_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns, primary key, foreign keys and further indexes."""

    name: str
    description: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    references: tuple[Reference, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()

    def column(self, name: str) -> Column:
        """Return the column of that name; `KeyError` where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name}.{name}")


def _text(name: str, description: str, *, unit: str = "", null: str = "") -> Column:
    return Column(name, "TEXT", description, unit=unit, null_meaning=null)


def _int(
    name: str, description: str, *, unit: str = "", denominator: str = "", null: str = ""
) -> Column:
    return Column(name, "INTEGER", description, unit, denominator, null)


def _real(
    name: str, description: str, *, unit: str = "", denominator: str = "", null: str = ""
) -> Column:
    return Column(name, "REAL", description, unit, denominator, null)


def _flag(name: str, description: str) -> Column:
    return Column(name, "INTEGER", description, unit="0 or 1")


_DOCUMENT = Reference(("document_id",), "documents", ("id",))
_RUN = Reference(("run_id",), "runs", ("id",))
_FILE = Reference(("file_id",), "files", ("id",))

_document_id = _text("document_id", "The document.")
_run_id = _int("run_id", "The run that wrote this row.")
_start = _int("start", "Where the span starts in documents.text.", unit="characters from 0")
_end = _int("end", "Where the span ends in documents.text, exclusive.", unit="characters from 0")
_TOO_FEW = "too few documents to publish a number (不足)"

_CELL = (
    _run_id,
    _text("period_type", "Length of the period: all, day, week or month."),
    _text(
        "period_start",
        "First day of the period; empty for all; weeks start on Monday.",
        unit="YYYY-MM-DD",
    ),
    _text("topic", "Topic; * for documents whatever their topic."),
    _text("channel", "Channel; * for all channels."),
    _text("dimension", "Attribute broken down by (branch, product …); * for none."),
    _text("member", "Value of the attribute; * for all."),
)

#: A row of a survey is as many records as it has open answers, a call is one.
_RECORDS_READ = "Records read: kept, withheld, quarantined, or survey rows without any open answer."

TABLES: tuple[Table, ...] = (
    Table(
        "runs",
        "One execution 运行批次, with the hashes of everything that can change a number.",
        (
            _int("id", "Number of the run, counted from 1."),
            _text("started_at", "When the run started.", unit="ISO 8601"),
            _text("finished_at", "When the run was published.", unit="ISO 8601"),
            _text("trigger", "What started it: ad-hoc (voc run) or nightly."),
            _text("title", "Heading of the report."),
            _text(
                "config_hash", "Digest of the settings that can change a number.", unit="SHA-256"
            ),
            _text("lexicon_hash", "Digest of the lexicons.", unit="SHA-256"),
            _text("taxonomy_hash", "Digest of the taxonomy.", unit="SHA-256"),
            _text("model_hash", "Digest of the models.", unit="SHA-256"),
            _text("code_version", "Version of this program."),
            _text("segmenter", "Word segmenter used: rjieba or jieba."),
            _int("rows_read", "Records read from the files this run published.", unit="records"),
            _int("kept", "Records of those files that became documents.", unit="records"),
            _int("quarantined", "Records of those files that could not be read.", unit="records"),
            _int(
                "withheld",
                "Records left out: their customer was forgotten, or they were past keep_days.",
                unit="records",
            ),
            _int(
                "masked",
                "Pieces of personal information masked in all documents held after the run.",
                unit="marks",
            ),
            _int(
                "duplicates",
                "Records of those files that replaced a record with the same id in this run.",
                unit="records",
            ),
            _int("no_content", "Documents held after the run that say nothing.", unit="documents"),
            _int("spam", "Documents held after the run that are advertising.", unit="documents"),
            _int(
                "copies",
                "Documents held after the run that repeat another's words.",
                unit="documents",
            ),
            _int(
                "documents",
                "Documents held after the run that are counted (documents.counted).",
                unit="documents",
            ),
            _int(
                "dissatisfied",
                "Of them, those dissatisfied.",
                unit="documents",
                denominator="documents",
            ),
            _int(
                "silent",
                "Of them, those dissatisfied without a complaint act.",
                unit="documents",
                denominator="documents",
            ),
            _int(
                "complaints",
                "Of them, those that perform a complaint act.",
                unit="documents",
                denominator="documents",
            ),
            _int(
                "leaving",
                "Of them, those that show an intent to leave.",
                unit="documents",
                denominator="documents",
            ),
        ),
        ("id",),
    ),
    Table(
        "files",
        "One input file, as last published.",
        (
            _int("id", "Number of the file."),
            _text("source", "Name of the source in the settings."),
            _text("path", "Path of the file."),
            _text("sha256", "Digest of its bytes when it was read.", unit="SHA-256"),
            _int("rows_read", _RECORDS_READ, unit="records"),
            _int("kept", "Records that became documents.", unit="records"),
            _int("quarantined", "Records that could not be read.", unit="records"),
            _int(
                "withheld",
                "Records left out: their customer was forgotten, or they were past keep_days.",
                unit="records",
            ),
            _int(
                "duplicates",
                "Records that replaced a record with the same id in the same run.",
                unit="records",
            ),
            _run_id,
        ),
        ("id",),
        (_RUN,),
        (("source", "path"), ("run_id",)),
    ),
    Table(
        "documents",
        "One cleaned, masked verbatim 文档; no personal information.",
        (
            _text("id", "Id, derived from source, external id and question, or from the content."),
            _int("number", "Row number of this document in the full-text index."),
            _text("source", "Name of the source in the settings."),
            _text("kind", "complaint, transcript or survey."),
            _text("channel", "Channel: complaint, hotline, survey …"),
            _text("external_id", "Id in the source system, masked; empty where it has none."),
            _text("question", "The question answered; empty unless a survey answer."),
            _text("text", "Cleaned, masked text; one line a turn for a transcript."),
            _text(
                "simplified",
                "The same text in Simplified Chinese, character for character.",
                null="text is already in Simplified Chinese",
            ),
            _text(
                "occurred_at", "When it was said, local time.", unit="ISO 8601", null="time unknown"
            ),
            _text("period_day", "Day of occurred_at.", unit="YYYY-MM-DD", null="time unknown"),
            _text(
                "customer_key",
                "Pseudonym of the customer, the same over all channels.",
                null="no customer id in the source, or no secret key set",
            ),
            _flag("no_content", "1 where the text says nothing (无, 没有); in no denominator."),
            _text(
                "flag",
                "template: a form or system wrote it, or five documents or more share its wording;"
                " spam: advertising, in no denominator.",
                null="a customer's own words, as far as can be told",
            ),
            _int(
                "asr_dropped",
                "Passages a recogniser made up (hallucinations, loops), left out of the text.",
                unit="passages",
            ),
            _text(
                "copy_of",
                "Id of the oldest document of the source that says the same, or nearly.",
                null="it repeats no other",
            ),
            _flag(
                "counted",
                "1 where the document is in the denominators: it has content, is no spam and, "
                "unless aggregate.count_copies is set, repeats no other.",
            ),
            _int("file_id", "The file it was read from."),
            _int("row", "Row in the file as a person sees it.", unit="rows from 1"),
            _run_id,
        ),
        ("id",),
        (_FILE, _RUN),
        (("number",), ("file_id",), ("customer_key",)),
    ),
    Table(
        "document_attributes",
        "What results are broken down by: branch, product, cohort …",
        (
            _document_id,
            _text("dimension", "Name of the attribute."),
            _text("member", "Its value."),
        ),
        ("document_id", "dimension"),
        (_DOCUMENT,),
        (("dimension", "member"),),
    ),
    Table(
        "document_scores",
        "Numbers given beside the words: nps, csat …",
        (
            _document_id,
            _text("name", "Name of the score."),
            _real("value", "The number as given.", unit="points on the score's own scale"),
        ),
        ("document_id", "name"),
        (_DOCUMENT,),
    ),
    Table(
        "document_masks",
        "How much personal information was masked 脱敏 in a document.",
        (
            _document_id,
            _text("kind", "Kind of information: mobile, name …"),
            _int("n", "Pieces masked.", unit="marks"),
        ),
        ("document_id", "kind"),
        (_DOCUMENT,),
    ),
    Table(
        "turns",
        "Speaker turns 话轮 of transcripts.",
        (
            _document_id,
            _int("turn_no", "Number of the turn."),
            _text("role", "customer, agent or unknown."),
            _text("role_source", "How the role is known: given, channel, prefix, inferred, none."),
            _real("role_confidence", "Trust in the role; 1 unless inferred.", unit="0…1"),
            _start,
            _end,
            _int("start_ms", "Start in the call.", unit="ms", null="no times in the source"),
            _int("end_ms", "End in the call.", unit="ms", null="no times in the source"),
            _flag("asr", "1 where a recogniser wrote the words."),
        ),
        ("document_id", "turn_no"),
        (_DOCUMENT,),
    ),
    Table(
        "readings",
        "What a document says, on three axes kept apart.",
        (
            _document_id,
            _text("sentiment", "negative, neutral, positive or mixed."),
            _real("sentiment_score", "Sentiment, negative to positive.", unit="−1…1"),
            _flag("dissatisfied", "1 where the customer is dissatisfied."),
            _real("dissatisfaction_score", "Strength of the evidence for it.", unit="0…1"),
            _flag("complaint", "1 where the text performs a complaint act."),
            _real("complaint_score", "Strength of the evidence for it.", unit="0…1"),
            _flag("silent", "1 where dissatisfied and no complaint act: 非投诉型抱怨."),
            _flag("leaving", "1 where the text shows an intent to leave."),
            _real(
                "satisfaction",
                "Estimated satisfaction with the call.",
                unit="−2…2",
                null="not a transcript",
            ),
        ),
        ("document_id",),
        (_DOCUMENT,),
    ),
    Table(
        "document_topics",
        "Topics a document speaks about; a topic not spoken about has no row.",
        (
            _document_id,
            _text("topic", "price, service, quality, environment or other."),
            _text("polarity", "negative, neutral, positive or mixed."),
        ),
        ("document_id", "topic"),
        (_DOCUMENT,),
    ),
    Table(
        "clauses",
        "Opinion units 观点单元.",
        (
            _document_id,
            _int("clause_no", "Number of the clause in its document."),
            _start,
            _end,
            _text("polarity", "negative, neutral, positive or mixed."),
            _real("score", "Sentiment, negative to positive.", unit="−1…1"),
        ),
        ("document_id", "clause_no"),
        (_DOCUMENT,),
    ),
    Table(
        "clause_topics",
        "Topics a clause speaks about.",
        (
            _document_id,
            _int("clause_no", "The clause."),
            _text("topic", "price, service, quality, environment or other."),
            _text("subtopic", "Second level of the taxonomy; empty at the first level."),
            _text("polarity", "negative, neutral, positive or mixed."),
            _real("score", "Sentiment of the clause on the topic.", unit="−1…1"),
        ),
        ("document_id", "clause_no", "topic", "subtopic"),
        (Reference(("document_id", "clause_no"), "clauses", ("document_id", "clause_no")),),
        (("topic", "subtopic", "polarity"),),
    ),
    Table(
        "signals",
        "Dissatisfaction evidence 不满信号, each with the span that shows it.",
        (
            _document_id,
            _int("signal_no", "Number of the signal in its document."),
            _text("type", "One of the thirteen signal types."),
            _start,
            _end,
            _real("score", "Strength of the evidence.", unit="0…1"),
            _text("origin", "Id of the rule that fired, or model."),
            _int("clause_no", "The clause it starts in.", null="it starts in no clause"),
        ),
        ("document_id", "signal_no"),
        (_DOCUMENT,),
        (("type",),),
    ),
    Table(
        "quarantine",
        "Rows that could not be read: where, and why.",
        (
            _int("id", "Number of the row here."),
            _int("file_id", "The file."),
            _int("row", "Row in the file as a person sees it; 0 for the whole file."),
            _text("column", "Column at fault; empty where no single one is."),
            _text("reason", "What was expected and what was found."),
            _text("excerpt", "Masked excerpt; may be empty."),
            _run_id,
        ),
        ("id",),
        (_FILE, _RUN),
        (("file_id",), ("run_id",)),
    ),
    Table(
        "forgotten",
        "When documents were deleted because of a person's wish or their age; never whose.",
        (
            _int("id", "Number of the row."),
            _text("forgotten_at", "When they were deleted.", unit="ISO 8601"),
            _int(
                "run_id",
                "The run that deleted them, or the latest when a customer was forgotten.",
                null="there had been no run",
            ),
            _text("what", "customer: on a person's wish; retention: past sources[].keep_days."),
            _text("source", "The source whose documents were past their age; empty for customer."),
            _int("documents", "Documents deleted.", unit="documents"),
        ),
        ("id",),
        (_RUN,),
        (("run_id",),),
    ),
    Table(
        "forgotten_customers",
        "By what a forgotten customer is known again, so that no later run stores a record.",
        (_text("digest", "Hash of the customer key.", unit="SHA-256"),),
        ("digest",),
    ),
    Table(
        "silence",
        "Silent dissatisfaction counted per period × topic × channel × attribute.",
        (
            *_CELL,
            _int("documents", "Documents counted in the cell, any topic.", unit="documents"),
            _int("mentions", "Of them, those that speak of the topic.", unit="documents"),
            _int("dissatisfied", "Of mentions, dissatisfied about the topic.", unit="documents"),
            _int("silent", "Of dissatisfied, those without a complaint act.", unit="documents"),
            _int("complaining", "Of dissatisfied, those with a complaint act.", unit="documents"),
            _int("leaving", "Of dissatisfied, those that mean to leave.", unit="documents"),
            _real(
                "intensity",
                "Mean dissatisfaction score of the silent.",
                unit="0…1",
                denominator="silent",
                null="nobody is silent in this cell",
            ),
            _real(
                "silent_share",
                "silent ÷ documents.",
                unit="0…1",
                denominator="documents",
                null=_TOO_FEW,
            ),
            _real(
                "silent_low",
                "Lower end of its Wilson interval.",
                unit="0…1",
                denominator="documents",
                null=_TOO_FEW,
            ),
            _real(
                "silent_high",
                "Upper end of its Wilson interval.",
                unit="0…1",
                denominator="documents",
                null=_TOO_FEW,
            ),
            _real(
                "complaint_share",
                "complaining ÷ documents.",
                unit="0…1",
                denominator="documents",
                null=_TOO_FEW,
            ),
            _real(
                "complaint_low",
                "Lower end of its Wilson interval.",
                unit="0…1",
                denominator="documents",
                null=_TOO_FEW,
            ),
            _real(
                "complaint_high",
                "Upper end of its Wilson interval.",
                unit="0…1",
                denominator="documents",
                null=_TOO_FEW,
            ),
            _real(
                "silence_ratio",
                "silent : complaining.",
                unit="ratio",
                denominator="complaining",
                null="nobody complains, or " + _TOO_FEW,
            ),
            _real(
                "ratio_low",
                "Lower end of its interval.",
                unit="ratio",
                denominator="complaining",
                null=_TOO_FEW,
            ),
            _real(
                "ratio_high",
                "Upper end of its interval.",
                unit="ratio",
                denominator="complaining",
                null="unbounded, or " + _TOO_FEW,
            ),
        ),
        tuple(column.name for column in _CELL),
        (_RUN,),
    ),
    Table(
        "silence_signals",
        "Signals of dissatisfied documents, per cell of silence.",
        (
            *_CELL,
            _text("signal", "Signal type."),
            _int("documents", "Dissatisfied documents that show it.", unit="documents"),
            _int("silent", "Of them, those without a complaint act.", unit="documents"),
        ),
        (*(column.name for column in _CELL), "signal"),
        (_RUN,),
    ),
    Table(
        "findings",
        "Where silence stands out, strongest first.",
        (
            _run_id,
            _int("rank", "1 is the strongest.", unit="rank"),
            _text("kind", "member: one value against the others; change: a period against before."),
            _text("topic", "Topic; * for any."),
            _text("subtopic", "Second-level topic; empty where the finding is not about one."),
            _text("channel", "Channel; * for all."),
            _text("dimension", "Attribute; * for none."),
            _text("member", "Value of the attribute; * for all."),
            _text("period_type", "Length of the period: all, day, week or month."),
            _text("period_start", "First day of the period; empty for all.", unit="YYYY-MM-DD"),
            _int("silent", "Silent documents here.", unit="documents", denominator="n"),
            _int("n", "Documents counted here.", unit="documents"),
            _real("share", "silent ÷ n.", unit="0…1", denominator="n"),
            _int(
                "base_silent",
                "Silent documents in the base.",
                unit="documents",
                denominator="base_n",
            ),
            _int("base_n", "Documents counted in the base.", unit="documents"),
            _real("base_share", "base_silent ÷ base_n.", unit="0…1", denominator="base_n"),
            _real(
                "lift",
                "share ÷ base_share.",
                unit="ratio",
                denominator="base_share",
                null="nobody is silent in the base",
            ),
            _real("low", "Lower end of the interval of share − base_share.", unit="−1…1"),
            _real("high", "Upper end of the interval of share − base_share.", unit="−1…1"),
            _real(
                "excess",
                "Silent documents above what the base share would give, channel by channel.",
                unit="documents",
                denominator="n",
            ),
            _real("p_value", "Chance of such a difference if there were none.", unit="0…1"),
            _real("q_value", "The same, corrected for all comparisons made.", unit="0…1"),
            _text("terms", "Words that mark the documents.", unit="JSON list"),
            _text("document_ids", "Documents to read first.", unit="JSON list"),
        ),
        ("run_id", "rank"),
        (_RUN,),
    ),
    Table(
        "taxonomy",
        "Second-level topics of the run's taxonomy, and what their failure means.",
        (
            _text("topic", "price, service, quality, environment or other."),
            _text("subtopic", "Second level, as in clause_topics.subtopic."),
            _text("zh", "Its Chinese name."),
            _text("en", "Its English name."),
            _text("root_cause", "Where the fault lies: value, system or people."),
            _text("customer_cost", "What it costs: money, time, energy, psychological; or empty."),
            _text("servqual", "Factor of service quality it belongs to; or empty."),
        ),
        ("subtopic",),
    ),
    Table(
        "data_dictionary",
        "This description, column by column, of every table and view.",
        (
            _text("relation", "Table or view."),
            _text("column", "Column."),
            _text("type", "TEXT, INTEGER or REAL."),
            _text("unit", "Unit or range of the values; may be empty."),
            _text("denominator", "What a count or share is of; may be empty."),
            _text("null_meaning", "What NULL means; empty where the column is never NULL."),
            _text("description", "What it is."),
        ),
        ("relation", "column"),
    ),
)

#: Tables that hold one set of rows a run.
PER_RUN: tuple[str, ...] = ("silence", "silence_signals", "findings")

#: Children of a document, in an order in which they can be deleted.
CHILDREN: tuple[str, ...] = (
    "signals",
    "clause_topics",
    "clauses",
    "document_topics",
    "readings",
    "turns",
    "document_masks",
    "document_scores",
    "document_attributes",
)


def table(name: str) -> Table:
    """Return the table of that name.

    >>> table("clauses").primary_key
    ('document_id', 'clause_no')
    """
    for one in TABLES:
        if one.name == name:
            return one
    raise KeyError(name)


def insert_sql(name: str, columns: Iterable[str] | None = None) -> str:
    """SQL that inserts one row into a table, bound values in column order.

    >>> insert_sql("document_masks")
    'INSERT INTO "document_masks" ("document_id", "kind", "n") VALUES (?, ?, ?)'
    """
    names = list(columns) if columns else [column.name for column in table(name).columns]
    quoted = ", ".join(f'"{column}"' for column in names)
    marks = ", ".join("?" * len(names))
    return f'INSERT INTO "{name}" ({quoted}) VALUES ({marks})'  # noqa: S608 - names are ours
