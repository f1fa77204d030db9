"""What the demo says, and how it ends when something does not go as told."""

from typing import Any, Final

import click

from configsvc.cli.exits import CommandError, Exit

WIDTH: Final = 3
"""Columns of a step's number; what happened in it stands below its title."""


def say(text: str) -> None:
    """Write what happened, below the step's title."""
    for line in text.splitlines():
        click.echo(f"{'':{WIDTH}}{line}")


def loudly(text: str) -> None:
    """Write what must not be overlooked."""
    say(click.style(f"NOTE: {text}", fg="yellow", bold=True))


def require(condition: bool, failed: str) -> None:  # noqa: FBT001 a condition is what it takes
    """End the demo with what failed unless the condition holds."""
    if not condition:
        raise CommandError(failed, Exit.SERVER)


def show(verdict: str, finding: dict[str, Any]) -> None:
    """Write a finding, with how it would be seen and what would mend it."""
    say(click.style(f"{verdict}: {finding['code']} {finding['name']}", fg="red"))
    say(finding["message"])
    if "witness" in finding:
        say(f"witness: {finding['witness']['faults']}: {finding['witness']['seen']}")
    if "fix" in finding:
        say(f"fix: {finding['fix']['title']}")
