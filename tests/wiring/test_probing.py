"""Whether a plane serves, as seen from this machine."""

import socket

import pytest

from configsvc.wiring import probing
from configsvc.wiring.listening import Listener
from configsvc.wiring.probing import answers
from tests.cli.scripted_server import Prepared, scripted


@pytest.mark.parametrize(
    ("status", "expected"), [(200, True), (401, True), (500, False), (503, False)]
)
def test_answer_without_a_failure_counts(status: int, *, expected: bool) -> None:
    """A plane that refuses strangers serves; one that fails does not yet."""
    with scripted(Prepared(status, {})) as server, socket.create_server(("127.0.0.1", 0)) as held:
        listener = Listener("operator", server._server.socket, tls=False)
        assert answers(listener, "/readyz", None) is expected
        assert held.fileno() != -1


def test_silence_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket that somebody holds and nobody serves is not ready."""
    monkeypatch.setattr(probing, "TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not answers(Listener("operator", silent, tls=False), "/readyz", None)
