"""``configsvc demo``: the whole story on this machine, in a minute."""

import time

import click

from configsvc.cli.demo.system import System
from configsvc.cli.demo.tour import Tour


@click.command("demo")
@click.option(
    "--once", is_flag=True, help="Play the tour and exit, instead of staying up after it."
)
def command(*, once: bool) -> None:
    """Play a tour on three real services: a refused conflict, a live change, a failure, a rollback.

    Everything runs on loopback with its data in a temporary folder, and is stopped in the end.
    """
    with System() as system:
        Tour(system).play(after=(lambda: None) if once else lambda: _stay(system))
    click.echo("\nEverything is stopped.")


def _stay(system: System) -> None:
    system.start_node()
    click.echo(f"\nThe node is up again at http://{system.operator}; Ctrl-C stops everything. Try:")
    click.echo(f"  export CONFIGSVC_SERVER=http://{system.operator} CONFIGSVC_NAMESPACE=demo")
    click.echo(f"  export CONFIGSVC_TOKEN_FILE={system.admin_token}")
    click.echo("  configsvc explain player-engine score-engine get-score")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        click.echo()
