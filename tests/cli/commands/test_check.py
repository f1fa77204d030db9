"""``configsvc check``: what it says of files, in which form, and with which exit code."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from configsvc.cli import root
from configsvc.cli.exits import Exit
from tests.cli.documents import BROKEN, RETRY, SYSTEM, TIMEOUT


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder `p` in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p").mkdir()
    return tmp_path / "p"


def fill(folder: Path, *documents: str) -> None:
    """Write one file per document: a.yaml, b.yaml, ..."""
    for letter, document in zip("abcdef", documents, strict=False):
        (folder / f"{letter}.yaml").write_text(document)


def check(*args: str, color: bool = False) -> tuple[int, str]:
    """Check the folder; exit code and standard output."""
    result = CliRunner().invoke(root, ["check", *args, "p"], color=color)
    return result.exit_code, result.stdout


def test_clean_folder_ends_with_zero(folder: Path) -> None:
    """Documents that fit together give a summary and exit code 0."""
    fill(folder, SYSTEM, TIMEOUT)
    code, output = check("--fail-on", "info")

    assert code == Exit.CLEAN
    assert output.endswith("; 1 edge checked\n")


def test_finding_has_its_place_and_ends_with_one(folder: Path) -> None:
    """A finding names code, arithmetic, file, line and column."""
    fill(folder, SYSTEM, TIMEOUT, RETRY)
    code, output = check("--fail-on", "warning")

    assert code == Exit.FINDINGS
    assert "warning[RT03] dead-attempts: 4 attempts of 2s" in output
    assert "  --> p/c.yaml:6:3\n" in output


@pytest.mark.parametrize(
    ("documents", "fail_on", "code"),
    [
        ((SYSTEM, TIMEOUT, RETRY), "error", Exit.CLEAN),
        ((SYSTEM, TIMEOUT, RETRY), "info", Exit.FINDINGS),
        ((SYSTEM,), "error", Exit.FINDINGS),
    ],
)
def test_threshold_decides_the_exit_code(
    folder: Path, documents: tuple[str, ...], fail_on: str, code: Exit
) -> None:
    """Findings below --fail-on are shown and do not fail."""
    fill(folder, *documents)

    assert check("--fail-on", fail_on)[0] == code


def test_broken_document_does_not_hide_findings(folder: Path) -> None:
    """What cannot be read is reported with its place, and the rest is checked all the same."""
    fill(folder, SYSTEM, TIMEOUT, RETRY + "---\n" + BROKEN)
    code, output = check()

    assert code == Exit.INPUT
    assert output.startswith(
        "error: unknown field 'attempt': did you mean 'attempts'?\n"
        "  --> p/c.yaml:15:3 (/spec/attempt)\n"
        "1 error in documents\n"
    )
    assert "warning[RT03] dead-attempts" in output


def test_json_holds_errors_and_findings(folder: Path) -> None:
    """With --output json a program gets everything that the text says."""
    fill(folder, SYSTEM, TIMEOUT, RETRY, BROKEN)
    code, output = check("--output", "json")
    data = json.loads(output)

    assert code == Exit.INPUT
    assert (data["files"], data["resources"], data["edges"]) == (4, 4, 1)
    (error,) = data["errors"]
    (finding,) = [each for each in data["findings"] if each["code"] == "RT03"]
    assert (error["file"], error["line"], error["pointer"]) == ("p/d.yaml", 6, "/spec/attempt")
    assert (finding["code"], finding["places"][0]["file"]) == ("RT03", "p/c.yaml")


def test_github_annotates_errors_and_findings(folder: Path) -> None:
    """Each mistake becomes one workflow command at its line."""
    fill(folder, SYSTEM, TIMEOUT, RETRY, BROKEN)
    _, output = check("--format", "github")

    assert "::error file=p/d.yaml,line=6,col=3,title=invalid document::unknown" in output
    assert "::warning file=p/c.yaml,line=6,col=3,title=RT03 dead-attempts::" in output


def test_github_annotates_files_with_any_name(folder: Path) -> None:
    """What separates the properties of a workflow command is escaped in them."""
    (folder / "a,b:c%.yaml").write_text(BROKEN)
    _, output = check("--format", "github")

    assert "::error file=p/a%2Cb%3Ac%25.yaml,line=6,col=3,title=" in output


def test_sarif_and_junit_are_whole_documents(folder: Path) -> None:
    """Forms without a place for broken documents stay valid; those go to standard error."""
    fill(folder, SYSTEM, TIMEOUT, RETRY, BROKEN)

    (run,) = json.loads(check("--format", "sarif")[1])["runs"]
    assert "RT03" in {result["ruleId"] for result in run["results"]}
    suite = ET.fromstring(check("--format", "junit")[1])  # noqa: S314 our own
    assert "configsvc.RT03" in {case.get("classname") for case in suite}
    result = CliRunner().invoke(root, ["check", "--format", "sarif", "p"])
    assert "unknown field 'attempt'" in result.stderr
    assert result.exit_code == Exit.INPUT


def test_colours_only_where_they_are_wanted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets colours, a pipe and NO_COLOR none."""
    fill(folder, SYSTEM)
    plain = check()[1]

    assert "\x1b[" not in plain
    assert "\x1b[31m" in check(color=True)[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert check(color=True)[1] == plain


def test_missing_path_is_refused(folder: Path) -> None:
    """A path that does not exist is no clean result."""
    assert check("missing")[0] == Exit.INPUT
    assert check()[0] == Exit.INPUT
    assert list(folder.iterdir()) == []


def test_namespace_must_be_a_name(folder: Path) -> None:
    """A namespace that no server takes is refused here too."""
    fill(folder, SYSTEM, TIMEOUT)

    assert check("-n", "Not_A_Label")[0] == Exit.INPUT
