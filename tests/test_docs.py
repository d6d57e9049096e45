"""Both READMEs say what the code says, offer commands that exist, and keep in step."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from pipeline.cli import main as voc
from tests import docs

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*docs.READMES, "CHANGELOG.md", "models/README.md"]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def fresh() -> dict[str, str]:
    return {name: make() for name, make in docs.BLOCKS.items()}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def written_by_hand(text: str) -> str:
    return docs.rewritten(text, dict.fromkeys((*docs.BLOCKS, "scores"), ""))


def shown_commands(text: str) -> list[list[str]]:
    """Return every ``voc …`` call in code, split into words, up to a pipe, redirection or ``;``."""
    code = "\n".join(match[2] for match in _FENCE.finditer(text))
    code += "\n" + "\n".join(re.findall(r"`([^`\n]+)`", _FENCE.sub("", text)))
    calls = []
    for line in code.splitlines():
        for part in re.split(r"\||&&|;", line.partition(" #")[0]):
            found = re.search(r"(?:^|[\s/\\$])voc ([a-z].*)$", part)
            if found:
                words = shlex.split(found[1].replace("\\", "/"))
                stop = next((i for i, w in enumerate(words) if w[0] in "<>…"), len(words))
                calls.append(words[:stop])
    return calls


@pytest.mark.parametrize("name", docs.READMES)
@pytest.mark.parametrize("block", docs.BLOCKS)
def test_generated_blocks_are_up_to_date(name: str, block: str, fresh: dict[str, str]):
    stale = list(docs.out_of_date(read(name), {block: fresh[block]}))
    assert not stale, f"{name}: block {block!r} is out of date; run: python -m tests.docs"


@pytest.mark.parametrize("name", docs.READMES)
def test_rewriting_an_up_to_date_readme_changes_nothing(name: str, fresh: dict[str, str]):
    assert docs.rewritten(read(name), fresh) == read(name)


def test_a_changed_block_is_named():
    text = "<!-- generated: cli -->\nold\n<!-- end: cli -->"
    assert list(docs.out_of_date(text, {"cli": "new", "config": "x"})) == ["cli", "config"]
    assert list(docs.out_of_date(docs.rewritten(text, {"cli": "new"}), {"cli": "new"})) == []


def test_scores_stay_as_they_are_unless_measured(fresh: dict[str, str]):
    text = "<!-- generated: scores -->\n| silent | .8 |\n<!-- end: scores -->\n"
    assert docs.rewritten(text, fresh) == text


def test_the_check_needs_no_models():
    done = subprocess.run(
        [sys.executable, "-m", "tests.docs", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_commands_are_found_in_code():
    text = "```sh\ncat a | .venv/bin/voc analyse - --format csv > b.csv\n```\nand `voc run --again`"
    assert shown_commands(text) == [
        ["analyse", "-", "--format", "csv"],
        ["run", "--again"],
    ]


@pytest.mark.parametrize("name", PAGES)
def test_every_command_shown_exists_with_its_options(name: str):
    for words in shown_commands(written_by_hand(read(name))):
        command = voc.commands.get(words[0])
        assert command is not None, f"{name}: voc {words[0]} does not exist"
        known = {"-h", "--help"}
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                known |= {*parameter.opts, *parameter.secondary_opts}
        for word in words[1:]:
            if word.startswith("-") and word != "-":
                assert word.split("=")[0] in known, f"{name}: voc {words[0]} has no {word}"


@pytest.mark.parametrize("name", PAGES)
def test_links_to_files_resolve(name: str):
    text = read(name)
    targets = [link for link in _LINK.findall(_FENCE.sub("", text)) if "://" not in link]
    anchors = {anchor(heading) for _, heading in headings(text)}
    for target in targets:
        path, _, fragment = unquote(target).partition("#")
        if path:
            assert ((ROOT / name).parent / path).exists(), f"{name}: no file at {target}"
        else:
            assert fragment in anchors, f"{name}: no section at {target}"


def headings(text: str) -> list[tuple[int, str]]:
    found = re.findall(r"^(#+) (.+)$", _FENCE.sub("", text), re.MULTILINE)
    return [(len(marks), title.strip()) for marks, title in found]


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_both_readmes_have_the_same_sections_in_the_same_order():
    english, chinese = (headings(read(name)) for name in docs.READMES)
    assert [level for level, _ in english] == [level for level, _ in chinese]
    blocks = [re.findall(r"<!-- generated: (\w+) -->", read(name)) for name in docs.READMES]
    assert blocks[0] == blocks[1]


def test_both_readmes_show_the_same_commands():
    english, chinese = (shown_commands(written_by_hand(read(name))) for name in docs.READMES)
    assert [words[0] for words in english] == [words[0] for words in chinese]
