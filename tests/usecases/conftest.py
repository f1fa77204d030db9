"""Worlds to publish to."""

import pytest

from tests.usecases.world import SYSTEM, World


@pytest.fixture
def empty() -> World:
    """A control plane over an empty store."""
    return World()


@pytest.fixture
def world() -> World:
    """A control plane with the small system as revision 1."""
    world = World()
    world.publish(*SYSTEM)
    return world
