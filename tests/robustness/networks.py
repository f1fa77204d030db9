"""Members of an etcd in network namespaces of their own, which can be cut off from each other."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from tests.etcds import Etcd, EtcdCluster

NETWORK = "10.213.{block}.{host}"


@cache
def may_make_networks() -> bool:
    """Whether this process may make network namespaces, and mount."""
    return (
        os.geteuid() == 0
        and subprocess.run(["unshare", "-nm", "true"], check=False, capture_output=True).returncode
        == 0
    )


class NetworkedCluster(EtcdCluster):
    """Each member behind a bridge that clients reach all of them over."""

    def __init__(self, data: Path, size: int, flags: Sequence[str] = ()) -> None:
        super().__init__(data, 0, flags)
        self._block = os.getpid() % 250
        self._bridge = f"rb{os.getpid()}"[:15]
        self._hosts = [NETWORK.format(block=self._block, host=n + 2) for n in range(size)]
        _ip("link", "add", self._bridge, "type", "bridge")
        _ip("addr", "add", f"{NETWORK.format(block=self._block, host=1)}/24", "dev", self._bridge)
        _ip("link", "set", self._bridge, "up")
        for number, host in enumerate(self._hosts):
            self._attach(number, host)
            self.members.append(Etcd(f"member{number}", data / f"member{number}", host))

    def start(self, *members: Etcd) -> None:
        """See `EtcdCluster.start`; each in its namespace."""
        started = members or tuple(self.members)
        for member in started:
            inside = ("ip", "netns", "exec", self._namespace(member))
            member.start(self.members, *self.flags, within=inside)
        for member in started:
            self.await_serving(member)

    def cut_off(self, member: Etcd) -> None:
        """Let nothing pass between a member and the others; clients still reach it."""
        self._route("add", member)

    def join(self, member: Etcd) -> None:
        """Let everything pass again."""
        self._route("del", member)

    def stop(self) -> None:
        """See `EtcdCluster.stop`; takes the network down, too."""
        super().stop()
        for member in self.members:
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "del", self._namespace(member))
        with suppress(subprocess.CalledProcessError):
            _ip("link", "del", self._bridge)

    def _attach(self, number: int, host: str) -> None:
        name = f"{self._bridge}n{number}"
        outside, inside = f"{self._bridge}v{number}"[-15:], f"{self._bridge}i{number}"[-15:]
        _ip("netns", "add", name)
        _ip("link", "add", outside, "type", "veth", "peer", "name", inside)
        _ip("link", "set", inside, "netns", name)
        _ip("link", "set", outside, "master", self._bridge, "up")
        _ip("-n", name, "addr", "add", f"{host}/24", "dev", inside)
        _ip("-n", name, "link", "set", inside, "up")
        _ip("-n", name, "link", "set", "lo", "up")

    def _route(self, what: str, member: Etcd) -> None:
        for host in self._hosts:
            if host != member.host:
                _ip("-n", self._namespace(member), "route", what, "blackhole", f"{host}/32")

    def _namespace(self, member: Etcd) -> str:
        return f"{self._bridge}n{self.members.index(member)}"


@contextmanager
def networked_cluster(size: int) -> Iterator[NetworkedCluster]:
    """Run a cluster in networks of its own until the block ends."""
    directory = Path(tempfile.mkdtemp(prefix="etcd-"))
    cluster = NetworkedCluster(directory, size)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
