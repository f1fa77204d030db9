"""Where the server is: its address, or for one stream the one that a server named."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from configsvc_agent.settings import is_address

_log = logging.getLogger("configsvc_agent")


class Destination:
    """Whom all of a process's requests go to. Read by any thread, written by the stream's.

    A server that stops may name another one. That is tried for one stream: where it cannot be
    reached, or once its stream has ended, ``own`` counts again.
    """

    def __init__(self, own: str | None) -> None:
        self._own = own
        self._named: str | None = None
        self._new = False

    @property
    def url(self) -> str | None:
        """Where to go now; None: there is no server."""
        return self._named or self._own

    def name(self, url: str) -> None:
        """Go there for the next stream. Nobody is led away from TLS, or to what is no address."""
        if not url or self._own is None:
            return
        if not is_address(url) or urlsplit(url).scheme != urlsplit(self._own).scheme:
            _log.warning("the server named %r as another one, which is not followed", url[:120])
            return
        self._named, self._new = url, True

    def ended(self) -> None:
        """A stream has ended, or could not be opened."""
        if not self._new:
            self._named = None
        self._new = False
