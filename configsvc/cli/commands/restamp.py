"""``configsvc restamp``: a store that was restored by its own means."""

import os

import click

from configsvc.cli.options import Invocation, output_option
from configsvc.cli.setting_flags import STORE, setting_flags
from configsvc.cli.terminal import write_json, write_table
from configsvc.settings import Settings


@click.command("restamp")
@setting_flags(STORE)
@output_option
@click.pass_context
def command(context: click.Context, /, **flags: object) -> None:
    """Tell agents that a store was restored by hand.

    To be called after a snapshot of etcd or a copy of the database file was put back, before nodes
    start: every namespace gets a new epoch, by which nodes and agents know that revisions may be
    lower than those they saw. `configsvc restore` does it by itself.
    """
    from configsvc.wiring.copies import restamp

    epochs = restamp(Settings.load(flags, os.environ))
    if context.ensure_object(Invocation).as_json:
        write_json({"epochs": dict(epochs)})
        return
    write_table(("namespace", "epoch"), sorted(epochs.items()), empty="no namespaces")
