"""``configsvc demo``: the whole story on this machine, in a minute."""

import time
from pathlib import Path

import click

from configsvc.cli.demo.entry import FRONT_ENDS, Entry
from configsvc.cli.demo.system import System
from configsvc.cli.demo.telling import loudly
from configsvc.cli.demo.tour import Tour


@click.command("demo")
@click.option(
    "--once", is_flag=True, help="Play the tour and exit, instead of staying up after it."
)
def command(*, once: bool) -> None:
    """Play a tour on real services: refused conflicts, a live change, a failure, a rollback.

    A gateway (Envoy), two back ends for front ends and three engines run on loopback with their
    data in a temporary folder, and are stopped in the end. Where there is no Envoy, the tour says
    so and begins at the back ends.
    """
    with System(find_gateway()) as system:
        stay = (lambda _: None) if once else (lambda entry: _stay(system, entry))
        Tour(system).play(after=stay)
    click.echo("\nEverything is stopped.")


def find_gateway() -> Path | None:
    """The program behind the gateway; None, told loudly, where there is none."""
    from configsvc import gateway

    try:
        gateway.supervisor()
        return gateway.find_envoy()
    except (gateway.EnvoyMissingError, gateway.MissingExtraError) as error:
        loudly(str(error))
        return None


def _stay(system: System, entry: Entry) -> None:
    system.start_node()
    token = system.folder / "player.token"
    token.touch(mode=0o600)
    token.write_text(entry.pass_of("player-1"))
    web = FRONT_ENDS[0]
    click.echo(f"\nThe node is up again at http://{system.operator}; Ctrl-C stops everything. Try:")
    click.echo(f"  export CONFIGSVC_SERVER=http://{system.operator} CONFIGSVC_NAMESPACE=demo")
    click.echo(f"  export CONFIGSVC_TOKEN_FILE={system.admin_token}")
    click.echo("  configsvc explain player-engine score-engine get-score")
    click.echo(
        f'  curl -H "Host: {web.host}" -H "Authorization: Bearer $(cat {token})" '
        f"{entry.url(web, 'player-1')}"
    )
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        click.echo()
