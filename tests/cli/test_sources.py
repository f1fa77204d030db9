"""Reading what a command names."""

from datetime import date
from pathlib import Path

import pytest

from configsvc.cli.sources import SourceError, load
from tests.cli.documents import SYSTEM, TIMEOUT

TODAY = date(2026, 1, 1)


def test_files_and_folders_are_read_together(tmp_path: Path) -> None:
    """In the order in which they are named."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "system.yaml").write_text(SYSTEM)
    (tmp_path / "timeout.yaml").write_text(TIMEOUT)

    sources = load([tmp_path / "timeout.yaml", tmp_path / "folder"], TODAY)

    names = [resource.key.name for resource in sources.resources]
    assert (sources.files, names) == (2, ["bounded", "shop", "stock"])


def test_nothing_to_read_is_refused(tmp_path: Path) -> None:
    """An empty folder is a mistake rather than a clean result."""
    with pytest.raises(SourceError) as caught:
        load([tmp_path], TODAY)

    assert str(caught.value) == (
        f"no *.yaml, *.yml or *.json file is in {tmp_path}: name another folder"
    )
