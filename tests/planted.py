"""Personal information planted in every place it can come in by, and the search for what is left.

A value is planted once: which one is found says where it came in. All of it is invented.
"""

from __future__ import annotations

import io
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq

from tests.conftest import write_config

PLACES = (
    "ticket xlsx",
    "ticket gb18030",
    "survey answer",
    "survey question",
    "attribute",
    "id",
    "customer id",
    "call txt",
    "call funasr",
    "file name",
    "row of too many cells",
    "row of broken JSON",
    "row of other bytes",
    "column of a headerless file",
    "name of a column found",
    "exception",
)
_SPOKEN = str.maketrans("0123456789", "零幺二三四五六七八九")
_FULL = str.maketrans("0123456789", "０１２３４５６７８９")
_SURNAMES = "钱孙李周吴郑王冯陈"
_GIVEN = "晓雨宏志欣怡俊杰婉清浩然梓涵思远嘉宁"


@dataclass(frozen=True)
class Secret:
    """One value: ``words`` say it as a customer would, ``needles`` must be found nowhere."""

    kind: str
    place: str
    value: str
    words: str
    needles: tuple[str, ...]


def secrets(place: str) -> dict[str, Secret]:
    """Return the secrets of a place by kind; no other place has any of them."""
    found: dict[str, Secret] = {}
    first = (PLACES.index(place) + 11) * 100

    def add(kind: str, value: str, words: str, *needles: str) -> None:
        digits = max((re.sub(r"[^0-9]", "", one) for one in (value, *needles)), key=len)
        more = [value, *needles]
        if len(digits) >= 10:
            # Half a number is personal too; that of identity opens with a place and a year.
            more += (
                [digits, digits[-10:]] if kind == "id card" else [digits, digits[:10], digits[-10:]]
            )
        found[kind] = Secret(kind, place, value, words.format(value), tuple(dict.fromkeys(more)))

    numbers = iter(range(first, first + 100))
    number = mobile(next(numbers))
    add("mobile", number, "排队排了半天，请打{}回电")
    number = mobile(next(numbers))
    add("spaced mobile", f"{number[:3]} {number[3:7]} {number[7:]}", "我的号码{}，没人回", number)
    number = mobile(next(numbers))
    add("full-width mobile", number.translate(_FULL), "联系电话{}，麻烦回一下", number)
    number = mobile(next(numbers))
    add("+86 mobile", f"+86 {number[:3]}-{number[3:7]}-{number[7:]}", "国外打{}找我", number)
    number = mobile(next(numbers))
    add("spoken mobile", number.translate(_SPOKEN), "我手机是{}，记一下", number)
    n = next(numbers)
    add("landline", f"0755-83{n:04d}12", "家里电话{}一直没人打来", f"83{n:04d}12")
    add("id card", id_card(next(numbers)), "我的身份证号是{}，查一下")
    card = bank_card(next(numbers))
    spaced = " ".join(card[i : i + 4] for i in range(0, len(card), 4))
    add("bank card", spaced, "银行卡号{}被扣了钱", card)
    n = next(numbers)
    add("e-mail", f"li{n}@post{n}.example.cn", "邮箱{}没收到账单", f"li{n}@", f"post{n}.")
    n = next(numbers)
    add("plate", f"沪A{n:04d}K", "我的车{}被拖走了", f"A{n:04d}K")
    n = next(numbers)
    add("WeChat", f"wxlin_{n}a", "加我微信{}说吧", f"lin_{n}a")
    n = next(numbers)
    add("QQ", f"28{n:04d}7713", "我的QQ是{}，加一下")
    n = next(numbers)
    add(
        "name",
        _SURNAMES[n // 324] + _GIVEN[n % 18] + _GIVEN[(n // 18) % 18],
        "我叫{}，等了很久",
    )
    n = next(numbers)
    add("address", f"云杉路{n}号3单元501室", "我家住{}，太远了", f"云杉路{n}号", f"{n}号3单元")
    n = next(numbers)
    add("IP", f"117.{n // 100}.{n % 100 + 100}.77", "登录的IP是{}，不是我")
    n = next(numbers)
    add("order", f"DD2026{n:04d}07", "订单号{}还没到账")
    n = next(numbers)
    add("certificate", f"E{n:04d}7788", "护照号{}录错了")
    n = next(numbers)
    add("handle", f"@小雨点{n}", "{} 你们也来看看", f"小雨点{n}")
    return found


def mobile(n: int) -> str:
    return f"1420{n:04d}{n * 7919 % 1000:03d}"


def split_mobile(place: str) -> Secret:
    """Return a number said in three turns of a call."""
    number = mobile((PLACES.index(place) + 11) * 100 + 99)
    return Secret("mobile over turns", place, number, number, (number, number[:10], number[-10:]))


def id_card(n: int) -> str:
    """Return a number of identity whose check sign is X, born on a day of its own."""
    day = f"{1950 + n // 336}{n // 28 % 12 + 1:02d}{n % 28 + 1:02d}"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    bodies = (f"110101{day}{serial:03d}" for serial in range(100, 1000))
    return next(
        f"{body}X"
        for body in bodies
        if sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11 == 2
    )


def bank_card(n: int) -> str:
    body = f"622202{n:04d}88{n * 31 % 1000000:06d}"
    doubled = [int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(reversed(body))]
    return f"{body}{-sum(d // 10 + d % 10 for d in doubled) % 10}"


def every_secret() -> list[Secret]:
    found = [secret for place in PLACES for secret in secrets(place).values()]
    return [*found, split_mobile("call txt"), split_mobile("call funasr")]


# ---- planting


def plant(folder: Path, **more: object) -> Path:
    """Write inputs that hold every secret but those of failures; return their config.yaml."""
    sources = [
        *_tickets(folder),
        *_surveys(folder),
        *_columns(folder),
        *_calls(folder),
        *_refused(folder),
    ]
    run = {"quarantine_limit": 1.0, "workers": 1}
    return write_config(folder, *sources, **{"run": run, **more})


def _tickets(folder: Path) -> Iterator[dict[str, object]]:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["工单编号", "受理时间", "投诉内容", "网点"])
    for n, secret in enumerate(secrets("ticket xlsx").values()):
        sheet.append([f"TX-{n:03d}", "2026-09-03 10:00:00", secret.words, "云桥支行"])
    book.save(folder / "tickets.xlsx")
    yield {"name": "tickets", "kind": "complaint", "path": "tickets.xlsx"}
    lines = ["工单编号,受理时间,投诉内容,网点"]
    for n, secret in enumerate(secrets("ticket gb18030").values()):
        lines.append(f"TG-{n:03d},2026-09-03 10:00:00,{secret.words},东湖支行")
    (folder / "tickets_gbk.csv").write_bytes("\n".join(lines).encode("gb18030"))
    yield {"name": "tickets-gbk", "kind": "complaint", "path": "tickets_gbk.csv"}


