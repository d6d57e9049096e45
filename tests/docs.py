"""Writes the generated blocks of both READMEs, or checks that they are up to date.

``python -m tests.docs`` rewrites them, ``--check`` exits 1 and names what is out of date, and
``--scores`` measures the shipped models on the labelled sets beside the repository.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from click.testing import CliRunner

from pipeline.cli import main as voc
from pipeline.config import describe_settings
from pipeline.store.schema import describe_relations, describe_schema

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
READMES = ("README.md", "README.zh-CN.md")
_WIDTH = 88
_BLOCK = re.compile(r"<!-- generated: (\w+) -->\n(.*?)<!-- end: (\w+) -->", re.DOTALL)


def help_of(*command: str) -> str:
    """Return the ``--help`` of voc or of one of its commands, at a fixed width."""
    result = CliRunner().invoke(
        voc, [*command, "--help"], prog_name="voc", terminal_width=_WIDTH, catch_exceptions=False
    )
    if result.exit_code:
        raise RuntimeError(f"voc {' '.join(command)} --help: exit code {result.exit_code}")
    return result.output.rstrip()


def cli() -> str:
    """Return the help of every command."""
    commands: list[tuple[str, ...]] = [(), *((name,) for name in voc.commands)]
    parts = []
    for command in commands:
        call = " ".join(("voc", *command, "--help"))
        parts.append(f"```text\n$ {call}\n{help_of(*command)}\n```")
    return "\n\n".join(parts)


def config() -> str:
    """Return every key of config.yaml as a table."""
    rows = [
        (f"`{key}`", _plain_type(kind), f"`{default}`" if default else "", meaning)
        for key, kind, default, meaning in describe_settings()
    ]
    return _table(("key", "type", "default", "meaning"), rows)


def _plain_type(kind: str) -> str:
    literal = re.sub(
        r"Literal\[([^\]]*)\]", lambda match: match[1].replace("'", "").replace(", ", " or "), kind
    )
    return f"`{literal}`"


def tables() -> str:
    """Return the tables and views, and the columns of every ``report_`` view."""
    relations = list(describe_relations())
    parts = [_table(("name", "kind", "what it holds"), [(f"`{n}`", k, d) for n, k, d in relations])]
    columns: dict[str, list[tuple[str, ...]]] = {}
    for relation, name, kind, unit, denominator, null, description in describe_schema():
        columns.setdefault(relation, []).append(
            (f"`{name}`", kind, unit, denominator, null or "never NULL", description)
        )
    head = ("column", "type", "unit", "denominator", "NULL means", "meaning")
    for relation, kind, _ in relations:
        if kind == "view":
            body = _table(head, columns[relation])
            parts.append(
                f"<details><summary><code>{relation}</code></summary>\n\n{body}\n\n</details>"
            )
    return "\n\n".join(parts)


def lexicons() -> str:
    """Return the files of words, rules and topics with what their heads say."""
    folder = ROOT / "lexicons"
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".txt", ".tsv", ".yaml"})
    rows = [(f"[`{_relative(path)}`]({_relative(path)})", _head(path)) for path in files]
    return _table(("file", "what it holds"), rows)


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _head(path: Path) -> str:
    """Return the first comment line; of a rule file without one, the labels it gives."""
    text = path.read_text(encoding="utf-8")
    if text.startswith("#"):
        return text.splitlines()[0].lstrip("# ")
    labels = dict.fromkeys(re.findall(r"^\s*label:\s*(\S+)", text, re.MULTILINE))
    return "rules for " + ", ".join(f"`{label}`" for label in labels)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def scores() -> str:
    """Measure the shipped models on the annotation beside the repository."""
    from pipeline import job
    from pipeline.training.evaluate import evaluation_table

    settings = job.default_settings()
    return evaluation_table(
        SHARED / "data", SHARED / "gold", job.resources_for(settings), job.rules_for(settings)
    )


def masking() -> str:
    """Measure masking on the labelled cases of the repository."""
    from pipeline.aggregate.intervals import wilson
    from tests.masking import DATA, SOFT, judge_all

    def share(count: int, total: int) -> str:
        low, high = wilson([count], [total], confidence=0.95)
        return f"{count / total:.3f} ({low[0]:.3f} – {high[0]:.3f}), n = {total:,}"

    rows = []
    for name, pattern in (
        ("written to build it", "masking_cases*.jsonl"),
        ("blind, by the specification", "held_out_plain.jsonl"),
        ("blind, the newest", "held_out_newest.jsonl"),
        ("blind, by a strict privacy officer", "held_out_hard.jsonl"),
    ):
        pieces, nears = judge_all(sorted(DATA.glob(pattern)))
        numbers = [piece.gone for piece in pieces if piece.kind not in SOFT]
        soft = [piece.gone for piece in pieces if piece.kind in SOFT]
        wrong = [not near.kept for near in nears]
        measured = (share(sum(found), len(found)) for found in (numbers, soft, wrong))
        rows.append((name, *measured))
    head = ("cases", "numbers, e-mail found", "names, addresses found", "near misses masked")
    return _table(head, rows)


BLOCKS: Mapping[str, Callable[[], str]] = {
    "cli": cli,
    "config": config,
    "tables": tables,
    "lexicons": lexicons,
    "masking": masking,
}


def rewritten(text: str, fresh: Mapping[str, str]) -> str:
    """Return a README with the given blocks renewed and the others as they are."""

    def renew(match: re.Match[str]) -> str:
        name, body = match[1], match[2]
        if match[3] != name:
            raise ValueError(f"block {name!r}: expected its end, found the end of {match[3]!r}")
        body = f"{fresh[name]}\n" if name in fresh else body
        return f"<!-- generated: {name} -->\n{body}<!-- end: {name} -->"

    return _BLOCK.sub(renew, text)


def out_of_date(text: str, fresh: Mapping[str, str]) -> Iterator[str]:
    """Yield the names of blocks that are missing or not as generated now."""
    found = {match[1]: match[2] for match in _BLOCK.finditer(text)}
    for name, body in fresh.items():
        if found.get(name) != f"{body}\n":
            yield name


def _main(arguments: list[str]) -> int:
    unknown = [word for word in arguments if word not in {"--check", "--scores"}]
    if unknown:
        print(f"tests.docs: expected --check or --scores, got {unknown[0]}", file=sys.stderr)
        return 2
    fresh = {name: make() for name, make in BLOCKS.items()}
    if "--scores" in arguments:
        if not SHARED.is_dir():
            print(f"tests.docs: {SHARED}: expected the labelled sets there", file=sys.stderr)
            return 1
        fresh["scores"] = scores()
    stale = 0
    for name in READMES:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        for block in out_of_date(text, fresh) if "--check" in arguments else ():
            print(
                f"{name}: block {block!r} is out of date; run: python -m tests.docs",
                file=sys.stderr,
            )
            stale += 1
        if "--check" not in arguments:
            path.write_text(rewritten(text, fresh), encoding="utf-8")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
