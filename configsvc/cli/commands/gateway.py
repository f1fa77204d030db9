"""``configsvc gateway``: one replica of a gateway, an Envoy that is configured by the server."""

import socket
from dataclasses import replace
from pathlib import Path

import click

from configsvc.cli.options import Invocation, namespace_option
from configsvc.model.names import check_name
from configsvc.settings import Address, SettingError, Settings

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("gateway")
@click.argument("name")
@click.option(
    "--xds",
    metavar="HOST:PORT",
    envvar="CONFIGSVC_XDS",
    show_envvar=True,
    default="127.0.0.1:8702",
    help="xDS plane of the server.  [default: 127.0.0.1:8702]",
)
@click.option(
    "--token-file",
    type=_FILE,
    envvar="CONFIGSVC_TOKEN_FILE",
    show_envvar=True,
    required=True,
    help="File that holds the gateway's own token.",
)
@click.option(
    "--ca",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="PEM file of whoever signed the server's certificate; without it there is no TLS.",
)
@click.option("--insecure", is_flag=True, help="Allow a server off loopback without TLS.")
@click.option(
    "--replica",
    default=None,
    metavar="NAME",
    help="What this replica is called; several on one machine need a name each.  [default: the "
    "machine's name]",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("configsvc-gateway"),
    help="Directory for the last good configuration.  [default: configsvc-gateway]",
)
@click.option("--envoy", type=_FILE, default=None, help="Another Envoy than the installed one.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    default=None,
    help="Threads of Envoy.  [default: one per core]",
)
@namespace_option
@click.pass_context
def command(  # noqa: PLR0913 one for each option
    context: click.Context,
    /,
    name: str,
    xds: str,
    token_file: Path,
    ca: Path | None,
    *,
    insecure: bool,
    replica: str | None,
    state: Path,
    envoy: Path | None,
    concurrency: int | None,
) -> None:
    """Run one replica of a gateway: an Envoy, kept running.

    It takes its configuration from the server, and starts from its last good one while the server
    is away. The request log goes to standard output, everything else to standard error. SIGTERM
    and Ctrl-C drain it; SIGHUP has a new Envoy take over without losing a request.
    """
    from configsvc.gateway import GatewayOptions, find_envoy, supervisor
    from configsvc.wiring import logs

    namespace = context.ensure_object(Invocation).namespace
    label = replica or socket.gethostname()
    options = GatewayOptions(
        name=check_name("gateway", name),
        namespace=check_name("namespace", namespace),
        replica=label,
        server=_server(xds, protected=insecure or ca is not None),
        token_file=token_file,
        state=state / namespace / name / label.replace("/", "-"),
        envoy=find_envoy(envoy),
        ca=ca,
        concurrency=concurrency,
    )
    run = supervisor()
    logs.set_up(replace(Settings(), log_format="text"), "gateway")
    run(options, lambda line: click.echo(line, err=True))


def _server(text: str, *, protected: bool) -> str:
    """Where the server is, if the token may be sent there; raises `SettingError`."""
    try:
        address = Address.parse(text)
    except ValueError as exc:
        raise SettingError("xds", "--xds", text, "host:port such as 127.0.0.1:8702") from exc
    if not (protected or address.is_loopback):
        expected = "--ca FILE with it, or --insecure: the token could be read on the way"
        raise SettingError("xds", "--xds", text, expected)
    return str(address)
