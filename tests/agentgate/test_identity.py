"""Tokens: who is let in, and who is shown out."""

from pathlib import Path

import pytest

from configsvc.access import EVERY_NAMESPACE, AgentIdentity, Role, mint_agent, mint_operator
from configsvc.agentgate.doorkeeper import Doorkeeper
from configsvc.agentgate.http import ProblemError, Request
from configsvc.agentgate.lookups import MAX_TOKEN_LOOKUPS
from configsvc.store import Transaction, layout
from tests.agentgate.world import (
    PLAYER,
    SCORE,
    World,
    bundle_target,
    now,
    run,
    serving,
    settings,
    until,
)

UNKNOWN = "cfa_" + "a" * 16 + "_" + "b" * 32


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Basic x"}, {"Authorization": "Bearer"}, {"Authorization": ""}]
)
def test_no_token(world: World, tmp_path: Path, header: dict[str, str]) -> None:
    """Without a bearer token the answer says how to send one."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            answer = await gate.ask("GET", bundle_target(), headers=header)
            assert (answer.status, answer.code) == (401, "unauthenticated")
            assert answer.headers["www-authenticate"] == "Bearer"

    run(scenario())


def test_tokens_that_are_not_good(world: World, tmp_path: Path) -> None:
    """Unknown, mistyped, expired, revoked, an operator's: all refused, none repeated."""

    async def scenario() -> None:
        admin = mint_operator({EVERY_NAMESPACE: Role.ADMIN}, now())
        world.tokens.put(layout.token(admin.record.id), admin.record)
        expired = world.token(not_after=now() - 1)
        revoked = world.token()
        world.revoke(revoked)
        good = world.token()
        wrong = good[:-1] + ("a" if good[-1] != "a" else "b")
        async with serving(world.store, settings(tmp_path)) as gate:
            for token in (admin.text, expired, revoked, UNKNOWN, wrong, good[:-1], "x" * 5000):
                answer = await gate.get(bundle_target(), token)
                assert (answer.status, answer.code) == (401, "unauthenticated")
                assert token.rpartition("_")[2].encode() not in answer.body
            assert (await gate.get(bundle_target(), good)).status == 200

    run(scenario())


def test_token_minted_a_moment_ago_is_looked_up(world: World, tmp_path: Path) -> None:
    """A token works at once, also before the watch has told of it."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            gate.gate.doorkeeper.replace({})
            assert (await gate.get(bundle_target(), token)).status == 200

    run(scenario())


def test_record_that_was_looked_up_does_not_bring_a_withdrawn_token_back() -> None:
    """It may have been read before the withdrawal, of which the watch told first."""
    token = mint_agent(AgentIdentity(*PLAYER), now())
    doorkeeper = Doorkeeper()
    doorkeeper.learn({token.record.id: token.record.revoke(now())})
    doorkeeper.learn_unknown(token.record)
    headers = {"authorization": f"Bearer {token.text}"}
    with pytest.raises(ProblemError, match="was revoked"):
        doorkeeper.admit(Request("GET", "/", {}, headers, b"", keep_alive=True), now())


def test_unknown_tokens_are_not_looked_up_without_bound(world: World, tmp_path: Path) -> None:
    """Made-up tokens cannot keep the store busy."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            gate.gate._lookups._token_lookups = MAX_TOKEN_LOOKUPS
            answer = await gate.get(bundle_target(), UNKNOWN)
            assert (answer.status, answer.headers["retry-after"]) == (429, "1")

    run(scenario())


def test_revoking_cuts_the_streams_of_that_token(world: World, tmp_path: Path) -> None:
    """Whoever holds a withdrawn token is shown out; the others stay."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            withdrawn, kept = world.token(), world.token()
            agents = [await gate.stream(withdrawn, instance=n) for n in ("a", "b")]
            other = await gate.stream(kept, instance="c")
            for agent in (*agents, other):
                await agent.event()
            world.revoke(withdrawn)
            assert all([await agent.client.ended() for agent in agents])
            world.text("player-engine", "two")
            assert (await other.event()).kind == "bundle"
            assert (await gate.get(bundle_target(), withdrawn)).status == 401

    run(scenario())


def test_deleted_and_damaged_records_cut_streams(world: World, tmp_path: Path) -> None:
    """What cannot be read is not trusted."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            for value in (None, b"damaged"):
                token = world.token(SCORE)
                stream = await gate.stream(token, SCORE)
                key = layout.token(token.split("_")[1])
                change = Transaction(
                    deletes=() if value else (key,), puts=((key, value),) if value else ()
                )
                world.store.commit(change)
                assert await stream.client.ended()

    run(scenario())


def test_expiry_cuts_streams(world: World, tmp_path: Path) -> None:
    """A token that ends while a stream is open ends the stream."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            stream = await gate.stream(world.token(not_after=now() + 200_000))
            await until(lambda: gate.gate.doorkeeper.expired(now()))
            gate.gate._tidy()
            assert await stream.client.ended()

    run(scenario())
