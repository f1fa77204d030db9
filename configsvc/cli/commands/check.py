"""``configsvc check``: documents and findings of files, without a server."""

from datetime import UTC, datetime
from pathlib import Path

import click

from configsvc.analysis import Report, analyze
from configsvc.analysis.rules import ALL
from configsvc.cli.exits import Exit
from configsvc.cli.options import Invocation, namespace_option, output_option
from configsvc.cli.reports import FORMATS, WITHOUT_DOCUMENT_ERRORS, Checked, error_text
from configsvc.cli.sources import Sources, load
from configsvc.cli.terminal import note
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
@output_option
@namespace_option
@click.pass_context
def command(
    context: click.Context, paths: tuple[Path, ...], form: str | None, fail_on: str
) -> None:
    """Check files and folders; needs no server.

    Folders are searched for *.yaml, *.yml and *.json. Whatever is wrong with documents is reported
    with file, line and column (exit code 2) and does not hide the findings of the others.
    """
    invocation = context.ensure_object(Invocation)
    today = datetime.now(UTC).date()
    sources = load(paths, today)
    namespace = check_name("namespace", invocation.namespace)
    catalog = Catalog.of(sources.resources, namespace=namespace)
    checked = Checked(sources, analyze(catalog, ALL, today=today), LEVELS[fail_on])
    chosen = form or invocation.output
    if chosen in WITHOUT_DOCUMENT_ERRORS:
        for error in sources.errors:
            note(error_text(error))
    click.echo(FORMATS[chosen](checked), nl=False)
    context.exit(_exit(sources, checked.report, checked.fail_on))


def _exit(sources: Sources, report: Report, fail_on: Severity) -> Exit:
    if sources.errors:
        return Exit.INPUT
    return Exit.FINDINGS if report.at_least(fail_on) else Exit.CLEAN
