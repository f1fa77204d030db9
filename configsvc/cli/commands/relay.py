"""``configsvc relay``: an agent plane for one site, fed by one stream."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import click

from configsvc.cli.setting_flags import setting_flags
from configsvc.settings import Address, SettingError, Settings

FLAGS = (
    "data",
    "agent_listen",
    "agent_processes",
    "heartbeat",
    "push_rate",
    "tls_certificate",
    "tls_key",
    "insecure",
    "log_format",
    "log_level",
)
"""The settings that a relay shares with a node."""

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("relay")
@click.option(
    "--upstream",
    metavar="URL",
    envvar="CONFIGSVC_UPSTREAM",
    show_envvar=True,
    required=True,
    help="Agent plane of a node, or of another relay, such as https://configsvc:8701.",
)
@click.option(
    "--token-file",
    type=_FILE,
    envvar="CONFIGSVC_TOKEN_FILE",
    show_envvar=True,
    required=True,
    help="File that holds the relay's token: configsvc token create --relay.",
)
@click.option(
    "--upstream-ca",
    type=_FILE,
    help="PEM file of whoever signed the upstream's certificate.  [default: the system's]",
)
@setting_flags(FLAGS)
@click.pass_context
def command(
    context: click.Context,
    /,
    upstream: str,
    token_file: Path,
    upstream_ca: Path | None,
    **flags: object,
) -> None:
    """Serve the agents of a site from one upstream stream.

    Agents use it as they would use a node. What it has is kept in the data directory, so that the
    site starts and goes on while the upstream is away. Relays may be chained. SIGTERM and Ctrl-C
    stop it.
    """
    from configsvc.wiring import logs, relay_node

    settings = Settings.load(flags, os.environ, None)
    _check_protected(upstream, insecure=settings.insecure)
    logs.set_up(settings, "relay")
    relay_node.serve(settings, relay_node.RelayOptions(upstream, token_file, upstream_ca))
    context.exit(0)


def _check_protected(upstream: str, *, insecure: bool) -> None:
    """Send the token to no other machine unencrypted; raises `SettingError`."""
    parts = urlsplit(upstream)
    host = parts.hostname or ""
    if parts.scheme != "http" or insecure or Address(host, 0).is_loopback:
        return
    expected = "an https:// URL, or --insecure: the token could be read on the way"
    raise SettingError("upstream", "--upstream", upstream, expected)
