"""Transcripts in tables: one row a turn, or one row a call with the whole call in a cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.config import SourceSettings
from pipeline.errors import InputError, did_you_mean
from pipeline.ingest.quoting import Fault, csv_records, usual_width
from pipeline.ingest.reader import Reader
from pipeline.ingest.sniff import SHEETS
from pipeline.ingest.tables import MAX_LINE, BadRow, open_table
from pipeline.ingest.transcripts import noise
from pipeline.ingest.transcripts import values as v
from pipeline.ingest.transcripts.calls import ID_FIELDS, Call, Said, records
from pipeline.ingest.transcripts.plain import CLOCK, clock_ms, utterances
from pipeline.ingest.transcripts.roles import role_of
from pipeline.ingest.transcripts.unmarked import is_spaced, units
from pipeline.records import Quarantined, Verbatim

TEXT_COLUMNS = (
    "text", "transcript", "content", "utterance", "sentence", "message", "对话内容", "通话内容",
    "通话文本", "转写文本", "录音文本", "会话内容", "聊天记录", "文本", "内容", "对话", "话术",
)  # fmt: skip
ROLE_COLUMNS = (
    "role",
    "speaker",
    "sender",
    "channel_role",
    "角色",
    "说话人",
    "发言人",
    "发送方",
    "说话方",
)
ORDER_COLUMNS = ("turn", "turn_no", "seq", "order", "index", "sentence_id", "轮次", "序号", "句序")
START_COLUMNS = ("start_ms", "begin_ms", "begin_time", "start_time", "开始时间", "起始时间")
END_COLUMNS = ("end_ms", "end_time", "结束时间")
_Row = Mapping[str, object]


def _rows(path: Path, source: SourceSettings) -> Iterator[tuple[int, _Row | v.Broken]]:
    if _is_sheet(path):
        table = open_table(path, sheet=source.sheet)
        for item in table.rows:
            if isinstance(item, BadRow):
                yield item.number, v.Broken(item.reason, v.excerpt(item.excerpt))
            else:
                yield item.number, dict(zip(table.columns, item.cells, strict=True))
        return
    encoding = v.encoding_of(path, source.encoding)
    with path.open(encoding=encoding, newline="") as file:
        head = file.read(65_536).lstrip("\ufeff")
        file.seek(0)
        if head.lstrip(" \t\r\n")[:1] in ("{", "["):
            for row, value in v.json_values(path, source.encoding):
                if isinstance(value, dict | v.Broken):
                    yield row, value
                else:
                    found = type(value).__name__
                    reason = f"expected an object a row, found {found}"
                    yield row, v.Broken(reason, v.excerpt(value))
            return
        delimiter = max(",\t;|", key=head.split("\n", 1)[0].count)
        lines = ((line.replace("\x00", ""), len(line) > MAX_LINE) for line in file)
        width = usual_width(head, delimiter)
        header: list[str] = []
        for number, cells in enumerate(csv_records(lines, delimiter, width), start=1):
            if isinstance(cells, Fault):
                yield number, v.Broken(cells.reason)
            elif not header:
                header = [cell.strip().lstrip("\ufeff") for cell in cells]
            elif len(cells) > len(header):
                found = f"expected {len(header)} cells, found {len(cells)}; quote cells with commas"
                yield number, v.Broken(found, v.excerpt(delimiter.join(cells)))
            elif any(cell.strip() for cell in cells):
                yield number, dict(zip(header, cells, strict=False))


def _is_sheet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) in SHEETS
    except OSError as exc:
        raise InputError(
            f"{path}: expected a readable file, got: {exc.strerror or exc}; check path and rights"
        ) from exc


def _column(
    path: Path, row: _Row, source: SourceSettings, key: str, guesses: tuple[str, ...]
) -> str:
    wanted = source.columns.get(key, "")
    if wanted:
        if wanted not in row:
            raise InputError(
                f"{path}: expected a column {wanted!r} for {key}, found "
                f"{_names(row)}{did_you_mean(wanted, row)}; mend 'columns'"
            )
        return wanted
    names = {re.sub(r"[\s_]", "", name).casefold(): name for name in row}
    for guess in guesses:
        if (found := names.get(guess.replace("_", "").casefold())) is not None:
            return found
    return ""


def _names(row: _Row) -> str:
    # A name can be a whole cell of a file without a header: one line, and short.
    return ", ".join(" ".join(str(name).split())[:24] for name in list(row)[:20])


def columns_of(path: Path, source: SourceSettings) -> dict[str, str]:
    """Return which column holds ``text``, ``role`` and ``id``, by name; those found."""
    guesses = {"text": TEXT_COLUMNS, "role": ROLE_COLUMNS, "id": ID_FIELDS}
    first = next((row for _, row in _rows(path, source) if not isinstance(row, v.Broken)), None)
    if first is None:
        return {}
    found = {key: _column(path, first, source, key, names) for key, names in guesses.items()}
    return {key: column for key, column in found.items() if column}


def _read(path: Path, source: SourceSettings, timezone: str) -> Iterator[Verbatim | Quarantined]:
    text_column = role_column = id_column = ""
    known = False
    ids: set[int] = set()
    last: object = None
    whole = True
    for _, row in _rows(path, source):
        if isinstance(row, v.Broken):
            continue
        if not known:
            known = True
            text_column = _column(path, row, source, "text", TEXT_COLUMNS)
            role_column = _column(path, row, source, "role", ROLE_COLUMNS)
            id_column = _column(path, row, source, "id", ID_FIELDS)
            if not text_column:
                raise InputError(
                    f"{path}: expected a column of words, for example text or 对话内容, found "
                    f"{_names(row)}; name it under 'columns: text' of the source"
                )
            if not (role_column and id_column):
                break
        key = v.as_text(row.get(id_column))
        # A call whose rows are not together must be gathered first; its id alone costs 8 bytes.
        if key != last:
            whole = whole and hash(key) not in ids
            ids.add(hash(key))
            last = key
    if not known:
        raise InputError(f"{path}: expected rows under a header, found none; export again")
    if role_column and id_column:
        yield from _by_turn(
            path, source, timezone, text_column, role_column, id_column, in_order=whole
        )
        return
    count = 0
    for number, row in _rows(path, source):
        count += 1
        if isinstance(row, v.Broken):
            yield Quarantined(str(path), number, "", row.reason, row.excerpt)
            continue
        raw = row.get(text_column)
        if raw is not None and not isinstance(raw, str):
            reason = f"expected text, found {type(raw).__name__}"
            yield Quarantined(str(path), number, text_column, reason, v.excerpt(raw))
            continue
        said = said_in(raw or "")
        marked = any(one.speaker for one in said)
        heard = noise.sounds_recognised([one.text for one in said] if marked else [raw or ""])
        call = Call(said, row, asr=heard)
        stem = f"{path.stem}#{number}"
        yield from records(call, source, timezone, path=path, row=number, stem=stem)


def said_in(text: str) -> tuple[Said, ...]:
    """Read a whole call out of one cell: labelled lines, else units without speakers.

    >>> [one.role for one in said_in("客服：您好 客户：卡被吞了")]
    ['agent', 'customer']
    """
    said = utterances(text)
    return said if any(one.speaker for one in said) else tuple(map(Said, units(text)))


def _by_turn(
    path: Path,
    source: SourceSettings,
    timezone: str,
    text_column: str,
    role_column: str,
    id_column: str,
    *,
    in_order: bool,
) -> Iterator[Verbatim | Quarantined]:
    groups: dict[str, tuple[int, _Row, list[tuple[float, int, Said]]]] = {}

    def out(key: str) -> Iterator[Verbatim | Quarantined]:
        number, row, parts = groups.pop(key)
        said = tuple(one for _, _, one in sorted(parts, key=lambda part: part[:2]))
        heard = noise.sounds_recognised([one.text for one in said])
        call = Call(said, row, key, asr=heard)
        yield from records(call, source, timezone, path=path, row=number)

    for number, row in _rows(path, source):
        if isinstance(row, v.Broken):
            yield Quarantined(str(path), number, "", row.reason, row.excerpt)
            continue
        key = v.as_text(row.get(id_column))
        text = v.as_text(row.get(text_column))
        if not key or text is None:
            column = text_column if key else id_column
            wanted = "text" if key else "a call id"
            reason = f"expected {wanted}, found none"
            yield Quarantined(str(path), number, column, reason, v.excerpt(dict(row)))
            continue
        if in_order and key not in groups:
            for other in list(groups):
                yield from out(other)
        if key not in groups:
            groups[key] = (number, row, [])
        if not text:
            continue
        label = v.as_text(row.get(role_column)) or ""
        role = role_of(label)
        settled = role in ("agent", "customer") or label in ("未知", "unknown")
        order = v.as_number(v.field(row, *ORDER_COLUMNS)) or 0.0
        said = Said(
            units(text)[0] if is_spaced(text) and len(units(text)) == 1 else text,
            label,
            role if settled else None,
            start_ms=_place(v.field(row, *START_COLUMNS)),
            end_ms=_place(v.field(row, *END_COLUMNS)),
        )
        groups[key][2].append((order, number, said))
    for other in list(groups):
        yield from out(other)


def _place(value: object) -> int | None:
    """Read a place in the call: ms, or a clock such as 00:01:05."""
    found = v.as_ms(value)
    if found is None and isinstance(value, str) and re.fullmatch(CLOCK, value.strip()):
        return clock_ms(value.strip())
    return found


def _sniff(path: Path, head: bytes) -> float:
    if head.startswith(SHEETS):
        return 0.7
    text = v.head_text(head).lstrip("\ufeff \t\r\n")
    # The rows of a table are flat; a list of objects holds the parts of one call.
    if text.startswith(("{", "[")) and re.search(r"[{,]\s*\"[^\"]{1,40}\"\s*:\s*\[\s*\{", text):
        return 0.0
    first = text.split("\n", 1)[0]
    names = {
        re.sub(r"[\s_]", "", name.strip('"{}[] \r')).casefold()
        for part in re.split(r"[,\t;|]", first)
        for name in [part.split('":')[0]]
    }

    def has(guesses: tuple[str, ...]) -> bool:
        return any(guess.replace("_", "").casefold() in names for guess in guesses)

    if not has(TEXT_COLUMNS) or (
        text.startswith("[") and not text.lstrip("[ \r\n").startswith("{")
    ):
        return 0.0
    if has(ROLE_COLUMNS) and has(ID_FIELDS):
        return 0.9
    labelled = len(
        re.findall(r"(?:客服|坐席|座席|客户|用户|来电人|市民|agent|customer)\s*[：:]", text, re.I)
    )
    if labelled >= 2:
        # Above plain text: the lines of a call inside a cell are labelled like those of a file.
        return 0.85 if text.startswith(("{", "[")) or len(names) < 2 else 0.95
    return 0.4


READER = Reader("transcript_table", ("transcript",), _sniff, _read)
