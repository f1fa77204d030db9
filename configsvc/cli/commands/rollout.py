"""``configsvc rollout``: changes that reach the fleet in stages."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from configsvc.cli.client import Client
from configsvc.cli.options import Invocation, namespace_option, output_option, server_options
from configsvc.cli.terminal import shown, write_json, write_table

_ID = click.argument("rollout", type=click.IntRange(min=1), metavar="REVISION")
_REASON = click.option("-m", "--message", default="", help="Why.")


@click.group("rollout")
def command() -> None:
    """Show and steer changes that go out in stages.

    One begins with `configsvc apply --rollout`; the revision that it begins with is its name.
    """


@command.command("list")
@output_option
@namespace_option
@server_options
@click.pass_context
def list_command(context: click.Context) -> None:
    """List rollouts, newest first."""
    invocation = context.ensure_object(Invocation)
    client = Client.of(invocation)
    found = client.get(client.in_namespace("rollouts"))
    if invocation.as_json:
        write_json(found)
        return
    rows = [
        (
            str(each["id"]),
            each["phase"],
            _stage_text(each),
            each["share"],
            each["author"],
            each["message"],
        )
        for each in found["items"]
    ]
    head = ("revision", "phase", "stage", "share", "author", "message")
    write_table(head, rows, empty="no rollouts")


@command.command("show")
@_ID
@output_option
@namespace_option
@server_options
@click.pass_context
def show(context: click.Context, rollout: int) -> None:
    """Show a rollout: its members, what it waits for, what it changes."""
    invocation = context.ensure_object(Invocation)
    client = Client.of(invocation)
    found = client.get(client.in_namespace("rollouts", rollout))
    if invocation.as_json:
        write_json(found)
        return
    for line in _lines(found):
        click.echo(line)


@command.command("pause")
@_ID
@_REASON
@output_option
@namespace_option
@server_options
@click.pass_context
def pause(context: click.Context, rollout: int, message: str) -> None:
    """Add nobody until it is resumed."""
    _move(context, rollout, "pause", {"reason": message})


@command.command("resume")
@_ID
@output_option
@namespace_option
@server_options
@click.pass_context
def resume(context: click.Context, rollout: int) -> None:
    """Go on; on a head that moved meanwhile, after another check."""
    _move(context, rollout, "resume")


@command.command("promote")
@_ID
@output_option
@namespace_option
@server_options
@click.pass_context
def promote(context: click.Context, rollout: int) -> None:
    """Put it in force for everybody, whatever its gate says."""
    _move(context, rollout, "promote")


@command.command("abort")
@_ID
@_REASON
@output_option
@namespace_option
@server_options
@click.pass_context
def abort(context: click.Context, rollout: int, message: str) -> None:
    """Give it up: its members go back to what everybody else has."""
    _move(context, rollout, "abort", {"reason": message})


def _move(
    context: click.Context, rollout: int, move: str, body: Mapping[str, str] | None = None
) -> None:
    invocation = context.ensure_object(Invocation)
    client = Client.of(invocation)
    path = client.in_namespace("rollouts", rollout, move)
    answer = client.send("POST", path, None if body is None else dict(body)).body
    if invocation.as_json:
        write_json(answer)
    else:
        click.echo(f"revision {answer['revision']} of {answer['namespace']}: {move} {rollout}")


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"rollout {found['id']} is {found['phase']}: {shown(found['message'])}"
    if found["reason"]:
        yield f"  because {shown(found['reason'])}"
    yield f"  stage {_stage_text(found)}: {_whom(found)}"
    if (fleet := found["fleet"]) is not None:
        states = ", ".join(f"{count} {state}" for state, count in fleet["states"].items()) or "none"
        lost = f", {fleet['lost']} vanished" if fleet.get("lost") else ""
        yield f"  {fleet['members']} of {fleet['agents']} agents are members: {states}{lost}"
        yield from (
            f"  rejected by {count}: {shown(reason)}"
            for reason, count in fleet["rejections"].items()
        )
    if found["decision"] is not None and found["decision"]["reason"]:
        yield f"  next: {found['decision']['action']}, {shown(found['decision']['reason'])}"
    yield from (f"  changes {each['kind']}/{each['name']}" for each in found["resources"])


def _stage_text(rollout: Mapping[str, Any]) -> str:
    return f"{rollout['stage'] + 1} of {len(rollout['plan']['stages'])}"


def _whom(rollout: Mapping[str, Any]) -> str:
    stage = rollout["plan"]["stages"][rollout["stage"]]
    if "labels" in stage:
        labels = ", ".join(f"{name}={value}" for name, value in stage["labels"].items())
        return f"{rollout['share']} of the fleet and agents with {labels}, {stage['bake']} to bake"
    reached = rollout["share"]
    whole = "" if reached == stage["share"] else f" of {stage['share']}"
    return f"{reached}{whole} of the fleet, {stage['bake']} to bake"