def _surveys(folder: Path) -> Iterator[dict[str, object]]:
    lines = ["答卷编号,提交答卷时间,1、您有什么建议？"]
    for n, secret in enumerate(secrets("survey answer").values()):
        lines.append(f"SV-{n:03d},2026/9/3 12:00:00,{secret.words}")
    (folder / "survey.csv").write_text("\n".join(lines), encoding="utf-8")
    yield {"name": "survey", "kind": "survey", "path": "survey.csv"}
    asked = secrets("survey question").values()
    names = [f"{n}、您对我们的服务（{one.words}）有什么建议？" for n, one in enumerate(asked, 1)]
    cells = ("多开两个窗口吧", "少收点手续费", "没有停车的地方")
    lines = [",".join(["答卷编号", *names])]
    lines += [",".join([f"SQ-{n}", *(f"{cell}{n}" for _ in names)]) for n, cell in enumerate(cells)]
    (folder / "questions.csv").write_text("\n".join(lines), encoding="utf-8")
    yield {"name": "questions", "kind": "survey", "path": "questions.csv"}


def _columns(folder: Path) -> Iterator[dict[str, object]]:
    members = secrets("attribute").values()
    numbers = secrets("id").values()
    customers = secrets("customer id").values()
    lines = ["工单编号,客户编号,投诉内容,网点"]
    for n, (member, number, customer) in enumerate(zip(members, numbers, customers, strict=True)):
        # Bare, a QQ number or an order is a number like any other: a cue stands beside those.
        bare = number.kind in {"mobile", "+86 mobile", "id card", "e-mail", "plate", "IP"}
        identity = number.value if bare else number.words.replace("，", " ")
        text = f"第{n}次来还是要排队"
        lines.append(f"{identity},{customer.value},{text},{member.words.replace('，', ' ')}")
    (folder / "columns.csv").write_text("\n".join(lines), encoding="utf-8")
    yield {"name": "columns", "kind": "complaint", "path": "columns.csv"}


