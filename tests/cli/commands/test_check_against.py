"""``configsvc check`` with ``--against`` and ``--baseline``: only what a change adds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from configsvc.cli import root
from configsvc.cli.exits import Exit
from configsvc.gitops import sources
from tests.cli.documents import BROKEN, RETRY, SYSTEM, TIMEOUT

Check = Callable[..., Result]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Check the folder `new`, beside a folder `old` with the system whose call has no bound."""
    monkeypatch.chdir(tmp_path)
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text(SYSTEM)
    return lambda *args: CliRunner().invoke(root, ["check", *args, "new"])


def found(result: Result) -> list[str]:
    """The codes of the findings in a JSON result."""
    return [each["code"] for each in json.loads(result.stdout)["findings"]]


def test_what_was_there_before_is_not_told(check: Check) -> None:
    """The same policies add nothing, whatever is wrong with them."""
    assert check().exit_code == Exit.FINDINGS
    result = check("--against", "old", "--fail-on", "info")

    assert result.exit_code == Exit.CLEAN
    assert result.stdout == "no findings; 1 edge checked\n"


def test_what_a_change_adds_is_told(check: Check) -> None:
    """A finding that the other checkout does not have is reported and fails, also a mild one."""
    Path("old/b.yaml").write_text(TIMEOUT)
    Path("new/b.yaml").write_text(f"{TIMEOUT}---\n{RETRY}")
    result = check("--against", "old", "--fail-on", "warning", "--format", "json")

    assert result.exit_code == Exit.FINDINGS
    assert "RT03" in found(result)
    assert "RT07" not in found(result)


SLOW = """\
apiVersion: configsvc/v1
kind: Service
metadata: {name: shop}
spec: {operations: [{name: buy, ownTime: 1ms, calls: [{to: stock, operation: reserve}]}]}
---
apiVersion: configsvc/v1
kind: Service
metadata: {name: stock}
spec:
  operations:
    - name: reserve
      match: {methods: [PUT], path: /reservations}
      ownTime: 100ms
      cancels: false
      honoursDeadline: false
---
apiVersion: configsvc/v1
kind: Timeout
metadata: {name: default}
spec: {target: {}, attempt: 500ms, overall: 500ms}
"""


def test_what_is_wrong_while_old_and_new_meet_is_told_on_request(check: Check) -> None:
    """Callers that still give up early leave callees working that already take longer."""
    Path("old/a.yaml").write_text(SLOW)
    Path("new/a.yaml").write_text(SLOW.replace("500ms", "3s").replace("100ms", "2s"))
    assert found(check("--against", "old", "--format", "json")) == []

    result = check("--against", "old", "--rollout", "--format", "json")
    assert result.exit_code == Exit.FINDINGS
    (finding,) = json.loads(result.stdout)["findings"]
    assert (finding["code"], finding["old"]) == ("DL01", "callers")


def test_a_rollout_needs_two_sides(check: Check) -> None:
    """Alone there is nothing to be mixed with."""
    result = check("--rollout")
    assert (result.exit_code, "add --against" in result.output) == (Exit.INPUT, True)


def test_what_gets_worse_is_told(check: Check) -> None:
    """A known finding counts again once its magnitude grows, and not while it shrinks."""
    Path("old/b.yaml").write_text(f"{TIMEOUT}---\n{RETRY}")
    Path("new/b.yaml").write_text(f"{TIMEOUT}---\n{RETRY}".replace("attempts: 4", "attempts: 5"))
    assert "RT03" in found(check("--against", "old", "--format", "json"))

    for name, attempts in (("old", "5"), ("new", "4")):
        text = f"{TIMEOUT}---\n{RETRY}".replace("attempts: 4", f"attempts: {attempts}")
        Path(name, "b.yaml").write_text(text)
    assert found(check("--against", "old", "--format", "json")) == []


def test_one_file_may_be_the_other_checkout(check: Check) -> None:
    """A file is compared with as a folder is."""
    assert check("--against", "old/a.yaml").exit_code == Exit.CLEAN


def test_an_empty_folder_makes_everything_new(check: Check) -> None:
    """The first policies of a repository are all added."""
    Path("none").mkdir()
    assert "RT07" in found(check("--against", "none", "--format", "json"))


