"""``voc``: the command line. Exit codes: 0 done, 1 one of our errors (one line), 2 usage."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.errors import ConfigError, InputError, VocError, did_you_mean, unexpected
from pipeline.records import KINDS

if TYPE_CHECKING:
    from pipeline.config import Settings
    from pipeline.job import Summary
    from pipeline.records import Kind

#: Environment variable that lets a fault of this program show its whole traceback.
_TRACEBACK = "VOC_TRACEBACK"
#: Rows of a listing that a terminal is given.
_SHOWN = 100
_CONFIG = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help="Settings of the job.",
)

_DATA = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("../shared/data"),
    show_default=True,
    help="Folder of the public labelled sets.",
)
_GOLD = click.option(
    "--gold",
    type=click.Path(path_type=Path),
    default=Path("../shared/gold"),
    show_default=True,
    help="Folder of our own annotation.",
)


class _Group(click.Group):
    """Prints our own errors as one line and exits with 1; suggests the nearest command."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except VocError as exc:
            click.echo(f"voc: {exc}", err=True)
            ctx.exit(1)
        except BrokenPipeError:
            # The reader of our output went away (head, less): nothing is wrong.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as exc:
            if os.environ.get(_TRACEBACK):
                raise
            cure = f"{_TRACEBACK}=1 shows the traceback, which may hold customers' words"
            click.echo(f"voc: {unexpected(exc, cure)}", err=True)
            ctx.exit(1)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = did_you_mean(args[0], self.list_commands(ctx))
            ctx.fail(f"No such command {args[0]!r}{near}.")
        return super().resolve_command(ctx, args)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("voc-silence"), prog_name="voc")
def main() -> None:
    """Measure silent dissatisfaction in Chinese customer feedback.

    \b
    voc run         read every source, publish to SQLite, write the report
    voc analyse     read one file or standard input, print one object a record
    voc inspect     say how a file or folder would be read; write its source for the config
    voc quarantine  list the rows that could not be read
    voc forget      delete every record of one customer
    """  # noqa: D301 - click takes the character itself


@main.command()
@_CONFIG
@click.option(
    "--source", "sources", multiple=True, help="Only this source; may be given several times."
)
@click.option("--again", is_flag=True, help="Read files again that were published before.")
@click.option(
    "--prefect/--no-prefect",
    default=True,
    show_default=True,
    help="Run as a Prefect flow, or as plain function calls. The rows are the same.",
)
@click.option("--quiet", is_flag=True, help="No progress bars and no summary.")
def run(
    config_path: Path, sources: tuple[str, ...], again: bool, prefect: bool, quiet: bool
) -> None:
    """Read every source, publish to SQLite and write the report."""
    from pipeline.config import load_settings

    settings = load_settings(config_path)
    for name in sources:
        settings.source(name)
    with _progress(quiet=quiet) as progress:
        if prefect:
            orchestrate = _orchestrator("prefect")
            summary = orchestrate(config_path, sources=sources, again=again, progress=progress)
        else:
            from pipeline import job

            summary = job.run(settings, sources=sources, again=again, progress=progress)
    if not quiet:
        _print_summary(summary)


def _orchestrator(name: str) -> Any:
    """Return a registered way to run the job; ``flows`` registers Prefect's."""
    found = entry_points(group="voc.orchestrators", name=name)
    if not found:
        raise ConfigError(
            f"expected an orchestrator named {name!r} to be installed, found none; reinstall the "
            "package or run with --no-prefect"
        )
    return next(iter(found)).load()


