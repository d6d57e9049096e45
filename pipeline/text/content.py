"""Which answers say nothing, and which are not a customer's words.

Four words for a text: ``empty`` (无, 没有意见谢谢, 111), ``template`` (a system or a form wrote
it), ``spam`` (advertising) and ``content``: everything else, and every case of doubt. Expects
cleaned, masked, Simplified text. The question an answer belongs to is not looked at: 是 is empty
and 没有问题 is content whatever was asked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from ahocorasick_rs import AhoCorasick

from pipeline.errors import LexiconError, did_you_mean
from pipeline.text.mask import LABELS

Content = Literal["content", "empty", "template", "spam"]

CONTENTS: tuple[Content, ...] = ("content", "empty", "template", "spam")

#: The files of a lexicon folder that `load_content_lists` reads.
FILES = ("empty_answers.txt", "empty_parts.yaml", "template_texts.txt", "spam_words.yaml")

# Nobody needs more characters to say nothing, nor to advertise; letters to an office do.
_LONGEST_EMPTY = 40
_LONGEST_AD = 200
_WILD = r"[^\W_]{1,16}?"

_UPPER = re.compile("[A-Z]")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_BREAKS = re.compile(r"(?:(?! )[\W\d_])+")
_PUNCTUATION = re.compile(r"(?:(?! )[\W_])+")
_BLANK = re.compile(r"(?<=[\u3400-\u9fff]) +| +(?=[\u3400-\u9fff])")
_MARKS = re.compile("|".join(re.escape(label) for label in LABELS.values()))
# Faces, hands and hearts are opinions, as in the sentiment lexicon; a 🐶 or a √ is none.
_SPEAKING = re.compile(
    "[\u2639\u263a\u2605\u270a-\u270c\u2764\u2b50\U0001f31f\U0001f339\U0001f389\U0001f440-\U0001f44f"
    "\U0001f493-\U0001f49f\U0001f4a3\U0001f4a9\U0001f4aa\U0001f4af\U0001f525\U0001f590\U0001f595"
    "\U0001f5a4\U0001f600-\U0001f64f\U0001f90c-\U0001f92f\U0001f930-\U0001f93f\U0001f970-\U0001f97a"
    "\U0001f9d0\U0001f9e1\U0001fae0-\U0001faf8]"
)
_SMILEY = re.compile(r"[:;=]-?[()]|\^[_-]?\^|>_<")
_DATE = re.compile(
    r"(?:[0-9]{2,4} ?年)? ?(?:[0-9]{1,2} ?月(?:份)?)? ?(?:[0-9]{1,2} ?[日号])? ?"
    r"(?:(?:星期|周|礼拜)[一二三四五六日天])? ?(?:凌晨|早上|上午|中午|下午|晚上)? ?"
    r"(?:[0-9]{1,2} ?[点时:](?:[0-9]{1,2} ?分?)?)?"
)
_DATES = "年月份日号星期周礼拜一二三四五六天凌晨早上午中下晚点时分"
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BRACKETED = re.compile(r"[\[(（【〔<]([^\[\]()（）【】〔〕<>]{1,12})[\])）】〕>]")

_OPENING = (
    "before",
    "before_noun",
    "deny",
    "ignorance",
    "courtesy",
    "labels",
    "sounds",
    "repeated",
)
_PARTS = (*_OPENING, "which", "nothing", "join", "say", "before_say", "after")
_GOODS, _TOPICS, _PITCH, _AUDIENCE, _CALLS, _ADDRESS, _UNLESS = 1, 2, 4, 8, 16, 32, 64
_KINDS: Mapping[str, int] = {
    "goods": _GOODS,
    "topics": _TOPICS,
    "pitch": _PITCH,
    "audience": _AUDIENCE,
    "calls": _CALLS,
    "address": _ADDRESS,
    "unless": _UNLESS,
}
_SPAM = (*_KINDS, "own", "decoys")


@dataclass(frozen=True, slots=True)
class ContentLists:
    """What `content_of` looks up, compiled once from the files of a lexicon folder.

    ``made_of`` holds every character of an answer that may be empty. ``openers`` and ``starts``
    are the first characters of those answers, and the first two of templates: most texts begin
    with others and take a fast way out. ``digest`` is of the files' bytes.
    """

    answers: frozenset[str]
    openers: frozenset[str]
    made_of: re.Pattern[str]
    denial: re.Pattern[str]
    labels: frozenset[str]
    courtesy: tuple[str, ...]
    noise: re.Pattern[str]
    starts: frozenset[str]
    template: re.Pattern[str]
    companion: re.Pattern[str]
    bracketed: frozenset[str]
    words: AhoCorasick
    kinds: tuple[int, ...]
    own: re.Pattern[str]
    digest: str


def load_content_lists(folder: Path) -> ContentLists:
    """Load the four lists of a lexicon folder; raises `LexiconError` with path and line.

    >>> from pipeline.paths import shipped
    >>> "没有" in load_content_lists(shipped("lexicons")).answers
    True
    """
    answers_path, parts_path, templates_path, spam_path = (folder / name for name in FILES)
    answers = frozenset(_answers(answers_path))
    parts = _words_of(parts_path, _PARTS)
    templates, companions, bracketed = _templates(templates_path)
    spam = _words_of(spam_path, _SPAM)
    words = dict.fromkeys(spam["decoys"], 0)
    for name, kind in _KINDS.items():
        for word in spam[name]:
            words[word] = words.get(word, 0) | kind
    for label in ("mobile", "landline", "wechat", "qq", "email"):
        words[LABELS[label].lower()] = _ADDRESS
    letters = "".join(
        sorted(set("".join((*answers, *(w for ws in parts.values() for w in ws), _DATES))))
    )
    return ContentLists(
        answers=answers,
        openers=frozenset(
            word[0] for words in (answers, *(parts[name] for name in _OPENING)) for word in words
        ),
        made_of=re.compile(f"(?:[{re.escape(letters)}0-9a-z]|\\W|_)*"),
        denial=re.compile(_denial(parts)),
        labels=frozenset(parts["labels"]),
        courtesy=tuple(parts["courtesy"]),
        noise=re.compile(
            f"(?:{_any(parts['sounds'])})+|({_any(parts['repeated'])})\\1{{2,}}|([a-z])\\2+"
        ),
        starts=frozenset(start for line in (*templates, *companions) for start in _starts(line)),
        template=re.compile(f"(?:{'|'.join(map(_template, templates))}){{1,3}}"),
        companion=re.compile(f"(?:{'|'.join(map(_template, companions))}){{1,5}}"),
        bracketed=frozenset(bracketed),
        words=AhoCorasick(list(words)),
        kinds=tuple(words.values()),
        own=re.compile(_any(spam["own"])),
        digest=hashlib.sha256(
            b"\0".join((folder / name).read_bytes() for name in FILES)
        ).hexdigest(),
    )


def content_of(text: str, lists: ContentLists) -> Content:
    """Say whether a text is a customer's content, or empty, a template, or spam.

    >>> from pipeline.paths import shipped
    >>> lists = load_content_lists(shipped("lexicons"))
    >>> content_of("暂时没有其他建议，谢谢！", lists)
    'empty'
    >>> content_of("此用户没有填写评价。", lists)
    'template'
    >>> content_of("兼职日结，想做的加微信[微信]", lists)
    'spam'
    >>> content_of("没有人接电话", lists)
    'content'
    """
    if len(text) > _LONGEST_AD:
        return "content"
    if _UPPER.search(text):
        text = text.lower()
    first = text[:1]
    strange = first <= "z" or not first.isalnum()
    if (strange or first in lists.openers) and len(text) <= _LONGEST_EMPTY and _empty(text, lists):
        return "empty"
    if (strange or text[:2] in lists.starts or first in lists.starts) and _from_template(
        text, lists
    ):
        return "template"
    found = lists.words.find_matches_as_indexes(text, overlapping=True)
    return "spam" if len(found) > 1 and _advertises(text, found, lists) else "content"


def _empty(text: str, lists: ContentLists) -> bool:
    if text in lists.answers:
        return True
    if "[" in text:
        text = _MARKS.sub(" ", text)
    if not lists.made_of.fullmatch(text):
        return False
    bare = _EDGES.sub("", text)
    return _says_nothing(text, bare, lists) and not _SPEAKING.search(text)


def _says_nothing(text: str, bare: str, lists: ContentLists) -> bool:
    if not bare:
        return not _SMILEY.search(text)
    if not bare:
        return not _SMILEY.search(text)
    if (len(bare) < 2 and bare.isascii()) or bare in lists.answers or _DATE.fullmatch(bare):
        return True
    answered = False
    for stretch in _stretches(_BREAKS, bare):
        if (
            stretch in lists.answers
            or lists.denial.fullmatch(stretch)
            or lists.noise.fullmatch(stretch)
            or _mash(stretch)
        ):
            answered = True
        elif stretch in lists.labels:
            continue
        else:
            # 好的谢谢: an answer with courtesy behind it, or courtesy alone.
            while stretch.endswith(lists.courtesy):
                longest = max(filter(stretch.endswith, lists.courtesy), key=len)
                stretch = stretch.removesuffix(longest).rstrip()
            if stretch and stretch not in lists.answers:
                return False
            answered = answered or bool(stretch)
    # Only digits and marks are left where there is no stretch at all.
    return answered or not _BREAKS.sub("", bare).strip()


def _stretches(breaks: re.Pattern[str], text: str) -> Iterator[str]:
    for stretch in breaks.split(_BLANK.sub("", text)):
        if stretch := stretch.strip():
            yield stretch


def _mash(word: str) -> bool:
    """Say whether letters were struck side by side on a keyboard: asdf, sdfsdf, dfgjkl.

    >>> _mash("qweqwe"), _mash("good")
    (True, False)
    """
    letters = set(word)
    if len(word) < 4 or not word.isascii():
        return False
    for row in _ROWS:
        if letters.issubset(row):
            places = sorted(map(row.index, letters))
            together = places[-1] - places[0] + 1 == len(places) > 2
            return together or (len(word) > 4 and not letters & set("aeiou"))
    return False


def _from_template(text: str, lists: ContentLists) -> bool:
    found = False
    if any(mark in text for mark in "[(（【〔<"):
        # [图片] goes; the brackets of others are breaks.
        shorter = _BRACKETED.sub(
            lambda match: " , " if match.group(1).strip() in lists.bracketed else match.group(),
            text,
        )
        found = shorter != text
        text = shorter
    for stretch in _stretches(_PUNCTUATION, text):
        if lists.template.fullmatch(stretch):
            found = True
        elif not lists.companion.fullmatch(stretch) and stretch not in lists.answers:
            return False
    return found and not _SPEAKING.search(text)


def _advertises(text: str, found: list[tuple[int, int, int]], lists: ContentLists) -> bool:
    kinds = 0
    for number, _, _ in found:
        kinds |= lists.kinds[number]
    if kinds & _UNLESS or not kinds & (_GOODS | _PITCH | _TOPICS):
        return False
    covers = [(start, end) for number, start, end in found if lists.kinds[number] in (0, _CALLS)]
    places = [
        (lists.kinds[number], start, end)
        for number, start, end in found
        # 微信 in 加微信 is no second piece of evidence, 加v in 加vip none at all.
        if not any(a <= start and end <= b and (a, b) != (start, end) for a, b in covers)
    ]
    told = "我" in text and "我" in lists.own.sub("", text)
    if kinds & (_GOODS | _PITCH) or _apart(places, _TOPICS, _AUDIENCE):
        offer = _GOODS | _PITCH | (_TOPICS if kinds & _AUDIENCE else 0)
        if told and not _apart(places, _CALLS, _ADDRESS):
            return False
        return _apart(places, offer, _CALLS | _ADDRESS) or _apart(places, _GOODS, _PITCH)
    return not told and _apart(places, _TOPICS, _CALLS)


def _apart(places: list[tuple[int, int, int]], one: int, other: int) -> bool:
    return any(
        kind & one and second & other and (end <= start_of_second or end_of_second <= start)
        for kind, start, end in places
        for second, start_of_second, end_of_second in places
    )


def _any(words: Iterable[str]) -> str:
    # The longest first, so that 没有 is not read as 没.
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _denial(parts: Mapping[str, Collection[str]]) -> str:
    one = {name: f"(?:{_any(words)})" for name, words in parts.items()}
    what = [word for word in parts["deny"] if word.endswith(("什么", "啥", "甚么"))]
    after = f"{one['after']}{{0,3}}"
    nothing = f"{one['nothing']}(?:{one['join']}?{one['nothing']}){{0,2}}"
    denials = [
        f"(?:{one['before']}|{one['before_noun']}){{0,4}}{one['deny']}{one['which']}{{0,4}}{nothing}{after}",
        f"{one['before']}{{0,3}}(?:{_any(what)}){one['which']}{{0,2}}{one['before_say']}{{0,2}}"
        f"{one['say']}{after}",
        f"{one['before']}{{0,3}}{one['deny']}{one['which']}{{0,3}}{one['before_say']}{{1,2}}"
        f"{one['say']}的{after}",
        f"{one['before']}{{0,3}}{one['ignorance']}{after}",
        f"{one['before']}{{0,3}}{one['deny']}{after}",
    ]
    courtesy = f"(?:{one['courtesy']} ?)*"
    # Atomic, the longest forms first: 没有了没有了… may be taken apart in too many ways.
    return f"{courtesy}(?>{one['labels']}?(?:{'|'.join(denials)}) ?{courtesy})++"


def _template(line: str) -> str:
    escaped = re.escape(line).replace(re.escape("…"), _WILD)
    return re.sub(r"\\([(|)])", r"\1", escaped).replace("(", "(?:")


def _starts(line: str) -> set[str]:
    """Return what a line may begin with: two characters, fewer where it is shorter.

    >>> sorted(_starts("(甲乙|丙|)丁…")), sorted(_starts("亲")), sorted(_starts("(甲|)…"))
    (['丁…', '丙丁', '甲乙'], ['亲'], ['…', '甲…'])
    """
    starts = {""}
    for part in re.findall(r"\([^()]*\)|.", line):
        if all(len(start) > 1 for start in starts):
            break
        choices = part.strip("()").split("|")
        starts = {
            start if len(start) > 1 else (start + choice)[:2]
            for start in starts
            for choice in choices
        }
    return starts


def _answers(path: Path) -> Iterator[str]:
    for where, line in _lines(path):
        if line != (bare := _EDGES.sub("", line).lower()):
            raise LexiconError(
                f"{where}: expected a lower-case answer without punctuation at its edges, "
                f"got {line!r}; write {bare!r}"
            )
        yield line


def _templates(path: Path) -> tuple[list[str], list[str], set[str]]:
    templates: list[str] = []
    companions: list[str] = []
    bracketed: set[str] = set()
    for where, line in _lines(path):
        word = line.strip("[]").lstrip("+")
        if line[0] == "[" and line[-1] == "]":
            bracketed.add(word)
        elif line[0] == "+":
            companions.append(word)
        else:
            templates.append(word)
        literal = re.sub(r"[…(|) ]", "", word)
        if literal != literal.lower() or _PUNCTUATION.search(literal):
            raise LexiconError(
                f"{where}: expected lower-case words without punctuation, got {line!r}; write one "
                "line for each stretch between punctuation"
            )
        if any("…" in start for start in _starts(word)) or word.count("(") != word.count(")"):
            raise LexiconError(
                f"{where}: expected two or more characters before '…' and brackets closed, "
                f"got {line!r}"
            )
    return templates, companions, bracketed


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for lineno, line in enumerate(_read(path).splitlines(), start=1):
        if line := line.partition("#")[0].strip():
            yield f"{path}:{lineno}", line


def _words_of(path: Path, names: Collection[str]) -> dict[str, list[str]]:
    try:
        content = yaml.safe_load(_read(path))
    except yaml.YAMLError as exc:
        raise LexiconError(f"{path}: expected YAML, got: {' '.join(str(exc).split())}") from exc
    if not isinstance(content, dict):
        raise LexiconError(f"{path}: expected lists named {', '.join(names)}, got {content!r:.40}")
    for name in content:
        if name not in names:
            raise LexiconError(
                f"{path}: expected {', '.join(names)}, got {name!r}{did_you_mean(str(name), names)}"
            )
    for name in names:
        words = content.get(name)
        if not isinstance(words, list) or not words:
            raise LexiconError(f"{path}: {name}: expected a list of words, got {words!r:.40}")
        for word in words:
            if not isinstance(word, str) or not word or word != word.lower().strip():
                raise LexiconError(
                    f"{path}: {name}: expected a lower-case word without blanks around it, "
                    f"got {word!r}; quote what YAML reads as a number or a truth value"
                )
    return content


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise LexiconError(f"{path}: expected a readable UTF-8 file, got: {exc}") from exc
