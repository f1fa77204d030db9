"""``configsvc backup``: a store as a file."""

import os
from pathlib import Path

import click

from configsvc.cli.copied import write_copied
from configsvc.cli.options import output_option
from configsvc.cli.setting_flags import STORE, setting_flags
from configsvc.settings import Settings


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--only", metavar="NAMESPACE", help="Copy this namespace alone, without tokens.")
@setting_flags(STORE)
@output_option
@click.pass_context
def command(context: click.Context, /, file: Path, only: str | None, **flags: object) -> None:
    """Copy a store into a file, while it is used.

    The copy is of one moment: resources, history, bundles in force, audit, settings and tokens.
    It can be read by its owner alone, and takes the place of an older file only when it is whole.
    """
    from configsvc.wiring.copies import back_up

    copied = back_up(Settings.load(flags, os.environ), only, file)
    write_copied(context, copied, str(file))