@main.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--kind",
    type=click.Choice([*KINDS, "auto"]),
    default="auto",
    show_default=True,
    help="What the records are; auto takes prefixed lines (客户：…) for transcripts.",
)
@click.option("--text-field", default="", help="Column or key of the text; guessed if not given.")
@click.option("--id-field", default="", help="Column or key of the id; guessed if not given.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "table"]),
    default="jsonl",
    show_default=True,
    help="How records are printed.",
)
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=None,
    help="Take lexicons, models and industries from this config.yaml.",
)
def analyse(
    file: Path, kind: str, text_field: str, id_field: str, form: str, config_path: Path | None
) -> None:
    """Read FILE (JSONL, CSV, XLSX or plain lines; - for standard input), print one object a record.

    No database is touched. The text printed is masked.
    """
    from pipeline import analyse as reading
    from pipeline import ingest
    from pipeline.records import Quarantined, Verbatim

    settings = _settings_or_default(config_path)
    source = sys.stdin.buffer if str(file) == "-" else file
    records = ingest.read_records(
        source,
        kind=kind,
        text_field=text_field,
        id_field=id_field,
        timezone=settings.timezone,
    )
    # The first record is looked at before the models load: a wrong path answers at once.
    records = _peeked(records)
    resources, rules = _resources(settings)
    refused = 0
    wordless: list[str] = []

    def noticed() -> Iterator[Verbatim | Quarantined]:
        for record in records:
            if isinstance(record, Verbatim) and not (record.text or record.turns):
                wordless.append(f"{record.file}:{record.row}")
            yield record

    def read() -> Iterator[dict[str, Any]]:
        nonlocal refused
        for record in reading.analyse(noticed(), resources, rules):
            if isinstance(record, Quarantined):
                refused += 1
                place = f"{record.file}:{record.row}" + (
                    f" ({record.column})" if record.column else ""
                )
                click.echo(f"voc: {place}: {record.reason}", err=True)
            else:
                yield record

    if form == "jsonl":
        for record in read():
            click.echo(reading.to_json_line(record))
    elif form == "csv":
        for line in reading.to_csv(read()):
            click.echo(line)
    else:
        _print_table(read())
    if wordless:
        click.echo(
            f"voc: {len(wordless)} records have no text, first {wordless[0]}; "
            "each is printed as one without content",
            err=True,
        )
    if refused:
        click.echo(f"voc: {refused} rows could not be read and are listed above", err=True)


def _settings_or_default(config_path: Path | None) -> Settings:
    from pipeline import job
    from pipeline.config import load_settings

    return job.default_settings() if config_path is None else load_settings(config_path)


def _resources(settings: Settings) -> tuple[Any, Any]:
    from pipeline import job

    return job.resources_for(settings), job.rules_for(settings)


def _peeked(records: Iterator[Any]) -> Iterator[Any]:
    stream = iter(records)
    first = list(itertools.islice(stream, 1))
    return itertools.chain(first, stream)


@main.command()
@_CONFIG
def serve(config_path: Path) -> None:
    """Serve the nightly and the ad-hoc flow to Prefect until stopped.

    The nightly flow runs at schedule.cron in the time zone of config.yaml. PREFECT_API_URL names
    the Prefect server.
    """
    _orchestrator("prefect-serve")(config_path)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
def init(folder: Path) -> None:
    """Write a config.yaml and the sample inputs into FOLDER."""
    from pipeline.paths import shipped

    target = folder / "config.yaml"
    samples = folder / "samples"
    for path in (target, samples):
        if path.exists():
            raise InputError(f"{path}: expected nothing there yet; move it away or choose a folder")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(Path(__file__).parent / "samples", samples)
    text = shipped("config.yaml").read_text(encoding="utf-8")
    target.write_text(text.replace("pipeline/samples/", "samples/"), encoding="utf-8")
    click.echo(f"wrote {target} and {samples}; run: voc run --config {target}")


@main.command()
@_CONFIG
@click.option(
    "--customer",
    "customer_id",
    required=True,
    help="The customer's id as the sources give it; - reads it from standard input.",
)
def forget(config_path: Path, customer_id: str) -> None:
    """Delete every record of one customer, and store none again.

    Needs the secret key that the runs used. Counts of past runs stay; the report is written anew.
    """
    from pipeline import job
    from pipeline.config import load_settings

    settings = load_settings(config_path)
    if customer_id == "-":
        customer_id = sys.stdin.readline()
    forgotten = job.forget(settings, customer_id)
    click.echo(f"{forgotten.documents} documents and {forgotten.rows} rows about them deleted")
    if not forgotten.documents:
        click.echo(
            "voc: no record had this customer; check the id, and that the key is the one the runs "
            "used",
            err=True,
        )


