"""``configsvc get``: resources of a namespace."""

from typing import Any

import click

from configsvc.cli.client import Client
from configsvc.cli.options import Invocation, namespace_option, output_option, server_options
from configsvc.cli.terminal import write_json, write_table
from configsvc.cli.yaml_text import dump
from configsvc.errors import InputError
from configsvc.model.names import Key, Kind


@click.command("get")
@click.argument("kind", required=False)
@click.argument("name", required=False)
@click.option(
    "--label", "labels", multiple=True, metavar="NAME=VALUE", help="Only with this label."
)
@click.option("--revision", type=click.IntRange(min=1), help="As it was then.  [default: head]")
@click.option("--yaml", "as_yaml", is_flag=True, help="Write the documents as YAML.")
@output_option
@namespace_option
@server_options
@click.pass_context
def command(
    context: click.Context,
    kind: str | None,
    name: str | None,
    labels: tuple[str, ...],
    revision: int | None,
    *,
    as_yaml: bool,
) -> None:
    """Show resources of a namespace.

    All of them, those of one KIND, or the one with a NAME (also written KIND/NAME) as a document.
    """
    invocation = context.ensure_object(Invocation)
    client = Client.of(invocation)
    wanted, name = _wanted(kind, name)
    if name is not None and wanted is not None:
        path = client.in_namespace("resources", wanted, name)
        found = client.get(path, revision=revision)
        items = [found]
    else:
        query = {"kind": wanted, "label": list(labels) or None, "revision": revision}
        found = client.get(client.in_namespace("resources"), **query)
        items = found["items"]
    if invocation.as_json:
        write_json(found)
    elif as_yaml or name is not None:
        click.echo(dump([item["document"] for item in items]), nl=False)
    else:
        _write_list(items, client.namespace)


def _wanted(kind: str | None, name: str | None) -> tuple[Kind | None, str | None]:
    if kind is None:
        return None, None
    if name is None and "/" in kind:
        kind, _, name = kind.partition("/")
    found = next((each for each in Kind if each.lower() == kind.lower()), None)
    if found is None:
        raise InputError(f"there is no kind {kind[:40]!r}: use one of {', '.join(Kind)}")
    return found, name and Key.parse(f"{found}/{name}").name


def _write_list(items: list[dict[str, Any]], namespace: str) -> None:
    rows = [
        (item["kind"], item["name"], str(item["revision"]), item["digest"][:12]) for item in items
    ]
    head = ("kind", "name", "revision", "digest")
    write_table(head, rows, empty=f"no such resources in namespace {namespace}")
