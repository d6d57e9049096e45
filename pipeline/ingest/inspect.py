"""What a file is taken for before anything is run: reader, form, columns, rows at fault."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.config import SourceSettings
from pipeline.errors import InputError
from pipeline.ingest import choose_reader, complaints, list_files, queries, surveys
from pipeline.ingest.adhoc import is_dialogue
from pipeline.ingest.columns import JOIN, ColumnMap, map_columns
from pipeline.ingest.reader import HEAD_BYTES, Note
from pipeline.ingest.rows import records_of
from pipeline.ingest.sniff import SHEETS
from pipeline.ingest.tables import Table, as_text, open_table
from pipeline.ingest.transcripts import READERS as TRANSCRIPT_READERS
from pipeline.ingest.transcripts import tables as dialogue_tables
from pipeline.ingest.transcripts.calls import ID_FIELDS
from pipeline.ingest.transcripts.tables import ROLE_COLUMNS
from pipeline.ingest.transcripts.unmarked import is_spaced
from pipeline.records import Kind, Quarantined, Verbatim

#: How many unreadable rows and how many examples an inspection holds.
FAULTS, EXAMPLES = 5, 3
#: A transcript reader this sure of a file's head makes it a transcript.
_SURE = 0.75
#: Recognised speech of this many characters is a call, not a sentence.
_CALL = 120
_OF_TICKETS = re.compile(
    r"工单|投诉|受理|诉求|留言|办结|来电|处理结果|^(?:ticket|case|complaint) ?(?:id|no|number)",
    re.IGNORECASE,
)
_OF_A_SURVEY = re.compile(
    r"提交答卷时间|答卷编号|答题序号|答题时间|开始答题|所用时间|recordeddate|response ?id|"
    r"respondent ?id|collector ?id|问卷",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table lies in its file; all empty for a transcript that is no table.

    ``header_row`` is the number of the last header row, 0 where there is none.
    """

    form: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header_row: int = 0


@dataclass(frozen=True, slots=True)
class Inspection:
    """What reading a file gave, in memory only: ``examples`` are raw, mask them before showing.

    ``source`` spells the mapping out: read with it, the file gives the same records. ``mapping``
    gives for every role (``text``, ``scores.nps`` …) the column and why it was taken; ``unused``
    are the other columns. ``kind_reason`` is empty where the kind was given. ``rows`` counts the
    rows read, ``records`` what became of them; ``faults`` are the first of the ``quarantined``
    ones, ``notes`` are counted as in `pipeline.ingest.NOTES`, ``roles`` counts turns by role and
    where it came from.
    """

    path: Path
    source: SourceSettings
    kind_reason: str
    reader: str
    layout: Layout
    mapping: Mapping[str, str]
    unused: tuple[str, ...]
    rows: int
    records: int
    quarantined: int
    faults: tuple[Quarantined, ...]
    notes: Mapping[str, int]
    roles: Mapping[str, int]
    examples: tuple[Verbatim, ...]


def inspect_file(
    path: Path,
    *,
    kind: Kind | None = None,
    name: str = "",
    timezone: str = "Asia/Shanghai",
) -> Inspection:
    """Read a file to its end and say what it was taken for; memory does not grow with its rows.

    Without ``kind`` it is guessed from the content. ``name`` is the source's, by default the
    file's. Raises `InputError` where a run would: the file as a whole can't be read.
    """
    guessed, reason = (kind, "") if kind is not None else guess_kind(path)
    source = SourceSettings(name=name or path.stem, kind=guessed, path=str(path))
    return _inspected(path, source, timezone, reason)


def inspect_source(source: SourceSettings, *, timezone: str) -> Iterator[Inspection | InputError]:
    """Yield what each file of a configured source, or its query, is taken for, or why not."""
    if source.query:
        table = queries.table_of(source)
        yield _told(queries.path_of(source), source, timezone, table=table, reader="sql")
        return
    for file in list_files(source):
        try:
            yield _inspected(file.path, source, timezone)
        except InputError as exc:
            yield exc


def _inspected(path: Path, source: SourceSettings, timezone: str, reason: str = "") -> Inspection:
    reader = choose_reader(path, source)
    if reader in (complaints.READER, surveys.READER):
        table = open_table(path, encoding=source.encoding, sheet=source.sheet)
        return _told(path, source, timezone, reason, table=table, reader=reader.name)
    layout = Layout()
    mapping: dict[str, str] = {}
    unused: tuple[str, ...] = ()
    if reader is dialogue_tables.READER:
        table = open_table(path, encoding=source.encoding, sheet=source.sheet)
        found = dialogue_tables.columns_of(path, source)
        mapping = {role: f"{column}: name known for {role}" for role, column in found.items()}
        unused = tuple(one for one in table.columns if one not in found.values())
        layout = _layout(table)
        source = source.model_copy(update={"columns": found})
    stream = reader.read(path, source, timezone)
    return _counted(path, source, reason, reader.name, layout, mapping, unused, stream)


def _told(
    path: Path,
    source: SourceSettings,
    timezone: str,
    reason: str = "",
    *,
    table: Table,
    reader: str,
) -> Inspection:
    columns = map_columns(table, source)
    spelled = _spelled(table, columns, source)
    stream = records_of(table, columns, spelled, ZoneInfo(timezone))
    mapping, unused = dict(columns.reasons), _unused(table, columns)
    return _counted(path, spelled, reason, reader, _layout(table), mapping, unused, stream)


