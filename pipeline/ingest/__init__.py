"""Readers: files of customers' systems in, verbatims and quarantined rows out."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path

from pipeline.config import SourceSettings
from pipeline.errors import InputError, did_you_mean
from pipeline.ingest import complaints, queries, surveys
from pipeline.ingest.adhoc import read_records
from pipeline.ingest.reader import HEAD_BYTES, NOTES, Note, Reader
from pipeline.ingest.sniff import SHEETS, refuse_binary
from pipeline.ingest.tables import RowDigest
from pipeline.ingest.transcripts import READERS as TRANSCRIPT_READERS
from pipeline.records import Quarantined, Verbatim
from pipeline.text.mask import excerpt, scrub

__all__ = [
    "NOTES",
    "InputFile",
    "Note",
    "Reader",
    "choose_reader",
    "list_files",
    "read_file",
    "read_records",
    "readers",
]

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
#: Stands for the digest of a file of a folder that could not be opened.
_UNREAD = "unread"
#: Hexadecimal digits of a masked path's mark.
_MARK = 6
_BUILT_IN: tuple[Reader, ...] = (complaints.READER, surveys.READER, *TRANSCRIPT_READERS)


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file of a source; ``sha256`` (hex) is over its bytes, ``size`` counts them.

    A query's result is one too: its path is ``sql:`` and the source's name, and ``sha256`` is
    over its rows in any order. ``label`` is what the file is called wherever something is stored
    or said: its path, with personal information masked (recordings are named after callers).
    ``changed_ns`` is when it was last written to, as its file system has it.
    """

    path: Path
    source_name: str
    sha256: str
    size: int
    label: str = ""
    changed_ns: int = 0

    @property
    def name(self) -> str:
        """The label; of a file listed by nobody its path."""
        return self.label or str(self.path)


def readers() -> Mapping[str, Reader]:
    """Return every reader by name: built-in ones, then those of entry points ``voc.readers``."""
    found = {reader.name: reader for reader in _BUILT_IN}
    for point in entry_points(group="voc.readers"):
        try:
            reader = point.load()
        except Exception as exc:
            raise InputError(
                f"reader {point.name!r} ({point.value}): expected an importable Reader, "
                f"got {type(exc).__name__}; reinstall or remove the package that offers it"
            ) from exc
        if not isinstance(reader, Reader):
            raise InputError(
                f"reader {point.name!r} ({point.value}): expected a Reader, "
                f"got {type(reader).__name__}; mend its entry point"
            )
        found[reader.name] = reader
    return found


def list_files(source: SourceSettings) -> list[InputFile]:
    """Return the files of a source, sorted by path: one file, a folder's, or those of a glob.

    Hidden files and a spreadsheet program's lock files (``~$…``) are left out. A link that leads
    out of the folder is refused, because a drop folder must not open other files of the machine.
    The query of a source is run, to tell whether its rows changed.
    Raises `InputError` where nothing matches.
    """
    if source.query:
        digest = queries.digest_of(source)
        path = queries.path_of(source)
        return [InputFile(path, source.name, digest.hexdigest(), digest.size)]
    try:
        return _listed(source)
    except (OSError, ValueError, RuntimeError, RecursionError) as exc:
        # A link to itself, a pattern no file system takes, folders a thousand deep.
        raise InputError(
            scrub(
                f"{source.path}: expected files, found a path that can't be followed "
                f"({type(exc).__name__}); set 'path:' of source {source.name!r}"
            )
        ) from None
    except InputError as exc:
        raise InputError(scrub(str(exc))) from None


def _listed(source: SourceSettings) -> list[InputFile]:
    path = Path(source.path)
    if path.is_file():
        return [_input_file(path, source.name)]
    if path.is_dir():
        root, candidates = path, list(path.rglob("*"))
    elif glob.has_magic(source.path):
        root = _fixed_part(path)
        candidates = list(root.glob(str(path.relative_to(root))))
    else:
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError(
            f"{path}: no such file or folder{did_you_mean(path.name, siblings)}; "
            f"set 'path:' of source {source.name!r}"
        )
    home = root.resolve()
    found: list[InputFile] = []
    for candidate in sorted(candidates):
        try:
            inner = candidate.relative_to(root).parts
        except ValueError:
            inner = (candidate.name,)
        if any(part.startswith((".", "~$")) for part in inner):
            continue
        if not candidate.resolve().is_relative_to(home):
            raise InputError(
                f"{candidate}: expected a file inside {root}, found a link that leads outside; "
                "copy the file there instead"
            )
        if candidate.is_file():
            try:
                found.append(_input_file(candidate, source.name))
            except InputError:
                # Reading it will say why it can't be read: the rest of the folder is not to wait.
                found.append(InputFile(candidate, source.name, _UNREAD, 0, _label(candidate)))
    _tell_apart(found)
    if not found:
        raise InputError(
            f"{source.path}: expected at least one file, found none; "
            f"set 'path:' of source {source.name!r} or put the export there"
        )
    return found


