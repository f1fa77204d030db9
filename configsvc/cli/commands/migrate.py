"""``configsvc migrate``: from one store into another."""

import os

import click

from configsvc.cli.copied import write_copied
from configsvc.cli.options import output_option
from configsvc.cli.setting_flags import ETCD, setting_flags
from configsvc.settings import Settings


@click.command("migrate")
@click.option("--from", "source", required=True, metavar="DIR|URL", help="The store to copy.")
@click.option("--to", "target", required=True, metavar="DIR|URL", help="An empty store.")
@click.option("--only", metavar="NAMESPACE", help="Copy this namespace alone, without tokens.")
@setting_flags(ETCD)
@output_option
@click.pass_context
def command(
    context: click.Context, /, source: str, target: str, only: str | None, **flags: object
) -> None:
    """Copy one store into another, history included.

    A store is a data directory or etcd://HOST:PORT. Revisions, digests and epochs stay, so that
    agents notice nothing. What is published meanwhile is copied too; stop the old nodes before the
    new ones are asked to publish. If it is cut short, call it again.
    """
    from configsvc.wiring.copies import move

    copied = move(Settings.load(flags, os.environ), source, target, only)
    write_copied(context, copied, target)
