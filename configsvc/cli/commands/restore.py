"""``configsvc restore``: a file as a store."""

import os
from pathlib import Path

import click

from configsvc.cli.copied import write_copied
from configsvc.cli.options import output_option
from configsvc.cli.setting_flags import STORE, setting_flags
from configsvc.settings import Settings


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@setting_flags(STORE)
@output_option
@click.pass_context
def command(context: click.Context, /, file: Path, **flags: object) -> None:
    """Copy a backup into an empty store, before nodes use it.

    The file is checked whole before anything is written. Every namespace gets a new epoch: agents
    that hold newer revisions than the backup has are told so and take what it has.
    """
    from configsvc.wiring.copies import restore

    settings = Settings.load(flags, os.environ)
    copied = restore(settings, file)
    write_copied(context, copied, settings.store if settings.clustered else str(settings.data))
