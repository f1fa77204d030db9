"""The root command, its global options, and the table of commands."""

import io
import os
import sys
from typing import NoReturn

import click

from configsvc import __version__
from configsvc.cli.exits import table
from configsvc.cli.lazy import LazyCommand, LazyGroup
from configsvc.cli.options import namespace_option, output_option, server_options

_HERE = "configsvc.cli.commands"

COMMANDS = (
    LazyCommand("serve", f"{_HERE}.serve", "Start a node: both planes and the controller."),
    LazyCommand("bff", f"{_HERE}.bff", "Run one instance of a Bff."),
    LazyCommand("relay", f"{_HERE}.relay", "Serve the agents of a site from one upstream stream."),
    LazyCommand("gateway", f"{_HERE}.gateway", "Run one replica of a gateway: an Envoy."),
    LazyCommand("check", f"{_HERE}.check", "Check files and folders; needs no server."),
    LazyCommand(
        "prove", f"{_HERE}.prove", "Run the witnesses of findings in files; needs no server."
    ),
    LazyCommand("plan", f"{_HERE}.plan", "Show what files would change."),
    LazyCommand("apply", f"{_HERE}.apply", "Publish files and folders as one change."),
    LazyCommand("get", f"{_HERE}.get", "Show resources of a namespace."),
    LazyCommand("diff", f"{_HERE}.diff", "Show what differs between two revisions."),
    LazyCommand("history", f"{_HERE}.history", "List the changes of a namespace, newest first."),
    LazyCommand("rollback", f"{_HERE}.rollback", "Publish former content as a new revision."),
    LazyCommand("rollout", f"{_HERE}.rollout", "Show and steer changes that go out in stages."),
    LazyCommand("explain", f"{_HERE}.explain", "Show a call's policy and who set which field."),
    LazyCommand("instances", f"{_HERE}.instances", "Show the registered instances of services."),
    LazyCommand("fleet", f"{_HERE}.fleet", "Show which agent runs which revision."),
    LazyCommand("token", f"{_HERE}.token", "Create, list and revoke tokens."),
    LazyCommand("namespace", f"{_HERE}.namespace", "List namespaces and change their settings."),
    LazyCommand("backup", f"{_HERE}.backup", "Copy a store into a file, while it is used."),
    LazyCommand("restore", f"{_HERE}.restore", "Copy a backup into an empty store."),
    LazyCommand("migrate", f"{_HERE}.migrate", "Copy one store into another, history included."),
    LazyCommand("restamp", f"{_HERE}.restamp", "Tell agents that a store was restored by hand."),
    LazyCommand("rules", f"{_HERE}.rules", "List the rules, or show one rule's page."),
    LazyCommand("settings", f"{_HERE}.settings", "List the settings of a node."),
    LazyCommand("demo", f"{_HERE}.demo", "Play a tour on real services."),
)
"""Every command with its line in the help, in the order of the help."""


@click.group(
    cls=LazyGroup,
    commands_table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"\b\nExit codes:\n{table()}",
)
@click.version_option(__version__, prog_name="configsvc")
@output_option
@namespace_option
@server_options
@click.pass_context
def root(context: click.Context) -> None:
    """Prove that resilience policies fit together, then push them into running services.

    An option of this list may also be given after the command.
    """
    if "NO_COLOR" in os.environ:
        context.color = False


def main() -> NoReturn:
    """Run the command line with the arguments of this process; ends the process."""
    for stream in (sys.stdout, sys.stderr):  # what the terminal's character set lacks is escaped
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(root.main(prog_name="configsvc"))
