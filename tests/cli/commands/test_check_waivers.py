"""Waivers beside what they are about, in the files that ``configsvc check`` reads."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from configsvc.cli import root
from configsvc.cli.exits import Exit
from tests.cli.documents import RETRY, SYSTEM, TIMEOUT

Check = Callable[..., Result]
TODAY = datetime.now(UTC).date()

LINE = f"{SYSTEM}---\n{TIMEOUT}---\n{RETRY}".partition("attempts")[0].count("\n") + 1
PLACE = f"a.yaml:{LINE}:16"


def waive(code: str, days: int = 30) -> str:
    """A comment that waives a code for some days."""
    until = TODAY + timedelta(days=days)
    return f'# configsvc: waive {code} until {until} owner=team-x reason="They asked for it."'


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Check one file with the sound system, and retries whose attempts have a comment."""
    monkeypatch.chdir(tmp_path)

    def call(comment: str, *args: str) -> Result:
        retry = RETRY.replace("attempts: 4", f"attempts: 4  {comment}")
        Path("a.yaml").write_text(f"{SYSTEM}---\n{TIMEOUT}---\n{retry}")
        return CliRunner().invoke(root, ["check", "a.yaml", "--fail-on", "warning", *args])

    return call


def test_waived_finding_does_not_fail(check: Check) -> None:
    """It is shown as waived, with the place of the comment."""
    result = check(waive("RT03"))

    assert result.exit_code == Exit.CLEAN
    assert "waived[RT03] dead-attempts" in result.stdout
    assert f" at {PLACE}\n" in result.stdout


def test_comment_elsewhere_in_the_document_waives_nothing(check: Check) -> None:
    """A waiver holds for what it stands beside, and says when nothing is there."""
    result = check(waive("RT04"))

    assert result.exit_code == Exit.FINDINGS
    assert "warning[RT03]" in result.stdout
    assert "warning[SC04] stale-waiver: it matches no finding" in result.stdout
    assert f"  --> {PLACE}\n" in result.stdout


def test_expired_waiver_is_a_finding(check: Check) -> None:
    """The day passes, and what was waived comes back."""
    result = check(waive("RT03", days=-1))

    assert result.exit_code == Exit.FINDINGS
    assert "warning[RT03]" in result.stdout
    assert "warning[SC04] stale-waiver: it expired on" in result.stdout


def test_waiver_for_too_long_is_an_error(check: Check) -> None:
    """Ninety days are the most, as for a Waiver document."""
    result = check(waive("RT03", days=91))

    assert result.exit_code == Exit.INPUT
    assert "is more than 90 days ahead" in result.stdout
    assert f"  --> {PLACE} (/spec/expires)\n" in result.stdout


def test_two_waivers_of_one_thing_are_an_error(check: Check) -> None:
    """One of them would be forgotten."""
    check("")
    text = (
        Path("a.yaml").read_text().replace("  attempts: 4  ", f"  {waive('RT03')}\n  attempts: 4 ")
    )
    Path("a.yaml").write_text(text.replace("attempts: 4", f"attempts: 4 {waive('RT03')}"))
    result = CliRunner().invoke(root, ["check", "a.yaml"])

    assert result.exit_code == Exit.INPUT
    assert "is there twice, first at a.yaml:" in result.stdout


def test_fix_keeps_waivers(check: Check) -> None:
    """A comment that waives something else is a comment like any other."""
    check(waive("RT04"), "--fix")

    assert f"attempts: 2  {waive('RT04')}\n" in Path("a.yaml").read_text()
