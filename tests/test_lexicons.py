"""Lexicon files: every bad line is named, and the shipped files keep their promises."""

import shutil
from pathlib import Path

import pytest

from pipeline.errors import LexiconError
from pipeline.lexicons import load_lexicons
from pipeline.paths import shipped
from pipeline.text.clean import clean, simplify

FILES = ["sentiment.tsv", "negation.tsv", "degree.tsv", "neutral.txt", "contrast.txt"]
FILES += ["wish.tsv", "question.tsv"]


@pytest.fixture
def folder(tmp_path):
    contents = {
        "sentiment.tsv": "# head\n好吃\t2\t*\n难吃\t-2\trestaurant\n",
        "negation.tsv": "不\t-0.8\n",
        "degree.tsv": "很\t1.3\n",
        "neutral.txt": "# head\n不过 快递\n\n香港\n",
        "contrast.txt": "但是 不过\n",
        "wish.tsv": "希望\thope\n",
        "question.tsv": "是否\task\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def test_small_folder_loads(folder):
    lexicons = load_lexicons(folder)
    assert lexicons.sentiment == {"好吃": 2.0, "难吃": -2.0}
    assert lexicons.neutral == {"不过", "快递", "香港"}
    assert lexicons.wish == {"希望": "hope"}


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("sentiment.tsv", "好看\t2", r"sentiment\.tsv:4: expected 3 tab-separated fields"),
        ("sentiment.tsv", "好看 2 *", r"sentiment\.tsv:4: expected 3 tab-separated fields"),
        ("sentiment.tsv", "\t2\t*", r"sentiment\.tsv:4: expected 3 tab-separated fields"),
        ("sentiment.tsv", "好看\t9\t*", r"sentiment\.tsv:4: expected a weight from -3 to 3"),
        ("sentiment.tsv", "好看\t0\t*", r"sentiment\.tsv:4: expected a weight .* not 0, got '0'"),
        ("sentiment.tsv", "好看\tnan\t*", r"sentiment\.tsv:4: expected a weight"),
        ("sentiment.tsv", "好看\tgood\t*", r"sentiment\.tsv:4: expected a weight .*'good'"),
        ("sentiment.tsv", "好吃\t1\t*", r"sentiment\.tsv:4: .*once, got '好吃' .*sentiment\.tsv:2"),
        ("sentiment.tsv", "不\t-1\t*", r"negation\.tsv:1: .*once, got '不' .*sentiment\.tsv:4"),
        ("sentiment.tsv", "一二三四五六七八九\t1\t*", r"sentiment\.tsv:4: .*1 to 8 characters"),
        ("sentiment.tsv", "好 看\t1\t*", r"sentiment\.tsv:4: .*without blanks, got '好 看'"),
        ("negation.tsv", "没\t0.8", r"negation\.tsv:2: expected a weight from -1 to -0\.1"),
        ("negation.tsv", "没", r"negation\.tsv:2: expected 2 tab-separated fields"),
        ("degree.tsv", "太\t-1", r"degree\.tsv:2: expected a weight from 0\.1 to 3"),
        ("degree.tsv", "不\t1.5", r"degree\.tsv:2: .*once, got '不' .*negation\.tsv:1"),
        ("neutral.txt", "香菜 好吃", r"neutral\.txt:5: .*once, got '好吃' .*sentiment\.tsv:2"),
        ("neutral.txt", "快递", r"neutral\.txt:5: .*once, got '快递' .*neutral\.txt:2"),
        ("contrast.txt", "但是", r"contrast\.txt:2: .*once, got '但是' .*contrast\.txt:1"),
        ("wish.tsv", "盼\thop", r"wish\.tsv:2: expected one of if, would.*did you mean 'hope'"),
        ("question.tsv", "吗\tasks", r"question\.tsv:2: expected one of ask.*did you mean 'ask'"),
    ],
)
def test_bad_line_is_named(folder, name, line, message):
    path = folder / name
    path.write_text(path.read_text("utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(LexiconError, match=message) as caught:
        load_lexicons(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", FILES)
def test_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(LexiconError, match=name):
        load_lexicons(folder)


def test_wrong_encoding_is_named(folder):
    (folder / "degree.tsv").write_bytes("很\t1.3\n".encode("gbk"))
    with pytest.raises(LexiconError, match=r"degree\.tsv: expected a readable UTF-8 file"):
        load_lexicons(folder)


@pytest.mark.parametrize("name", FILES)
def test_digest_follows_every_file(tmp_path, name):
    for file in FILES:
        shutil.copy(shipped("lexicons") / file, tmp_path)
    before = load_lexicons(tmp_path).digest
    path = tmp_path / name
    path.write_bytes(path.read_bytes() + b"# note\n")
    assert load_lexicons(tmp_path).digest != before


def test_shipped_words_are_in_the_form_they_are_looked_up_in():
    lexicons = load_lexicons(shipped("lexicons"))
    words = {*lexicons.sentiment, *lexicons.negation, *lexicons.degree, *lexicons.neutral}
    assert not [word for word in words if simplify(clean(word)) != word]


def test_shipped_files_say_what_they_hold():
    for name in FILES:
        first = (Path(shipped("lexicons")) / name).read_text("utf-8").splitlines()[0]
        assert first.startswith("# ")
