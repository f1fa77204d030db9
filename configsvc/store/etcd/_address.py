"""Where an etcd is and how it is reached: the members' addresses, and what to show them."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from configsvc.errors import InputError

SCHEME: Final = "etcd://"

_MEMBER: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}")
_ROOT: Final = re.compile(r"(?:/[A-Za-z0-9._-]+)*")
_HIGHEST_PORT: Final = 65_535


class EtcdAddressError(InputError):
    """The address of an etcd cannot be used."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(
            f"store {text!r} {reason}: name the members as etcd://HOST:PORT,HOST:PORT, with "
            "/PREFIX behind them where several configsvc share one etcd"
        )


class EtcdCredentialError(InputError):
    """A certificate, key or password for etcd cannot be used."""


@dataclass(frozen=True, slots=True)
class EtcdAddress:
    """The members of one etcd, and the `root` that every key begins with (often empty)."""

    members: tuple[str, ...]
    root: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``etcd://host:port,host:port/prefix``; raise `EtcdAddressError` otherwise."""
        if not text.startswith(SCHEME):
            raise EtcdAddressError(text, f"does not begin with {SCHEME}")
        hosts, slash, path = text.removeprefix(SCHEME).partition("/")
        members, root = tuple(hosts.split(",")), f"{slash}{path}".rstrip("/")
        for member in members:
            if not _MEMBER.fullmatch(member) or int(member.rpartition(":")[2]) > _HIGHEST_PORT:
                raise EtcdAddressError(text, f"has {member!r}, which is not HOST:PORT")
        if len(set(members)) < len(members):
            raise EtcdAddressError(text, "names a member twice")
        if not _ROOT.fullmatch(root):
            raise EtcdAddressError(text, f"has {root!r}, which is no prefix")
        return cls(members, root)


@dataclass(frozen=True, slots=True)
class EtcdSecurity:
    """What is shown to etcd, and what etcd has to show.

    `authorities`, `certificate` and `key` are PEM; without authorities the connection is not TLS.
    """

    authorities: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = field(default=None, repr=False)
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def load(
        cls, authorities: str, certificate: str, key: str, user: str, password_file: str
    ) -> Self:
        """Read the files (empty: none); raise `EtcdCredentialError` for one that is not there."""
        password = _read(password_file) or b""
        return cls(
            authorities=_read(authorities),
            certificate=_read(certificate),
            key=_read(key),
            user=user,
            password=password.decode(errors="replace").strip("\r\n"),
        )


def _read(path: str) -> bytes | None:
    if not path:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as exc:
        raise EtcdCredentialError(
            f"{path} cannot be read: {exc.strerror}; it was named to reach etcd"
        ) from exc
