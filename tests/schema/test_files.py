"""Where schemas come from."""

import subprocess
import sys
from pathlib import Path

import pytest

from configsvc.model.names import Kind
from configsvc.schema import files, json_schema


def test_a_checkout_reads_the_schemas_at_its_root() -> None:
    """Editing a schema has an effect at once."""
    assert files.directory() == Path(files.__file__).resolve().parents[2] / "schemas"


def test_a_wheel_reads_its_package_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the build put them beside the code."""
    (tmp_path / "_schemas").mkdir()
    monkeypatch.setattr(files, "_HERE", tmp_path)
    assert files.directory() == tmp_path / "_schemas"


def test_a_reference_gives_way_to_what_stands_beside_it() -> None:
    """A field has its own title, and the type of the shared definition."""
    root = {"$defs": {"a": {"$ref": "#/$defs/b", "title": "A"}, "b": {"type": "string"}}}
    merged = files.resolved({"$ref": "#/$defs/a", "title": "mine"}, root)
    assert merged == {"type": "string", "title": "mine"}


def test_only_what_is_used_is_shared() -> None:
    """The schema of a Waiver says nothing of discovery."""
    assert set(json_schema(Kind.WAIVER)["$defs"]) == {
        "apiVersion",
        "labels",
        "metadata",
        "name",
        "owner",
        "text",
    }


def test_importing_the_room_loads_no_validator_and_no_yaml() -> None:
    """Processes that only read admitted documents start without them."""
    code = (
        "import sys, configsvc.schema;"
        "print(sorted({'jsonschema', 'jsonschema_rs', 'yaml'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
