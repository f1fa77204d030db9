"""What a command that copied a store says."""

from typing import TYPE_CHECKING

import click

from configsvc.cli.options import Invocation
from configsvc.cli.terminal import write_json

if TYPE_CHECKING:
    from configsvc.store.transfer import Copied


def write_copied(context: click.Context, copied: "Copied", where: str) -> None:
    """Say how much was copied, and where it is now."""
    if context.ensure_object(Invocation).as_json:
        counts = {"keys": copied.keys, "blobs": copied.blobs}
        write_json({"namespaces": list(copied.namespaces), **counts})
        return
    names = ", ".join(copied.namespaces)
    click.echo(f"{names}: {copied.keys} keys and {copied.blobs} blobs are in {where}")
