"""``configsvc token``: who may talk to the server."""

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import click

from configsvc.cli.client import Client
from configsvc.cli.options import Invocation, namespace_option, output_option, server_options
from configsvc.cli.terminal import note, write_json, write_table
from configsvc.errors import InputError

_LIFETIME = re.compile(r"(\d{1,6})(m|h|d)", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@click.group("token")
def command() -> None:
    """Create, list and revoke tokens."""


@command.command("create")
@click.option(
    "--grant",
    "grants",
    multiple=True,
    metavar="NAMESPACE=ROLE",
    help="Operator's token: viewer, editor or admin of a namespace, or of every one (*).",
)
@click.option("--agent", metavar="SERVICE", help="Token for the agents of a service.")
@click.option("--relay", is_flag=True, help="Token for a relay of the namespace's agents.")
@click.option("--label", default="", help="What people call it.")
@click.option("--expires", metavar="TIME", help="End of its life from now: 30m, 12h or 90d.")
@click.option(
    "--to-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="New file for it, readable for you alone; it is not shown then.",
)
@output_option
@namespace_option
@server_options
@click.pass_context
def create(
    context: click.Context,
    grants: tuple[str, ...],
    agent: str | None,
    label: str,
    expires: str | None,
    to_file: Path | None,
    *,
    relay: bool,
) -> None:
    """Create a token and show it, this once.

    Either for an operator, with one --grant or more, or for the namespace of --namespace: with
    --agent for the agents of a service, with --relay for a relay of all of them.
    """
    if [bool(grants), agent is not None, relay].count(True) != 1:
        raise click.UsageError(
            "give --grant for an operator, --agent for a service, or --relay for a relay", context
        )
    invocation = context.ensure_object(Invocation)
    client = Client.of(invocation)
    body: dict[str, Any] = {"label": label}
    if relay:
        body["relay"] = [client.namespace]
    elif agent is None:
        body["grants"] = dict(map(_grant, grants))
    else:
        body["agent"] = {"namespace": client.namespace, "service": agent}
    if expires is not None:
        body["notAfter"] = (datetime.now(UTC) + _lifetime(expires)).isoformat()
    if to_file is None:
        _show(client.send("POST", client.path("tokens"), body).body, invocation)
    else:
        _keep(client, body, to_file)


@command.command("list")
@output_option
@server_options
@click.pass_context
def list_command(context: click.Context) -> None:
    """List the tokens that you may administer, without their secrets."""
    invocation = context.ensure_object(Invocation)
    client = Client.of(invocation)
    found = client.get(client.path("tokens"))
    if invocation.as_json:
        write_json(found)
        return
    rows = [
        (each["id"], each["kind"], _scope(each), _state(each), each["label"])
        for each in found["items"]
    ]
    write_table(("id", "kind", "for", "state", "label"), rows, empty="no tokens")


@command.command("revoke")
@click.argument("identifier", metavar="ID")
@output_option
@server_options
@click.pass_context
def revoke(context: click.Context, identifier: str) -> None:
    """Withdraw a token for good."""
    invocation = context.ensure_object(Invocation)
    client = Client.of(invocation)
    found = client.send("DELETE", client.path("tokens", identifier)).body
    if invocation.as_json:
        write_json(found)
    else:
        click.echo(f"revoked {found['id']} at {found['revoked']}")


def _grant(text: str) -> tuple[str, str]:
    namespace, equals, role = text.partition("=")
    if not equals:
        raise InputError(f"grant {text[:80]!r} is not of the form NAMESPACE=ROLE, like prod=editor")
    return namespace, role


def _lifetime(text: str) -> timedelta:
    match = _LIFETIME.fullmatch(text)
    if match is None:
        raise InputError(f"time {text[:40]!r} is not a number with m, h or d, such as 90d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _show(minted: Mapping[str, Any], invocation: Invocation) -> None:
    if invocation.as_json:
        write_json(minted)
        return
    click.echo(minted["token"])
    note(f"token {minted['id']} of {_scope(minted)}; it is not shown again")


def _keep(client: Client, body: Mapping[str, Any], path: Path) -> None:
    """Write a new token to a new file; the file is made first, so that no token gets lost."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as exc:
        raise InputError(f"{path} cannot be created: {exc.strerror}") from exc
    with os.fdopen(descriptor, "w") as file:
        try:
            minted = client.send("POST", client.path("tokens"), dict(body)).body
        except BaseException:
            path.unlink()
            raise
        _write(file, minted, path)
    note(f"token {minted['id']} of {_scope(minted)} is in {path}")


def _write(file: TextIO, minted: Mapping[str, Any], path: Path) -> None:
    try:
        file.write(f"{minted['token']}\n")
        file.flush()
    except OSError as exc:
        raise InputError(
            f"{path} cannot be written: {exc.strerror}; the token exists all the same: end it with "
            f"'configsvc token revoke {minted['id']}', make room and try again"
        ) from exc


def _scope(token: Mapping[str, Any]) -> str:
    agent = token["agent"]
    if token["relay"]:
        return f"relay of {', '.join(token['relay'])}"
    if agent:
        return f"{agent['namespace']}/{agent['service']}"
    return ", ".join(f"{namespace}={role}" for namespace, role in token["grants"].items())


def _state(token: Mapping[str, Any]) -> str:
    if token["revoked"]:
        return f"revoked {token['revoked']}"
    return f"until {token['notAfter']}" if token["notAfter"] else "valid"