@main.command()
@_DATA
@_GOLD
@click.option(
    "--models", type=click.Path(path_type=Path), default=None, help="Where to write the models."
)
def train(data: Path, gold: Path, models: Path | None) -> None:
    """Rebuild the models from labelled data; the same data gives the same bytes."""
    from pipeline.paths import shipped
    from pipeline.reading.reader import load_equipment
    from pipeline.training.train import train_all

    equipment = load_equipment(shipped("lexicons"), industries=())
    paths = train_all(
        data,
        gold,
        models or shipped("models"),
        equipment,
        log=lambda line: click.echo(line, err=True),
    )
    for path in paths.values():
        click.echo(f"wrote {path}")


@main.command()
@_DATA
@_GOLD
def evaluate(data: Path, gold: Path) -> None:
    """Print how well the shipped models read labelled text, as a Markdown table."""
    from pipeline.training.evaluate import evaluation_table

    resources, rules = _resources(_settings_or_default(None))
    click.echo(evaluation_table(data, gold, resources, rules))


@main.command("inspect")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--source", "name", default="", help="Inspect this source of --config instead.")
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help="The configuration file that --source is taken from.",
)
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default=None,
    help="What the records are; guessed from the content if not given.",
)
@click.option(
    "--config-snippet",
    is_flag=True,
    help="Print only the source for config.yaml, every column written out.",
)
def inspect_(
    path: Path | None, name: str, config_path: Path, kind: Kind | None, config_snippet: bool
) -> None:
    """Say how PATH would be read: form, columns, rows at fault, masked examples.

    PATH is a file, a folder or a glob pattern. A source that is configured, a SQL query for one,
    is inspected with --source, with the columns that it names. Nothing is stored. Exits with 1
    where a file can't be read at all.
    """
    from pipeline import inspection, job
    from pipeline.config import load_settings

    if (path is None) != bool(name):
        raise click.UsageError("Give either PATH or --source.")
    if name and kind:
        raise click.UsageError("--kind is for PATH; a source says its kind.")
    if path is None:
        settings = load_settings(config_path)
        source = settings.source(name)
        path = Path(source.path)
        results = inspection.inspect_configured(settings, name)
        single = bool(source.query) or path.is_file()
    else:
        results = inspection.inspect(path, kind=kind)
        single = path.is_file()
    files, refused = [], 0
    for found in results:
        if isinstance(found, InputError):
            refused += 1
            click.echo(f"voc: {found}", err=True)
            continue
        files.append(found)
        if not (config_snippet or single):
            click.echo(inspection.one_line(found))
    if config_snippet:
        if files:
            click.echo(inspection.snippet(files, path))
    elif not single:
        click.echo(inspection.totals(files, refused))
    elif files:
        for line in inspection.describe(files[0], job.rules_for(job.default_settings())):
            click.echo(line)
    if refused:
        click.get_current_context().exit(1)


@main.command()
@_CONFIG
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv"]),
    default="table",
    show_default=True,
    help="How rows are printed; the table shows the first 100.",
)
@click.option("--retry", is_flag=True, help="Have the next run read the files of these rows again.")
def quarantine(config_path: Path, form: str, retry: bool) -> None:
    """List the rows that could not be read: file, row, column, reason and a masked excerpt."""
    from pipeline.cells import csv_line, safe_cell
    from pipeline.config import load_settings
    from pipeline.store import quarantine as store

    database = load_settings(config_path).output.database
    if retry:
        files = store.retry_quarantined(database)
        for source, file in files:
            click.echo(f"{source}: {file}")
        again = "the next 'voc run' reads them again" if files else "there is nothing to read again"
        click.echo(f"voc: files with rows in quarantine: {len(files)}; {again}", err=True)
    elif form == "csv":
        rows = _peeked(store.quarantined_rows(database))
        click.echo(csv_line(store.COLUMNS))
        for row in rows:
            click.echo(csv_line([safe_cell(str(cell)) for cell in row]))
    else:
        _print_quarantine(list(store.quarantined_rows(database)))


