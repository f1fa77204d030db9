"""Sessions: opened with a token, worth what the token is worth."""

import pytest

from configsvc.access import Role, UnauthenticatedError
from configsvc.access.sessions import LIFETIME
from configsvc.store import layout
from configsvc.usecases.sessions import MAX_OF_TOKEN
from tests.usecases.world import NAMESPACE, ROOT, World


def token(world: World, role: Role = Role.EDITOR) -> str:
    """A new operator's token."""
    return world.plane.tokens.mint_operator(ROOT, {NAMESPACE: role}, "ann")[0]


def test_a_session_is_known_to_every_process() -> None:
    """It is kept in the store, with the rights that the token has."""
    world = World()
    opened = world.plane.sessions.open(token(world))
    found = world.another_process().sessions.find(opened.text)

    assert found == opened
    assert found.principal.role_in(NAMESPACE) is Role.EDITOR


def test_an_agents_token_opens_none() -> None:
    """The console is for operators."""
    world = World()
    with pytest.raises(UnauthenticatedError):
        world.plane.sessions.open("cfa_aaaaaaaaaaaaaaaa_" + "a" * 32)


def test_it_ends_with_its_token() -> None:
    """A token that is revoked takes its sessions with it."""
    world = World()
    text = token(world)
    opened = world.plane.sessions.open(text)
    world.plane.tokens.revoke(ROOT, opened.principal.token_id)

    with pytest.raises(UnauthenticatedError, match="revoked"):
        world.plane.sessions.find(opened.text)


def test_it_ends_when_it_is_closed() -> None:
    """Signing out leaves a cookie that is worth nothing."""
    world = World()
    opened = world.plane.sessions.open(token(world))
    world.plane.sessions.close(opened)

    with pytest.raises(UnauthenticatedError, match="sign in again"):
        world.plane.sessions.find(opened.text)


def test_what_has_ended_is_swept_by_whoever_signs_in() -> None:
    """Sessions do not pile up, neither by time nor by a token that signs in over and over."""
    world = World()
    text, other = token(world), token(world)
    for _ in range(MAX_OF_TOKEN + 3):
        world.plane.sessions.open(text)
    assert len(world.store.range(layout.SESSIONS).entries) == MAX_OF_TOKEN

    world.clock.advance(LIFETIME + 1)
    world.plane.sessions.open(other)
    assert len(world.store.range(layout.SESSIONS).entries) == 1
