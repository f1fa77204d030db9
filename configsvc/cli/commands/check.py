"""``configsvc check``: documents and findings of files, without a server."""

from datetime import UTC, datetime
from pathlib import Path

import click

from configsvc.cli.baselines import Baseline, read_baseline, write_baseline
from configsvc.cli.examining import Examination, examine
from configsvc.cli.exits import Exit
from configsvc.cli.options import Invocation, namespace_option, output_option, server_options
from configsvc.cli.origins import origin_of
from configsvc.cli.repairing import repair
from configsvc.cli.reports import FORMATS, WITHOUT_DOCUMENT_ERRORS, Checked, error_text
from configsvc.cli.sources import Sources, load
from configsvc.cli.terminal import counted, note
from configsvc.model.findings import Severity
from configsvc.model.names import check_name

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
    "--rollout",
    "in_stages",
    is_flag=True,
    help="With --against: report as well what is wrong while callers of one of the two meet "
    "callees of the other, as they do during a rollout.",
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
@click.option(
    "--fix",
    "repairs",
    is_flag=True,
    help="Apply fixes to the files, comments and layout kept, then check again: those that clear "
    "their finding and add none that is as bad.",
)
@click.option("--dry-run", is_flag=True, help="With --fix: write the diff, change no file.")
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
    **modes: bool,
) -> None:
    """Check files and folders; needs no server.

    Folders are searched for *.yaml, *.yml and *.json. Whatever is wrong with documents is reported
    with file, line and column (exit code 2) and does not hide the findings of the others.
    """
    repairs, dry_run = modes["repairs"], modes["dry_run"]
    if dry_run and not repairs:
        raise click.UsageError("--dry-run says what --fix would do: add --fix", context)
    if modes["in_stages"] and not against:
        raise click.UsageError("--rollout needs what is rolled out: add --against", context)
    invocation = context.ensure_object(Invocation)
    today = datetime.now(UTC).date()
    namespace = check_name("namespace", invocation.namespace)
    baselines = [read_baseline(known, namespace)] if known else []
    origin = origin_of(against, invocation, today) if against else None

    def examined() -> Examination:
        sources = load(paths, today)
        return examine(
            sources,
            namespace,
            today,
            origin=origin,
            baselines=baselines,
            in_stages=modes["in_stages"],
        )

    examination = examined()
    if repairs:
        repair(examination, dry_run=dry_run)
        examination = examination if dry_run else examined()
    found = Baseline.of(namespace, examination.report)
    if written:
        context.exit(_keep(written, found, examination.sources))
    checked = Checked(examination.sources, examination.shown, LEVELS[fail_on], found)
    if not dry_run:
        _write(checked, form or invocation.output)
    context.exit(_exit(checked))


def _write(checked: Checked, form: str) -> None:
    if form in WITHOUT_DOCUMENT_ERRORS:
        for error in checked.sources.errors:
            note(error_text(error))
    click.echo(FORMATS[form](checked), nl=False)


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


def _exit(checked: Checked) -> Exit:
    if checked.sources.errors:
        return Exit.INPUT
    return Exit.FINDINGS if checked.report.at_least(checked.fail_on) else Exit.CLEAN
