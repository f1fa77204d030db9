"""A real HTTP server on loopback that gives prepared answers and keeps what it was asked."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Prepared:
    """One answer; `drop` closes the connection instead of answering."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    drop: bool = False


@dataclass(slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: Any


class ScriptedServer:
    """Gives its answers in order; the last one again and again."""

    def __init__(self, answers: list[Prepared]) -> None:
        self.answers = answers
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Serve in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline()
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = json.loads(content) if content else None
                headers = {k.lower(): v for k, v in self.headers.items()}
                outer.asked.append(Asked(self.command, self.path, headers, body))
                self.close_connection = True
                prepared = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                if not prepared.drop:
                    self._answer(prepared)

            def _answer(self, prepared: Prepared) -> None:
                content = prepared.body
                if not isinstance(content, bytes):
                    content = b"" if content is None else json.dumps(content).encode()
                self.send_response(prepared.status)
                self.send_header("Content-Type", prepared.content_type)
                self.send_header("Content-Length", str(len(content)))
                for name, value in prepared.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


@contextmanager
def scripted(*answers: Prepared) -> Iterator[ScriptedServer]:
    """Run a server with these answers."""
    server = ScriptedServer(list(answers))
    server.start()
    try:
        yield server
    finally:
        server.stop()
