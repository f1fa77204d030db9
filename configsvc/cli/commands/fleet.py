"""``configsvc fleet``: which agent runs what, and how far a change has come."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import click

from configsvc.cli.client import Client
from configsvc.cli.exits import CommandError
from configsvc.cli.live import watch
from configsvc.cli.options import Invocation, namespace_option, output_option, server_options
from configsvc.cli.terminal import counted, note, shown, table_lines, write_json

Lines: TypeAlias = Callable[[Mapping[str, Any]], Iterator[str]]

_MILLISECOND = 1_000
_SECOND = 1_000_000


@click.command("fleet")
@click.option("--service", help="Only agents of this service.")
@click.option(
    "--revision",
    type=click.IntRange(min=1),
    help="How far this change has come, instead of the agents.",
)
@click.option(
    "--watch",
    "seconds",
    type=click.FloatRange(min=0.5, max=3600),
    is_flag=False,
    flag_value=2.0,
    metavar="[SECONDS]",
    help="Show it anew every 2 s, those first that are behind; once where there is no terminal.",
)
@output_option
@namespace_option
@server_options
@click.pass_context
def command(
    context: click.Context, service: str | None, revision: int | None, seconds: float | None
) -> None:
    """Show which agent runs which revision."""
    invocation = context.ensure_object(Invocation)
    client = Client.of(invocation)

    def ask() -> dict[str, Any]:
        found: dict[str, Any]
        if revision is not None:
            found = client.get(client.in_namespace("changes", revision, "convergence"))
            return found
        found = client.get(client.in_namespace("fleet"))
        found["items"] = [each for each in found["items"] if service in {None, each["service"]}]
        return found

    lines = _agent_lines if revision is None else _convergence_lines
    if invocation.as_json:
        write_json(ask())
    elif seconds is not None and sys.stdout.isatty():
        watch(lambda: _screen(ask, lines), seconds)
    else:
        _write(ask(), lines)


def _write(found: Mapping[str, Any], lines: Lines) -> None:
    for number, line in enumerate(lines(found)):
        click.echo(click.style(line, bold=True) if number == 0 else line)
    for process in found.get("incomplete", ()):
        note(f"incomplete: {process} did not answer")


def _screen(ask: Callable[[], Mapping[str, Any]], lines: Lines) -> list[str]:
    """One screen: a summary, then the agents, those that are behind first."""
    try:
        found = dict(ask())
    except CommandError as error:  # a server that restarts does not end the watching
        return [f"{time.strftime('%H:%M:%S')}  {error.message}"]
    if "items" not in found:
        return [time.strftime("%H:%M:%S"), *lines(found)]
    found["items"] = sorted(found["items"], key=lambda each: (-each["lag"], each["service"]))
    missing = [f"incomplete: {process} did not answer" for process in found["incomplete"]]
    return [f"{time.strftime('%H:%M:%S')}  {_summary(found['items'])}", *missing, *lines(found)]


def _summary(agents: Sequence[Mapping[str, Any]]) -> str:
    states = Counter(each["state"] for each in agents)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    slowest = max((each["lag"] for each in agents), default=0)
    lag = f"; furthest behind: {slowest / _SECOND:.1f} s" if slowest else ""
    return f"{counted(len(agents), 'agent')}: {counts or 'none'}{lag}"


def _agent_lines(found: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (
            each["service"],
            each["instance"],
            str(each["version"]),
            str(each["wantedVersion"]),
            each["state"],
            each["health"] or "-",
            f"{each['lag'] / _SECOND:.1f} s" if each["lag"] else "-",
            each["reason"],
        )
        for each in found["items"]
    ]
    head = ("service", "instance", "runs", "wanted", "state", "health", "behind", "reason")
    yield from table_lines(head, rows, empty="no agents")


def _convergence_lines(found: Mapping[str, Any]) -> Iterator[str]:
    states = ", ".join(f"{count} {state}" for state, count in found["states"].items()) or "none"
    yield f"revision {found['revision']}: {found['targeted']} agents targeted: {states}"
    if found.get("last") is not None:
        times = (f"{name} {found[name] / _MILLISECOND:.1f} ms" for name in ("p50", "p99", "last"))
        yield f"from commit to acknowledgement: {', '.join(times)}"
    for each in found["laggards"]:
        reason = f": {shown(each['reason'])}" if each["reason"] else ""
        yield f"  {each['service']} {each['instance']} {each['state']}{reason}"