def read_file(
    file: InputFile,
    source: SourceSettings,
    *,
    timezone: str,
    notes: Counter[str] | None = None,
    on_end: Callable[[InputFile], None] | None = None,
) -> Iterator[Verbatim | Quarantined]:
    """Yield the records and quarantined rows of a file, in file order.

    ``timezone`` names the zone of times without one. ``notes`` is added to as the file is read:
    how often each of `NOTES` happened; rows that give no record, such as a survey row without any
    open answer, are counted there alone. ``on_end`` is called after the last record with the file
    as it was read: a query may give other rows than when it was listed. What is yielded and said
    here has no personal information but in the words of verbatims: names of files and columns,
    reasons and excerpts are masked. Raises `InputError` where the file as a whole can't be read,
    or was written to since it was listed.
    """
    digest = RowDigest()
    hidden = file.name != str(file.path)
    try:
        if source.query:
            records = queries.read(source, timezone, digest=digest)
        else:
            if not file.path.is_file():
                raise InputError(
                    f"{file.path}: expected the file that was listed, found none; put it back"
                )
            _check_unchanged(file)
            records = choose_reader(file.path, source).read(file.path, source, timezone)
        for record in records:
            if isinstance(record, Quarantined):
                yield _masked(record, file)
            elif not isinstance(record, Note):
                yield replace(record, file=file.name) if hidden else record
            elif notes is not None:
                notes[record.what] += 1
        if not source.query:
            _check_unchanged(file)
    except InputError as exc:
        raise InputError(scrub(str(exc).replace(str(file.path), file.name))) from None
    if on_end is not None:
        as_read = replace(file, sha256=digest.hexdigest(), size=digest.size)
        on_end(as_read if source.query else file)


def _masked(row: Quarantined, file: InputFile) -> Quarantined:
    return replace(
        row,
        file=file.name,
        # A file without a header row may have a customer's words for the name of a column.
        column=excerpt(row.column),
        reason=scrub(row.reason),
        excerpt=excerpt(row.excerpt),
    )


def _check_unchanged(file: InputFile) -> None:
    try:
        found = file.path.stat()
    except OSError as exc:
        raise InputError(
            f"{file.path}: expected the file to stay while it is read, got: {exc.strerror}; put it "
            "back and run again"
        ) from exc
    if file.changed_ns and (found.st_mtime_ns, found.st_size) != (file.changed_ns, file.size):
        raise InputError(
            f"{file.path}: expected the file to stay as it is while it is read, found it changed; "
            "run again when it is whole"
        )


def choose_reader(path: Path, source: SourceSettings) -> Reader:
    """Return the reader the source names, or the surest of its content; `InputError` if none is."""
    known = readers()
    if source.reader != "auto":
        if source.reader not in known:
            raise InputError(
                f"source {source.name!r}: no reader named {source.reader!r}"
                f"{did_you_mean(source.reader, known)}; expected auto or one of "
                f"{', '.join(sorted(known))}"
            )
        return known[source.reader]
    head = _head(path)
    if not head.strip(b"\x00\t\r\n \xef\xbb\xbf"):
        raise InputError(f"{path}: expected records, found an empty file; export it again")
    fitting = [reader for reader in known.values() if source.kind in reader.kinds]
    scored = [(reader.sniff(path, head), reader) for reader in fitting]
    best, reader = max(scored, key=lambda pair: pair[0])
    # Another package may read binary forms; ours are text and workbooks.
    if (best <= 0 or reader in _BUILT_IN) and not head.startswith(SHEETS):
        refuse_binary(head, str(path))
    if best <= 0:
        raise InputError(
            f"{path}: no reader of kind {source.kind} recognises its content; "
            f"set 'reader:' of source {source.name!r} to one of "
            f"{', '.join(sorted(reader.name for reader in fitting))}"
        )
    return reader


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError as exc:
        raise InputError(
            f"{path}: expected a readable file, got: {exc.strerror or exc}; check path and rights"
        ) from exc


def _input_file(path: Path, source_name: str) -> InputFile:
    try:
        with path.open("rb") as stream:
            changed = os.fstat(stream.fileno()).st_mtime_ns
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            size = stream.tell()
    except OSError as exc:
        raise InputError(
            f"{path}: expected a readable file, got: {exc.strerror or exc}; check path and rights"
        ) from exc

    return InputFile(path, source_name, digest, size, _label(path), changed)


def _label(path: Path) -> str:
    """Return the path as it may be stored, with a mark that tells masked ones apart.

    The mark is a part of a hash so short that some hundred numbers fit it: it names nobody.
    """
    raw = str(path)
    # Bytes that are no text, and line ends, can't be stored or would break a message.
    plain = _UNPRINTABLE.sub("\ufffd", raw)
    label = scrub(plain)
    if label == raw:
        return raw
    return f"{label}#{hashlib.sha256(os.fsencode(path)).hexdigest()[:_MARK]}"


def _tell_apart(files: list[InputFile]) -> None:
    """Number files whose labels are the same by chance of the mark."""
    seen: Counter[str] = Counter()
    for place, file in enumerate(files):
        seen[file.label] += 1
        if seen[file.label] > 1:
            files[place] = replace(file, label=f"{file.label}-{seen[file.label]}")


def _fixed_part(path: Path) -> Path:
    kept: list[str] = []
    for part in path.parts[:-1]:
        if glob.has_magic(part):
            break
        kept.append(part)
    return Path(*kept) if kept else Path()
