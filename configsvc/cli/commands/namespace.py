"""``configsvc namespace``: which there are, and what is set for each."""

import click

from configsvc.cli.client import Client
from configsvc.cli.options import Invocation, output_option, server_options
from configsvc.cli.terminal import write_json, write_table


@click.group("namespace")
def command() -> None:
    """List namespaces and change their settings."""


@command.command("list")
@output_option
@server_options
@click.pass_context
def list_command(context: click.Context) -> None:
    """List the namespaces that the token may see."""
    invocation = context.ensure_object(Invocation)
    client = Client.of(invocation)
    found = client.get(client.path("namespaces"))
    if invocation.as_json:
        write_json(found)
        return
    rows = [(item["name"], str(item["revision"])) for item in found["items"]]
    write_table(("namespace", "revision"), rows, empty="no namespaces")


@command.command("settings")
@click.argument("name")
@click.option(
    "--strict/--no-strict",
    default=None,
    help="Whether a rule that misses data refuses a change like an error.",
)
@output_option
@server_options
@click.pass_context
def settings_command(context: click.Context, name: str, *, strict: bool | None) -> None:
    """Show the settings of a namespace, or change them."""
    invocation = context.ensure_object(Invocation)
    client = Client.of(invocation)
    path = client.path("namespaces", name)
    if strict is not None:
        client.send("PUT", path, {"strict": strict})
    found = client.get(path)
    if invocation.as_json:
        write_json(found)
        return
    for field in ("name", "revision", "strict"):
        click.echo(f"{field:<9} {found[field]}")
