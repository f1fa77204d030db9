"""The nodes of a cluster: how they find each other, and what each knows of the fleet.

A node keeps a leased record of itself in the store, which says where its operator plane is and
which certificate it shows there. It asks the others with a token of its own, as any reader would.
"""

import http.client
import ssl
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final, Self
from urllib.parse import quote, urlsplit

import orjson

from configsvc.fleet.asking import MAX_ANSWER, TIMEOUT, gather
from configsvc.fleet.nodes import FleetAnswer, without_returned
from configsvc.fleet.rows import AgentRow
from configsvc.store import Records, Store, layout

OWN_FLEET: Final = "/v1/namespaces/{ns}/fleet/node"
"""Where a node says what it alone knows."""


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """A live node.

    Args:
        id: its name, unique among all that live.
        url: its operator plane, as other nodes reach it.
        certificate: PEM of what it shows there; empty without TLS.
        version: of configsvc.
        agents: its agent plane, as agents reach it; empty if it does not say.
    """

    id: str
    url: str
    certificate: str
    version: str
    agents: str = ""

    def to_json(self) -> dict[str, str]:
        """As a JSON object, for `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` of this or another version wrote."""
        required = {name: str(value[name]) for name in ("id", "url", "certificate", "version")}
        return cls(**required, agents=str(value.get("agents", "")))


def node_records(store: Store) -> Records[NodeRecord]:
    """The records of live nodes in a store."""
    return Records(store, NodeRecord.to_json, NodeRecord.from_json)


class ClusterFleet:
    """Asks this node's own processes and all other live nodes.

    Args:
        store: where nodes are recorded.
        own: this node's name.
        token: what it shows to the others.
        ask_own: asks its own processes about a namespace.
        timeout: seconds for all of them together.
    """

    def __init__(
        self,
        store: Store,
        own: str,
        token: str,
        ask_own: Callable[[str], FleetAnswer],
        timeout: float = TIMEOUT,
    ) -> None:
        self._nodes = node_records(store)
        self._own = own
        self._token = token
        self._ask_own = ask_own
        self._timeout = timeout

    def ask(self, namespace: str) -> FleetAnswer:
        """Return every agent of a namespace; what is missing is named with its node."""
        questions = {self._own: partial(self._ask_own, namespace)}
        for kept in self._nodes.list(layout.NODES):
            if kept.value.id != self._own:
                questions[kept.value.id] = partial(self._ask, kept.value, namespace)
        answers, missing = gather(questions, self._timeout)
        rows = [row for answer in answers.values() for row in answer.rows]
        incomplete = [
            f"{node}/{process}" for node, each in answers.items() for process in each.incomplete
        ]
        return FleetAnswer(tuple(without_returned(rows)), (*missing, *incomplete))

    def _ask(self, node: NodeRecord, namespace: str) -> FleetAnswer:
        headers = {"Authorization": f"Bearer {self._token}"}
        with closing(_connect(node, self._timeout)) as connection:
            path = OWN_FLEET.format(ns=quote(namespace, safe=""))
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = response.read(MAX_ANSWER)
        if response.status != http.client.OK:
            raise http.client.HTTPException(f"node {node.id} answered {response.status}")
        answer = orjson.loads(body)
        rows = tuple(AgentRow.from_json(each) for each in answer["rows"])
        return FleetAnswer(rows, tuple(map(str, answer["incomplete"])))


def _connect(node: NodeRecord, timeout: float) -> http.client.HTTPConnection:
    where = urlsplit(node.url)
    host, port = where.hostname or "", where.port
    if where.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=timeout)
    # The record comes from the store that both trust: it says which certificate to expect, so
    # that no name and no authority has to vouch for it.
    context = ssl.create_default_context(cadata=node.certificate)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
