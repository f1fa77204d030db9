"""``configsvc check``: documents and findings of files, without a server."""

from datetime import UTC, date, datetime
from pathlib import Path

import click

from configsvc.analysis import Report, analyze
from configsvc.analysis.rules import ALL
from configsvc.cli.baselines import Baseline, narrowed, read_baseline, write_baseline
from configsvc.cli.comparing import compare
from configsvc.cli.exits import Exit
from configsvc.cli.options import Invocation, namespace_option, output_option, server_options
from configsvc.cli.origins import Origin, origin_of
from configsvc.cli.reports import FORMATS, WITHOUT_DOCUMENT_ERRORS, Checked, error_text
from configsvc.cli.sources import Sources, load
from configsvc.cli.terminal import counted, note
from configsvc.model.findings import Severity
from configsvc.model.names import check_name
from configsvc.resolve import Catalog

LEVELS = {level.label: level for level in reversed(Severity)}


@click.command("check")
@click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path)
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="Form of the result.  [default: that of --output]",
)
@click.option(
    "--fail-on",
    type=click.Choice(list(LEVELS)),
    default="error",
    show_default=True,
    help="Least severe finding that ends with exit code 1.",
)
@click.option(
    "--against",
    metavar="REV|FILE|FOLDER",
    help="Report only what is new or worse than there: in another checkout of the policies, or in "
    "the server's namespace at a revision (a number, or head), on top of which the files are put.",
)
@click.option(
    "--baseline",
    "known",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Report only what is new or worse than in this result of --write-baseline or of "
    "--format json.",
)
@click.option(
    "--write-baseline",
    "written",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write every finding to a baseline and end with 0.",
)
@output_option
@namespace_option
@server_options
@click.pass_context
def command(
    context: click.Context,
    /,
    paths: tuple[Path, ...],
    form: str | None,
    fail_on: str,
    against: str | None,
    known: Path | None,
    written: Path | None,
) -> None:
    """Check files and folders; needs no server.

    Folders are searched for *.yaml, *.yml and *.json. Whatever is wrong with documents is reported
    with file, line and column (exit code 2) and does not hide the findings of the others.
    """
    invocation = context.ensure_object(Invocation)
    today = datetime.now(UTC).date()
    namespace = check_name("namespace", invocation.namespace)
    baselines = [read_baseline(known, namespace)] if known else []
    origin = origin_of(against, invocation, today) if against else None
    sources = load(paths, today)
    report, before = _examine(sources, namespace, today, origin)
    found = Baseline.of(namespace, report)
    if written:
        context.exit(_keep(written, found, sources))
    shown = narrowed(report, [*baselines, *before])
    checked = Checked(sources, shown, LEVELS[fail_on], found)
    chosen = form or invocation.output
    if chosen in WITHOUT_DOCUMENT_ERRORS:
        for error in sources.errors:
            note(error_text(error))
    click.echo(FORMATS[chosen](checked), nl=False)
    context.exit(_exit(sources, checked.report, checked.fail_on))


def _examine(
    sources: Sources, namespace: str, today: date, origin: Origin | None
) -> tuple[Report, list[Baseline]]:
    """What the rules say of the files, and what they said before where that counts."""
    if origin is None:
        catalog = Catalog.of(sources.resources, namespace=namespace)
        return analyze(catalog, ALL, today=today), []
    found = compare(origin, sources, namespace)
    before = Baseline.of(namespace, analyze(found.before, ALL, today=today))
    return analyze(found.after, ALL, today=today), [before]


def _keep(path: Path, baseline: Baseline, sources: Sources) -> Exit:
    """Write the baseline, unless it would hide what documents with errors have."""
    for error in sources.errors:
        note(error_text(error))
    if sources.errors:
        count = counted(len(sources.errors), "error")
        note(f"{count} in documents: correct them first; no baseline was written")
        return Exit.INPUT
    write_baseline(path, baseline)
    note(f"{path} holds {counted(len(baseline.marks), 'known finding')} of {baseline.namespace}")
    return Exit.CLEAN


def _exit(sources: Sources, report: Report, fail_on: Severity) -> Exit:
    if sources.errors:
        return Exit.INPUT
    return Exit.FINDINGS if report.at_least(fail_on) else Exit.CLEAN
