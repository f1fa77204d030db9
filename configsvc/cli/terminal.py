"""What is written where: results to standard output, failures and progress to standard error."""

import json
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import click

from configsvc.cli.exits import CommandError
from configsvc.cli.options import Invocation

T = TypeVar("T")

PROGRESS_FROM = 20
"""Work of fewer steps is done before somebody can read how far it is."""

_CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029]")


def write_json(value: Any) -> None:  # noqa: ANN401 any JSON
    """Write one JSON value to standard output, readable for people too."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def write_table(head: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> None:
    """Write rows in aligned columns under a head; `empty` instead if there are none."""
    for number, line in enumerate(lines := list(table_lines(head, rows, empty))):
        is_head = number == 0 and len(lines) > 1
        click.echo(click.style(line, bold=True) if is_head else line)


def table_lines(head: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> Iterator[str]:
    """Rows in aligned columns under a head, line by line; `empty` instead if there are none."""
    table = [tuple(head), *(tuple(map(shown, row)) for row in rows)]
    if len(table) == 1:
        yield empty
        return
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()


def shown(text: str) -> str:
    """Text of others as it may be written: escaped where it would begin a line or tell a terminal.

    Reasons of agents and messages of changes come from whoever holds a token.
    """
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def report_error(context: click.Context, error: CommandError) -> None:
    """Write why a command ends to standard error, as JSON if that was asked for."""
    invocation = context.find_object(Invocation)
    if invocation is not None and invocation.as_json:
        click.echo(json.dumps({"error": error.detail}, indent=2, ensure_ascii=False), err=True)
        return
    click.echo(f"{click.style('error:', fg='red', bold=True)} {error.message}", err=True)


def counted(number: int, noun: str) -> str:
    """A number with its noun, which takes an s for all but one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def note(text: str) -> None:
    """Write a remark to standard error."""
    click.echo(text, err=True)


def progress(items: Collection[T], doing: str) -> Iterator[T]:
    """Yield the items; count them on standard error if that is a terminal and they are many."""
    if len(items) < PROGRESS_FROM or not sys.stderr.isatty():
        yield from items
        return
    try:
        for number, item in enumerate(items, 1):
            click.echo(f"\r{doing} {number}/{len(items)}", err=True, nl=False)
            yield item
    finally:
        click.echo("\r\x1b[K", err=True, nl=False, color=True)