def _print_quarantine(rows: list[tuple[str, str, int, str, str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if rows:
        table = Table()
        for heading in ("source", "file", "row", "column", "reason", "excerpt, masked"):
            table.add_column(heading, overflow="fold")
        for source, file, number, column, reason, excerpt in rows[:_SHOWN]:
            cells = (source, Path(file).name, str(number), column, reason, excerpt)
            table.add_row(*(Text(cell) for cell in cells))
        Console().print(table)
    more = f"; the first {_SHOWN} are shown, --format csv gives all" if len(rows) > _SHOWN else ""
    click.echo(f"voc: rows in quarantine: {len(rows):,}{more}", err=True)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Any]:
    """Yield ``progress(stage, amount)``, drawn as one bar a stage on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda stage, amount: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(pulse_style="cyan"),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def progress(stage: str, amount: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=None)
            bars.advance(tasks[stage], amount)

        yield progress


def _print_summary(summary: Summary) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Run {summary.run_id}", show_header=False, title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    for label, value in (
        ("files read · unchanged, skipped", f"{summary.files} · {summary.skipped}"),
        ("records read", f"{summary.rows_read:,}"),
        ("  kept", f"{summary.kept:,}"),
        ("  quarantined", f"{summary.quarantined:,}"),
        ("  without any answer", f"{summary.unanswered:,}"),
        ("personal items masked", f"{summary.masked:,}"),
        ("documents counted, in the database", f"{summary.documents:,}"),
        ("not counted: without content (无, 没有 …)", f"{summary.no_content:,}"),
        ("not counted: copies of another's words", f"{summary.copies:,}"),
        ("not counted: advertising", f"{summary.spam:,}"),
        (
            "documents of a known customer (repeat contact)",
            "no key is set" if summary.keyed is None else f"{summary.keyed:,}",
        ),
        ("dissatisfied", f"{summary.dissatisfied:,}"),
        ("  of these silent 非投诉型抱怨", f"{summary.silent:,}"),
        ("complaint acts 投诉行为", f"{summary.complaints:,}"),
        ("means to leave 流失意向", f"{summary.leaving:,}"),
    ):
        table.add_row(label, value)
    if summary.withheld:
        table.add_row("withheld: customer forgotten, or past keep_days", f"{summary.withheld:,}")
    if summary.aged_out:
        table.add_row("documents deleted, past keep_days", f"{summary.aged_out:,}")
    console = Console(stderr=True)
    console.print(table)
    for line in summary.findings:
        console.print(line, highlight=False, markup=False)
    for note in summary.notes:
        click.echo(f"voc: {note}", err=True)
    click.echo(f"database {summary.database}")
    if summary.report is not None:
        click.echo(f"report   {summary.report}")


def _print_table(records: Iterator[dict[str, Any]]) -> None:
    """Print records as a table, the evidence of each signal coloured where it stands."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_lines=True)
    for heading in ("id", "text", "sentiment", "topics", "signals", "silent"):
        table.add_column(heading, overflow="fold")
    for record in records:
        text = Text(record["text"])
        for unit in record["units"]:
            style = {"negative": "red", "positive": "green"}.get(unit["polarity"], "")
            text.stylize(style, unit["start"], unit["end"])
        for signal in record["signals"]:
            text.stylize("bold underline", signal["start"], signal["end"])
        table.add_row(
            Text(record["id"]),
            text,
            f"{record['sentiment']} {record['sentiment_score']:+.2f}",
            "\n".join(f"{topic} {polarity}" for topic, polarity in record["topics"].items()),
            "\n".join(sorted({signal["type"] for signal in record["signals"]})),
            _verdict(record),
        )
    Console().print(table)


def _verdict(record: dict[str, Any]) -> str:
    if record["complaint"]:
        return "complaint"
    return "silent" if record["silent"] else ""


if __name__ == "__main__":
    main()
