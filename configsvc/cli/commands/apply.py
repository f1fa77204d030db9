"""``configsvc apply``: files and folders as one change."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from configsvc.cli.client import Client
from configsvc.cli.exits import CommandError, Exit
from configsvc.cli.options import Invocation, namespace_option, output_option, server_options
from configsvc.cli.plans import plan_of
from configsvc.cli.publishing import publish
from configsvc.cli.reports import error_data, error_text
from configsvc.cli.sources import Sources, load
from configsvc.model.names import Key
from configsvc.model.resources import MANAGED_BY_API


@click.command("apply")
@click.argument("paths", nargs=-1, metavar="PATH...", type=click.Path(path_type=Path))
@click.option("-m", "--message", required=True, help="Why.")
@click.option("--delete", "deletes", multiple=True, metavar="KIND/NAME", help="Delete this too.")
@click.option(
    "--prune",
    is_flag=True,
    help="Delete every resource that is not in the files, except what folders manage.",
)
@click.option(
    "--base",
    type=click.IntRange(min=0),
    help="Revision that the files were made from: what others changed since is a conflict "
    "(exit code 4).  [default: head]",
)
@click.option("--confirm", is_flag=True, help="Delete more than half of the namespace.")
@click.option("--take-over", is_flag=True, help="Manage resources from here that others manage.")
@click.option(
    "--rollout",
    metavar="STAGES|FILE",
    help="Roll out in stages: 5%/10m,50%,100% are shares of the fleet, each with the time before "
    "the next one (default 5m). Or a file with a plan: labels, gate, share a minute.",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; nothing is written.")
@output_option
@namespace_option
@server_options
@click.pass_context
def command(
    context: click.Context,
    /,
    paths: tuple[Path, ...],
    message: str,
    deletes: tuple[str, ...],
    base: int | None,
    rollout: str | None,
    *,
    prune: bool,
    dry_run: bool,
    **consents: bool,
) -> None:
    """Publish files and folders as one change.

    All of it becomes one revision, or nothing does. A change that adds findings of severity error
    is refused (exit code 1).
    """
    if not paths and not deletes:
        raise click.UsageError("name files or folders, or resources with --delete", context)
    invocation = context.ensure_object(Invocation)
    client = Client.of(invocation)
    sources = load(paths, datetime.now(UTC).date()) if paths else Sources()
    _require_sound(sources)
    if base is None:
        base = int(client.get(client.in_namespace())["revision"])
    deleted = {Key.parse(each) for each in deletes} | (_strays(client, sources) if prune else set())
    body = {
        "message": message,
        "base": base,
        "put": [document.value for document in sources.documents.values()],
        "delete": [str(key) for key in sorted(deleted)],
        "confirm": consents["confirm"],
        "takeOver": consents["take_over"],
        **plan_of(rollout),
    }
    locate = sources.locate
    context.exit(publish(invocation, client, "changes", body, dry_run=dry_run, locate=locate))


def _require_sound(sources: Sources) -> None:
    """Send nothing while something is wrong with the files; the server would refuse it whole."""
    if sources.errors:
        text = "\n".join(map(error_text, sources.errors))
        data = {
            "detail": "documents in files are invalid; nothing was sent",
            "errors": [error_data(error) for error in sources.errors],
        }
        raise CommandError(f"{data['detail']}\n{text}", Exit.INPUT, data)


def _strays(client: Client, sources: Sources) -> set[Key]:
    """What is in the namespace, is no folder's, and is not in the files."""
    items = client.get(client.in_namespace("resources"))["items"]
    ours = (item for item in items if _manager(item) == MANAGED_BY_API)
    keys = {Key.parse(f"{item['kind']}/{item['name']}") for item in ours}
    return keys - sources.documents.keys()


def _manager(item: dict[str, Any]) -> str:
    return str(item["document"]["metadata"].get("manager", MANAGED_BY_API))
