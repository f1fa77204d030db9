"""``configsvc fleet``: which agent runs what, and how far a change has come."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from configsvc.cli.client import Client
from configsvc.cli.options import Invocation, namespace_option, output_option, server_options
from configsvc.cli.terminal import note, shown, write_json, write_table

_MILLISECOND = 1_000


@click.command("fleet")
@click.option("--service", help="Only agents of this service.")
@click.option(
    "--revision",
    type=click.IntRange(min=1),
    help="How far this change has come, instead of the agents.",
)
@output_option
@namespace_option
@server_options
@click.pass_context
def command(context: click.Context, service: str | None, revision: int | None) -> None:
    """Show which agent runs which revision."""
    invocation = context.ensure_object(Invocation)
    client = Client.of(invocation)
    if revision is not None:
        found = client.get(client.in_namespace("changes", revision, "convergence"))
        write = _write_convergence
    else:
        found = client.get(client.in_namespace("fleet"))
        found["items"] = [each for each in found["items"] if service in {None, each["service"]}]
        write = _write_agents
    if invocation.as_json:
        write_json(found)
    else:
        write(found)


def _write_agents(found: Mapping[str, Any]) -> None:
    rows = [
        (
            each["service"],
            each["instance"],
            str(each["version"]),
            str(each["wantedVersion"]),
            each["state"],
            each["health"] or "-",
            each["reason"],
        )
        for each in found["items"]
    ]
    head = ("service", "instance", "runs", "wanted", "state", "health", "reason")
    write_table(head, rows, empty="no agents")
    for process in found["incomplete"]:
        note(f"incomplete: {process} did not answer")


def _write_convergence(found: Mapping[str, Any]) -> None:
    for line in _convergence_lines(found):
        click.echo(line)


def _convergence_lines(found: Mapping[str, Any]) -> Iterator[str]:
    states = ", ".join(f"{count} {state}" for state, count in found["states"].items()) or "none"
    yield f"revision {found['revision']}: {found['targeted']} agents targeted: {states}"
    if found.get("last") is not None:
        times = (f"{name} {found[name] / _MILLISECOND:.1f} ms" for name in ("p50", "p99", "last"))
        yield f"from commit to acknowledgement: {', '.join(times)}"
    for each in found["laggards"]:
        reason = f": {shown(each['reason'])}" if each["reason"] else ""
        yield f"  {each['service']} {each['instance']} {each['state']}{reason}"
