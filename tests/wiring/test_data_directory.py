"""The data directory: private, one node's at a time, and written to whole."""

import json
import os
import stat
from pathlib import Path

import pytest

from configsvc.wiring.data_directory import DataDirectory, DataDirectoryError


def test_what_is_missing_is_made_private(tmp_path: Path) -> None:
    """Parents too; nobody else may look inside."""
    directory = DataDirectory(tmp_path / "a" / "data")
    directory.open()

    assert [stat.S_IMODE(p.stat().st_mode) for p in (directory.path, directory.run)] == [0o700] * 2
    directory.close()


def test_directory_of_sockets_becomes_private(tmp_path: Path) -> None:
    """Also if somebody made it before with another mode."""
    directory = DataDirectory(tmp_path)
    directory.run.mkdir(mode=0o755)
    directory.open()

    assert stat.S_IMODE(directory.run.stat().st_mode) == 0o700
    directory.close()


def test_one_node_at_a_time(tmp_path: Path) -> None:
    """The second one is told who is first, and may come when that one has gone."""
    first, second = DataDirectory(tmp_path), DataDirectory(tmp_path)
    first.open()

    with pytest.raises(DataDirectoryError, match=f"process id {os.getpid()}: stop it"):
        second.open()
    first.close()
    second.open()
    second.close()


def test_token_is_for_its_owner_alone(tmp_path: Path) -> None:
    """What an interrupted start left behind is replaced, and nothing else is left."""
    directory = DataDirectory(tmp_path)
    directory.open()
    directory.keep_admin_token("old")
    directory.keep_admin_token("new")

    assert directory.admin_token.read_text() == "new\n"
    assert stat.S_IMODE(directory.admin_token.stat().st_mode) == 0o600
    assert {p.name for p in tmp_path.iterdir()} == {"run", "admin-token"}
    directory.close()


def test_ready_file_goes_with_the_node(tmp_path: Path) -> None:
    """It is there while the node serves; what a killed node left is no announcement."""
    directory = DataDirectory(tmp_path)
    directory.open()
    directory.announce({"pid": 1})
    assert json.loads(directory.ready.read_text()) == {"pid": 1}
    directory.close()
    assert not directory.ready.exists()

    directory.run.joinpath("ready").write_text("{}")
    again = DataDirectory(tmp_path)
    again.open()
    assert not again.ready.exists()
    again.close()


def test_unusable_directory_is_named(tmp_path: Path) -> None:
    """A file in its place is an error with the path and what to do."""
    (tmp_path / "data").touch()

    with pytest.raises(DataDirectoryError, match="data cannot be used: File exists: name one"):
        DataDirectory(tmp_path / "data").open()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, False),
        ("{}", True),
        ('{"pid": 4194305}', True),
        ('{"pid": 9e99}', True),
        ('{"pid": 1}', False),
    ],
)
def test_killed_node_is_told_from_a_running_one(
    tmp_path: Path, content: str | None, *, expected: bool
) -> None:
    """What a killed node announced is still there, and its process is not."""
    directory = DataDirectory(tmp_path)
    directory.run.mkdir()
    if content is not None:
        directory.ready.write_text(content)

    assert directory.was_left is expected
