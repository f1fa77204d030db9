"""What connections inherit from the socket that they come in on."""

import socket

from configsvc.agentgate.listening import detect_dead_peers


def test_connections_inherit_the_search_for_dead_peers() -> None:
    """A peer that vanished is noticed though nobody asks for it on its connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        detect_dead_peers(listener)
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            for option in (socket.TCP_USER_TIMEOUT, socket.TCP_KEEPIDLE):
                chosen = listener.getsockopt(socket.IPPROTO_TCP, option)
                assert accepted.getsockopt(socket.IPPROTO_TCP, option) == chosen > 0


def test_socket_without_a_network_is_left_alone() -> None:
    """The other end of a UNIX socket is on this machine."""
    with socket.socket(socket.AF_UNIX) as listener:
        detect_dead_peers(listener)
        assert not listener.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
