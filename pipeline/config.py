"""Settings: ``config.yaml`` as typed, frozen models; unknown keys suggest the nearest known one.

Relative paths in the file are relative to the file's own folder, so a run gives the same result
from whichever directory it is started.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from pipeline.errors import ConfigError, did_you_mean
from pipeline.records import Kind

DEFAULT_CHANNELS: dict[str, str] = {
    "complaint": "complaint",
    "transcript": "hotline",
    "survey": "survey",
}


#: What the keys of files hold where nobody set them.
_FREE = ("", "auto")
_ASIDE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|\[[^\]]*\]", re.DOTALL)
_WRITING = re.compile(
    r"\b(?:insert|update|delete|merge|into|drop|alter|create|truncate|grant|call|exec)\b(?!\s*\()",
    re.IGNORECASE,
)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class SourceSettings(_Section):
    """One input: files of one kind, read by one reader."""

    name: str = Field(description="Name of the source, unique; stored with every document.")
    kind: Kind = Field(description="complaint, transcript or survey.")
    path: str = Field(
        default="",
        description="File, folder or glob pattern; relative to the folder of this file. "
        "Either this or query is needed.",
    )
    query: str = Field(
        default="", description="SELECT whose rows are the records, in place of a path."
    )
    url: SecretStr = Field(
        default=SecretStr(""),
        description="SQLAlchemy URL of the query's database. With a password, use url_env.",
    )
    url_env: str = Field(
        default="", description="Environment variable that holds that URL instead."
    )
    channel: str = Field(
        default="",
        description="Channel shown in results; default complaint, hotline or survey, by kind.",
    )
    reader: str = Field(
        default="auto", description="Name of a registered reader; auto recognises the content."
    )
    encoding: str = Field(default="auto", description="Text encoding; auto detects it.")
    sheet: str = Field(default="", description="Sheet of a workbook; empty takes the first.")
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="Which column holds text, id, time, customer, question; guessed if absent.",
    )
    answers: list[str] = Field(
        default_factory=list,
        description="Columns of a survey that hold open answers; guessed if empty.",
    )
    scores: dict[str, str] = Field(
        default_factory=dict, description="Score name (nps, csat …) to column."
    )
    attributes: dict[str, str] = Field(
        default_factory=dict,
        description="Dimension (branch, product, cohort …) to column; guessed if absent.",
    )
    constants: dict[str, str] = Field(
        default_factory=dict, description="Dimension to a fixed value for every record."
    )
    keep_days: int | None = Field(
        default=None,
        ge=1,
        description="Documents older than this many days are deleted at each run; default never. "
        "Age counts from when it was said, else from the run that last read it.",
    )

    @model_validator(mode="after")
    def _one_origin(self) -> SourceSettings:
        if bool(self.path) == bool(self.query):
            found = "both" if self.path else "neither"
            raise ValueError(f"expected either path or query, found {found}; set one of them")
        given = bool(self.url.get_secret_value()) + bool(self.url_env)
        if self.query and given != 1:
            found = "both" if given else "neither"
            raise ValueError(f"expected either url or url_env beside query, found {found}")
        if not self.query and given:
            raise ValueError("expected a query beside url or url_env, found none; set query")
        if self.query:
            fault = _not_reading(self.query)
            if fault:
                raise ValueError(f"query: expected one SELECT, found {fault}; nothing else is run")
            unfit = [
                key for key in ("reader", "encoding", "sheet") if getattr(self, key) not in _FREE
            ]
            if unfit:
                raise ValueError(f"{unfit[0]}: expected none beside query; remove it")
        return self

    @model_validator(mode="before")
    @classmethod
    def _default_channel(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("channel"):
            data = {**data, "channel": DEFAULT_CHANNELS.get(str(data.get("kind")), "")}
        return data


class OutputSettings(_Section):
    """Where results go."""

    database: Path = Field(default=Path("out/voc.sqlite"), description="SQLite file.")
    report: Path = Field(default=Path("out/report.html"), description="HTML report.")
    quarantine: Path = Field(
        default=Path("out/quarantine.csv"),
        description="CSV of the rows that could not be read, written at each run, also by one "
        "that stops because they are too many.",
    )


class TextSettings(_Section):
    """How text is segmented and which data files say what words mean."""

    segmenter: Literal["auto", "rjieba", "jieba"] = Field(
        default="auto", description="Word segmenter; auto takes rjieba where it is installed."
    )
    user_dictionaries: list[Path] = Field(
        default_factory=list,
        description="Further user dictionaries, one 'word [freq [tag]]' a line.",
    )
    lexicons: Path | None = Field(
        default=None, description="Folder of lexicons; default the one that ships."
    )
    models: Path | None = Field(
        default=None, description="Folder of models; default the one that ships."
    )
    industries: list[str] = Field(
        default_factory=list,
        description="Taxonomy packs, the first to decide what a word means; empty takes all: "
        "bank, airline, restaurant, hotel, retail, telecom, property, government.",
    )


class AggregateSettings(_Section):
    """How results are counted."""

    periods: list[Literal["day", "week", "month"]] = Field(
        default=["week", "month"], description="Period lengths; weeks start Monday."
    )
    dimensions: list[str] = Field(
        default_factory=lambda: ["branch", "product", "cohort"],
        description="Attributes to break results down by.",
    )
    min_n: Annotated[int, Field(ge=1)] = Field(
        default=10, description="Below this many documents no share is published (null, 不足)."
    )
    count_copies: bool = Field(
        default=False,
        description="Count a text once for every document that repeats it, not once in all.",
    )
    keep_runs: Annotated[int, Field(ge=1)] = Field(
        default=60,
        description="Newest runs whose counts and findings are kept; documents are not touched.",
    )
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = Field(
        default=0.95, description="Confidence level of intervals."
    )


class PrivacySettings(_Section):
    """The key that turns customer ids into pseudonyms; without one no customer key is stored."""

    key_env: str = Field(
        default="VOC_CUSTOMER_KEY", description="Environment variable that holds the secret key."
    )
    key_file: Path | None = Field(default=None, description="File that holds the secret key.")


class RunSettings(_Section):
    """How a run works."""

    batch_size: Annotated[int, Field(ge=1)] = Field(
        default=2000, description="Documents read together; memory grows with it, results do not."
    )
    workers: Annotated[int, Field(ge=1)] = Field(
        default_factory=lambda: min(2, os.cpu_count() or 1),
        description="Processes that read documents; default two where the machine has them.",
    )
    quarantine_limit: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.2,
        description="Largest share of unreadable rows; above it the run stops before publishing.",
    )


class ScheduleSettings(_Section):
    """When the nightly flow runs."""

    cron: str = Field(default="30 2 * * *", description="Cron expression of the nightly flow.")


class Settings(_Section):
    """All of ``config.yaml``."""

    title: str = Field(default="客户之声", description="Heading of the report.")
    timezone: str = Field(
        default="Asia/Shanghai", description="Time zone of times without one, and of the schedule."
    )
    sources: list[SourceSettings] = Field(description="The inputs.", min_length=1)
    output: OutputSettings = Field(default_factory=OutputSettings)
    text: TextSettings = Field(default_factory=TextSettings)
    aggregate: AggregateSettings = Field(default_factory=AggregateSettings)
    privacy: PrivacySettings = Field(default_factory=PrivacySettings)
    run: RunSettings = Field(default_factory=RunSettings)
    schedule: ScheduleSettings = Field(default_factory=ScheduleSettings)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as exc:
            raise ValueError(f"no time zone named {value!r}; for example Asia/Shanghai") from exc
        return value

    @field_validator("sources")
    @classmethod
    def _unique_names(cls, value: list[SourceSettings]) -> list[SourceSettings]:
        names = [source.name for source in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"source name {twice[0]!r} stands twice; give each its own")
        return value

    def source(self, name: str) -> SourceSettings:
        """Return the source of that name; a wrong name suggests the nearest."""
        for source in self.sources:
            if source.name == name:
                return source
        known = [source.name for source in self.sources]
        raise ConfigError(
            f"no source named {name!r}: expected one of {', '.join(known)}"
            f"{did_you_mean(name, known)}"
        )

    def digest(self) -> str:
        """SHA-256 over everything in the settings that can change a published number.

        Where files lie, worker counts and schedules are left out: they change where and when,
        not what. What the files hold has hashes of its own.
        """
        kept = self.model_dump(mode="json", exclude={"output", "run", "schedule", "privacy"})
        for source in kept["sources"]:
            # Whether a query gives other rows is told by their digest.
            for name in ("path", "query", "url", "url_env"):
                del source[name]
        del kept["aggregate"]["keep_runs"]
        for name in ("lexicons", "models", "user_dictionaries"):
            del kept["text"][name]
        canonical = yaml.safe_dump(kept, allow_unicode=True, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()


def load_settings(path: Path) -> Settings:
    """Read ``config.yaml``; raise `ConfigError` with file, key, expectation and cure."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as exc:
        raise ConfigError(
            f"{path}: no such file; expected a config.yaml (write one with 'voc init')"
        ) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path}: expected readable UTF-8 YAML, got: {exc}") from exc
    except yaml.YAMLError as exc:
        raise ConfigError(f"{path}: expected YAML, got: {' '.join(str(exc).split())}") from exc
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: expected keys and values, got {type(raw).__name__}")
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as exc:
        raise ConfigError(f"{path}: {_first_error(exc)}") from exc
    return _resolve_paths(settings, path.resolve().parent)


