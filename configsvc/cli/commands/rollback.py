"""``configsvc rollback``: former content as a new revision."""

import click

from configsvc.cli.client import Client
from configsvc.cli.options import Invocation, namespace_option, output_option, server_options
from configsvc.cli.publishing import publish


@click.command("rollback")
@click.argument("revision", type=click.IntRange(min=0))
@click.option("-m", "--message", required=True, help="Why.")
@click.option("--acknowledge", is_flag=True, help="Accept the findings that come back with it.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; nothing is written.")
@output_option
@namespace_option
@server_options
@click.pass_context
def command(
    context: click.Context, revision: int, message: str, *, acknowledge: bool, dry_run: bool
) -> None:
    """Publish former content as a new revision.

    What is published is the content of REVISION; waivers stay as they are. Today's rules are run
    over it first, and findings that it brings back need --acknowledge.
    """
    invocation = context.ensure_object(Invocation)
    body = {"to": revision, "message": message, "acknowledge": acknowledge}
    path = "rollback"
    context.exit(publish(invocation, Client.of(invocation), path, body, dry_run=dry_run))
