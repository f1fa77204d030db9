"""The processes of a node are asked through their sockets, and those missing are named."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from configsvc.fleet import AgentRow, AgentState, ask_metrics, ask_nodes


def answer(body: bytes, status: str = "200 OK") -> bytes:
    """An HTTP answer."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def rows(*agents: AgentRow) -> bytes:
    """The answer of a process with these agents."""
    return answer(json.dumps({"rows": [agent.to_json() for agent in agents]}).encode())


def agent(instance: str, heard: int, *, lost: int | None = None) -> AgentRow:
    """An agent, connected or lost."""
    state = AgentState.APPLIED if lost is None else AgentState.STALE
    return AgentRow("prod", "a", instance, f"s{heard}", 0, heard, state=state, disconnected=lost)


@contextmanager
def process(directory: Path, name: str, reply: bytes | None) -> Iterator[None]:
    """A process that answers each question so; None: accepts and never answers."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(directory / f"agentgate-{name}.sock"))
    listener.listen()
    thread = threading.Thread(target=_serve, args=(listener, reply))
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


def _serve(listener: socket.socket, reply: bytes | None) -> None:
    silent = []
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            break
        silent.append(connection)
        connection.recv(65536)
        if reply is not None:
            connection.sendall(reply)
            connection.close()
    for connection in silent:
        connection.close()


def test_rows_of_all_processes(tmp_path: Path) -> None:
    """Agents of every process are listed."""
    with process(tmp_path, "1", rows(agent("x", 1))), process(tmp_path, "2", rows(agent("y", 2))):
        found = ask_nodes(tmp_path, "prod")
    assert [each.instance for each in found.rows] == ["x", "y"]
    assert found.incomplete == ()


def test_agent_lost_here_and_connected_there_is_connected(tmp_path: Path) -> None:
    """A reconnect to another process leaves no ghost."""
    here, there = rows(agent("x", 9, lost=9)), rows(agent("x", 5))
    with process(tmp_path, "1", here), process(tmp_path, "2", there):
        found = ask_nodes(tmp_path, "prod").rows
    assert [(each.instance, each.state) for each in found] == [("x", AgentState.APPLIED)]


def test_agent_lost_twice_is_listed_once(tmp_path: Path) -> None:
    """As the process that heard it last has it."""
    here, there = rows(agent("x", 9, lost=9)), rows(agent("x", 5, lost=5))
    with process(tmp_path, "1", here), process(tmp_path, "2", there):
        found = ask_nodes(tmp_path, "prod").rows
    assert [each.last_heard for each in found] == [9]


@pytest.mark.parametrize(
    "reply", [None, b"garbage\r\n\r\n", answer(b"[]"), answer(b"{}"), answer(b"{}", "500 Oops")]
)
def test_process_without_a_proper_answer_is_named(tmp_path: Path, reply: bytes | None) -> None:
    """Whoever is silent or talks nonsense is reported, and the others are still shown."""
    with process(tmp_path, "1", reply), process(tmp_path, "2", rows(agent("y", 2))):
        found = ask_nodes(tmp_path, "prod", timeout=0.2)
    assert found.incomplete == ("agentgate-1",)
    assert [each.instance for each in found.rows] == ["y"]


def test_socket_of_an_ended_process_is_removed(tmp_path: Path) -> None:
    """What a killed process left behind does not count as missing for ever."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    path = tmp_path / f"agentgate-{ended.pid}.sock"
    _abandon(path)
    assert ask_nodes(tmp_path, "prod").incomplete == ()
    assert not path.exists()


def test_socket_of_a_live_process_stays(tmp_path: Path) -> None:
    """A process that is just starting or stopping is named, not robbed of its socket."""
    path = tmp_path / f"agentgate-{os.getpid()}.sock"
    _abandon(path)
    assert ask_nodes(tmp_path, "prod").incomplete == (path.stem,)
    assert path.exists()


def test_no_process(tmp_path: Path) -> None:
    """Where nothing runs, nothing is missing."""
    assert ask_nodes(tmp_path / "absent", "prod").rows == ()


def test_metrics_by_process(tmp_path: Path) -> None:
    """Each process keeps its own numbers."""
    with process(tmp_path, "1", answer(b'{"counters":{"pushes":3}}')):
        assert ask_metrics(tmp_path).metrics == {"agentgate-1": {"counters": {"pushes": 3}}}


def _abandon(path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.close()
