"""The way in: where front ends ask, through the gateway or, without Envoy, at the back ends."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final

from configsvc.cli.demo.issuer import Issuer

GATEWAY: Final = "edge"
ANSWER: Final = 5.0
"""Seconds that a page gets."""


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """One kind of client: its host and path at the gateway, and its page at its own back end."""

    bff: str
    host: str
    prefix: str
    page: str


FRONT_ENDS: Final = (
    FrontEnd("web", "www.example.com", "/app", "/players/{}"),
    FrontEnd("mobile", "api.example.com", "/mobile/v1", "/home/{}"),
)


class Entry:
    """Asks for pages as browsers and apps in turn.

    Args:
        issuer: signs a token for each request.
        authentication: the document that says who may come in.
        gateway: its port; None for a system without one.
        bffs: the port of each back end.
    """

    def __init__(
        self,
        issuer: Issuer,
        authentication: dict[str, Any],
        gateway: int | None,
        bffs: Mapping[str, int],
    ) -> None:
        self._issuer = issuer
        self._authentication = authentication
        self._gateway = gateway
        self._bffs = bffs
        self._turn = cycle(FRONT_ENDS)

    def ask(self, player: str) -> dict[str, Any] | None:
        """The next front end's page of a player; None if it was not answered."""
        return self.page(next(self._turn), player)

    def page(self, front_end: FrontEnd, player: str) -> dict[str, Any] | None:
        """A front end's page of a player; None if it was not answered."""
        token = self._issuer.token(player, self._authentication)
        headers = {"Authorization": f"Bearer {token}", "Host": front_end.host}
        request = urllib.request.Request(self.url(front_end, player), headers=headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=ANSWER) as response:  # noqa: S310
                page: dict[str, Any] = json.load(response)
                return page
        except (OSError, urllib.error.URLError, ValueError):
            return None

    def url(self, front_end: FrontEnd, player: str) -> str:
        """Where a front end asks for it."""
        page = front_end.page.format(player)
        if self._gateway is None:
            return f"http://127.0.0.1:{self._bffs[front_end.bff]}{page}"
        return f"http://127.0.0.1:{self._gateway}{front_end.prefix}{page}"

    def pass_of(self, player: str) -> str:
        """A token for whoever wants to try by hand, good for half a day."""
        return self._issuer.token(player, self._authentication, lifetime=43_200)
