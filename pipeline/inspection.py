"""``voc inspect``: what a file is taken for, for people, and as a source for ``config.yaml``.

Everything printed is masked: rows by the same road a run takes, names of columns too, since a
file without a header row may have a customer's words there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from pipeline.config import Settings, SourceSettings
from pipeline.errors import InputError
from pipeline.ingest import NOTES, list_files
from pipeline.ingest.inspect import FAULTS, Inspection, inspect_file, inspect_source
from pipeline.records import Kind
from pipeline.text.clean import clean
from pipeline.text.documents import DocumentRules, to_document
from pipeline.text.mask import mask

#: Longest piece of an example shown, in characters.
_SHOWN = 120
_DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}
_MAPPING = ("columns", "answers", "scores", "attributes")


def inspect(path: Path, *, kind: Kind | None = None) -> Iterator[Inspection | InputError]:
    """Yield what each file of a path (file, folder or glob) was taken for, or why it can't be read.

    Raises `InputError` where there is no file at all.
    """
    files = list_files(SourceSettings(name=path.stem, kind=kind or "complaint", path=str(path)))
    for file in files:
        try:
            yield inspect_file(file.path, kind=kind)
        except InputError as exc:
            yield exc


def inspect_configured(settings: Settings, name: str) -> Iterator[Inspection | InputError]:
    """Yield what each file of a source, or its query, was taken for with the columns it names.

    Raises `ConfigError` where there is no source of that name.
    """
    yield from inspect_source(settings.source(name), timezone=settings.timezone)


def describe(found: Inspection, rules: DocumentRules) -> Iterator[str]:
    """Yield the lines that say all about one file."""
    layout = found.layout
    guessed = f" (guessed: {_masked(found.kind_reason)}; --kind overrules)"
    yield str(found.path)
    yield f"  kind     {found.source.kind}{guessed if found.kind_reason else ''}"
    parts = [found.reader, layout.form, layout.encoding]
    if layout.delimiter:
        parts.append(f"delimiter {_DELIMITERS.get(layout.delimiter, layout.delimiter)}")
    if layout.sheet:
        parts.append(f"sheet {layout.sheet}")
    if layout.form:
        parts.append(f"header row {layout.header_row}" if layout.header_row else "no header row")
    yield f"  reader   {', '.join(part for part in parts if part)}"
    yield f"  rows     {_counts(found)}"
    if found.roles:
        turns = (f"{n:,} {role}" for role, n in sorted(found.roles.items()))
        yield f"  turns    {', '.join(turns)}"
    if found.mapping:
        yield "  columns"
        for role, reason in found.mapping.items():
            yield f"    {role}: {_masked(reason)}"
        if found.unused:
            yield f"    not used: {_masked(', '.join(found.unused))}"
    if found.quarantined:
        more = f", first {FAULTS} of {found.quarantined:,}" if found.quarantined > FAULTS else ""
        yield f"  rows a run would quarantine{more}"
        for row in found.faults:
            column = f" ({_masked(row.column)})" if row.column else ""
            yield f"    row {row.row}{column}: {_masked(row.reason)}"
    if found.notes:
        yield "  notes"
        for what, count in sorted(found.notes.items()):
            yield f"    {what} {count:,}: {NOTES.get(what, what)}"
    if found.examples:
        yield "  examples, masked"
        for verbatim in found.examples:
            document = to_document(verbatim, rules)
            when = f" {document.occurred_at:%Y-%m-%d %H:%M}" if document.occurred_at else ""
            question = f" [{_short(document.question, 40)}]" if document.question else ""
            beside = ", ".join(f"{name}={member}" for name, member in document.attributes.items())
            beside = f" ({_short(beside, 60)})" if beside else ""
            text = " / ".join(document.text.split("\n"))
            yield f"    row {document.row}{when}{question}{beside}: {_short(text, _SHOWN)}"


def one_line(found: Inspection) -> str:
    """Return what a folder's listing says of one file."""
    form = f", {found.layout.form}" if found.layout.form else ""
    return f"{found.path}: {found.source.kind}, {found.reader}{form}; {_counts(found)}"


