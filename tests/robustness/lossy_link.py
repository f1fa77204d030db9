"""A link between this machine and a network namespace that loses and delays single packets.

Two pairs of virtual interfaces, and a thread that carries frames from one to the other. What it
drops is lost for the kernels on both sides, so that TCP has to notice and repeat.
"""

import heapq
import os
import random
import selectors
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_SOL_PACKET, _VNET_HDR, _EVERY_PROTOCOL = 263, 15, 3  # of linux/if_packet.h, if_ether.h
_FRAME = (1 << 16) + 128  # the largest frame that is not cut up yet, and its headers
_NETWORK = "10.214.{block}.{host}"


class LossyLink:
    """Loses a share of all frames in both directions, and delays the rest.

    Args:
        near: interface towards this machine.
        far: interface towards the namespace.
        loss: share of frames that are dropped.
        delay: seconds for which each of the others is held back.
    """

    def __init__(self, near: str, far: str, loss: float, delay: float) -> None:
        self._ends = (_tap(near), _tap(far))
        self._loss = loss
        self._delay = delay
        self._random = random.Random(7)
        self._held: list[tuple[float, int, int, bytes]] = []
        self._stopping = False
        self.carried = 0
        self.lost = 0
        self._thread = threading.Thread(target=self._carry, name="lossy-link")
        self._thread.start()

    def close(self) -> None:
        """End the link."""
        self._stopping = True
        self._thread.join()
        for end in self._ends:
            end.close()

    def _carry(self) -> None:
        with selectors.DefaultSelector() as selector:
            for number, end in enumerate(self._ends):
                selector.register(end, selectors.EVENT_READ, number)
            while not self._stopping:
                for key, _ in selector.select(self._pause()):
                    self._take(int(key.data))
                self._let_go()

    def _pause(self) -> float:
        return max(0.0, self._held[0][0] - time.monotonic()) if self._held else 0.05

    def _take(self, number: int) -> None:
        frame, address = self._ends[number].recvfrom(_FRAME)
        if address[2] == socket.PACKET_OUTGOING:
            return
        self.carried += 1
        if self._random.random() < self._loss:
            self.lost += 1
            return
        due = time.monotonic() + self._delay
        heapq.heappush(self._held, (due, self.carried, 1 - number, frame))

    def _let_go(self) -> None:
        while self._held and self._held[0][0] <= time.monotonic():
            _, _, number, frame = heapq.heappop(self._held)
            with suppress(OSError):  # an interface that is full loses it, as a wire would
                self._ends[number].send(frame)


@contextmanager
def lossy_link(loss: float, delay: float) -> Iterator[tuple[LossyLink, str, tuple[str, ...]]]:
    """Make a namespace behind such a link.

    Yields:
        The link, the address of this machine on it, and what to put before a command so that it
        runs in the namespace.
    """
    block, pid = os.getpid() % 250, os.getpid()
    here, there = (_NETWORK.format(block=block, host=host) for host in (1, 2))
    name = f"lossy{pid}"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", f"ls{pid}", "type", "veth", "peer", "name", f"lt{pid}")
        _ip("link", "add", f"lc{pid}", "type", "veth", "peer", "name", f"lu{pid}")
        _ip("link", "set", f"lc{pid}", "netns", name)
        _ip("addr", "add", f"{here}/24", "dev", f"ls{pid}")
        _ip("-n", name, "addr", "add", f"{there}/24", "dev", f"lc{pid}")
        for each in (f"ls{pid}", f"lt{pid}", f"lu{pid}"):
            _ip("link", "set", each, "up")
        _ip("-n", name, "link", "set", f"lc{pid}", "up")
        link = LossyLink(f"lt{pid}", f"lu{pid}", loss, delay)
        try:
            yield link, here, ("ip", "netns", "exec", name)
        finally:
            link.close()
    finally:
        for end in (f"ls{pid}", f"lu{pid}"):  # the other end goes with it
            with suppress(subprocess.CalledProcessError):
                _ip("link", "del", end)
        _ip("netns", "del", name)


def _tap(interface: str) -> socket.socket:
    """See every frame of an interface, with what the kernel has left to be done to it."""
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERY_PROTOCOL))
    tap.setsockopt(_SOL_PACKET, _VNET_HDR, 1)
    tap.bind((interface, 0))
    tap.setblocking(False)  # noqa: FBT003  the standard library's own signature
    return tap


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
