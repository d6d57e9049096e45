"""What the head of a file looks like: a table, text, or something that is neither."""

from __future__ import annotations

import codecs
import unicodedata
from pathlib import Path

from pipeline.errors import InputError

#: How workbooks, Parquet and SPSS files open.
SHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1", b"$FL2", b"$FL3")
_FOREIGN = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"RIFF", "a sound or picture"),
    (b"ID3", "a sound"),
    (b"OggS", "a sound"),
    (b"fLaC", "a sound"),
    (b"#!AMR", "a sound"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"SQLite format 3", "a SQLite database"),
)
# No text encoding of ours writes these bytes into text; tab, line ends and form feed it does, and
# terminals and DOS leave ESC and end-of-file marks.
_CONTROLS = bytes(sorted({*range(32), 127} - {8, 9, 10, 11, 12, 13, 26, 27}))
_STRANGE = frozenset({"Cc", "Cn", "Co", "Cs"})
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SUFFIXES = frozenset(
    {".csv", ".tsv", ".txt", ".xlsx", ".xls", ".xlsm", ".jsonl", ".ndjson", ".json", ".parquet"}
)


def table_likeness(path: Path, head: bytes) -> float:
    r"""Return 0.7 for a known table form, 0.3 for other text, 0 for unknown binary content.

    >>> table_likeness(Path("a.bin"), b"PK\x03\x04"), table_likeness(Path("a.csv"), b"a,b")
    (0.7, 0.7)
    """
    if head.startswith(SHEETS) or path.suffix.lower() in _SUFFIXES:
        return 0.7
    return 0.0 if b"\x00\x00\x00" in head[:4096] else 0.3


def refuse_binary(head: bytes, name: str) -> None:
    r"""Raise `InputError` where the head of a file is not text.

    >>> refuse_binary("编号,内容".encode("gb18030"), "a.csv")
    """
    found = next((what for magic, what in _FOREIGN if head.startswith(magic)), "")
    if not found and _is_junk(head[:65_536]):
        found = "binary content"
    if found:
        raise InputError(
            f"{name}: expected text or a workbook, found {found}; export it as UTF-8 text, CSV, "
            "JSON Lines or .xlsx"
        )


def _is_junk(head: bytes) -> bool:
    nulls = head.count(0)
    if head.startswith(_MARKS) or (nulls > 1 and nulls * 10 > len(head)):
        # UTF-16 is full of control bytes; what it decodes to has to be legible.
        order = "utf-16" if head.startswith(_MARKS) else "utf-16-le"
        if order == "utf-16-le" and head[::2].count(0) > nulls // 2:
            order = "utf-16-be"
        text = codecs.getincrementaldecoder(order)(errors="replace").decode(head, final=False)
        seen = [sign for sign in text if sign not in "\t\r\n"]
        if order == "utf-16":
            odd = sum(sign == "\ufffd" or unicodedata.category(sign) in _STRANGE for sign in seen)
            return odd * 50 > len(seen) and odd > 2
        # Without a mark it may be anything: most signs must be everyday ones.
        plain = sum(" " <= sign <= "~" or "\u3000" <= sign <= "\u9fff" for sign in seen)
        plain += sum("\uff00" <= sign <= "\uffef" for sign in seen)
        return plain * 10 < len(seen) * 7
    controls = len(head) - len(head.translate(None, _CONTROLS))
    # One stray sign is a row at fault; a share of them is another kind of file.
    return controls * 50 > len(head) and (controls > 2 or controls * 5 > len(head))
