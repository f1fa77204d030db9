"""``configsvc prove``: witnesses of findings as runs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from configsvc.cli.exits import Exit
from configsvc.cli.root import root

CONFLICTS = Path(__file__).parents[3] / "examples" / "conflicts"


def prove(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and notes of a command."""
    done = CliRunner().invoke(root, ["prove", *arguments], prog_name="configsvc")
    return done.exit_code, done.stdout, done.stderr


def test_harm_is_shown_in_numbers() -> None:
    """What is seen, and what was meant; exit code 1."""
    code, text, _ = prove("RB07", str(CONFLICTS / "RB07" / "conflict"))

    assert code == Exit.FINDINGS
    assert text.startswith("proven: RB07 hang-blind-breaker on shop -> stock reserve\n")
    assert "times that the breaker opened\n    seen:  0\n    meant: at least 1\n" in text


def test_proofs_as_json_are_the_same_for_one_seed() -> None:
    """For programs."""
    arguments = ("all", str(CONFLICTS / "RT03" / "conflict"), "-o", "json", "--seed", "9")

    _, first, _ = prove(*arguments)
    _, again, _ = prove(*arguments)

    (proof,) = json.loads(first)["items"]
    assert proof["finding"]["code"] == "RT03"
    assert first == again


@pytest.mark.parametrize("what", ["RT99", "nothing"])
def test_unknown_finding_is_bad_usage(what: str) -> None:
    """And the way to see what there is."""
    code, _, notes = prove(what, str(CONFLICTS / "RT03" / "conflict"))

    assert code == Exit.INPUT
    assert f"no finding is {what!r}: configsvc check lists them" in notes


def test_witness_in_words_is_told() -> None:
    """Nothing is run, and nothing harmful was seen."""
    code, text, notes = prove("all", str(CONFLICTS / "GW03" / "conflict"))

    assert (code, text.strip()) == (Exit.CLEAN, "")
    assert "no run shows it; its witness is in words only" in notes


def test_clean_files_have_nothing_to_prove() -> None:
    """Which is a good end."""
    code, text, notes = prove("all", str(CONFLICTS / "RT03" / "repaired"))

    assert (code, text, notes) == (Exit.CLEAN, "", "no findings, nothing to prove\n")
