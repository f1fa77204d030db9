"""One node and one gateway for all tests of this folder; each has routes of its own."""

from collections.abc import Iterator

import httpx
import pytest

from tests.gateway.scenario import Scenario, documents
from tests.gateway.upstream import upstream
from tests.gateway.world import Node, free_port, gateway, node


@pytest.fixture(scope="session")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node with an xDS plane."""
    with node(tmp_path_factory.mktemp("xds")) as found:
        yield found


@pytest.fixture(scope="session")
def scenario(at: Node) -> Iterator[Scenario]:
    """The gateway ``edge`` with all routes of the scenario, before two instances."""
    with upstream() as one, upstream() as other:
        port = free_port()
        at.publish(documents(port, one.address, other.address))
        with (
            gateway(at, "edge", port) as edge,
            httpx.Client(base_url=edge.url, timeout=15) as client,
        ):
            at.row("edge", state="applied")
            yield Scenario(at, edge, client, one, other)
