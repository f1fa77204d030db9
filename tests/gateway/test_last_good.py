"""The file of the last good configuration."""

from pathlib import Path

import pytest
from envoy.service.discovery.v3.discovery_pb2 import Resource
from google.protobuf.any_pb2 import Any as PackedAny

from configsvc.gateway.last_good import FILE, LastGood

KIND = "type.googleapis.com/kind"


def _saved(folder: Path) -> None:
    kept = LastGood(folder, "default/edge")
    each = Resource(name="a", version="1", resource=PackedAny(type_url=KIND, value=b"x"))
    kept.take(KIND, [each], [])
    kept.save()


def test_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    """By kind and name, for its owner's eyes alone."""
    _saved(tmp_path)
    again = LastGood(tmp_path, "default/edge")
    again.load()
    assert again.of_kind(KIND)["a"].version == "1"
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("owner", ["default/edge", "default/other"])
def test_what_is_damaged_or_somebody_elses_is_not_used(tmp_path: Path, owner: str) -> None:
    """It counts as none."""
    _saved(tmp_path)
    if owner == "default/edge":
        data = (tmp_path / FILE).read_bytes()
        (tmp_path / FILE).write_bytes(data[:-1] + b"?")
    again = LastGood(tmp_path, owner)
    again.load()
    assert len(again) == 0
