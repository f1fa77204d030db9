"""``configsvc rules``: the list and the pages."""

import json

import pytest
from click.testing import CliRunner

from configsvc.analysis.rules import ALL
from configsvc.cli import root
from configsvc.cli.exits import Exit


def rules(*args: str) -> tuple[int, str]:
    """Exit code and everything written."""
    result = CliRunner().invoke(root, ["rules", *args])
    return result.exit_code, result.output


def test_every_rule_is_listed() -> None:
    """The list has a line for each rule, and as JSON an object."""
    text = rules()[1].splitlines()
    data = json.loads(rules("-o", "json")[1])

    assert [line.split()[0] for line in text] == ["code", *(rule.code for rule in ALL)]
    assert [item["code"] for item in data["items"]] == [rule.code for rule in ALL]


@pytest.mark.parametrize("wanted", ["RT03", "rt03", "dead-attempts"])
def test_page_is_found_by_code_and_name(wanted: str) -> None:
    """The page says what the rule does and why."""
    code, output = rules(wanted)

    assert code == Exit.CLEAN
    assert output.startswith("dead-attempts (RT03)\n")
    assert "Why is this bad?" in output


def test_page_is_in_json_too() -> None:
    """A program gets the page as Markdown."""
    data = json.loads(rules("RT03", "-o", "json")[1])

    assert data["page"].startswith("# dead-attempts (RT03)")


def test_unknown_rule_names_the_known_ones() -> None:
    """A wrong code is refused with the codes that there are."""
    code, output = rules("XX99")

    assert code == Exit.INPUT
    assert output.startswith("error: there is no rule 'XX99': use one of AM01, ")


def test_retired_rule_names_its_successor() -> None:
    """Who meets an old code in a waiver or a log learns what became of it."""
    assert rules("RB17") == (Exit.INPUT, "error: RB17 is retired: RB16 covers it\n")
