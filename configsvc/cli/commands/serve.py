"""``configsvc serve``: a node, from one command."""

import os
from pathlib import Path

import click

from configsvc.cli.setting_flags import setting_flags
from configsvc.settings import Settings


@click.command("serve")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="CONFIGSVC_CONFIG",
    show_envvar=True,
    help="TOML file of settings; flags and variables win over it.",
)
@setting_flags()
@click.pass_context
def command(context: click.Context, /, config: Path | None, **flags: object) -> None:
    """Start a node: both planes and the controller.

    Writes where the planes are to standard output, with the line "ready" when they serve, and log
    lines to standard error. SIGTERM and Ctrl-C stop it within ten seconds. The first start writes
    an admin token to a file in the data directory.

    Each flag may also be given as a variable: --agent-listen as CONFIGSVC_AGENT_LISTEN.
    """
    from configsvc.wiring import logs
    from configsvc.wiring.node import Node

    settings = Settings.load(flags, os.environ, config)
    logs.set_up(settings, "serve")
    context.exit(Node(settings, click.echo).run())
