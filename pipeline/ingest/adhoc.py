"""Ad-hoc input for ``voc analyse``: any file or stream, one record a row, kinds told by content."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from pipeline.config import SourceSettings
from pipeline.errors import InputError, did_you_mean
from pipeline.ingest.columns import ColumnMap, known_role, map_columns
from pipeline.ingest.reader import Note
from pipeline.ingest.rows import records_of
from pipeline.ingest.tables import BadRow, Row, Table, as_text, excerpt_of, open_table
from pipeline.ingest.transcripts import aliyun, dialogue, funasr, volcengine, whisper
from pipeline.ingest.transcripts.calls import Call, records
from pipeline.ingest.transcripts.plain import read_lines, speaker_of, utterances
from pipeline.ingest.transcripts.roles import AGENT_WORDS, CUSTOMER_WORDS
from pipeline.records import KINDS, Kind, Quarantined, Verbatim

#: Lists that make a JSON record a call, and who reads it.
_CALL_LISTS = frozenset(
    {*dialogue.TURN_LISTS, "sentence_info", "stamp_sents", "segments", "sentences", "result"}
)
_PARSERS = (funasr.parse, whisper.parse, aliyun.parse, volcengine.parse, dialogue.parse)


def read_records(
    lines_or_path: Path | str | IO[bytes],
    *,
    kind: Kind | str = "auto",
    text_field: str = "",
    id_field: str = "",
    timezone: str = "Asia/Shanghai",
) -> Iterator[Verbatim | Quarantined]:
    """Yield one record a row of an ad-hoc table: a path, or a binary stream such as stdin.

    ``kind`` ``auto`` takes a text with 客户：/客服： lines, and a JSON record with a list of turns,
    for a transcript and any other for a survey answer. Plain lines that open with a speaker are
    together one call, named after the file. ``text_field`` and ``id_field`` name columns; by
    default they are guessed. Ids are given back as they came; a record without one is given its
    row number; one without text stays a record. ``timezone`` names the zone of times without one.

    Raises `InputError` where the input as a whole can't be read or a named column is absent.
    """
    if kind not in (*KINDS, "auto"):
        raise InputError(
            f"kind {kind!r}: expected survey, complaint, transcript or auto"
            f"{did_you_mean(kind, [*KINDS, 'auto'])}"
        )
    if isinstance(lines_or_path, str | Path):
        table = open_table(Path(lines_or_path), name=str(lines_or_path))
    else:
        given = getattr(lines_or_path, "name", "")
        name = given.strip("<>") if isinstance(given, str) else ""
        table = open_table(lines_or_path, name=name or "stdin")
    zone = ZoneInfo(timezone)
    if table.form == "lines" and kind in ("auto", "transcript") and not text_field:
        text = "\n".join(as_text(row.cells[0]) for row in table.sample)
        if is_dialogue(text) or (kind == "transcript" and any(map(speaker_of, text.split("\n")))):
            yield from _one_call(table, timezone)
            return
    mapped = _columns(table, kind, text_field, id_field)
    sources = {each: SourceSettings(name="adhoc", kind=each, path=table.name) for each in KINDS}
    for row in table.rows:
        if isinstance(row, BadRow):
            yield Quarantined(table.name, row.number, row.column, row.reason, row.excerpt)
            continue
        identity = as_text(row.cells[mapped.id]) if mapped.id is not None else ""
        call = _call_in(row, table) if kind in ("auto", "transcript") and not text_field else None
        if call is not None:
            found: Iterator[Verbatim | Quarantined | Note] = records(
                call, sources["transcript"], timezone, path=Path(table.name), row=row.number
            )
        else:
            text = "\n".join(as_text(row.cells[i]) for i in (*mapped.text, *mapped.answers))
            guess: Kind = "transcript" if is_dialogue(text) else "survey"
            source = sources[guess] if kind == "auto" else sources[_kind(kind)]
            one = replace(table, rows=iter((row,)))
            # Whoever joins the results to the input finds one for each record, empty ones too.
            found = records_of(one, mapped, source, zone, keep_empty=True)
        for record in found:
            if isinstance(record, Verbatim):
                own = record.external_id if call is not None and call.external_id else ""
                yield replace(record, external_id=identity or own or str(record.row))
            elif isinstance(record, Quarantined):
                yield record
            elif record.what == "no_answer":
                reason = "expected an open answer, found none"
                excerpt = excerpt_of(row.cells)
                yield Quarantined(record.file, record.row, record.column, reason, excerpt)


def is_dialogue(text: str) -> bool:
    r"""Tell whether a text is a call or chat: most of its lines open with a speaker.

    >>> is_dialogue("客户：没人接\n客服：抱歉"), is_dialogue("客户诉求：退费\n客服回复：已办")
    (True, False)
    """
    lines = [line for line in text.splitlines() if line.strip()]
    speakers = [label for line in lines if (label := speaker_of(line))]
    if len(lines) == 1 and speakers:
        # 客户的血压：… opens like a turn: one line alone needs the bare word, or an answer.
        bare = speakers[0].casefold() in {*AGENT_WORDS, *CUSTOMER_WORDS}
        return bare or len({one.speaker for one in utterances(text)}) > 1
    return len(speakers) >= 2 and len(speakers) * 2 >= len(lines)


def _kind(name: str) -> Kind:
    return next(kind for kind in KINDS if kind == name)


def _columns(table: Table, kind: str, text_field: str, id_field: str) -> ColumnMap:
    columns = {"text": text_field, "id": id_field}
    if not text_field and "text" in table.columns:
        columns["text"] = "text"
    source = SourceSettings(
        name="adhoc",
        kind="complaint",
        path=table.name,
        columns={role: column for role, column in columns.items() if column},
    )
    cure = "name it with --text-field or --id-field"
    survey = source.model_copy(update={"kind": "survey"})
    may_be_wide = not columns["text"] and kind in ("auto", "survey")
    try:
        mapped = map_columns(table, source, cure=cure)
    except InputError:
        if not may_be_wide:
            raise
        # Answers too short for a column of text may still be those of a survey.
        mapped = map_columns(table, survey, cure=cure)
    if may_be_wide and not mapped.answers and not _is_named(table, mapped):
        # A wide survey: every open answer is a record, as in a run.
        wide = map_columns(table, survey, cure=cure)
        mapped = wide if len(wide.answers) > 1 else mapped
    # Ids are not made unambiguous here: results are joined to the input by them.
    return replace(mapped, id_counts=False)


def _is_named(table: Table, columns: ColumnMap) -> bool:
    return any(known_role(table.columns[i]) == "text" for i in columns.text)


def _one_call(table: Table, timezone: str) -> Iterator[Verbatim | Quarantined]:
    refused: list[Quarantined] = []

    def lines() -> Iterator[tuple[int, str]]:
        for row in table.rows:
            if isinstance(row, BadRow):
                refused.append(
                    Quarantined(table.name, row.number, row.column, row.reason, row.excerpt)
                )
            else:
                yield row.number, f"{as_text(row.cells[0])}\n"

    source = SourceSettings(name="adhoc", kind="transcript", path=table.name)
    yield from read_lines(lines(), Path(table.name), source, timezone)
    yield from refused


def _call_in(row: Row, table: Table) -> Call | None:
    """Return the call of a JSON record that holds a list of turns; None for any other row."""
    if table.form not in ("json", "jsonl"):
        return None
    fields: dict[str, object] = {}
    nested = False
    for name, cell in zip(table.columns, row.cells, strict=True):
        value = _loaded(cell) if isinstance(cell, str) and cell[:1] in ("[", "{") else cell
        fields[name] = value
        listed = isinstance(value, list) and any(isinstance(one, Mapping) for one in value)
        nested = nested or (listed and name.casefold() in _CALL_LISTS)
    if not nested:
        return None
    calls = (parse(fields) for parse in _PARSERS)
    return next((call for call in calls if call is not None and call.said), None)


def _loaded(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
