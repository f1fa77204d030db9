"""``configsvc diff``: what differs between two revisions."""

from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import Any

import click

from configsvc.cli.client import Client
from configsvc.cli.options import Invocation, namespace_option, output_option, server_options
from configsvc.cli.terminal import write_json
from configsvc.cli.yaml_text import dump

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command("diff")
@click.argument("old", metavar="[FROM]", type=click.IntRange(min=0), required=False)
@click.argument("new", metavar="[TO]", type=click.IntRange(min=0), required=False)
@output_option
@namespace_option
@server_options
@click.pass_context
def command(context: click.Context, old: int | None, new: int | None) -> None:
    """Show what differs between two revisions.

    TO is the head if it is not given, FROM the revision before TO. Revision 0 is the namespace
    before its first change.
    """
    invocation = context.ensure_object(Invocation)
    client = Client.of(invocation)
    if new is None:
        new = int(client.get(client.in_namespace())["revision"])
    if old is None:
        old = max(0, new - 1)
    found = client.get(client.in_namespace("diff"), **{"from": old, "to": new})
    if invocation.as_json:
        write_json({"from": old, "to": new, **found})
        return
    for item in found["items"]:
        for line in _lines(item, old, new):
            click.echo(_coloured(line))
    if not found["items"]:
        click.echo(f"revisions {old} and {new} do not differ")


def _lines(item: Mapping[str, Any], old: int, new: int) -> Iterator[str]:
    before, after = (_text(item[side]) for side in ("before", "after"))
    key = f"{item['kind']}/{item['name']}"
    yield from unified_diff(
        before, after, _side(key, old, before), _side(key, new, after), lineterm=""
    )


def _side(key: str, revision: int, text: list[str]) -> str:
    return f"{key}@{revision}" if text else "/dev/null"


def _text(document: Any) -> list[str]:  # noqa: ANN401 any JSON
    return [] if document is None else dump([document]).splitlines()


def _coloured(line: str) -> str:
    if line.startswith(("+++", "---")):
        return click.style(line, bold=True)
    colour = _COLOURS.get(line[:1])
    return click.style(line, fg=colour) if colour else line
