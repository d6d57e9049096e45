"""The stages of the job as Prefect tasks.

Tasks are handed settings, names and paths, never customer text: what reaches Prefect's database
is what an operator may read. Only reading input is retried: a full disk or a locked database may
pass, a wrong file does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from pipeline import job
from pipeline.config import Settings
from pipeline.errors import VocError, unexpected
from pipeline.job import Outcome, Plan, Progress, Summary

#: Who is told of progress while a flow runs in this process; a parameter would be stored.
PROGRESS: ContextVar[Progress] = ContextVar("progress", default=job.no_progress)


@contextmanager
def _told_without_data() -> Iterator[None]:
    """Let Prefect, which stores the message of every exception, see none that quotes data."""
    try:
        yield
    except VocError as exc:
        # Prefect stores the whole chain of causes, and a library's message may quote a cell.
        raise type(exc)(str(exc)) from None
    except Exception as exc:
        raise unexpected(exc, "run 'voc run --no-prefect' to see more") from None


@task(name="plan", cache_policy=NO_CACHE)
@_told_without_data()
def plan(settings: Settings, sources: Sequence[str], again: bool) -> Plan:
    """List the files to read: new, changed, or all of them."""
    found = job.plan(settings, sources=sources, again=again)
    get_run_logger().info("%d files to read, %d unchanged", len(found.files), found.skipped)
    return found


@task(name="read", cache_policy=NO_CACHE)
@_told_without_data()
def read(settings: Settings, found: Plan, work: Path) -> list[Outcome]:
    """Read the planned files into masked parts."""
    outcomes = job.read(settings, found, work, progress=PROGRESS.get())
    get_run_logger().info(
        "%d rows read, %d quarantined",
        sum(outcome.rows_read for outcome in outcomes),
        sum(len(outcome.quarantined) for outcome in outcomes),
    )
    return outcomes


@task(name="publish", cache_policy=NO_CACHE)
@_told_without_data()
def publish(settings: Settings, found: Plan, outcomes: Sequence[Outcome], trigger: str) -> Summary:
    """Publish the parts and the aggregates in one transaction."""
    summary = job.publish_run(settings, found, outcomes, trigger=trigger, progress=PROGRESS.get())
    get_run_logger().info(
        "run %d: %d documents, %d silent", summary.run_id, summary.documents, summary.silent
    )
    return summary


@task(name="report", cache_policy=NO_CACHE)
@_told_without_data()
def report(settings: Settings, summary: Summary) -> Summary:
    """Write the report from what was published."""
    return job.write_report(settings, summary)
