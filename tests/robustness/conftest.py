"""How long the suite goes on, and where its stores come from."""

import os
import time
from collections.abc import Callable

import pytest

from configsvc.store import Store
from configsvc.store.etcd import EtcdAddress, EtcdStore
from tests.etcds import EtcdCluster

ROUNDS = int(os.environ.get("ROBUSTNESS_ROUNDS", "1"))
"""How often each fault happens: once in the default suite, more often with ``make robustness``."""


@pytest.fixture
def rounds() -> range:
    """The rounds of a fault."""
    return range(ROUNDS)


def now() -> int:
    """The present instant."""
    return time.time_ns() // 1000


def opening(cluster: EtcdCluster, timeout: float = 2.0) -> Callable[[], Store]:
    """How each client opens a store of its own, impatient enough to see what fails."""
    return lambda: EtcdStore(EtcdAddress(cluster.addresses), now, timeout=timeout)
