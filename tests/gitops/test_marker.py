"""The marker: its absence, its name, and what cannot be understood."""

import os
from pathlib import Path

import pytest

from configsvc.errors import InputError
from configsvc.gitops.marker import MARKER, Marker, read_marker

DIGEST = "ab" * 32


def test_folder_without_marker_is_not_mounted(tmp_path: Path) -> None:
    """Whether the folder, or only the marker, is missing."""
    (tmp_path / "file").touch()

    assert read_marker(tmp_path) is None
    assert read_marker(tmp_path / "nowhere") is None
    assert read_marker(tmp_path / "file") is None


def test_marker_names_the_folder(tmp_path: Path) -> None:
    """The name is how the folder manages resources."""
    (tmp_path / MARKER).write_text("name: policies  # of the shop\n")

    found = read_marker(tmp_path)
    assert found == Marker("policies")
    assert found.manager == "folder:policies"


def test_marker_has_consents(tmp_path: Path) -> None:
    """Each is to exactly one content."""
    (tmp_path / MARKER).write_text(f"name: a\nconfirm: {DIGEST}\ntakeOver: {DIGEST}\n")

    assert read_marker(tmp_path) == Marker("a", DIGEST, DIGEST)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not name the folder: write 'name: policies'"),
        ("{}", "name is null: write one such as 'name: policies'"),
        ("name: 7", "name is 7: write one"),
        ("name: Policies", "name 'Policies' is not a DNS label"),
        ("name: a\ncolour: red", "'colour' is no field of a marker: use name, confirm, takeOver"),
        ("name: a\nconfirm: yes", "confirm is 'yes': copy the digest"),
        ("name: a\ntakeOver: abc", "takeOver is 'abc': copy the digest"),
        ("name: [", ":1:"),
        ("policies", "is not a document"),
        ("name: a\n---\nname: b", "does not name the folder"),
        ("# " + "x" * 5000, "is larger than 4096 bytes"),
    ],
)
def test_marker_that_is_not_understood_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """It is there, so the folder is mounted; but nobody guesses what it means."""
    (tmp_path / MARKER).write_text(text)

    with pytest.raises(InputError) as caught:
        read_marker(tmp_path)
    assert message in str(caught.value)
    assert str(tmp_path / MARKER) in str(caught.value)


def test_marker_that_is_no_file_is_refused(tmp_path: Path) -> None:
    """It is not opened either: a pipe would block."""
    os.mkfifo(tmp_path / MARKER)

    with pytest.raises(InputError, match="is no regular file"):
        read_marker(tmp_path)


def test_trouble_with_the_disk_is_no_unmounted_folder(tmp_path: Path) -> None:
    """Only a missing file counts as missing: a link that leads in circles does not."""
    (tmp_path / MARKER).symlink_to(MARKER)

    with pytest.raises(OSError, match="symbolic links"):
        read_marker(tmp_path)
