"""A relay: serves the agents of a site from one stream of a node, or of another relay.

It is an agent plane over a copy of what it needs of the store. The copy is kept on disk, so that a
site starts and goes on without its upstream; bundles are verified by their digest wherever they
come from.
"""

from configsvc.relay.copy import Copy, LocalStore
from configsvc.relay.disk import BlobCache, StateFile
from configsvc.relay.follower import Follower
from configsvc.relay.reporter import Reporter
from configsvc.relay.upstream import Upstream, UpstreamError

__all__ = [
    "BlobCache",
    "Copy",
    "Follower",
    "LocalStore",
    "Reporter",
    "StateFile",
    "Upstream",
    "UpstreamError",
]
