"""Which encoding a text is in, told by its first bytes."""

from __future__ import annotations

import codecs

import charset_normalizer

from pipeline.errors import InputError, did_you_mean

_EVERYDAY = "的一是不了我在有人個个這这說说客戶户務务時时來来你好沒没"


def detect_encoding(head: bytes, name: str = "the input") -> str:
    """Return the codec of a prefix: byte-order marks, then UTF-8, then GB18030, then a guess.

    GBK is part of GB18030, so GBK files are read as GB18030.

    >>> detect_encoding("客户".encode("gbk"))
    'gb18030'
    """
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return codec
    nulls = head[:4096].count(0)
    if nulls > 1 and nulls > len(head[:4096]) // 10:
        even = head[:4096:2].count(0)
        return "utf-16-be" if even > nulls // 2 else "utf-16-le"
    errors = {codec: _bad_share(head, codec) for codec in ("utf-8", "gb18030")}
    if errors["utf-8"] == 0:
        return "utf-8"
    if errors["gb18030"] == 0:
        # Big5 bytes are valid GB18030 too: everyday characters tell which reading is Chinese.
        if _bad_share(head, "big5") == 0 and everyday(head, "big5") > everyday(head, "gb18030"):
            return "big5"
        return "gb18030"
    # A few bad bytes are the fault of their rows, so whole lines vote.
    clean = {codec: _clean_share(head, codec) for codec in ("utf-8", "gb18030")}
    codec = max(clean, key=lambda key: clean[key])
    if clean[codec] >= 0.5 or errors[codec] < 0.02:
        return codec
    best = charset_normalizer.from_bytes(head[:20_000]).best()
    if best is None:
        raise InputError(
            f"{name}: expected text in utf-8, gb18030 or utf-16, found other bytes; "
            "set 'encoding:' of this source, or save the file as UTF-8"
        )
    return best.encoding


def known_codec(encoding: str, head: bytes, name: str) -> str:
    """Return the codec a source names; `InputError` where it is none or the bytes are others."""
    try:
        "".encode(encoding)  # refuses codecs such as base64, which lookup() knows too
        codec = codecs.lookup(encoding).name
    except LookupError as exc:
        known = ["utf-8", "gbk", "gb18030", "utf-16", "big5"]
        raise InputError(
            f"{name}: no text encoding named {encoding!r}{did_you_mean(encoding, known)}; "
            f"expected one such as {', '.join(known)}, or auto"
        ) from exc
    if codec == "utf-16" and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16-le"
    if not codec.startswith("utf-16") and _clean_share(head, codec) < 0.5 and not head.isascii():
        raise InputError(
            f"{name}: expected text in {encoding}, as 'encoding:' of the source says, found other "
            f"bytes, perhaps {detect_encoding(head, name)}; set that, or auto"
        )
    return codec


def _bad_share(head: bytes, codec: str) -> float:
    # final=False: a prefix may end in the middle of a character.
    decoder = codecs.getincrementaldecoder(codec)(errors="replace")
    text = decoder.decode(head, final=False)
    return text.count("�") / max(len(text), 1)


def _clean_share(head: bytes, codec: str) -> float:
    """Return the share of lines with non-ASCII bytes that decode without fault."""
    lines = [line for line in head.split(b"\n")[:2000] if not line.isascii()]
    good = 0
    for line in lines:
        try:
            line.decode(codec)
        except UnicodeDecodeError:
            continue
        good += 1
    return good / max(len(lines), 1)


def everyday(head: bytes, codec: str) -> int:
    """Count the everyday 汉字 that bytes read as in a codec."""
    text = codecs.getincrementaldecoder(codec)(errors="replace").decode(head, final=False)
    return sum(text.count(character) for character in _EVERYDAY)
