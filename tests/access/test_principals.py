"""Principals: roles carry rights, agents are confined to their service."""

import pytest

from configsvc.access import (
    EVERY_NAMESPACE,
    AgentIdentity,
    ForbiddenError,
    Principal,
    Right,
    Role,
    WrongIdentityError,
    WrongTokenKindError,
)

AGENT = Principal("t", "", {}, AgentIdentity("prod", "player-engine"))


def holder(**grants: Role) -> Principal:
    """An operator with these grants."""
    return Principal("t", "ci", grants)


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (Role.VIEWER, {Right.READ, Right.CHECK}),
        (Role.EDITOR, {Right.READ, Right.CHECK, Right.PUBLISH}),
        (Role.ADMIN, set(Right)),
    ],
)
def test_rights_of_a_role(role: Role, rights: set[Right]) -> None:
    """Each role has exactly its rights."""
    assert {right for right in Right if holder(prod=role).may("prod", right)} == rights


def test_forbidden_says_which_role_is_needed() -> None:
    """The refusal names right, role needed and role held."""
    with pytest.raises(ForbiddenError) as caught:
        holder(prod=Role.EDITOR).require("prod", Right.WAIVE)
    assert str(caught.value) == (
        "waive needs the role admin in namespace 'prod'; this token has the role editor there: "
        "ask an admin of the namespace for another token"
    )
    assert caught.value.needed is Role.ADMIN


def test_role_does_not_reach_another_namespace() -> None:
    """A grant holds where it was given."""
    with pytest.raises(ForbiddenError, match="has no role there"):
        holder(prod=Role.ADMIN).require("staging", Right.READ)


def test_strongest_grant_counts() -> None:
    """A grant for every namespace is not weakened by a lower one for this."""
    both = Principal("t", "", {EVERY_NAMESPACE: Role.ADMIN, "prod": Role.VIEWER})
    both.require("prod", Right.WAIVE)


def test_global_right_needs_the_global_grant() -> None:
    """An admin of one namespace is no admin of all."""
    with pytest.raises(ForbiddenError):
        holder(prod=Role.ADMIN).require(EVERY_NAMESPACE, Right.ADMIN)


def test_agent_is_no_operator() -> None:
    """An agent's token has no right on the operator plane."""
    with pytest.raises(WrongTokenKindError):
        AGENT.require("prod", Right.READ)


def test_operator_is_no_agent() -> None:
    """An admin's token opens no stream."""
    with pytest.raises(WrongTokenKindError):
        holder(prod=Role.ADMIN).require_agent("prod", "player-engine")


@pytest.mark.parametrize("asked", [("prod", "score-engine"), ("staging", "player-engine")])
def test_agent_is_confined_to_its_service(asked: tuple[str, str]) -> None:
    """Neither another service nor another namespace."""
    AGENT.require_agent("prod", "player-engine")
    with pytest.raises(WrongIdentityError, match="use that service's own token"):
        AGENT.require_agent(*asked)
