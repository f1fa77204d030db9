"""A service that does as it is told by the request, and counts what arrives."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Upstream(ThreadingHTTPServer):
    """One instance. `seen` counts requests by the header ``x-test``; `headers` has the last ones.

    The query says what to do: ``fail=503``, once with ``once=1``; ``hang=1`` waits for `release`.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: Counter[str] = Counter()
        self.headers: dict[str, dict[str, str]] = {}
        self.paths: dict[str, str] = {}
        self.release = threading.Event()
        self.lock = threading.Lock()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Peers that went away are what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def do_GET(self) -> None:
        server, parts = self.server, urlsplit(self.path)
        query = parse_qs(parts.query)
        test = self.headers.get("x-test", "")
        self.rfile.read(int(self.headers.get("content-length", "0")))
        with server.lock:
            server.seen[test] += 1
            count = server.seen[test]
            server.headers[test] = {key.lower(): value for key, value in self.headers.items()}
            server.paths[test] = parts.path
        if "hang" in query and (count == 1 or "once" not in query):
            server.release.wait(10)
        if "slow" in query:
            time.sleep(float(query["slow"][0]))
        fails = "fail" in query and (count == 1 or "once" not in query)
        self._answer(int(query["fail"][0]) if fails else 200, parts.path)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 as the base class looks for them

    def _answer(self, status: int, path: str) -> None:
        body = json.dumps({"path": path, "at": self.server.address}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def upstream() -> Iterator[Upstream]:
    """An instance that serves in the background."""
    server = Upstream()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
