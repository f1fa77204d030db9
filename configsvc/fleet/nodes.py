"""Asking every agent-facing process of this node what it knows, through its UNIX socket."""

import http.client
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from configsvc.fleet.asking import MAX_ANSWER, TIMEOUT, gather
from configsvc.fleet.rows import AgentRow

K = TypeVar("K")
T = TypeVar("T")

SOCKETS: Final = "*gate-*.sock"
"""Names of the sockets in the run directory, of every plane; the last ``*`` is the process id."""


@dataclass(frozen=True, slots=True)
class FleetAnswer:
    """Every agent that the processes of a node know, and which of them did not answer."""

    rows: tuple[AgentRow, ...]
    incomplete: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MetricsAnswer:
    """Metrics by process, and which processes did not answer."""

    metrics: Mapping[str, Mapping[str, Any]]
    incomplete: tuple[str, ...]


def ask_nodes(directory: Path, namespace: str | None, timeout: float = TIMEOUT) -> FleetAnswer:
    """Return the agents of a namespace, None for those of all.

    An agent that one process lost and another one has is listed as the other one has it.

    Args:
        directory: where the processes keep their sockets; missing means that none runs.
        namespace: whose agents.
        timeout: seconds for all of them together.
    """
    query = f"?{urlencode({'namespace': namespace})}" if namespace else ""
    path = f"/internal/fleet{query}"
    answers, incomplete = _ask_all(directory, SOCKETS, path, _rows, timeout)
    rows = [row for answer in answers.values() for row in answer]
    return FleetAnswer(tuple(without_returned(rows)), incomplete)


def ask_metrics(directory: Path, timeout: float = TIMEOUT) -> MetricsAnswer:
    """Return the metrics of each process; arguments as for `ask_nodes`."""
    answers, incomplete = _ask_all(directory, SOCKETS, "/internal/metrics", dict, timeout)
    return MetricsAnswer(answers, incomplete)


def _rows(answer: Mapping[str, Any]) -> list[AgentRow]:
    return [AgentRow.from_json(each) for each in answer["rows"]]


def without_returned(rows: list[AgentRow]) -> Iterator[AgentRow]:
    """Leave out what was lost of agents that are back, or lost again later elsewhere."""
    newest: dict[tuple[str, str, str], AgentRow] = {}
    sessions: dict[tuple[str, ...], AgentRow] = {}
    for row in rows:
        _keep_newest(newest, row.identity, row)
        _keep_newest(sessions, (*row.identity, row.session), row)
    for row in sessions.values():
        if row.disconnected is None or row is newest[row.identity]:
            yield row


def _keep_newest(known: dict[K, AgentRow], key: K, row: AgentRow) -> None:
    """Of one stream several processes may know: a relay tells one of them now and then."""
    if key not in known or _order(row) > _order(known[key]):
        known[key] = row


def _order(row: AgentRow) -> tuple[bool, int]:
    return (row.disconnected is None, row.last_heard)


def _ask_all(
    directory: Path,
    pattern: str,
    path: str,
    read: Callable[[Mapping[str, Any]], T],
    timeout: float,
) -> tuple[dict[str, T], tuple[str, ...]]:
    """Ask all processes at once; return answers and the names of those without one."""

    def question(socket_path: Path) -> T | None:
        answer = _ask(socket_path, path, timeout)
        return None if answer is None else read(answer)

    sockets = sorted(directory.glob(pattern))
    return gather({each.stem: partial(question, each) for each in sockets}, timeout)


def _ask(path: Path, target: str, timeout: float) -> Mapping[str, Any] | None:
    """The answer of one process; None if it has ended, and then its socket is removed."""
    try:
        connection = _UnixConnection(path, timeout)
        with closing(connection):
            connection.request("GET", target)
            response = connection.getresponse()
            body = response.read(MAX_ANSWER)
    except (ConnectionRefusedError, FileNotFoundError):
        if _ended(path):
            with suppress(OSError):
                path.unlink()
            return None
        raise
    if response.status != http.client.OK:
        raise http.client.HTTPException(f"{path.name} answered {response.status}")
    answer = json.loads(body)
    if not isinstance(answer, dict):
        raise TypeError(f"{path.name} answered {type(answer).__name__}, not an object")
    return answer


def _ended(path: Path) -> bool:
    """True if the process that the socket is named after runs no more."""
    name = path.stem.rpartition("-")[2]
    if not name.isdigit():
        return True
    try:
        os.kill(int(name), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
