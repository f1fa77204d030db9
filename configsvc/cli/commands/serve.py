"""``configsvc serve``: a node, from one command."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from configsvc.settings import Row, Settings, rows, spell


def _flag(row: Row) -> Callable[[Any], Any]:
    """The flag of one setting; its value is checked with those of all the others."""
    bounds = f"{row.bounds}; " if row.bounds and not row.choices else ""
    default = f"  [{bounds}default: {spell(row.default)}]" if spell(row.default) else ""
    options: dict[str, Any] = {"help": row.help + default, "default": None}
    if row.type is bool:
        options["is_flag"] = True
    elif row.choices:
        options["type"] = click.Choice(row.choices)
    else:
        options["metavar"] = _METAVARS.get(row.unit, row.type.__name__.upper())
    return click.option(row.flag, row.name, **options)


_METAVARS = {"URL": "URL", "host:port": "HOST:PORT", "seconds": "SECONDS"}


def _flags(command: Callable[..., None]) -> Callable[..., None]:
    for row in reversed(rows()):
        command = _flag(row)(command)
    return command


@click.command("serve")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="CONFIGSVC_CONFIG",
    show_envvar=True,
    help="TOML file of settings; flags and variables win over it.",
)
@_flags
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
