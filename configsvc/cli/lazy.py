"""A group that imports a command when it is called, so that no command pays for another."""

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any, NoReturn

import click

from configsvc.cli.exits import CommandError, Exit
from configsvc.cli.terminal import report_error
from configsvc.errors import ConfigsvcError


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """A command that is not imported yet.

    `module` has the command as its attribute `command`; `summary` is the line in the group's help.
    """

    name: str
    module: str
    summary: str

    def load(self) -> click.Command:
        """Import the command."""
        command = import_module(self.module).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{self.module}.command is {command!r}, not a click command")
        return command


class LazyGroup(click.Group):
    """Commands from a table. Errors of all rooms end with a message and their exit code."""

    def __init__(self, *, commands_table: Sequence[LazyCommand] = (), **options: Any) -> None:  # noqa: ANN401 handed on to click
        super().__init__(**options)
        self.table = {each.name: each for each in commands_table}

    def list_commands(self, context: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return [*self.table, *super().list_commands(context)]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import a command by its name; None if there is none."""
        known = self.table.get(name)
        return known.load() if known else super().get_command(context, name)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest command's name in the error."""
        try:
            return super().resolve_command(context, args)
        except click.UsageError as exc:
            near = get_close_matches(args[0], self.list_commands(context), n=1)
            if not near:
                raise
            message = f"{exc.message} Did you mean {near[0]!r}?"
            raise click.UsageError(message, context) from exc

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table alone: help imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(each.name, each.summary) for each in self.table.values()])

    def invoke(self, context: click.Context) -> Any:  # noqa: ANN401 as click's
        """Run the command; turn errors raised on purpose into messages and exit codes."""
        try:
            return super().invoke(context)
        except ConfigsvcError as exc:
            _fail(context, CommandError.of(exc))
        except CommandError as exc:
            _fail(context, exc)
        except KeyboardInterrupt:
            context.exit(Exit.INTERRUPTED)
        except OSError as exc:
            if exc.errno == errno.EPIPE:  # whoever reads has seen enough: click ends quietly
                raise
            _fail(context, CommandError(_system_refusal(exc), Exit.INPUT))


def _system_refusal(error: OSError) -> str:
    file = f" ({error.filename})" if error.filename else ""
    return (
        f"the system refused: {error.strerror or error}{file}; make room or give permission, and "
        "do not rely on what was written"
    )


def _fail(context: click.Context, error: CommandError) -> NoReturn:
    report_error(context, error)
    context.exit(error.code)
