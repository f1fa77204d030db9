"""What the adapters of all HTTP clients say of a request."""

from __future__ import annotations

from collections.abc import Callable

from configsvc_agent.values import Value

Header = Callable[[str], "str | None"]


class Request(Value):
    """One HTTP request as the rules see it; ``target`` is path and query.

    ``named`` is the callee and the operation where the service says them, instead of by host.
    ``replayable``: its body can be sent more than once.
    """

    method: str
    scheme: str
    host: str
    port: int | None
    target: str
    header: Header
    named: tuple[str, str] | None = None
    replayable: bool = True
