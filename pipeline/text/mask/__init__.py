"""Find personal information and put irreversible marks in its place.

Expects cleaned text (``pipeline.text.clean``); cue words are looked up in its Simplified reading.
Numbers are judged by shape and by the words around them; a checksum only raises confidence.
Names are found by a cue or a title beside them; without one, by how much the characters look
like a name and how much the words around ask for one (``likely``). Familiar forms (小王, 王总,
张姐) name nobody outside their circle and stay; a surname that is given as such or made an
address (免贵姓孙, 王先生) goes. A mark can't be turned back into what it stands for.

``mask`` takes a text, ``mask_turns`` a call, ``mask_cell`` a table's cell with its column's name,
``excerpt`` a row that can't be read, ``scrub`` an error message or a path.
"""

from __future__ import annotations

from pipeline.text.mask.addresses import addresses
from pipeline.text.mask.cells import excerpt, mask_cell
from pipeline.text.mask.digits import numbers
from pipeline.text.mask.find import LABELS, Mask, Masked, find, mask
from pipeline.text.mask.messages import scrub
from pipeline.text.mask.names import names
from pipeline.text.mask.turns import mask_turns
from pipeline.text.mask.written import emails, handles, identifiers, ips, plates

__all__ = [
    "LABELS",
    "Mask",
    "Masked",
    "addresses",
    "emails",
    "excerpt",
    "find",
    "handles",
    "identifiers",
    "ips",
    "mask",
    "mask_cell",
    "mask_turns",
    "names",
    "numbers",
    "plates",
    "scrub",
]