def _counted(
    path: Path,
    source: SourceSettings,
    reason: str,
    reader: str,
    layout: Layout,
    mapping: Mapping[str, str],
    unused: tuple[str, ...],
    stream: Iterable[Verbatim | Quarantined | Note],
) -> Inspection:
    tally = _Tally()
    for record in stream:
        tally.add(record)
    return Inspection(
        path=path,
        source=source,
        kind_reason=reason,
        reader=reader,
        layout=layout,
        mapping=mapping,
        unused=unused,
        rows=tally.rows,
        records=tally.records,
        quarantined=tally.quarantined,
        faults=tuple(tally.faults),
        notes=dict(tally.notes),
        roles=dict(tally.roles),
        examples=tuple([*tally.asked.values(), *tally.further][:EXAMPLES]),
    )


@dataclass(slots=True)
class _Tally:
    """Counts what a reader yields, and keeps the first faults and examples."""

    rows: int = 0
    records: int = 0
    quarantined: int = 0
    faults: list[Quarantined] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    roles: Counter[str] = field(default_factory=Counter)
    asked: dict[str, Verbatim] = field(default_factory=dict)
    further: list[Verbatim] = field(default_factory=list)
    last: int = -1

    def add(self, record: Verbatim | Quarantined | Note) -> None:
        if record.row != self.last:
            self.rows, self.last = self.rows + 1, record.row
        if isinstance(record, Note):
            self.notes[record.what] += 1
            return
        if isinstance(record, Quarantined):
            self.quarantined += 1
            if len(self.faults) < FAULTS:
                self.faults.append(record)
            return
        self.records += 1
        self.roles.update(f"{turn.role} ({turn.role_source})" for turn in record.turns)
        # One example of each question tells more than three answers to the first.
        if record.question not in self.asked and len(self.asked) < EXAMPLES:
            self.asked[record.question] = record
        elif len(self.further) < EXAMPLES:
            self.further.append(record)


_MARKS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("survey", _OF_A_SURVEY),
    ("complaint", _OF_TICKETS),
)


def guess_kind(path: Path) -> tuple[Kind, str]:
    """Guess from the content what the records of a file are; return the kind and the reason.

    Raises `InputError` where the file can't be opened or is neither text nor a workbook.
    """
    head = _head(path)
    if not head.startswith(SHEETS):
        score, reader = max(
            # Tickets hold dialogues here and there, so of tables the rows decide below.
            (
                (one.sniff(path, head), one)
                for one in TRANSCRIPT_READERS
                if one is not dialogue_tables.READER
            ),
            key=lambda pair: pair[0],
        )
        if score >= _SURE:
            return "transcript", f"recognised by reader {reader.name}"
    table = open_table(path)
    names = {re.sub(r"[\s_]", "", name).casefold() for name in table.columns}
    if all(
        any(one.replace("_", "").casefold() in names for one in group)
        for group in (ROLE_COLUMNS, ID_FIELDS)
    ):
        return "transcript", "columns for a speaker and a call id"
    cells = [as_text(cell) for row in table.sample for cell in row.cells]
    dialogues = sum(map(is_dialogue, cells))
    if table.sample and dialogues * 2 >= len(table.sample):
        return "transcript", "most rows hold a dialogue"
    # Segmented corpora have spaces too, but their sentences are shorter than any call.
    speech = sum(len(cell) >= _CALL and is_spaced(cell) for cell in cells)
    if table.sample and speech * 2 >= len(table.sample):
        return "transcript", "most rows hold recognised speech"
    for kind, pattern in _MARKS:
        marks = [label for label in table.labels if pattern.search(label)]
        if marks:
            return kind, f"column {marks[0]!r} is one of {kind} exports"
    return "survey", "one text a line" if table.form == "lines" else "neither tickets nor calls"


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError as exc:
        raise InputError(
            f"{path}: expected a readable file, got: {exc.strerror or exc}; check path and rights"
        ) from exc


def _layout(table: Table) -> Layout:
    return Layout(table.form, table.encoding, table.delimiter, table.sheet, table.header_row)


def _single_roles(columns: ColumnMap) -> dict[str, int]:
    roles = {
        "id": columns.id,
        "time": columns.time,
        "customer": columns.customer,
        "question": columns.question,
    }
    return {role: index for role, index in roles.items() if index is not None}


def _unused(table: Table, columns: ColumnMap) -> tuple[str, ...]:
    used = {
        *columns.text,
        *columns.answers,
        *columns.scores.values(),
        *columns.attributes.values(),
        *_single_roles(columns).values(),
    }
    return tuple(name for i, name in enumerate(table.columns) if i not in used)


def _spelled(table: Table, columns: ColumnMap, source: SourceSettings) -> SourceSettings:
    """Return the source with every guess written out as if it had been configured."""
    named = {role: table.columns[i] for role, i in _single_roles(columns).items()}
    if columns.text:
        named["text"] = JOIN.join(table.columns[i] for i in columns.text)
    return source.model_copy(
        update={
            "columns": named,
            "answers": [table.columns[i] for i in columns.answers],
            "scores": {name: table.columns[i] for name, i in columns.scores.items()},
            "attributes": {name: table.columns[i] for name, i in columns.attributes.items()},
        }
    )
