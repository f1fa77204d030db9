"""``configsvc plan``: what files would change, before they are published."""

from datetime import UTC, datetime
from pathlib import Path

import click

from configsvc.cli.comparing import compare
from configsvc.cli.exits import Exit
from configsvc.cli.options import (
    DEFAULT_SERVER,
    Invocation,
    namespace_option,
    output_option,
    server_options,
)
from configsvc.cli.origins import HEAD, NOTHING, Origin, origin_of
from configsvc.cli.plan_data import plan_data
from configsvc.cli.plan_text import plan_text
from configsvc.cli.planning import Plan, plan_of
from configsvc.cli.reports import coloured, error_text, spots_of
from configsvc.cli.sources import load
from configsvc.cli.terminal import note, write_json
from configsvc.model.names import check_name


@click.command("plan")
@click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path)
)
@click.option(
    "--against",
    metavar="REV|FILE|FOLDER",
    help="Compare with another checkout of the policies, or with the server's namespace at a "
    "revision (a number, or head), on top of which the files are put.  [default: head if a server "
    "or token is given, else nothing]",
)
@click.option(
    "--prune",
    is_flag=True,
    help="Against a namespace: delete every resource that is not in the files, except what folders "
    "manage.",
)
@output_option
@namespace_option
@server_options
@click.pass_context
def command(
    context: click.Context, paths: tuple[Path, ...], against: str | None, *, prune: bool
) -> None:
    """Show what files would change.

    Per call: each effective field with who set it and who would; how long the call takes at worst
    and how many requests it makes, before and after. For the whole graph: ways in that get slower
    and paths on which requests multiply. Then the findings that the change adds and resolves. Ends
    with 1 if the gate would refuse the change. Nothing is written anywhere.
    """
    invocation = context.ensure_object(Invocation)
    today = datetime.now(UTC).date()
    namespace = check_name("namespace", invocation.namespace)
    sources = load(paths, today)
    origin = origin_of(against, invocation, today) if against else _default(invocation)
    plan = plan_of(compare(origin, sources, namespace, prune=prune), today)
    if invocation.as_json:
        write_json(plan_data(plan))
    else:
        for error in sources.errors:
            note(error_text(error))
        click.echo(coloured(plan_text(plan, spots_of(plan.comparison.locate))), nl=False)
    context.exit(_exit(plan))


def _default(invocation: Invocation) -> Origin:
    given = invocation.token or invocation.token_file or invocation.server != DEFAULT_SERVER
    return origin_of(HEAD, invocation, datetime.now(UTC).date()) if given else NOTHING


def _exit(plan: Plan) -> Exit:
    if plan.comparison.sources.errors:
        return Exit.INPUT
    return Exit.CLEAN if plan.publishable else Exit.FINDINGS
