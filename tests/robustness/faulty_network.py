"""A TCP proxy between agents and server that does what networks do."""

import random
import selectors
import socket
import threading
import time
from dataclasses import dataclass, field

CHUNK = 16_384


@dataclass(slots=True)
class Faults:
    """What happens at present to bytes on the way; the defaults let everything pass.

    Args:
        blackhole: nothing arrives in either direction, and nobody is told.
        frozen_before: connections made before this time are as in a black hole: half-open.
        delay: seconds for which each piece is held back.
        bytes_a_second: how fast the agent's side takes what the server sends; 0 is no limit.
        cut_every: seconds after which each connection is reset; 0 is never.
        loss: the chance that a piece is lost, and with it the connection.
    """

    blackhole: bool = False
    frozen_before: float = 0.0
    delay: float = 0.0
    bytes_a_second: int = 0
    cut_every: float = 0.0
    loss: float = 0.0


@dataclass(eq=False, slots=True)
class _Pair:
    """Two sockets, and when the connection was made."""

    agent: socket.socket
    server: socket.socket
    since: float = field(default_factory=time.monotonic)

    def reset(self) -> None:
        """End both sides."""
        for side in (self.agent, self.server):
            side.close()


class Proxy:
    """Listens on `port` and passes on to another port of this machine. One thread does it all."""

    def __init__(self, target: int, seed: int = 1) -> None:
        self.faults = Faults()
        self.accepted = 0
        self._target = target
        self._random = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._pairs: set[_Pair] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fault-proxy")
        self._thread.start()

    def close(self) -> None:
        """End every connection."""
        self._stopping.set()
        self._thread.join()
        for pair in list(self._pairs):
            self._end(pair)
        self._listener.close()
        self._selector.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            for key, _ in self._selector.select(0.02):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.data in self._pairs and not self._holds_back(key.data):
                    self._pass_on(key.data, key.fileobj)
            self._cut_old()
            if self.faults.blackhole:
                time.sleep(0.01)  # readable sockets that nobody reads would spin

    def _accept(self) -> None:
        agent, _ = self._listener.accept()
        self.accepted += 1
        try:
            server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        except OSError:
            agent.close()
            return
        pair = _Pair(agent, server)
        self._pairs.add(pair)
        for side in (agent, server):
            self._selector.register(side, selectors.EVENT_READ, pair)

    def _holds_back(self, pair: _Pair) -> bool:
        return self.faults.blackhole or pair.since < self.faults.frozen_before

    def _pass_on(self, pair: _Pair, source: object) -> None:
        from_server = source is pair.server
        reader, writer = (pair.server, pair.agent) if from_server else (pair.agent, pair.server)
        try:
            data = reader.recv(CHUNK)
            if not data or self._random.random() < self.faults.loss:
                self._end(pair)
                return
            self._hinder(data, slow=from_server)
            writer.sendall(data)
        except OSError:
            self._end(pair)

    def _hinder(self, data: bytes, *, slow: bool) -> None:
        if self.faults.delay:
            time.sleep(self.faults.delay)
        if slow and self.faults.bytes_a_second:
            time.sleep(len(data) / self.faults.bytes_a_second)

    def _cut_old(self) -> None:
        if self.faults.cut_every:
            oldest = time.monotonic() - self.faults.cut_every
            for pair in [each for each in self._pairs if each.since < oldest]:
                self._end(pair)

    def _end(self, pair: _Pair) -> None:
        self._pairs.discard(pair)
        for side in (pair.agent, pair.server):
            self._selector.unregister(side)
        pair.reset()
