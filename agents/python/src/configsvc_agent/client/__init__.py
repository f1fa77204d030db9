"""The agent's HTTP client: the standard library's, every read bounded.

Importing this room imports ``http.client`` and ``ssl``; the agent does it on its own thread, so
that a service does not pay for them at import.
"""

from configsvc_agent.client._client import Client, Fetched
from configsvc_agent.client._wire import EventStream, ServerAwayError, ServerRefusedError

__all__ = ["Client", "EventStream", "Fetched", "ServerAwayError", "ServerRefusedError"]