def totals(inspected: Sequence[Inspection], unreadable: int) -> str:
    """Return the line below a folder's listing."""
    kinds = Counter(one.source.kind for one in inspected)
    refused = f", {unreadable} that can't be read" if unreadable else ""
    return (
        f"{len(inspected) + unreadable} files{refused}"
        f" ({', '.join(f'{n} {kind}' for kind, n in sorted(kinds.items()))}): "
        f"{sum(one.rows for one in inspected):,} rows, "
        f"{sum(one.records for one in inspected):,} records, "
        f"{sum(one.quarantined for one in inspected):,} quarantined"
    )


def snippet(inspected: Sequence[Inspection], path: Path) -> str:
    """Return the ``sources`` of a ``config.yaml`` that reads the inspected files as they were read.

    Files of a folder that are of one kind become one source. Columns are written down where all
    of its files agree on them, and guessed file by file otherwise. A column whose name holds
    personal information is left to be guessed. Paths are absolute.
    """
    taken: Counter[str] = Counter()
    lines: list[str] = []
    for where, files in _sources(inspected, path):
        first = files[0].source
        source: dict[str, Any]
        if first.query:
            # The URL is left out: it may hold a password.
            source = {"name": first.name, "kind": first.kind, "query": first.query}
            source.update({"url_env": first.url_env} if first.url_env else {})
            lines += [] if first.url_env else ["# add url, as configured, or url_env"]
        else:
            bare = where.stem.replace("*", "").strip("-_ ") or where.absolute().parent.name
            name = _masked(bare) or "source"
            taken[name] += 1
            source = {
                "name": name if taken[name] == 1 else f"{name}-{taken[name]}",
                "kind": first.kind,
                "path": str(where.absolute()),
            }
        agreed = all(_mapping(one.source) == _mapping(first) for one in files)
        if agreed:
            source.update(_mapping(first))
            for reason in files[0].mapping.items():
                lines.append(f"# {': '.join(_masked(part) for part in reason)}")
        layouts = {(one.layout.encoding, one.layout.sheet) for one in files}
        if len(layouts) == 1:
            [(encoding, sheet)] = layouts
            lines += [f"# recognised: encoding {encoding}"] if encoding else []
            lines += [f"# recognised: sheet {_masked(sheet)}"] if sheet else []
        dumped = yaml.safe_dump(
            [source], allow_unicode=True, sort_keys=False, width=10_000, default_flow_style=False
        )
        lines += [f"  {line}" for line in dumped.rstrip("\n").split("\n")]
    return "\n".join(["sources:", *lines])


def _sources(
    inspected: Sequence[Inspection], path: Path
) -> Iterator[tuple[Path, Sequence[Inspection]]]:
    """Group files into sources: all, else those of one folder and ending, else each its own."""
    if len({one.source.kind for one in inspected}) == 1:
        yield path, inspected
        return
    groups: dict[Path, list[Inspection]] = defaultdict(list)
    for one in inspected:
        groups[one.path.parent / f"*{one.path.suffix}"].append(one)
    for pattern, files in groups.items():
        if len(files) > 1 and len({one.source.kind for one in files}) == 1:
            yield pattern, files
        else:
            yield from ((one.path, [one]) for one in files)


def _mapping(source: SourceSettings) -> dict[str, Any]:
    given = source.model_dump(include=set(_MAPPING))
    kept: dict[str, Any] = {}
    for section in _MAPPING:
        value = given[section]
        if section == "columns":
            value = {role: column for role, column in value.items() if not _personal(column)}
        elif any(map(_personal, value.values() if isinstance(value, dict) else value)):
            # Half a list would keep the other half from being guessed.
            continue
        if value:
            kept[section] = value
    return kept


def _counts(found: Inspection) -> str:
    return f"{found.rows:,} rows, {found.records:,} records, {found.quarantined:,} quarantined"


def _personal(text: str) -> bool:
    return bool(mask(clean(text)).masks)


def _masked(text: str) -> str:
    """Mask a text that isn't a customer's, leaving it as it is where there is nothing to mask."""
    masked = mask(clean(text))
    return masked.text if masked.masks else " ".join(text.split())


def _short(text: str, longest: int) -> str:
    return f"{text[:longest]}…" if len(text) > longest else text
