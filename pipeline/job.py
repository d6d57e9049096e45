"""The main job as stages: plan → read → publish → report. Everything runs without Prefect.

``flows/`` decorates these same functions. What passes between stages is settings, names and
paths of masked parts; verbatims never leave the memory of the process that reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.config import Settings
from pipeline.errors import ConfigError
from pipeline.ingest import InputFile
from pipeline.paths import shipped
from pipeline.reading.reader import Resources, load_resources
from pipeline.records import Quarantined
from pipeline.text.documents import DocumentRules, load_empty_answers

Progress = Callable[[str, int], None]


def no_progress(stage: str, amount: int) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What reading one file gave: counts, the unreadable rows, and where its parts lie."""

    file: InputFile
    rows_read: int
    kept: int
    duplicates: int
    quarantined: tuple[Quarantined, ...]
    parts: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did, for people: counts of rows and documents.

    ``documents`` to ``leaving`` count what the database holds after the run; the rest counts
    this run's work. ``skipped`` is the number of files published before and unchanged since.
    """

    run_id: int
    files: int
    skipped: int
    rows_read: int
    kept: int
    quarantined: int
    duplicates: int
    masked: int
    no_content: int
    documents: int
    dissatisfied: int
    silent: int
    complaints: int
    leaving: int
    database: Path
    report: Path | None = None
    findings: tuple[str, ...] = field(default=())


def resources_for(settings: Settings) -> Resources:
    """Load the resources a run of these settings needs."""
    return load_resources(
        settings.text.lexicons or shipped("lexicons"),
        settings.text.models or shipped("models"),
        industries=settings.text.industries,
        engine=settings.text.segmenter,
        user_dictionaries=settings.text.user_dictionaries,
    )


def rules_for(settings: Settings) -> DocumentRules:
    """Load what turning verbatims into documents needs, the customers' secret key included."""
    lexicons = settings.text.lexicons or shipped("lexicons")
    return DocumentRules(
        empty_answers=load_empty_answers(lexicons / "empty_answers.txt"),
        key=_secret_key(settings),
    )


def _secret_key(settings: Settings) -> bytes | None:
    import os

    if settings.privacy.key_file is not None:
        try:
            key = settings.privacy.key_file.read_bytes().strip()
        except OSError as exc:
            raise ConfigError(
                f"privacy.key_file: expected a readable file at {settings.privacy.key_file}, "
                f"got: {exc.strerror}"
            ) from exc
    else:
        key = os.environ.get(settings.privacy.key_env, "").encode().strip()
    if key and len(key) < 16:
        raise ConfigError(
            "privacy: expected a customer key of at least 16 bytes, got a shorter one; make one "
            "with: python -c 'import secrets; print(secrets.token_hex(32))'"
        )
    return key or None
