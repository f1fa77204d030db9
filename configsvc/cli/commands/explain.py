"""``configsvc explain``: the policy of one call, with who set which field."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from configsvc.analysis.formats.svg import draw
from configsvc.analysis.formats.timelines import timeline_of
from configsvc.cli.client import Client
from configsvc.cli.options import Invocation, namespace_option, output_option, server_options
from configsvc.cli.terminal import write_json, write_table
from configsvc.cli.value_text import value_text
from configsvc.cli.whole_files import write_whole
from configsvc.model.names import ANY_OPERATION


@click.command("explain")
@click.argument("caller", metavar="FROM")
@click.argument("callee", metavar="TO")
@click.argument("operation", required=False, default=ANY_OPERATION)
@click.option(
    "--svg",
    "picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the call's time budget into this file.",
)
@output_option
@namespace_option
@server_options
@click.pass_context
def command(
    context: click.Context, caller: str, callee: str, operation: str, picture: Path | None
) -> None:
    """Show a call's policy and who set which field.

    FROM calls TO; without OPERATION, or with '*', the call matches none that TO declares.
    """
    invocation = context.ensure_object(Invocation)
    client = Client.of(invocation)
    parts = (caller, callee) if operation == ANY_OPERATION else (caller, callee, operation)
    found = client.get(client.in_namespace("edges", *parts))
    if picture is not None:
        write_whole(picture, draw(timeline_of(found["timeline"])).encode())
    if invocation.as_json:
        write_json(found)
        return
    click.echo(click.style(f"{caller} -> {callee} {operation}", bold=True))
    if found["bounds"] is not None:
        click.echo("\n".join(_bounds(found["bounds"])))
    if not found["policies"]:
        click.echo("no policy targets this call")
    for policy in found["policies"]:
        state = "" if policy["inForce"] else "  (not in force)"
        click.echo(f"\n{policy['kind']}{state}")
        rows = [row for field in policy["fields"] for row in _rows(field)]
        write_table(("  field", "value", "set by"), rows, empty="")


def _bounds(bounds: Mapping[str, Any]) -> Iterator[str]:
    """What a call costs at worst, and which data would tell more exactly."""
    yield f"  worst case: {_between(bounds['worstCase'])}"
    yield f"  requests for one: {_between(bounds['amplification'])}"
    yield f"  work for nobody, after the caller gave up: {_between(bounds['abandoned'])}"
    if bounds["missing"]:
        yield f"  not known: {', '.join(bounds['missing'])}"


def _between(ends: Mapping[str, str | float | None]) -> str:
    """A value, or the two that it lies between; None is unlimited."""
    low, high = (_end(ends[name]) for name in ("low", "high"))
    return low if low == high else f"{low} to {high}"


def _end(value: str | float | None) -> str:
    if value is None:
        return "unlimited"
    return value if isinstance(value, str) else f"{value:g}x"


def _rows(field: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """A field's line, and one for each value that it covers or contends with."""
    if field["contenders"]:
        yield f"  {field['path']}", "ambiguous", ""
        for each in field["contenders"]:
            yield "", value_text(each["value"]), _source(each)
        return
    by = ", ".join(map(_source, field["sources"])) or "default"
    yield f"  {field['path']}", value_text(field["value"]), by
    for each in field["covers"]:
        yield "", f"({value_text(each['value'])})", f"covered: {_source(each)}"


def _source(source: Mapping[str, Any]) -> str:
    revision = "" if source["revision"] is None else f"@{source['revision']}"
    return f"{source['resource']}{revision} {source['pointer']}"
