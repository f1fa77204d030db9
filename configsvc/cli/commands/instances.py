"""``configsvc instances``: which instances of which service are registered."""

from collections.abc import Mapping
from typing import Any

import click

from configsvc.cli.client import Client
from configsvc.cli.options import Invocation, namespace_option, output_option, server_options
from configsvc.cli.terminal import table_lines, write_json


@click.command("instances")
@click.argument("service", required=False)
@output_option
@namespace_option
@server_options
@click.pass_context
def command(context: click.Context, service: str | None) -> None:
    """Show the registered instances of services: of SERVICE, or of all."""
    invocation = context.ensure_object(Invocation)
    client = Client.of(invocation)
    found = client.get(client.in_namespace("instances"))
    found["items"] = [each for each in found["items"] if service in {None, each["service"]}]
    if invocation.as_json:
        write_json(found)
        return
    head = ("service", "address", "state", "health", "labels", "instance")
    rows = [_row(each) for each in found["items"]]
    for number, line in enumerate(table_lines(head, rows, empty="no registered instances")):
        click.echo(click.style(line, bold=True) if number == 0 else line)


def _row(instance: Mapping[str, Any]) -> tuple[str, ...]:
    labels = ",".join(f"{name}={value}" for name, value in sorted(instance["labels"].items()))
    return (
        instance["service"],
        instance["address"],
        instance["state"],
        "ok" if instance["healthy"] else "failing",
        labels or "-",
        instance["id"],
    )
