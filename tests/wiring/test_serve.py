"""A whole node: how it starts, what it survives, how it stops, and what it refuses."""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from configsvc.cli.exits import Exit
from tests.agentgate import certificates
from tests.serving import RunningServer, ServeFailedError, accepts, serving
from tests.wiring.processes import Watched, descendants

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """A node of its own, for a test that does it harm."""
    with serving(tmp_path / "data", "--operator-workers", "1") as server:
        yield server


def refusal(*flags: str) -> tuple[int, str]:
    """Exit code and last line of a node that does not start."""
    done = subprocess.run(
        [sys.executable, "-m", "configsvc", "serve", *flags],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr.splitlines()[-1]


def answer_of_agent_plane(server: RunningServer) -> bytes:
    """The first line of the agent plane's answer to somebody without a token."""
    host, port = server.agents_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(
            b"GET /v1/agent/bundle?namespace=a&service=b HTTP/1.1\r\nHost: x\r\n"
            b"Connection: close\r\n\r\n"
        )
        return connection.makefile("rb").readline()


def await_line(server: RunningServer, text: str) -> None:
    """Wait until the node has logged something, but not for ever."""
    deadline = time.monotonic() + 30.0
    pause = 0.01
    while text not in server.log.read_text():
        assert time.monotonic() < deadline, f"{text!r} was not logged"
        time.sleep(pause)


def test_first_start_says_where_everything_is(running_server: RunningServer) -> None:
    """One line for each plane, one for the token's file, and then that it is ready."""
    assert running_server.lines == [
        f"admin token     {running_server.data / 'admin-token'}  (readable by you alone)",
        f"operator plane  {running_server.url}",
        f"agent plane     {running_server.agents_url}",
        "ready",
    ]
    assert running_server.facts["pid"] == running_server.process.pid


def test_first_token_works_and_is_nowhere_else(running_server: RunningServer) -> None:
    """The token may do everything; only its owner can read it, and no line shows it."""
    mode = stat.S_IMODE((running_server.data / "admin-token").stat().st_mode)

    assert running_server.request("GET", "/v1/tokens")[0] == 200
    assert mode == 0o600
    assert running_server.token not in running_server.log.read_text()
    assert running_server.token not in "".join(running_server.lines)


def test_directories_are_private(running_server: RunningServer) -> None:
    """Nobody else reads what is stored or talks to the sockets."""
    for directory in (running_server.data, running_server.data / "run"):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_sockets_are_private(running_server: RunningServer) -> None:
    """Not only by the directory that they lie in."""
    sockets = [
        *running_server.data.glob("run/agentgate-*.sock"),
        *running_server.data.glob("wake/*.sock"),
    ]
    assert len(sockets) > 1
    assert {stat.S_IMODE(each.stat().st_mode) & 0o077 for each in sockets} == {0}


def test_agent_plane_speaks_its_own_protocol(running_server: RunningServer) -> None:
    """Both planes are up, each with its own kind of token."""
    assert answer_of_agent_plane(running_server).startswith(b"HTTP/1.1 401 ")


def test_log_lines_are_json_with_request_and_principal(running_server: RunningServer) -> None:
    """Each request leaves a line that programs can read."""
    running_server.request("GET", "/v1/namespaces", headers={"X-Request-Id": "abc-123"})

    lines = [json.loads(line) for line in running_server.log.read_text().splitlines()]
    (line,) = [each for each in lines if each.get("request") == "abc-123"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/namespaces", 200)
    assert line["process"] == "operator"
    assert re.fullmatch(r"[a-z2-7]{16}", line["principal"])


def test_metrics_are_those_of_the_whole_node(running_server: RunningServer) -> None:
    """Whichever worker answers, requests to all of them are counted, and the agent plane too."""
    for _ in range(20):
        running_server.request("GET", "/v1/schemas/Retry")

    text = running_server.request("GET", "/metrics")[1]
    (line,) = [each for each in text.splitlines() if "schemas" in each and "requests_total" in each]
    assert float(line.rpartition(" ")[2]) == 20
    assert "configsvc_agentgate_" in text


@linux
def test_termination_ends_everything_cleanly(server: RunningServer) -> None:
    """SIGTERM ends the node with 0, with all its processes and without its traces."""
    everybody = Watched(descendants(server.process.pid))
    urls = [server.url, server.agents_url]
    await_line(server, "leading")  # planes serve before the controller has loaded all it needs

    assert server.stop() == Exit.CLEAN
    assert everybody.await_end() == set()
    assert not any(map(accepts, urls))
    assert not (server.data / "run" / "ready").exists()
    messages = [json.loads(line)["message"] for line in server.log.read_text().splitlines()]
    ended = [m.split()[0] for m in messages if m.endswith(" exited with 0")]
    assert ended[0] == "operator"
    assert set(ended) == {"operator", "agents", "controller"}


def test_killed_children_are_replaced(server: RunningServer) -> None:
    """A plane whose process is killed serves again, at the same address, without a refusal.

    Ctrl-C in a terminal then ends the node as cleanly as ever.
    """
    for name in ("operator", "agents"):
        os.kill(server.child(name), signal.SIGKILL)

    assert server.request("GET", "/readyz")[0] == 200
    assert answer_of_agent_plane(server).startswith(b"HTTP/1.1 401 ")
    for name in ("operator", "agents"):  # a child's own child may answer before it is missed
        await_line(server, f"{name} was ended by SIGKILL: starting it again")
    assert server.stop(signal.SIGINT) == Exit.CLEAN


@linux
def test_killed_node_leaves_no_orphan(server: RunningServer) -> None:
    """Whatever the node started ends when the node itself is killed; the next may start at once."""
    orphans = descendants(server.process.pid)
    everybody = Watched(orphans)
    assert len(orphans) >= 5

    operator, agents = (url.removeprefix("http://") for url in (server.url, server.agents_url))
    server.process.kill()
    assert server.finish() == -signal.SIGKILL
    again = ("--operator-listen", operator, "--agent-listen", agents, "--operator-workers", "1")
    with serving(server.data, *again) as successor:
        assert successor.request("GET", "/readyz")[0] == 200
    assert everybody.await_end() == set()


def test_second_start_keeps_token_and_data(tmp_path: Path) -> None:
    """What was published is there again, and no second token is minted."""
    data = tmp_path / "data"
    with serving(data, "--operator-workers", "1") as server:
        token = server.token
        status, _ = server.request("PUT", "/v1/namespaces/prod", {"strict": True})
        assert status == 200
    (data / "admin-token").unlink()
    with serving(data, "--operator-workers", "1") as server:
        assert server.lines[0].startswith("operator plane")
        assert not (data / "admin-token").exists()
        (data / "admin-token").write_text(token)
        assert server.request("GET", "/v1/namespaces/prod")[1]["strict"] is True


def test_address_in_use_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """A taken port is named, with its flag, and no data directory is made."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        flags = ("--data", str(tmp_path / "data"), "--operator-listen", "127.0.0.1:0")
        code, line = refusal(*flags, "--agent-listen", address)

    assert code == Exit.SERVER
    assert line == (
        f"error: the agent plane cannot listen on {address}: address already in use; "
        "free the address, or choose another one with --agent-listen"
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("plane", ["operator", "agent"])
def test_open_listener_without_tls_is_refused(tmp_path: Path, plane: str) -> None:
    """Tokens do not travel readable over a network by accident."""
    code, line = refusal("--data", str(tmp_path / "data"), f"--{plane}-listen", "0.0.0.0:0")

    assert code == Exit.INPUT
    assert line.startswith(f"error: the {plane} plane would listen on 0.0.0.0:0 without TLS")


def test_open_listener_can_be_insisted_on(tmp_path: Path) -> None:
    """With --insecure it is served, and the URL is one that this machine can use."""
    with serving(tmp_path / "data", "--operator-listen", "0.0.0.0:0", "--insecure") as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert server.request("GET", "/readyz")[0] == 200


@pytest.mark.parametrize("url", ["node-1:8701", "ftp://node-1", "http://", "https://u@node-1"])
def test_what_is_advertised_must_be_an_address(tmp_path: Path, url: str) -> None:
    """Agents would be sent nowhere."""
    code, line = refusal("--data", str(tmp_path / "data"), "--advertise-agents", url)
    assert code == Exit.INPUT
    assert "--advertise-agents" in line
    assert "http[s]://HOST[:PORT]" in line


def test_memory_store_is_refused(tmp_path: Path) -> None:
    """Several processes cannot share one process's memory."""
    code, line = refusal("--data", str(tmp_path / "data"), "--store", "memory")

    assert code == Exit.INPUT
    assert "lives in the memory of one process, and a node has several" in line


def test_directory_of_another_node_is_refused(running_server: RunningServer) -> None:
    """Two nodes over one directory would fight over sockets; the second one says who is first."""
    free = ("--operator-listen", "127.0.0.1:0", "--agent-listen", "127.0.0.1:0")
    code, line = refusal("--data", str(running_server.data), *free)

    assert code == Exit.SERVER
    assert f"in use by the node with process id {running_server.process.pid}: stop it" in line
    assert running_server.request("GET", "/readyz")[0] == 200


def test_child_that_cannot_start_ends_the_node(tmp_path: Path) -> None:
    """After five fast failures the node gives up with 1 and says which child it was."""
    data = tmp_path / "data"
    broken = {"CONFIGSVC_TLS_CERTIFICATE": "/missing.pem", "CONFIGSVC_TLS_KEY": "/missing.pem"}
    with (
        pytest.raises(ServeFailedError, match="soon after its start: giving up"),
        serving(data, environ=broken) as server,
    ):
        pytest.fail(f"{server.url} serves without a certificate")


@pytest.mark.external("openssl")
def test_planes_speak_tls(tmp_path: Path) -> None:
    """With a certificate both planes are https, and the node knows that they are ready."""
    pair = certificates.make(tmp_path / "tls")
    flags = ("--tls-certificate", str(pair.certificate), "--tls-key", str(pair.key))
    with serving(tmp_path / "data", *flags) as server:
        assert server.url.startswith("https://127.0.0.1:")
        assert server.agents_url.startswith("https://127.0.0.1:")
        renewed = certificates.make(tmp_path / "renewed")
        shutil.copy(renewed.certificate, pair.certificate)
        shutil.copy(renewed.key, pair.key)
        context = ssl.create_default_context(cafile=str(renewed.certificate))
        with urlopen(f"{server.url}/healthz", context=context) as answer:  # noqa: S310 loopback
            assert answer.status == 200
        assert server.stop() == Exit.CLEAN
