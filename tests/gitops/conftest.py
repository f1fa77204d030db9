"""A mounted folder for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gitops.folders import Published, mark


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with nothing in it but its marker."""
    path = tmp_path / "policies"
    path.mkdir()
    mark(path)
    return path


@pytest.fixture
def published(folder: Path) -> Iterator[Published]:
    """The folder and an empty namespace."""
    world = Published(folder)
    yield world
    world.world.store.close()