def test_a_checkout_beyond_the_bounds_is_refused(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is too large to read is not taken for an empty checkout."""
    monkeypatch.setattr(sources, "MAX_FILES", 2)
    for name in ("b", "c"):
        Path("old", f"{name}.yaml").touch()
    result = check("--against", "old")

    assert result.exit_code == Exit.INPUT
    assert "there are more than 2 files under the paths: name fewer folders" in result.stderr


def test_errors_of_the_other_checkout_do_not_fail(check: Check) -> None:
    """Whoever repairs a document is not refused because it was broken."""
    Path("old/b.yaml").write_text(BROKEN)
    result = check("--against", "old")

    assert result.exit_code == Exit.CLEAN
    assert "unknown field 'attempt'" in result.stderr
    assert "1 error in documents of old: what only they excuse counts as new" in result.stderr


def test_errors_in_documents_fail_whatever_was_before(check: Check) -> None:
    """A document that cannot be read is no policy, however old."""
    for name in ("old", "new"):
        Path(name, "b.yaml").write_text(BROKEN)

    assert check("--against", "old").exit_code == Exit.INPUT


def test_origin_that_is_not_there_is_refused(check: Check) -> None:
    """A typing error is not taken for an empty checkout."""
    result = check("--against", "olt")

    assert result.exit_code == Exit.INPUT
    assert "'olt' is neither a revision (a number, or 'head') nor a file or folder" in result.stderr


@pytest.mark.parametrize("way", ["--write-baseline", "--format"])
def test_baseline_silences_what_it_holds(check: Check, way: str) -> None:
    """Both files that may be a baseline hold every finding, and only those."""
    if way == "--write-baseline":
        assert check(way, "known.json").exit_code == Exit.CLEAN
    else:
        Path("known.json").write_text(check(way, "json").stdout)
    assert check("--baseline", "known.json", "--fail-on", "info").exit_code == Exit.CLEAN

    Path("new/b.yaml").write_text(f"{TIMEOUT}---\n{RETRY}")
    assert "RT03" in found(check("--baseline", "known.json", "--format", "json"))


def test_result_of_a_narrow_check_is_a_whole_baseline(check: Check) -> None:
    """What is not told because it is known stays known."""
    first = check("--against", "old", "--format", "json").stdout
    Path("known.json").write_text(first)

    assert json.loads(first)["findings"] == []
    assert check("--baseline", "known.json").exit_code == Exit.CLEAN


def test_baseline_of_sound_policies_is_empty(check: Check) -> None:
    """Nothing known is a baseline too."""
    Path("new/b.yaml").write_text(TIMEOUT)
    assert check("--write-baseline", "known.json").exit_code == Exit.CLEAN
    Path("new/b.yaml").unlink()

    assert "RT07" in found(check("--baseline", "known.json", "--format", "json"))


def test_baseline_is_stable_and_one_finding_a_line(check: Check) -> None:
    """It is kept in version control, where its history should be readable."""
    check("--write-baseline", "one.json")
    check("--write-baseline", "two.json")
    text = Path("one.json").read_text()

    assert Path("two.json").read_text() == text
    assert sum("RT07 default shop -> stock reserve" in line for line in text.splitlines()) == 1


def test_baseline_keeps_its_mode_and_its_link(check: Check) -> None:
    """A file that exists is replaced in place, with the permissions that it had."""
    Path("real.json").write_text("{}")
    Path("real.json").chmod(0o640)
    Path("known.json").symlink_to("real.json")
    check("--write-baseline", "known.json")

    assert Path("known.json").is_symlink()
    assert Path("real.json").stat().st_mode & 0o777 == 0o640
    assert "marks" in json.loads(Path("real.json").read_text())


def test_no_baseline_of_broken_documents(check: Check) -> None:
    """A baseline that misses findings would call them new on the day of the repair."""
    Path("new/b.yaml").write_text(BROKEN)
    result = check("--write-baseline", "known.json")

    assert result.exit_code == Exit.INPUT
    assert "no baseline was written" in result.stderr
    assert not Path("known.json").exists()


def test_baseline_that_cannot_be_written_is_refused(check: Check) -> None:
    """The failure names the file."""
    result = check("--write-baseline", "missing/known.json")

    assert result.exit_code == Exit.INPUT
    assert "missing/known.json cannot be written: No such file or directory" in result.stderr


def test_baseline_of_another_namespace_is_refused(check: Check) -> None:
    """Its marks would match nothing, and every finding be new."""
    check("-n", "other", "--write-baseline", "known.json")
    result = check("--baseline", "known.json")

    assert result.exit_code == Exit.INPUT
    assert "it is of namespace 'other', and this is a check of 'default'" in result.stderr


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "it cannot be read (No such file or directory)"),
        ("{", "it is not JSON ("),
        ("[]", "is not as it should be"),
        ({"namespace": "default", "marks": {"x": {}}, "known": {}}, "is not as it should be"),
        ({"namespace": "default", "marks": [], "known": {}}, "is not as it should be"),
    ],
)
def test_what_is_no_baseline_is_refused(check: Check, content: Any, reason: str) -> None:  # noqa: ANN401 any JSON
    """The message names the file and how to make one."""
    if content is not None:
        text = content if isinstance(content, str) else json.dumps(content)
        Path("known.json").write_text(text)
    result = check("--baseline", "known.json")

    assert result.exit_code == Exit.INPUT
    assert "known.json is no baseline: " in result.stderr
    assert reason in result.stderr