def describe_settings() -> Iterator[tuple[str, str, str, str]]:
    """Yield ``(key, type, default, meaning)`` for every key, in file order; feeds the README."""
    yield from _describe(Settings, "")


def _describe(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name, info in model.model_fields.items():
        key = f"{prefix}{name}"
        annotation = info.annotation
        section = _section_of(annotation)
        if section is not None:
            is_list = annotation is not section
            yield from _describe(section, f"{key}[]." if is_list else f"{key}.")
            continue
        if info.is_required():
            default = "required"
        elif name == "workers":
            default = "2, or 1 on one core"
        else:
            value = info.get_default(call_default_factory=True)
            default = "" if value in (None, "") else str(value)
        yield key, _type_name(annotation), default, info.description or ""


def _section_of(annotation: Any) -> type[BaseModel] | None:
    candidates = (annotation, *get_args(annotation))
    for candidate in candidates:
        if isinstance(candidate, type) and issubclass(candidate, _Section):
            return candidate
    return None


def _type_name(annotation: Any) -> str:
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    return str(annotation).replace("typing.", "").replace("pathlib.", "")


def _first_error(exc: ValidationError) -> str:
    error = exc.errors()[0]
    place = ".".join(str(part) for part in error["loc"]) or "the file"
    if error["type"] == "extra_forbidden":
        name = str(error["loc"][-1])
        known = _known_keys(error["loc"][:-1])
        return (
            f"{place}: unknown key{did_you_mean(name, known)}; expected one of {', '.join(known)}"
        )
    if error["type"] == "missing":
        return f"{place}: expected a value, found none; {_meaning(error['loc'])}"
    message = error["msg"].removeprefix("Value error, ")
    return (
        f"{place}: {message}, got {error['input']!r}"
        if error["type"] != "value_error" and "url" not in error["loc"]
        else (f"{place}: {message}")
    )


def _model_at(loc: tuple[int | str, ...]) -> type[BaseModel]:
    model: type[BaseModel] = Settings
    for part in loc:
        if isinstance(part, int):
            continue
        info = model.model_fields.get(part)
        section = _section_of(info.annotation) if info else None
        if section is None:
            break
        model = section
    return model


def _known_keys(loc: tuple[int | str, ...]) -> list[str]:
    return list(_model_at(loc).model_fields)


def _meaning(loc: tuple[int | str, ...]) -> str:
    info = _model_at(loc[:-1]).model_fields.get(str(loc[-1]))
    return (info.description or "") if info else ""


def _resolve_paths(settings: Settings, folder: Path) -> Settings:
    def absolute(path: Path | None) -> Path | None:
        return None if path is None else (folder / path.expanduser()).resolve()

    output = settings.output.model_copy(
        update={
            "database": absolute(settings.output.database),
            "report": absolute(settings.output.report),
            "quarantine": absolute(settings.output.quarantine),
        }
    )
    text = settings.text.model_copy(
        update={
            "user_dictionaries": [absolute(path) for path in settings.text.user_dictionaries],
            "lexicons": absolute(settings.text.lexicons),
            "models": absolute(settings.text.models),
        }
    )
    privacy = settings.privacy.model_copy(update={"key_file": absolute(settings.privacy.key_file)})
    sources = [
        source.model_copy(update={"url": _absolute_url(source.url, folder)})
        if source.query
        else source.model_copy(update={"path": str(folder / Path(source.path).expanduser())})
        for source in settings.sources
    ]
    return settings.model_copy(
        update={"output": output, "text": text, "privacy": privacy, "sources": sources}
    )


def _absolute_url(url: SecretStr, folder: Path) -> SecretStr:
    """Return a URL whose SQLite file doesn't depend on the directory a run is started from."""
    kind, slashes, file = url.get_secret_value().partition(":///")
    if not slashes or not kind.startswith("sqlite") or not file or file.startswith((":", "file:")):
        return url
    return SecretStr(f"{kind}{slashes}{folder / Path(file).expanduser()}")


def _not_reading(query: str) -> str:
    """Return what makes a query more than one SELECT; nothing where it is one.

    >>> _not_reading("SELECT '更新; delete' FROM t -- drop")
    ''
    >>> _not_reading("SELECT 1; SELECT 2"), _not_reading("WITH x AS (DELETE FROM t) SELECT 1")
    ('a second statement', 'DELETE')
    """
    bare = _ASIDE.sub(" ", query).strip().rstrip(";").strip()
    word = re.search(r"\w+", bare)
    first = word[0].upper() if word else "nothing"
    if first not in {"SELECT", "WITH"}:
        return first
    if ";" in bare:
        return "a second statement"
    found = _WRITING.search(bare)
    return found[0].upper() if found else ""
