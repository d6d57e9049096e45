"""Copied and nearly copied texts: grouped, counted once, and only what really is a copy."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import job
from pipeline.config import load_settings
from pipeline.store.copies import mark_copies
from pipeline.text.copies import alike, originals, wording
from tests.conftest import rows

LONG = "营业厅周末不开门，上班族根本没有时间去办业务，每次都要请假，柜台又只开两个窗口"
NEAR = "营业厅周末不开门，上班族根本没有时间去办业务，每次都得请假，柜台又只开两个窗口"
OTHER = "手机银行登录总是闪退，客服让我重装了三次还是不行，太耽误事"


def found(texts: list[str]) -> list[int]:
    return originals(texts, lambda places: [texts[place] for place in places]).tolist()


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([LONG, OTHER, LONG], [-1, -1, 0]),
        ([LONG, LONG.replace("，", " ") + "！！", LONG.upper()], [-1, 0, 0]),
        ([LONG, NEAR], [-1, 0]),
        ([OTHER, LONG, NEAR, OTHER], [-1, -1, 1, 0]),
        # Two customers may say the same few words.
        (["服务态度很差", "服务态度很差"], [-1, -1]),
        # A short wording counts word for word only.
        (["排队排了一个多小时才办完", "排队排了两个多小时才办完"], [-1, -1]),
        (["排队排了一个多小时才办完", "排队排了一个多小时才办完。"], [-1, 0]),
        # Nobody words 好好好好: it says nothing about who wrote it.
        (["好好好好好好好好好好好好好好"] * 2, [-1, -1]),
        (["！！！？？？"] * 2, [-1, -1]),
        ([], []),
    ],
)
def test_what_is_a_copy(texts: list[str], expected: list[int]) -> None:
    assert found(texts) == expected


def test_a_long_chain_of_small_changes_repeats_one_original() -> None:
    texts = [LONG + "，" + OTHER]
    rng = random.Random(3)
    for _ in range(20):
        last = list(texts[0])
        last[rng.randrange(len(last))] = "呢"
        texts.append("".join(last))
    assert found(texts) == [-1] + [0] * 20


@given(st.lists(st.text(alphabet="排队太久服务态度差没人管，。 ABC", max_size=60), max_size=30))
def test_an_original_repeats_nothing_and_comes_first(texts: list[str]) -> None:
    for place, original in enumerate(found(texts)):
        if original >= 0:
            assert original < place
            assert found(texts)[original] == -1
            same = wording(texts[place]) == wording(texts[original])
            assert same or alike(texts[place], texts[original]) > 0.5


def test_unlike_texts_of_the_samples_stay_apart(published) -> None:
    texts = [row["text"] for row in rows(published.database, "SELECT text FROM documents")]
    for place, original in enumerate(found(texts)):
        assert original < 0 or alike(texts[place], texts[original]) >= 0.8


SURVEY = "序号,提交时间,您的建议\n"


def survey(*answers: tuple[str, str]) -> str:
    return SURVEY + "".join(f"{n},{day} 10:00:00,{said}\n" for n, (day, said) in enumerate(answers))


@pytest.mark.usefixtures("loaded_once")
class TestOfARun:
    def test_copies_are_kept_and_counted_once(self, small: Callable[..., Path]) -> None:
        said = [("2026-09-03", LONG), ("2026-09-01", NEAR), ("2026-09-02", OTHER)]
        config = small(survey(*said, ("2026-09-04", "排队太久")))
        settings = load_settings(config)
        summary = job.run(settings)
        assert (summary.kept, summary.documents, summary.copies) == (4, 3, 1)
        held = rows(
            settings.output.database,
            "SELECT d.text, d.counted, o.text AS original FROM report_documents d"
            " LEFT JOIN report_documents o ON o.id = d.copy_of ORDER BY d.period_day",
        )
        # The oldest is the original, whatever the order of the file.
        assert [(row["text"], row["counted"], row["original"]) for row in held] == [
            (NEAR, 1, None),
            (OTHER, 1, None),
            (LONG, 0, NEAR),
            ("排队太久", 1, None),
        ]
        [cell] = rows(
            settings.output.database,
            "SELECT documents FROM report_silence WHERE period_type = 'all' AND topic = '*'"
            " AND channel = '*' AND dimension = '*'",
        )
        assert cell["documents"] == 3
        [quality] = rows(settings.output.database, "SELECT * FROM report_quality")
        assert (quality["documents"], quality["copies"], quality["counted"]) == (4, 1, 3)

    def test_they_are_counted_each_where_the_settings_say_so(
        self, small: Callable[..., Path]
    ) -> None:
        said = survey(("2026-09-03", LONG), ("2026-09-01", NEAR))
        settings = load_settings(small(said, aggregate={"count_copies": True}))
        summary = job.run(settings)
        assert (summary.documents, summary.copies) == (2, 1)

    def test_a_wording_of_many_is_a_template(self, small: Callable[..., Path]) -> None:
        said = [(f"2026-09-0{n}", LONG) for n in range(1, 6)] + [("2026-09-06", OTHER)] * 4
        settings = load_settings(small(survey(*said)))
        job.run(settings)
        held = rows(
            settings.output.database,
            "SELECT flag, count(*) AS n FROM documents GROUP BY flag ORDER BY flag",
        )
        assert [(row["flag"], row["n"]) for row in held] == [(None, 4), ("template", 5)]

    def test_when_the_original_goes_the_copy_is_counted(self, small: Callable[..., Path]) -> None:
        config = small(survey(("2026-09-01", LONG), ("2026-09-02", NEAR)))
        settings = load_settings(config)
        assert job.run(settings).documents == 1
        (config.parent / "answers.csv").write_text(survey(("2026-09-02", NEAR)), encoding="utf-8")
        summary = job.run(settings)
        assert (summary.documents, summary.copies) == (1, 0)

    def test_other_sources_are_no_copies_of_each_other(self, tmp_path: Path) -> None:
        from tests.conftest import write_config

        for name in ("one", "two"):
            (tmp_path / f"{name}.csv").write_text(survey(("2026-09-01", LONG)), encoding="utf-8")
        sources = [{"name": n, "kind": "survey", "path": f"{n}.csv"} for n in ("one", "two")]
        settings = load_settings(write_config(tmp_path, *sources))
        assert job.run(settings).documents == 2

    def test_marking_again_changes_nothing(self, small: Callable[..., Path]) -> None:
        said = [("2026-09-01", LONG), ("2026-09-02", NEAR), ("2026-09-03", LONG)]
        settings = load_settings(small(survey(*said)))
        job.run(settings)
        with closing(sqlite3.connect(settings.output.database)) as connection:
            before = connection.execute("SELECT * FROM documents").fetchall()
            changes = connection.total_changes
            assert mark_copies(connection) == 2
            assert connection.total_changes == changes
            assert connection.execute("SELECT * FROM documents").fetchall() == before
