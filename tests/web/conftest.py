"""The API over the small system."""

import pytest

from tests.usecases.world import SYSTEM, World
from tests.web.calling import Api


@pytest.fixture
def world() -> World:
    """A control plane with the small system as revision 1."""
    world = World()
    world.publish(*SYSTEM)
    return world


@pytest.fixture
def api(world: World) -> Api:
    """The API over that control plane, called as an admin of the namespace."""
    return Api(world)
