"""Real etcd clusters on loopback: started in a second, in memory where there is such a disk."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

STARTS_WITHIN = 30.0
"""Seconds; it takes one, and the machine that tests is busy."""

FLAGS = (
    "--experimental-watch-progress-notify-interval=100ms",
    "--heartbeat-interval=100",
    "--election-timeout=1000",
    "--logger=zap",
    "--log-level=error",
    "--log-outputs=stderr",
)
"""Bookmarks often enough for a test to see one; the rest is etcd's default, or quiet."""


class Etcd:
    """One member, in a process of its own. `address` is where clients ask."""

    def __init__(self, name: str, data: Path, host: str = "127.0.0.1") -> None:
        self.name = name
        self.data = data
        self.host = host
        self.address = f"{host}:{_free_port(host)}"
        self.peer = f"http://{host}:{_free_port(host)}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(
        self, peers: Sequence["Etcd"], *flags: str, within: Sequence[str] = (), scheme: str = "http"
    ) -> None:
        """Start the process, anew or over what it left; `within` is a command that runs it."""
        url = f"{scheme}://{self.address}"
        command = (
            *within, "etcd", f"--name={self.name}", f"--data-dir={self.data}",
            f"--listen-client-urls={url}", f"--advertise-client-urls={url}",
            f"--listen-peer-urls={self.peer}", f"--initial-advertise-peer-urls={self.peer}",
            "--initial-cluster=" + ",".join(f"{each.name}={each.peer}" for each in peers),
            *FLAGS, *flags,
        )  # fmt: skip
        self.data.parent.mkdir(parents=True, exist_ok=True)
        with self.data.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal: SIGSTOP freezes the member, SIGCONT thaws it."""
        assert self.process is not None
        self.process.send_signal(number)
        if number is signal.SIGSTOP:  # it is frozen once all its threads are
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def kill(self) -> None:
        """Kill the member, frozen or not, and wait until it has ended."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def leads(self) -> bool:
        """Whether this member says that it is the leader."""
        status = self.ask("/v3/maintenance/status", {})
        return bool(status and status.get("leader") == status["header"]["member_id"])

    def ask(self, path: str, body: object) -> Any:  # noqa: ANN401 JSON
        """Ask etcd's JSON gateway; None if there is no answer."""
        connection = http.client.HTTPConnection(self.address, timeout=2)
        try:
            connection.request("POST", path, json.dumps(body))
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        return json.loads(content) if answer.status == http.client.OK else None


class EtcdCluster:
    """Some members that know each other. `url` is what configsvc is given as its store."""

    def __init__(self, data: Path, size: int = 1, flags: Sequence[str] = ()) -> None:
        self.data = data
        self.flags = flags
        self._addresses: tuple[str, ...] = ()
        self.members = [Etcd(f"member{n}", data / f"member{n}") for n in range(size)]

    @classmethod
    def at(cls, *addresses: str) -> "EtcdCluster":
        """Return a cluster that somebody else runs behind these addresses."""
        cluster = cls(Path(), 0)
        cluster._addresses = addresses
        return cluster

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the members answer clients."""
        return self._addresses or tuple(member.address for member in self.members)

    @property
    def url(self) -> str:
        """The store's address, without a prefix."""
        return f"etcd://{','.join(self.addresses)}"

    def start(self, *members: Etcd) -> None:
        """Start members, all unless some are named, and wait until they serve."""
        started = members or tuple(self.members)
        for member in started:
            member.start(self.members, *self.flags)
        for member in started:
            self.await_serving(member)

    def await_serving(self, member: Etcd) -> None:
        """Wait until a member answers a linearizable read."""
        give_up_at = time.monotonic() + STARTS_WITHIN
        while member.ask("/v3/kv/range", {"key": "YQ=="}) is None:
            ended = member.process is None or member.process.poll() is not None
            if ended or time.monotonic() > give_up_at:
                raise AssertionError(member.data.with_suffix(".log").read_text()[-4000:])
            time.sleep(0.02)

    @property
    def leader(self) -> Etcd:
        """The member that leads."""
        give_up_at = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < give_up_at:
            for member in self.members:
                if member.process is not None and member.leads:
                    return member
            time.sleep(0.05)
        raise AssertionError("no member leads")

    def stop(self) -> None:
        """Kill all members."""
        for member in self.members:
            member.kill()


@contextmanager
def etcd_cluster(size: int = 1, *flags: str, data: Path | None = None) -> Iterator[EtcdCluster]:
    """Run a cluster until the block ends, in a directory of its own unless one is given."""
    directory = data or Path(tempfile.mkdtemp(prefix="etcd-", dir=_fast_directory()))
    cluster = EtcdCluster(directory, size, flags)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        if data is None:
            shutil.rmtree(directory, ignore_errors=True)


def _fast_directory() -> str | None:
    """A directory in memory: a test of the store is no test of the disk."""
    shared = Path("/dev/shm")  # noqa: S108 private directories are made in it
    with suppress(OSError):
        return str(shared) if shutil.disk_usage(shared).free > 1 << 30 else None
    return None


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host if host.startswith("127.") else "127.0.0.1", 0))
        return int(probe.getsockname()[1])
