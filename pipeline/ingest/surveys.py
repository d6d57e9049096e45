"""Surveys: one person a row, each open answer a record with its question and the scores beside it.

The answers of one person share the row's id and differ by question; answers such as 无 are kept.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.ingest.reader import Reader
from pipeline.ingest.rows import read_table
from pipeline.ingest.sniff import table_likeness


def _sniff(path: Path, head: bytes) -> float:
    return table_likeness(path, head)


READER = Reader("surveys", ("survey",), _sniff, read_table)
