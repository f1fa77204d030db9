"""Binding the planes: all or nothing, and with reasons that people understand."""

import socket

import pytest

from configsvc.settings import Settings
from configsvc.wiring.listening import InsecureListenError, ListenError, check_exposure, listen

FREE = {"operator_listen": "127.0.0.1:0", "agent_listen": "127.0.0.1:0"}


def test_free_ports_are_told() -> None:
    """With port 0 the URL has the port that the system picked."""
    operator, agents = listen(Settings.load(FREE))
    with operator.socket, agents.socket:
        assert operator.url == f"http://127.0.0.1:{operator.socket.getsockname()[1]}"
        assert operator.address.port != agents.address.port


def test_every_address_is_reached_through_loopback() -> None:
    """The URL of a plane on all addresses is one that works here."""
    operator, agents = listen(Settings.load({**FREE, "operator_listen": "0.0.0.0:0"}))
    with operator.socket, agents.socket:
        assert operator.url.startswith("http://127.0.0.1:")


def test_taken_address_frees_the_other_one() -> None:
    """If the second plane cannot listen, the first one does not either."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        socket.create_server(("127.0.0.1", 0)) as probe,
    ):
        free = probe.getsockname()[1]
        probe.close()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        settings = Settings.load({"operator_listen": f"127.0.0.1:{free}", "agent_listen": address})
        with pytest.raises(ListenError) as caught:
            listen(settings)

    assert str(caught.value) == (
        f"the agent plane cannot listen on {address}: address already in use; "
        "free the address, or choose another one with --agent-listen"
    )
    socket.create_server(("127.0.0.1", free)).close()


@pytest.mark.parametrize("address", ["192.0.2.1:0", "no-such-host.invalid:0"])
def test_address_of_somebody_else_is_refused(address: str) -> None:
    """An address that this machine does not have is named with the system's reason."""
    with pytest.raises(ListenError, match="the operator plane cannot listen on"):
        listen(Settings.load({**FREE, "operator_listen": address}))


@pytest.mark.parametrize(
    ("flags", "refused"),
    [
        ({}, False),
        ({"agent_listen": "[::1]:0"}, False),
        ({"agent_listen": "0.0.0.0:0"}, True),
        ({"operator_listen": "configsvc.internal:0"}, True),
        ({"operator_listen": "[::]:0", "insecure": True}, False),
        ({"operator_listen": "[::]:0", "tls_certificate": "c", "tls_key": "k"}, False),
    ],
)
def test_plain_text_stays_on_loopback(flags: dict[str, object], *, refused: bool) -> None:
    """Off loopback there is TLS, or somebody who insists."""
    settings = Settings.load(flags)
    if refused:
        with pytest.raises(InsecureListenError, match="without TLS, where tokens can be read"):
            check_exposure(settings)
    else:
        check_exposure(settings)
