"""Tokenize 分词: the only module that imports a segmenter (rjieba where installed, else jieba)."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pipeline.errors import LexiconError
from pipeline.records import Token

Engine = Literal["auto", "rjieba", "jieba"]
_ENTRY = re.compile(r"(\S+)(?:\s+([1-9][0-9]*))?(?:\s+([a-z]+))?")
# High enough that jieba's own split of an entry never wins over the entry.
_DEFAULT_FREQUENCY = 20_000


class Segmenter:
    """Cuts text into words; the joined words always equal the text.

    ``digest`` hashes the user dictionaries, whatever the engine; ``version`` is the engine's.
    """

    def __init__(self, cut: Callable[[str], list[str]], engine: str, digest: str) -> None:
        self._cut = cut
        self.engine = engine
        self.version = version(engine)
        self.digest = digest

    def cut(self, text: str) -> list[str]:
        """Return the words of a text, whitespace included.

        >>> load_segmenter("jieba", []).cut("服务态度")
        ['服务态度']
        """
        words = self._cut(text)
        return words if "".join(words) == text else _restore(words, text)

    def tokenize(self, text: str) -> list[Token]:
        """Return the words of a text with their offsets."""
        tokens, start = [], 0
        for word in self.cut(text):
            tokens.append(Token(word, start, start + len(word)))
            start += len(word)
        return tokens


def load_segmenter(engine: Engine, user_dictionaries: Sequence[Path]) -> Segmenter:
    """Build a segmenter of its own, with the user dictionaries 用户词典 (``word [freq [tag]]``).

    Raises `LexiconError` for a line that does not fit, or an engine that is not installed.
    """
    entries, digest = _read(user_dictionaries)
    installed = importlib.util.find_spec("rjieba") is not None
    if engine == "rjieba" and not installed:
        raise LexiconError("segmenter: expected rjieba to be installed; set the engine to 'auto'")
    if installed and engine != "jieba":
        import rjieba

        rust = rjieba.Jieba()
        for word, frequency, tag in entries:
            rust.add_word(word, frequency, tag or None)
        return Segmenter(lambda text: list(rust.cut(text)), "rjieba", digest)
    import jieba

    jieba.setLogLevel(logging.ERROR)
    python = jieba.Tokenizer()
    with _private_folder() as private:
        python.tmp_dir = str(private)
        python.cache_file = str(private / f"jieba-{version('jieba')}.cache")
        python.initialize()
    for word, frequency, tag in entries:
        python.add_word(word, frequency, tag or None)
    return Segmenter(lambda text: list(python.cut(text)), "jieba", digest)


@contextmanager
def _private_folder() -> Iterator[Path]:
    """Give the folder of jieba's dictionary cache: the user's own, or one that is thrown away.

    jieba unmarshals what lies there, so a folder that others may write to is never used.
    """
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voc-silence"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
        own = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o077
        own = own and (not hasattr(os, "getuid") or status.st_uid == os.getuid())
        own = own and os.access(folder, os.W_OK)
    except (OSError, RuntimeError):
        own = False
    if own:
        yield folder
    else:
        with tempfile.TemporaryDirectory() as thrown_away:
            yield Path(thrown_away)


def _read(paths: Sequence[Path]) -> tuple[list[tuple[str, int, str]], str]:
    entries, digest = [], hashlib.sha256()
    for path in paths:
        try:
            content = path.read_bytes()
            lines = content.decode("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as exc:
            raise LexiconError(f"{path}: expected a readable UTF-8 file, got {exc}") from exc
        digest.update(content)
        for lineno, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            entry = _ENTRY.fullmatch(line.strip())
            if entry is None:
                raise LexiconError(f"{path}:{lineno}: expected 'word [freq [tag]]', got {line!r}")
            entries.append((entry[1], int(entry[2] or _DEFAULT_FREQUENCY), entry[3] or ""))
    return entries, digest.hexdigest()


def _restore(words: Sequence[str], text: str) -> list[str]:
    """Put back what the engine dropped, so that offsets stay honest."""
    whole, at = [], 0
    for word in words:
        found = text.find(word, at)
        if found < 0:
            continue
        if found > at:
            whole.append(text[at:found])
        whole.append(word)
        at = found + len(word)
    if at < len(text):
        whole.append(text[at:])
    return whole