def _calls(folder: Path) -> Iterator[dict[str, object]]:
    calls = folder / "calls"
    named = secrets("file name")
    inner = calls / f"客户{named['name'].value}{named['spaced mobile'].needles[1]}"
    inner.mkdir(parents=True)
    turns = list(_turns("call txt"))
    text = "\n".join(f"{'客户' if n % 2 else '客服'}：{words}" for n, words in enumerate(turns))
    (calls / f"20260903_{named['mobile'].value}_0007.txt").write_text(text, encoding="utf-8")
    short = "客服：您好\n客户：卡被吞了，等了两个小时没人管\n"
    (inner / f"{named['id card'].value}.txt").write_text(short, encoding="utf-8")
    (calls / f"来电{named['landline'].value}.txt").write_text(short, encoding="utf-8")
    (calls / f"{named['e-mail'].value}.txt").write_text(f"{short}客户：算了\n", encoding="utf-8")
    # A name of a file that stands in quarantine.
    silent = '[{"key": "a", "text": "", "sentence_info": []}]'
    (calls / f"{named['+86 mobile'].value}.json").write_text(silent, encoding="utf-8")
    sentences = [
        {"text": words, "start": n * 2000, "end": n * 2000 + 1800, "spk": n % 2}
        for n, words in enumerate(_turns("call funasr"))
    ]
    key = f"20260904_{named['full-width mobile'].needles[1]}"
    whole = "".join(str(one["text"]) for one in sentences)
    (calls / f"{key}.json").write_text(
        json.dumps([{"key": key, "text": whole, "sentence_info": sentences}], ensure_ascii=True),
        encoding="utf-8",
    )
    yield {"name": "calls", "kind": "transcript", "path": "calls"}


def _turns(place: str) -> Iterator[str]:
    """Yield what is said, agent first, by turns."""
    yield "您好，请问有什么可以帮您"
    for secret in secrets(place).values():
        yield secret.words
        yield "好的，已经登记"
    number = split_mobile(place).value
    yield f"我的电话是{number[:3]}"
    yield "嗯"
    yield number[3:7]
    yield "嗯您继续"
    yield number[7:]


