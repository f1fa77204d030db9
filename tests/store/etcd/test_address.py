"""How an etcd is named."""

import re
from pathlib import Path

import pytest

from configsvc.store.etcd import EtcdAddress, EtcdSecurity
from configsvc.store.etcd._address import EtcdAddressError, EtcdCredentialError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("etcd://a:2379", EtcdAddress(("a:2379",))),
        ("etcd://10.0.0.1:1,[::1]:2/", EtcdAddress(("10.0.0.1:1", "[::1]:2"))),
        ("etcd://db-1.example:2379/team/a", EtcdAddress(("db-1.example:2379",), "/team/a")),
    ],
)
def test_members_and_root_are_read(text: str, expected: EtcdAddress) -> None:
    """A slash at the end says nothing."""
    assert EtcdAddress.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://a:1", "does not begin with etcd://"),
        ("etcd://", "has '', which is not HOST:PORT"),
        ("etcd://a", "has 'a', which is not HOST:PORT"),
        ("etcd://a:1,", "has '', which is not HOST:PORT"),
        ("etcd://a:70000", "has 'a:70000', which is not HOST:PORT"),
        ("etcd://u:p@a:1", "which is not HOST:PORT"),
        ("etcd://a:1,a:1", "names a member twice"),
        ("etcd://a:1/x//y", "has '/x//y', which is no prefix"),
        ("etcd://a:1/x?y", "which is no prefix"),
    ],
)
def test_anything_else_is_refused(text: str, reason: str) -> None:
    """With what is wrong and how it is written."""
    with pytest.raises(EtcdAddressError, match=re.escape(reason)):
        EtcdAddress.parse(text)


def test_files_are_read(tmp_path: Path) -> None:
    """A password's line end is none of it, and no secret shows in a traceback."""
    (tmp_path / "pem").write_bytes(b"PEM")
    (tmp_path / "password").write_text("secret\n")
    pem, password = str(tmp_path / "pem"), str(tmp_path / "password")
    security = EtcdSecurity.load(pem, "", pem, "ann", password)
    assert security == EtcdSecurity(b"PEM", None, b"PEM", "ann", "secret")
    assert "secret" not in repr(security)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The error says what it was for."""
    with pytest.raises(EtcdCredentialError, match="absent cannot be read: No such file"):
        EtcdSecurity.load(str(tmp_path / "absent"), "", "", "", "")
