"""``configsvc settings``: the table of a node's settings."""

from typing import Any

import click

from configsvc.cli.options import Invocation, output_option
from configsvc.cli.terminal import write_json, write_table
from configsvc.settings import Row, markdown, rows, spell


@click.command("settings")
@output_option
@click.option("--markdown", "as_markdown", is_flag=True, help="Write the reference page's table.")
@click.pass_context
def command(context: click.Context, *, as_markdown: bool) -> None:
    """List the settings of a node.

    Each is a flag of `configsvc serve`, an environment variable, and a name in the TOML file that
    is given with --config; the first of them that gives a value wins.
    """
    if as_markdown:
        click.echo(markdown(), nl=False)
    elif context.ensure_object(Invocation).as_json:
        write_json({"items": [_described(row) for row in rows()]})
    else:
        table = [(row.flag, row.variable, spell(row.default), row.help) for row in rows()]
        write_table(("flag", "variable", "default", "meaning"), table, empty="")


def _described(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "flag": row.flag,
        "variable": row.variable,
        "default": row.default if isinstance(row.default, int) else spell(row.default),
        "unit": row.unit or None,
        "bounds": row.bounds or None,
        "help": row.help,
    }
