"""Complaints: ticket exports, one ticket a row.

An agent's third-person note (客户反映…) is kept word for word; `pipeline.text.notes` tells what of
it the customer said.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.ingest.reader import Reader
from pipeline.ingest.rows import read_table
from pipeline.ingest.sniff import table_likeness


def _sniff(path: Path, head: bytes) -> float:
    return table_likeness(path, head)


READER = Reader("complaints", ("complaint",), _sniff, read_table)
