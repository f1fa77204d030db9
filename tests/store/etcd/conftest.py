"""A cluster for tests that harm it, and a clock."""

from collections.abc import Iterator

import pytest

from tests.etcds import EtcdCluster, etcd_cluster


@pytest.fixture
def own_etcd() -> Iterator[EtcdCluster]:
    """One member, for one test."""
    with etcd_cluster() as cluster:
        yield cluster
