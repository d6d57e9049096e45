"""Search finds what is written: two characters, one, phrases, words, in either script."""

import csv
import random
import re
import sqlite3
from itertools import islice
from pathlib import Path

import pytest
from sqlite_utils import Database

from pipeline.store.search import rebuild, search
from pipeline.text.clean import clean, simplify
from tests.test_store_publish import bare, put, spoken

DATA = Path(__file__).parents[2] / "shared" / "data"
SAID = {
    "a": "柜员态度很差，打电话没人接",
    "b": "没人。接电话也没用",
    "c": "APP闪退，wifi连不上",
    "d": "還款態度惡劣",
    "e": "还行",
}


def opened(path):
    return Database(sqlite3.connect(path, isolation_level=None))


@pytest.fixture
def db(tmp_path):
    pairs = [spoken(key, said, simplified=simplify(said)) for key, said in SAID.items()]
    put(tmp_path / "voc.db", *pairs)
    return opened(tmp_path / "voc.db")


def found(db, query, **options):
    return sorted(hit.document_id for hit in search(db, query, **options))


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("态度", "ad"),
        ("没人接", "a"),
        ("没人", "ab"),
        ("接", "ab"),
        ("差", "a"),
        ("用", "b"),
        ("行", "e"),
        ("態度", "ad"),
        ("还款态度恶劣", "d"),
        ("打電話", "a"),
        ("app", "c"),
        ("APP", "c"),
        ("ap", ""),
        ("WiFi", "c"),
        ("态度 没人接", "a"),
        ("态度，没人接！", "a"),
        ("态度 AND 没人接", ""),
        ("态度 OR 闪退", ""),
        ("NOT 态度", ""),
        ('"态度"', "ad"),
        ("态度*", "ad"),
        ("terms:态度", ""),
        ("(态度", "ad"),
        ("态^度", "ad"),
        ("差，打", "a"),
        ("", ""),
        ("，。！", ""),
        ("接没", ""),
    ],
)
def test_a_query_finds(db, query, ids):
    assert found(db, query) == sorted(ids)


def test_a_hit_shows_where_the_words_stand_in_the_stored_text(db):
    (hit,) = search(db, "恶劣")
    assert hit.text == SAID["d"]
    assert [hit.text[start:end] for start, end in hit.spans] == ["惡劣"]


def test_no_more_hits_than_asked_for(db):
    assert len(search(db, "态度", limit=1)) == 1
    assert search(db, "态度", limit=0) == []


def test_replaced_and_deleted_documents_are_not_found(tmp_path):
    path = tmp_path / "voc.db"
    put(path, bare("a", "态度差"), bare("b", "没人接"))
    put(path, bare("a", "排队久"))
    db = opened(path)
    assert [found(db, query) for query in ("态度", "没人接", "差", "排队")] == [[], [], [], ["a"]]
    db.conn.execute("INSERT INTO documents_fts(documents_fts) VALUES ('integrity-check')")


def test_an_index_made_anew_finds_the_same(db):
    before = [search(db, query) for query in ("态度", "没人接", "app", "接")]
    rebuild(db)
    assert [search(db, query) for query in ("态度", "没人接", "app", "接")] == before


@pytest.mark.skipif(not DATA.exists(), reason="needs the shared data beside the repository")
def test_search_finds_what_a_plain_scan_finds(tmp_path):
    with (DATA / "bank_comments.csv").open(encoding="utf-8-sig", newline="") as file:
        texts = [clean(row["text"]) for row in islice(csv.DictReader(file), 5000)]
    documents = {f"{i:05}": (text, simplify(text)) for i, text in enumerate(texts)}
    put(
        tmp_path / "voc.db",
        *(spoken(key, text, simplified=simple) for key, (text, simple) in documents.items()),
    )
    db, rng, asked = opened(tmp_path / "voc.db"), random.Random(7), set()
    pool = list(documents.values())
    for _ in range(2000):
        _, text = rng.choice(pool)
        start = rng.randrange(max(1, len(text)))
        query = text[start : start + rng.choice([2, 3, 4])]
        if re.fullmatch("[一-鿿]{2,4}", query) and simplify(query) == query:
            asked.add(query)
        if len(asked) == 50:
            break
    assert (len(asked), len(documents)) == (50, 5000)
    for query in sorted(asked):
        plain = sorted(key for key, (_, simple) in documents.items() if query in simple)
        assert found(db, query, limit=len(documents)) == plain, query
        assert plain
