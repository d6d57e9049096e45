"""The main job as stages: plan → read → publish → report. Everything runs without Prefect.

``flows/`` decorates these same functions. What passes between stages is settings, names and
paths of masked parts; verbatims never leave the memory of the process that reads them.
"""

from __future__ import annotations

import gc
import hashlib
import importlib.metadata
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline import ingest
from pipeline.aggregate import facts, findings, silence
from pipeline.config import Settings, SourceSettings, TextSettings, load_settings
from pipeline.errors import ConfigError, InputError, QuarantineLimitError, did_you_mean
from pipeline.ingest import InputFile
from pipeline.paths import shipped
from pipeline.reading.reader import Resources, load_resources, read_documents
from pipeline.records import Quarantined, Verbatim
from pipeline.report import html
from pipeline.store import parts, publish, quarantine
from pipeline.store.forget import Forgotten, forget_customer
from pipeline.text.documents import DocumentRules, customer_key, load_rules, to_document

Progress = Callable[[str, int], None]


def no_progress(stage: str, amount: int) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What reading one file gave: counts, the unreadable rows, and where its parts lie.

    ``whole`` is False where the file as such could not be read: it is quarantined as row 0, what
    it held before stays published, and the next run tries again.
    """

    file: InputFile
    rows_read: int
    kept: int
    duplicates: int
    quarantined: tuple[Quarantined, ...]
    parts: tuple[Path, ...]
    whole: bool = True

    @property
    def unanswered(self) -> int:
        """Survey rows without any open answer: read, yet they give no record."""
        return self.rows_read - self.kept - len(self.quarantined)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did, for people: counts of rows and documents.

    ``documents`` to ``leaving`` count what the database holds after the run; the rest counts
    this run's work. ``skipped`` is the number of files published before and unchanged since;
    ``unanswered`` that of survey rows without any open answer, which give no document.
    ``keyed`` counts documents of a known customer, None where no secret key is set, so that
    nobody's are known. ``withheld`` counts records left out, of forgotten customers or past
    their source's ``keep_days``; ``aged_out`` counts documents of earlier runs deleted by the
    latter.
    ``notes`` are sentences on what the settings ask for and the run could not give.
    """

    run_id: int
    files: int
    skipped: int
    rows_read: int
    kept: int
    quarantined: int
    unanswered: int
    duplicates: int
    masked: int
    no_content: int
    spam: int
    copies: int
    documents: int
    dissatisfied: int
    silent: int
    complaints: int
    leaving: int
    keyed: int | None
    database: Path
    report: Path | None = None
    findings: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())
    withheld: int = 0
    aged_out: int = 0


def default_settings() -> Settings:
    """Return the shipped settings with the topics of every industry: nobody said which it is."""
    return load_settings(shipped("config.yaml")).model_copy(update={"text": TextSettings()})


def resources_for(settings: Settings) -> Resources:
    """Load the resources a run of these settings needs."""
    resources = load_resources(
        settings.text.lexicons or shipped("lexicons"),
        settings.text.models or shipped("models"),
        industries=settings.text.industries,
        engine=settings.text.segmenter,
        user_dictionaries=settings.text.user_dictionaries,
    )
    # They live as long as the process: walking them at every collection costs a fifth of the time.
    gc.freeze()
    return resources


def rules_for(settings: Settings) -> DocumentRules:
    """Load what turning verbatims into documents needs, the customers' secret key included."""
    return load_rules(settings.text.lexicons or shipped("lexicons"), key=_secret_key(settings))


def _secret_key(settings: Settings) -> bytes | None:
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


@dataclass(frozen=True, slots=True)
class Plan:
    """The files a run is to read, and how many it may skip as published and unchanged."""

    files: tuple[InputFile, ...]
    skipped: int
    started_at: str


def plan(settings: Settings, *, sources: Sequence[str] = (), again: bool = False) -> Plan:
    """List the input files of the named sources (all if none is named).

    A file whose bytes were published before is skipped unless ``again``.
    """
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    chosen = [settings.source(name) for name in sources] or settings.sources
    known = {} if again else publish.published_files(settings.output.database)
    files: list[InputFile] = []
    skipped = 0
    for source in chosen:
        for file in ingest.list_files(source):
            if known.get((file.source_name, file.name)) == file.sha256:
                skipped += 1
            else:
                files.append(file)
    return Plan(tuple(files), skipped, started_at)


