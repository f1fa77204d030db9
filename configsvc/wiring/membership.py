"""This node among those that share its store: its name, its token, its record."""

import json
import re
import secrets
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

import orjson

from configsvc import __version__
from configsvc.access import EVERY_NAMESPACE, Principal, Role, UnauthenticatedError
from configsvc.controller import LeasedLeadership
from configsvc.errors import InputError
from configsvc.fleet import NodeRecord
from configsvc.settings import Settings
from configsvc.store import layout
from configsvc.usecases import Tokens

if TYPE_CHECKING:
    from configsvc.store.etcd import EtcdStore, LeasedEntry

LEASE: Final = 10
"""Seconds after which a node that was killed or is frozen counts as gone, and another leads."""


@dataclass(frozen=True, slots=True)
class Member:
    """What the processes of a node have to know of it; written by their parent.

    Args:
        id: the node's name.
        url: its operator plane, as other nodes reach it.
        token: what it shows to the other nodes.
    """

    id: str
    url: str
    token: str

    @classmethod
    def load(cls, settings: Settings) -> Self | None:
        """Read what `save` wrote; None before that, and for a node alone with its store."""
        file = _file(settings)
        if not settings.clustered or not file.exists():
            return None
        return cls(**json.loads(file.read_text()))

    def save(self, write: Callable[[Path, str], None], settings: Settings) -> None:
        """Have it written into the directory that only the node's user can enter."""
        write(_file(settings), json.dumps(asdict(self)))

    def record(self, settings: Settings) -> bytes:
        """What the other nodes get to know: with the certificate as it is now."""
        certificate = Path(settings.tls_certificate).read_text() if settings.tls else ""
        agents = settings.advertise_agents
        record = NodeRecord(self.id, self.url, certificate, __version__, agents)
        return orjson.dumps(record.to_json())


class AdvertisedError(InputError):
    """What others are to be told of where this node is, is no address."""

    def __init__(self, flag: str, url: str) -> None:
        super().__init__(
            f"{flag} {url[:120]!r} is not of the form http[s]://HOST[:PORT]: give the address "
            "under which others reach this node, without a user, a query or a fragment"
        )


def check_advertised(settings: Settings) -> None:
    """Do nothing if the node can tell others where it is; raises `AdvertisedError`."""
    advertised = {
        "--advertise": settings.advertise,
        "--advertise-agents": settings.advertise_agents,
    }
    for flag, url in advertised.items():
        if url and not _is_address(url):
            raise AdvertisedError(flag, url)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        return False
    return bool(sound) and not (parts.query or parts.fragment or parts.username or parts.password)


def node_name() -> str:
    """A name that says which machine it is, and that no other node has."""
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:64]
    return f"{host}-{secrets.token_hex(4)}"


def reader_token(tokens: Tokens, kept: str, name: str) -> str:
    """The token with which a node asks the others: the one it has, if that is still good."""
    try:
        tokens.authenticate(kept)
    except UnauthenticatedError:
        minter = Principal("", f"node:{name}", {EVERY_NAMESPACE: Role.ADMIN})
        return tokens.mint_operator(minter, {EVERY_NAMESPACE: Role.VIEWER}, f"node {name}")[0]
    return kept


def join(
    settings: Settings, member: Member, store: "EtcdStore"
) -> tuple["LeasedEntry", LeasedLeadership]:
    """This node's record, not yet put, and its claim to lead."""
    key = layout.node(member.id)
    lease = store.lease(key, lambda: member.record(settings), LEASE)
    return lease, LeasedLeadership(lease, key, lambda: store.eldest(layout.NODES))


def _file(settings: Settings) -> Path:
    return settings.run / "member.json"
