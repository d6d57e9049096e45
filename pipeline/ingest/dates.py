"""Times as exports write them, as aware datetimes."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

_DATE = re.compile(
    r"^\s*(?P<y>(?:19|20)\d\d)\s*(?:[-/.年])\s*(?P<m>\d{1,2})\s*(?:[-/.月])\s*(?P<d>\d{1,2})\s*[日号]?"
    r"(?:\s*(?:星期|周)[一二三四五六日天])?(?P<rest>.*)$",
    re.S,
)
_COMPACT = re.compile(r"^((?:19|20)\d\d)(\d\d)(\d\d)(?:\s*(\d\d):?(\d\d)(?::?(\d\d))?)?$")
_WESTERN = re.compile(r"^\s*(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>(?:19|20)\d\d)(?P<rest>.*)$", re.S)
_CLOCK = re.compile(
    r"^[T,\s]*(?P<half>上午|下午|晚上|凌晨|中午|早上)?\s*"
    r"(?P<h>\d{1,2})\s*[:时点]\s*(?P<min>\d{1,2})?\s*[:分]?\s*(?P<s>\d{1,2})?(?:[.,]\d+)?\s*秒?"
    r"\s*(?P<ampm>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?\s*$"
)
_NUMBER = re.compile(r"^\d+(?:\.\d+)?$")
_EXCEL_EPOCH = datetime(1899, 12, 30)


def parse_time(value: object, zone: ZoneInfo) -> datetime | None:
    """Return the aware time a cell means, in ``zone``, or None where it means none.

    Understands text (``2026/9/3 12:00:00``, ``2026年9月3日 下午3点20分``, ISO 8601 with zone,
    ``20260903``), Excel serials (1982 … 2064) and Unix seconds or milliseconds. A time without a
    zone is read as local; ``9/3/2026`` is read month first, unless that is impossible.

    >>> parse_time("2026/9/3 12:00:00", ZoneInfo("Asia/Shanghai")).isoformat()
    '2026-09-03T12:00:00+08:00'
    >>> parse_time(46268.5, ZoneInfo("Asia/Shanghai")).isoformat()
    '2026-09-03T12:00:00+08:00'
    >>> parse_time("2026-02-30", ZoneInfo("Asia/Shanghai")) is None
    True
    """
    try:
        moment = _parse(value)
        if moment is None:
            return None
        return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return None


def _parse(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _from_number(float(value))
    text = str(value).strip().replace("：", ":")
    if not text or len(text) > 64:
        return None
    if match := _COMPACT.match(text):
        return datetime(*(int(part) for part in match.groups(default="0")))  # type: ignore[arg-type]
    if _NUMBER.match(text):
        return _from_number(float(text))
    if match := _DATE.match(text):
        return _with_clock(int(match["y"]), int(match["m"]), int(match["d"]), match["rest"])
    if match := _WESTERN.match(text):
        month, day = int(match["m"]), int(match["d"])
        if month > 12:
            month, day = day, month
        return _with_clock(int(match["y"]), month, day, match["rest"])
    return None


def _with_clock(year: int, month: int, day: int, rest: str) -> datetime | None:
    if not rest.strip():
        return datetime(year, month, day)
    match = _CLOCK.match(rest)
    if match is None:
        return None
    hour = int(match["h"])
    half = match["half"] or ""
    late = half in {"下午", "晚上"} or (half == "中午" and hour < 11)
    ampm = (match["ampm"] or "").replace(".", "").lower()
    if hour < 12 and (late or ampm == "pm"):
        hour += 12
    elif hour == 12 and (half in {"凌晨", "上午"} or ampm == "am"):
        hour = 0
    moment = datetime(year, month, day, hour, int(match["min"] or 0), int(match["s"] or 0))
    offset = match["zone"]
    if not offset:
        return moment
    if offset in {"Z", "UTC", "GMT"}:
        offset = "+00:00"
    return datetime.fromisoformat(f"{moment.isoformat()}{offset[:3]}:{offset[-2:]}")


def _from_number(number: float) -> datetime | None:
    if 30_000 <= number < 60_000:
        # To whole seconds: a serial holds 12:00:00 as 11:59:59.9999.
        return _EXCEL_EPOCH + timedelta(seconds=round(number * 86_400))
    if 631_152_000 <= number < 4_102_444_800:
        return datetime.fromtimestamp(number, tz=ZoneInfo("UTC"))
    if 631_152_000_000 <= number < 4_102_444_800_000:
        return datetime.fromtimestamp(number / 1000, tz=ZoneInfo("UTC"))
    return None
