"""``configsvc check --fix``: fixes in the files, or as a diff."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from configsvc.cli import root
from configsvc.cli.exits import Exit
from tests.cli.documents import BROKEN, RETRY, SYSTEM, TIMEOUT

Check = Callable[..., Result]

COMMENTED = RETRY.replace("attempts: 4", "attempts: 4  # who needs more?")


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Check the folder `p`, whose retries do not fit."""
    monkeypatch.chdir(tmp_path)
    Path("p").mkdir()
    Path("p/a.yaml").write_text(f"{SYSTEM}---\n{TIMEOUT}")
    Path("p/b.yaml").write_text(COMMENTED)
    return lambda *args: CliRunner().invoke(root, ["check", *args, "p"])


def test_fix_changes_the_file_and_checks_again(check: Check) -> None:
    """The comment stays, the finding is gone, and what is left decides the exit code."""
    before = Path("p/a.yaml").read_text()
    result = check("--fix", "--fail-on", "warning")

    assert Path("p/b.yaml").read_text() == COMMENTED.replace("attempts: 4", "attempts: 2")
    assert Path("p/a.yaml").read_text() == before
    assert "fixed RT03 on shop -> stock reserve: make 2 attempts, which fit" in result.stderr
    assert result.stderr.endswith("fixed 1 finding in 1 file\n")
    assert result.stdout.endswith("; 1 edge checked\n")
    assert (result.exit_code, "RT03" in result.stdout) == (Exit.CLEAN, False)


def test_fix_twice_changes_nothing_more(check: Check) -> None:
    """What is repaired stays repaired."""
    check("--fix")
    text = Path("p/b.yaml").read_text()

    assert check("--fix").stderr == "fixed 0 findings in 0 files\n"
    assert Path("p/b.yaml").read_text() == text


def test_dry_run_writes_a_diff_alone(check: Check) -> None:
    """The diff applies with ``patch`` and does what --fix does; no file changes."""
    result = check("--fix", "--dry-run", "--fail-on", "warning")

    assert result.exit_code == Exit.FINDINGS
    assert Path("p/b.yaml").read_text() == COMMENTED
    assert "would fix 1 finding in 1 file\n" in result.stderr
    assert "-  attempts: 4  # who needs more?\n+  attempts: 2  # who needs more?\n" in result.stdout
    if shutil.which("patch"):
        subprocess.run(["patch", "-p1"], input=result.stdout.encode(), check=True)
        patched = Path("p/b.yaml").read_text()
        Path("p/b.yaml").write_text(COMMENTED)
        check("--fix")
        assert patched == Path("p/b.yaml").read_text()


def test_json_files_are_fixed_too(check: Check) -> None:
    """A JSON file keeps its layout."""
    Path("p/b.yaml").unlink()
    spec = {"target": {"to": "stock"}, "attempts": 4, "backoff": {"base": "100ms"}}
    spec["budget"] = {"ratio": "20%"}
    document = {"apiVersion": "configsvc/v1", "kind": "Retry", "metadata": {"name": "eager"}}
    text = json.dumps({**document, "spec": spec}, indent=4) + "\n"
    Path("p/b.json").write_text(text)
    check("--fix")

    assert Path("p/b.json").read_text() == text.replace('"attempts": 4', '"attempts": 2')


def test_only_what_is_reported_is_fixed(check: Check) -> None:
    """What is known already is left as it is."""
    check("--write-baseline", "known.json")

    assert check("--baseline", "known.json", "--fix").stderr == "fixed 0 findings in 0 files\n"
    assert Path("p/b.yaml").read_text() == COMMENTED


def test_broken_documents_elsewhere_do_not_stop_fixes(check: Check) -> None:
    """They are reported as ever."""
    Path("p/c.yaml").write_text(BROKEN)
    result = check("--fix")

    assert result.exit_code == Exit.INPUT
    assert "attempts: 2" in Path("p/b.yaml").read_text()


def test_dry_run_alone_is_refused(check: Check) -> None:
    """It says how something else would be done."""
    result = check("--dry-run")

    assert result.exit_code == Exit.INPUT
    assert "--dry-run says what --fix would do: add --fix" in result.stderr