@contextmanager
def work_folder() -> Iterator[Path]:
    """Yield a private folder for the masked parts of one run; it is gone afterwards.

    Folders that killed runs left are cleared away first.
    """
    _clear_orphans()
    folder = Path(tempfile.mkdtemp(prefix=f"voc-{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _clear_orphans() -> None:
    """Remove work folders of ours whose process is no more; on Windows none.

    There signal 0 is no question but an interrupt.
    """
    if os.name == "nt":
        return
    for folder in Path(tempfile.gettempdir()).glob("voc-*-*"):
        number = folder.name.split("-")[1]
        if not number.isdecimal() or folder.is_symlink():
            continue
        try:
            if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
                continue
            os.kill(int(number), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (OSError, OverflowError):
            continue


def read(
    settings: Settings,
    found: Plan,
    work: Path,
    *,
    progress: Progress = no_progress,
) -> list[Outcome]:
    """Read the planned files into masked parts under ``work``; one outcome a file, in order.

    Raises `QuarantineLimitError` where too large a share of all rows could not be read.
    """
    outcomes = []
    with _Workers(settings, work) as workers:
        for number, file in enumerate(found.files, start=1):
            try:
                outcome = _read_file(settings, file, f"{number:06d}", workers, progress)
            except InputError as exc:
                if not _one_of_many(settings.source(file.source_name)):
                    raise
                outcome = _unread(file, str(exc))
            outcomes.append(outcome)
    _check_quarantine(settings, outcomes)
    return outcomes


def write_quarantine(settings: Settings) -> Path:
    """Write the list of all unreadable rows the database holds; return its path."""
    rows = quarantine.quarantined_rows(settings.output.database)
    return quarantine.write_csv(rows, settings.output.quarantine)


def _one_of_many(source: SourceSettings) -> bool:
    """Tell whether a source is a folder or a pattern: there one bad file must not stop the rest."""
    return not source.query and not Path(source.path).is_file()


def _unread(file: InputFile, reason: str) -> Outcome:
    row = Quarantined(file.name, 0, "", reason.removeprefix(f"{file.name}: "))
    return Outcome(file, 1, 0, 0, (row,), (), whole=False)


def _read_file(
    settings: Settings, file: InputFile, name: str, workers: _Workers, progress: Progress
) -> Outcome:
    source = settings.source(file.source_name)
    refused: list[Quarantined] = []
    pending: list[Future[_Batch]] = []
    batch: list[tuple[Verbatim, int]] = []
    repeats: Counter[int] = Counter()
    notes: Counter[str] = Counter()
    as_read = [file]
    rows = 0

    def submit() -> None:
        pending.append(workers.submit(f"{name}-{len(pending):06d}", list(batch)))
        progress("read", len(batch))
        batch.clear()

    for record in ingest.read_file(
        file, source, timezone=settings.timezone, notes=notes, on_end=as_read.append
    ):
        rows += 1
        if isinstance(record, Quarantined):
            refused.append(record)
            continue
        batch.append((record, _repeat(record, repeats)))
        if len(batch) >= settings.run.batch_size:
            submit()
            # Bounded memory: no more than a few batches wait for a free worker.
            if len(pending) > 2 * settings.run.workers:
                pending[len(pending) - 2 * settings.run.workers - 1].result()
    if batch:
        submit()
    done = [future.result() for future in pending]
    return Outcome(
        file=as_read[-1],
        # Rows without any open answer give no record, yet they were read.
        rows_read=rows + notes["no_answer"],
        kept=rows - len(refused),
        duplicates=sum(result.duplicates for result in done),
        quarantined=tuple(refused),
        parts=tuple(result.path for result in done),
    )


def _repeat(record: Verbatim, repeats: Counter[int]) -> int:
    """Return how many identical records came before this one in its file.

    An id tells records apart, unless it is a recording's, which may be a caller's number.
    """
    if record.external_id and not record.turns:
        return 0
    content = hash((record.text, record.turns, record.question, record.occurred_at))
    repeats[content] += 1
    return repeats[content] - 1


def _check_quarantine(settings: Settings, outcomes: Sequence[Outcome]) -> None:
    rows = sum(outcome.rows_read for outcome in outcomes)
    refused = sum(len(outcome.quarantined) for outcome in outcomes)
    if rows and refused / rows > settings.run.quarantine_limit:
        worst = max(outcomes, key=lambda outcome: len(outcome.quarantined))
        first = worst.quarantined[0]
        listed = quarantine.write_csv(
            (
                (outcome.file.source_name, row.file, row.row, row.column, row.reason, row.excerpt)
                for outcome in outcomes
                for row in outcome.quarantined
            ),
            settings.output.quarantine,
        )
        raise QuarantineLimitError(
            f"{refused} of {rows} rows could not be read, more than run.quarantine_limit "
            f"({settings.run.quarantine_limit:.0%}); nothing was published; first in "
            f"{first.file}:{first.row}: {first.reason}; all are listed in {listed}"
        )


@dataclass(frozen=True, slots=True)
class _Batch:
    path: Path
    duplicates: int


class _Workers:
    """Reads batches: the first in this process, further ones in processes of their own.

    A small input is done before a second process has loaded its models; results are the same
    either way.
    """

    def __init__(self, settings: Settings, work: Path) -> None:
        self._settings = settings
        self._work = work
        self._reader: _BatchReader | None = None
        self._pool: Executor | None = None

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def submit(self, name: str, batch: list[tuple[Verbatim, int]]) -> Future[_Batch]:
        alone = self._settings.run.workers == 1
        if self._pool is None and (alone or len(batch) < self._settings.run.batch_size):
            future: Future[_Batch] = Future()
            if self._reader is None:
                self._reader = _BatchReader(self._settings)
            future.set_result(self._reader(name, batch, self._work))
            return future
        if self._pool is None:
            # Fresh processes: forked ones would share the threads' locks of whoever called us.
            self._pool = ProcessPoolExecutor(
                self._settings.run.workers,
                mp_context=get_context("spawn"),
                initializer=_start_worker,
                initargs=(self._settings,),
            )
        return self._pool.submit(_in_worker, name, batch, self._work)


class _BatchReader:
    """Reads one batch after another with resources loaded once."""

    def __init__(self, settings: Settings) -> None:
        self._resources = resources_for(settings)
        self._rules = rules_for(settings)

    def __call__(self, name: str, batch: Sequence[tuple[Verbatim, int]], work: Path) -> _Batch:
        documents = {
            document.id: document
            for document in (
                to_document(verbatim, self._rules, repeat=repeat) for verbatim, repeat in batch
            )
        }
        distinct = list(documents.values())
        readings = read_documents(distinct, self._resources)
        path = parts.write_part(parts.part_of(distinct, readings), work, name)
        return _Batch(path, len(batch) - len(distinct))


_worker: list[_BatchReader] = []


def _start_worker(settings: Settings) -> None:
    _worker.append(_BatchReader(settings))


def _in_worker(name: str, batch: Sequence[tuple[Verbatim, int]], work: Path) -> _Batch:
    return _worker[0](name, batch, work)


def publish_run(
    settings: Settings,
    found: Plan,
    outcomes: Sequence[Outcome],
    *,
    trigger: str = "ad-hoc",
    progress: Progress = no_progress,
) -> Summary:
    """Publish the outcomes and the aggregates in one transaction; return what the run did."""
    resources = resources_for(settings)
    record = publish.RunRecord(
        started_at=found.started_at,
        trigger=trigger,
        title=settings.title,
        config_hash=settings.digest(),
        lexicon_hash=_digest(resources.digests["lexicon"], rules_for(settings).digest),
        taxonomy_hash=resources.digests["taxonomy"],
        model_hash=resources.digests["model"],
        code_version=importlib.metadata.version("voc-silence"),
        segmenter=resources.digests["segmenter"],
    )
    with publish.publishing(settings.output.database, record) as writer:
        aged_out = _retain(settings, writer)
        for outcome in outcomes:
            file_id = writer.add_file(
                publish.FileRecord(
                    source=outcome.file.source_name,
                    path=outcome.file.name,
                    sha256=outcome.file.sha256 if outcome.whole else "",
                    rows_read=outcome.rows_read,
                    kept=outcome.kept,
                    quarantined=len(outcome.quarantined),
                    duplicates=outcome.duplicates,
                ),
                outcome.quarantined,
            )
            for path in outcome.parts:
                part = parts.read_part(path)
                writer.add_part(part, file_id)
                progress("publish", len(part))
            # A query may ask for the last days alone: what it leaves out is not gone.
            if outcome.whole and not settings.source(outcome.file.source_name).query:
                writer.end_file(file_id)
        writer.mark_copies(count_copies=settings.aggregate.count_copies)
        subtopics = resources.taxonomy.subtopics
        writer.set_taxonomy(
            (
                subtopic.topic,
                subtopic.id,
                subtopic.zh,
                subtopic.en,
                subtopic.root_cause,
                subtopic.customer_cost,
                subtopic.servqual,
            )
            for subtopic in subtopics.values()
        )
        counted = facts.load_facts(writer.connection, settings.aggregate.dimensions)
        silence.aggregate_silence(
            writer.connection, writer.run_id, settings.aggregate, facts=counted
        )
        strongest = findings.find(
            writer.connection,
            settings.aggregate,
            tokenize=resources.segmenter.cut,
            facts=counted,
        )
        findings.write_findings(writer.connection, writer.run_id, strongest)
        writer.prune(settings.aggregate.keep_runs)
        totals = writer.totals()
        run_id = writer.run_id
        notes = _notes(settings, counted, writer.files_read_otherwise(), totals["quarantined"])
    return Summary(
        run_id=run_id,
        files=len(outcomes),
        skipped=found.skipped,
        rows_read=totals["rows_read"],
        kept=totals["kept"],
        quarantined=totals["quarantined"],
        unanswered=sum(outcome.unanswered for outcome in outcomes),
        duplicates=totals["duplicates"],
        masked=totals["masked"],
        no_content=totals["no_content"],
        spam=totals["spam"],
        copies=totals["copies"],
        documents=totals["documents"],
        dissatisfied=totals["dissatisfied"],
        silent=totals["silent"],
        complaints=totals["complaints"],
        leaving=totals["leaving"],
        keyed=totals["keyed"] if _secret_key(settings) else None,
        database=settings.output.database,
        findings=tuple(
            html.headline(asdict(finding), {name: item.zh for name, item in subtopics.items()})
            for finding in strongest[:10]
        ),
        notes=notes,
        withheld=totals["withheld"],
        aged_out=aged_out,
    )


def _digest(*digests: str) -> str:
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _retain(settings: Settings, writer: publish.Writer) -> int:
    """Delete what is past the ``keep_days`` of its source; return how many documents."""
    today = datetime.now(ZoneInfo(settings.timezone)).date()
    return sum(
        writer.retain(source.name, (today - timedelta(days=source.keep_days)).isoformat())
        for source in settings.sources
        if source.keep_days is not None
    )


def forget(settings: Settings, customer_id: str) -> Forgotten:
    """Delete every record of a customer for good, and write the report anew without them.

    Raises `ConfigError` where no secret key is set: then no record has a customer key.
    """
    key = _secret_key(settings)
    if key is None:
        raise ConfigError(
            f"privacy: expected a customer key in {settings.privacy.key_env} or privacy.key_file, "
            "found none; without one no customer keys are stored and nobody's records can be "
            "found: set the key that the runs used"
        )
    pseudonym = customer_key(customer_id, key)
    if not pseudonym:
        raise InputError("expected a customer's id, found an empty one")
    forgotten = forget_customer(settings.output.database, pseudonym)
    if settings.output.report.exists():
        html.write_report(settings.output.database, settings.output.report, title=settings.title)
    return forgotten


def _notes(
    settings: Settings, counted: facts.Facts, read_otherwise: int, quarantined: int
) -> tuple[str, ...]:
    notes = []
    if quarantined:
        notes.append(
            f"{quarantined} rows could not be read: they are listed in "
            f"{settings.output.quarantine} and by 'voc quarantine'"
        )
    if read_otherwise:
        notes.append(
            f"{read_otherwise} unchanged files were last read with other settings, lexicons or "
            "models; to read them anew: voc run --again"
        )
    if "dimensions" in settings.aggregate.model_fields_set:
        held = [name for name, coded in counted.members.items() if coded.names]
        notes.extend(
            f"aggregate.dimensions: no document has {name!r}{did_you_mean(name, held)}; "
            "map it in 'attributes' of a source"
            for name in settings.aggregate.dimensions
            if name not in held
        )
    return tuple(notes)


def write_report(settings: Settings, summary: Summary) -> Summary:
    """Write what people read: the HTML report, and the list of unreadable rows.

    Returns the summary with the report's path.
    """
    write_quarantine(settings)
    path = html.write_report(settings.output.database, settings.output.report, title=settings.title)
    return replace(summary, report=path)


def run(
    settings: Settings,
    *,
    sources: Sequence[str] = (),
    again: bool = False,
    trigger: str = "ad-hoc",
    progress: Progress = no_progress,
) -> Summary:
    """Run all stages in order, without Prefect."""
    with work_folder() as work:
        found = plan(settings, sources=sources, again=again)
        outcomes = read(settings, found, work, progress=progress)
        summary = publish_run(settings, found, outcomes, trigger=trigger, progress=progress)
        return write_report(settings, summary)
