"""The flows: nightly over every source, ad hoc over the chosen ones."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from flows.settings import quiet_prefect

quiet_prefect()

from prefect import flow  # noqa: E402  Prefect reads its settings when imported
from prefect import serve as serve_deployments  # noqa: E402
from prefect.deployments.runner import RunnerDeployment  # noqa: E402
from prefect.schedules import Cron  # noqa: E402

from flows import tasks  # noqa: E402
from pipeline import job  # noqa: E402
from pipeline.config import load_settings  # noqa: E402
from pipeline.errors import ConfigError  # noqa: E402
from pipeline.job import Progress, Summary  # noqa: E402


@flow(name="nightly", description="Read what is new in every source, publish, write the report.")
def nightly(config_path: str = "config.yaml") -> Summary:
    """Read what is new in every source, publish, write the report."""
    return _stages(config_path, sources=(), again=False, trigger="nightly")


@flow(name="ad-hoc", description="Read chosen sources now, again if asked, publish and report.")
def ad_hoc(
    config_path: str = "config.yaml", sources: Sequence[str] = (), again: bool = False
) -> Summary:
    """Read chosen sources now (all if none is named), again if asked, publish and report."""
    return _stages(config_path, sources=sources, again=again, trigger="ad-hoc")


def _stages(config_path: str, *, sources: Sequence[str], again: bool, trigger: str) -> Summary:
    settings = load_settings(Path(config_path))
    with job.work_folder() as work:
        found = tasks.plan(settings, sources, again)
        outcomes = tasks.read(settings, found, work)
        summary = tasks.publish(settings, found, outcomes, trigger)
        return tasks.report(settings, summary)


def orchestrate(
    config_path: Path, *, sources: Sequence[str], again: bool, progress: Progress
) -> Summary:
    """Run the ad-hoc flow in this process; what ``voc run`` calls.

    Our own errors come back as they are; Prefect has recorded the run as failed by then. Raises
    `ConfigError` where the server that ``PREFECT_API_URL`` names does not answer.
    """
    token = tasks.PROGRESS.set(progress)
    try:
        with _failures_told_once():
            return ad_hoc(str(config_path.absolute()), list(sources), again)
    except RuntimeError as exc:
        if "reach API" not in str(exc):
            raise
        raise ConfigError(
            f"PREFECT_API_URL: expected a Prefect server, got: {exc}; unset it or run with "
            "--no-prefect"
        ) from exc
    finally:
        tasks.PROGRESS.reset(token)


@contextmanager
def _failures_told_once() -> Iterator[None]:
    """Keep failures of runs off the terminal: our caller is handed the exception itself.

    Prefect's own record of the run still has them.
    """

    def of_others(record: logging.LogRecord) -> bool:
        return not record.name.startswith(("prefect.flow_runs", "prefect.task_runs"))

    handlers = list(logging.getLogger().handlers)
    for handler in handlers:
        handler.addFilter(of_others)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(of_others)


def serve(config_path: Path) -> None:
    """Register both flows with the Prefect server and run what it starts, until stopped."""
    settings = load_settings(config_path)
    try:
        schedule = Cron(settings.schedule.cron, timezone=settings.timezone)
    except ValueError as exc:
        raise ConfigError(
            f"{config_path}: schedule.cron: expected a cron expression such as '30 2 * * *', "
            f"got {settings.schedule.cron!r}"
        ) from exc
    parameters = {"config_path": str(config_path.resolve())}
    every_night = nightly.to_deployment(
        "nightly",
        parameters=parameters,
        schedule=schedule,
    )
    on_demand = ad_hoc.to_deployment("ad-hoc", parameters=parameters)
    # Outside an event loop Prefect answers with the deployment itself, not with a coroutine.
    serve_deployments(cast(RunnerDeployment, every_night), cast(RunnerDeployment, on_demand))
