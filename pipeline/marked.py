"""YAML that remembers where each value stands, so that an error can name file, line and path."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import yaml

from pipeline.errors import LexiconError, did_you_mean

_KINDS = {"mapping": "keys and values", "sequence": "a list", "scalar": "one value"}


@dataclass(frozen=True, slots=True)
class Marked:
    """One value of a YAML file with its place: ``topics.price.subtopics[2].zh``."""

    file: Path
    place: str
    node: yaml.Node

    @property
    def line(self) -> int:
        """Line of the value, counted from 1."""
        return int(self.node.start_mark.line) + 1

    def error(self, expected: str, found: object, cure: str = "") -> LexiconError:
        """Return the one-line error for this value; the caller raises it."""
        where = f"{self.file}:{self.line}: {self.place or 'the file'}"
        return LexiconError(f"{where}: expected {expected}, found {found!r}{cure}")

    def mapping(
        self, *, known: Collection[str] = (), required: Collection[str] = ()
    ) -> dict[str, Marked]:
        """Return the keys and values; with `known`, any other key is an error."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.error(_KINDS["mapping"], _shown(self.node))
        found: dict[str, Marked] = {}
        for key_node, value_node in self.node.value:
            key = str(key_node.value)
            here = Marked(self.file, f"{self.place}.{key}" if self.place else key, value_node)
            at_key = Marked(self.file, here.place, key_node)
            if known and key not in known:
                expected = f"one of {', '.join(sorted(known))}"
                raise at_key.error(expected, key, did_you_mean(key, known))
            if key in found:
                raise at_key.error("each key once", key, "; keep one of the two")
            found[key] = here
        for key in required:
            if key not in found:
                raise self.error(f"the key {key!r}", ", ".join(found) or "none", "; add it")
        return found

    def items(self) -> list[Marked]:
        """Return the values of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.error(_KINDS["sequence"], _shown(self.node))
        return [
            Marked(self.file, f"{self.place}[{number}]", node)
            for number, node in enumerate(self.node.value)
        ]

    def text(self) -> str:
        """Return a non-empty text, just as it stands in the file."""
        if not isinstance(self.node, yaml.ScalarNode):
            raise self.error("text", _shown(self.node))
        value = str(self.node.value).strip()
        if not value:
            raise self.error("text", "")
        return value

    def texts(self) -> list[str]:
        """Return a list of non-empty texts."""
        return [item.text() for item in self.items()]

    def choice(self, known: Collection[str]) -> str:
        """Return a text that is one of `known`; a wrong one suggests the nearest."""
        value = self.text()
        if value not in known:
            raise self.error(f"one of {', '.join(known)}", value, did_you_mean(value, known))
        return value

    def number(self, low: float, high: float) -> float:
        """Return a number from `low` to `high`."""
        value = self.text()
        try:
            number = float(value)
        except ValueError:
            raise self.error(f"a number from {low} to {high}", value) from None
        if not low <= number <= high:
            raise self.error(f"a number from {low} to {high}", value)
        return number

    def plain(self) -> object:
        """Return the value as Python objects."""
        return yaml.safe_load(yaml.serialize(self.node, allow_unicode=True))


def load_marked(path: Path) -> Marked:
    """Read a YAML file with places; raise `LexiconError` when it can't be read or is no YAML."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=loader)
    except FileNotFoundError:
        raise LexiconError(f"{path}: expected a file, found none; restore it") from None
    except (OSError, UnicodeDecodeError) as exc:
        raise LexiconError(f"{path}: expected readable UTF-8 text, found: {exc}") from exc
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(exc, "problem", None) or " ".join(str(exc).split())
        raise LexiconError(f"{path}{line}: expected YAML, found: {problem}") from exc
    if node is None:
        raise LexiconError(f"{path}: expected keys and values, found an empty file")
    return Marked(path, "", node)


def _shown(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    return "a list" if isinstance(node, yaml.SequenceNode) else "keys and values"
