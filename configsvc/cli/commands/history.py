"""``configsvc history``: the changes of a namespace."""

import click

from configsvc.cli.client import Client
from configsvc.cli.options import Invocation, namespace_option, output_option, server_options
from configsvc.cli.terminal import note, write_json, write_table


@click.command("history")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="Most.")
@click.option("--before", type=click.IntRange(min=1), help="Only changes before this revision.")
@output_option
@namespace_option
@server_options
@click.pass_context
def command(context: click.Context, limit: int, before: int | None) -> None:
    """List the changes of a namespace, newest first."""
    invocation = context.ensure_object(Invocation)
    client = Client.of(invocation)
    found = client.get(client.in_namespace("changes"), limit=limit, before=before)
    if invocation.as_json:
        write_json(found)
        return
    rows = [
        (str(item["revision"]), item["time"], item["author"], item["message"].partition("\n")[0])
        for item in found["items"]
    ]
    write_table(("revision", "time", "author", "message"), rows, empty="no changes")
    if "next" in found:
        note(f"older ones: configsvc history --before {found['next']}")
