"""``configsvc rules``: what is checked, and a rule's page in the terminal."""

import re
from typing import Any

import click

from configsvc.analysis import Rule
from configsvc.analysis.pages import page, summary
from configsvc.analysis.rules import ALL, RETIRED
from configsvc.cli.options import Invocation, output_option
from configsvc.cli.terminal import write_json, write_table
from configsvc.errors import InputError


class UnknownRuleError(InputError):
    """No rule has the code."""

    def __init__(self, code: str) -> None:
        if code.upper() in RETIRED:
            super().__init__(f"{code.upper()} is retired: {RETIRED[code.upper()]} covers it")
            return
        known = ", ".join(rule.code for rule in ALL)
        super().__init__(f"there is no rule {code!r}: use one of {known}")


@click.command("rules")
@click.argument("code", required=False)
@output_option
@click.pass_context
def command(context: click.Context, code: str | None) -> None:
    """List the rules, or show one rule's page.

    CODE is a code such as RT03 or a name such as dead-attempts.
    """
    as_json = context.ensure_object(Invocation).as_json
    if code is not None:
        rule = _find(code)
        if as_json:
            write_json(_described(rule) | {"page": page(rule)})
        else:
            click.echo_via_pager(_shown(rule))
    elif as_json:
        write_json({"items": [_described(rule) for rule in ALL]})
    else:
        rows = [(rule.code, rule.severity.label, rule.name, summary(rule)) for rule in ALL]
        write_table(("code", "severity", "name", "what it finds"), rows, empty="no rules")


def _find(wanted: str) -> type[Rule]:
    for rule in ALL:
        if wanted.upper() == rule.code or wanted.lower() == rule.name:
            return rule
    raise UnknownRuleError(wanted)


def _described(rule: type[Rule]) -> dict[str, Any]:
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.label,
        "since": rule.since,
        "waivable": rule.waivable,
        "summary": summary(rule),
    }


def _shown(rule: type[Rule]) -> str:
    """The page with its headings emphasised where the terminal can."""
    return _HEADINGS.sub(lambda heading: click.style(heading[1], bold=True), page(rule))


_HEADINGS = re.compile(r"^#+ (.+)$", re.MULTILINE)