def _refused(folder: Path) -> Iterator[dict[str, object]]:
    lines = ["工单编号,投诉内容,网点"]
    lines += [f"TC-{n},手续费又涨了第{n}次,云桥支行" for n in range(20)]
    for n, secret in enumerate(secrets("row of too many cells").values()):
        lines.append(f"TM-{n:03d},{secret.words.replace('，', '')},云桥支行,多,余")
    (folder / "cells.csv").write_text("\n".join(lines), encoding="utf-8")
    yield {"name": "cells", "kind": "complaint", "path": "cells.csv"}
    lines = [f'{{"id": "J{n}", "text": "利息算不清楚第{n}次"}}' for n in range(20)]
    for secret in secrets("row of broken JSON").values():
        lines.append(f'{{"id": "{secret.value}", "text": "{secret.words}')
    (folder / "broken.jsonl").write_text("\n".join(lines), encoding="utf-8")
    yield {"name": "broken", "kind": "complaint", "path": "broken.jsonl"}
    head = ["工单编号,投诉内容,网点", *(f"TB-{n},没有停车位第{n}次,东湖支行" for n in range(40))]
    other = [f"TO-{n},{s.words},东" for n, s in enumerate(secrets("row of other bytes").values())]
    content = "\n".join(head).encode() + b"\n" + "\n".join(other).encode("gb18030")
    (folder / "bytes.csv").write_bytes(content)
    yield {"name": "bytes", "kind": "complaint", "path": "bytes.csv"}
    bare = folder / "headerless"
    bare.mkdir()
    for n, secret in enumerate(secrets("column of a headerless file").values()):
        first = f"TH-{n:03d},{secret.words.replace('，', ' ')},云桥支行"
        more = f"TH-{n:03d}b,柜员态度不好第{n}次,东湖支行\nTH-{n:03d}c,,东湖支行"
        (bare / f"{n:02d}.csv").write_text(f"{first}\n{more}\n", encoding="utf-8")
    yield {"name": "headerless", "kind": "complaint", "path": "headerless"}


# ---- searching


def forms_of(needle: str) -> set[bytes]:
    """Return the bytes a value can lie there as."""
    escaped = json.dumps(needle)[1:-1]
    upper = re.sub(r"\\u([0-9a-f]{4})", lambda found: f"\\u{found[1].upper()}", escaped)
    forms = {needle.encode(), needle.encode("utf-16-le"), needle.encode("utf-16-be")}
    return forms | {escaped.encode(), upper.encode(), needle.encode("gb18030")}


def leaks(places: Mapping[str, bytes], among: Iterable[Secret] = ()) -> list[str]:
    """Return ``place of entry: kind in where it lies`` for all that is found."""
    found: list[str] = []
    for secret in among or every_secret():
        forms = {form for needle in secret.needles for form in forms_of(needle)}
        where = [name for name, content in places.items() if any(f in content for f in forms)]
        if where:
            found.append(f"{secret.place}: {secret.kind} {secret.value} in {', '.join(where)}")
    return found


def left_in(*folders: Path, without: Iterable[str] = ()) -> dict[str, bytes]:
    """Return every byte below the folders by file, and what databases and parts hold unpacked.

    ``without`` are names of inputs at the top of the first folder. Names of what was written
    count as content.
    """
    found: dict[str, bytes] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            if folder == folders[0] and name.split("/")[0] in without:
                continue
            found[f"{folder.name}/{name}"] = name.encode()
            if path.is_file() and not path.is_symlink():
                found[f"{folder.name}/{name}"] += b"\n" + path.read_bytes()
    for folder in folders:
        for path in folder.rglob("*"):
            if path.suffix == ".parquet":
                rows = pq.read_table(path).to_pylist()
                found[f"rows of {path.name}"] = "\n".join(map(str, rows)).encode()
    return found


def unpacked(database: Path) -> dict[str, bytes]:
    """Return every cell of a database by table, and the terms of its search index."""
    found: dict[str, bytes] = {}
    with closing(sqlite3.connect(database)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
        ).fetchall()
        for (name,) in tables:
            out = io.StringIO()
            # Views of an old SQLite or the shadow tables of an index may not be read.
            with suppress(sqlite3.DatabaseError):
                for row in connection.execute(f'SELECT * FROM "{name}"'):
                    print(*row, sep="\x1f", file=out)
            found[f"table {name}"] = out.getvalue().encode("utf-8", "replace")
        if ("documents_fts",) in tables:
            terms = index_terms(connection)
            found["search index"] = "\n".join(terms).encode()
    return found


def index_terms(connection: sqlite3.Connection) -> list[str]:
    connection.execute(
        "CREATE VIRTUAL TABLE temp.planted_terms USING fts5vocab(main, documents_fts, row)"
    )
    return [str(row[0]) for row in connection.execute("SELECT term FROM temp.planted_terms")]
