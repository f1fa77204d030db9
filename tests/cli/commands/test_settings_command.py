"""``configsvc settings``: the table in three forms."""

import json

from click.testing import CliRunner

from configsvc.cli import root
from configsvc.settings import markdown
from configsvc.settings import rows as setting_rows


def settings(*args: str) -> str:
    """What the command writes."""
    return CliRunner().invoke(root, ["settings", *args]).output


def test_every_setting_is_listed() -> None:
    """Each setting has a line with flag, variable, default and meaning."""
    lines = settings().splitlines()

    assert [line.split()[0] for line in lines[1:]] == [row.flag for row in setting_rows()]


def test_json_has_typed_defaults() -> None:
    """A program gets numbers as numbers."""
    table = {item["name"]: item for item in json.loads(settings("-o", "json"))["items"]}

    assert table["heartbeat"]["default"] == 15
    assert table["insecure"]["default"] is False
    assert table["data"]["default"] == "configsvc-data"
    assert table["operator_workers"]["bounds"] == "1 to 64"


def test_markdown_is_the_reference_page() -> None:
    """The page is made of what this command writes."""
    assert settings("--markdown") == markdown()
