"""What an agent promises when it talks to a server: over real sockets, against a real peer."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path

import pytest

from agents.python.tests.conftest import MakeAgent
from agents.python.tests.peer import PATIENCE, Peer, bundle, encode
from configsvc_agent import Agent, Origin, State, __version__
from configsvc_agent.delivery import _keeper, _listener


def overall(agent: Agent) -> int | None:
    """The overall limit in force: it tells the bundles of these tests apart."""
    return agent.explain("score-engine", "get-score").policy.timeout.overall


def _drain(url: str) -> bytes:
    """Says that another server is there at once."""
    return json.dumps({"retry": 0, "url": url}).encode()


def wait_state(agent: Agent, state: State, reason: str = "") -> None:
    """Wait until the agent says so itself."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        status = agent.status()
        if status.state is state and reason in status.reason:
            return
        time.sleep(0.005)
    raise AssertionError(f"never {state} because of {reason!r}: {agent.status()}")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnect and heal at once: chance, which the agent draws, is always small here."""
    monkeypatch.setattr(_listener.random, "random", lambda: 0.01)


class TestStart:
    """Nothing waits for the server."""

    @pytest.mark.conformance("start-without-server")
    def test_without_a_server_it_starts_at_once(self, make_agent: MakeAgent) -> None:
        """The built-in default is in force, and the status says what is wrong."""
        began = time.monotonic()
        agent = make_agent(url="http://127.0.0.1:1").start()
        took = time.monotonic() - began

        assert took < 1.0
        assert overall(agent) == 10_000_000
        wait_state(agent, State.FAILED, "cannot be reached")
        assert agent.status().origin is Origin.BUILT_IN

    @pytest.mark.conformance("start-without-server")
    def test_a_server_that_comes_later_is_found(self, make_agent: MakeAgent) -> None:
        """Nobody has to restart the service."""
        first = Peer()
        port = first.port
        first.close()
        agent = make_agent(url=f"http://127.0.0.1:{port}").start()
        wait_state(agent, State.FAILED, "cannot be reached")

        late = Peer(port=port)
        late.publish(bundle(overall=5))
        try:
            late.wait_report("applied", 1)
            assert (overall(agent), agent.state) == (5, State.READY)
        finally:
            agent.stop()
            late.close()

    @pytest.mark.conformance("start-from-cache")
    def test_the_last_good_bundle_is_in_force_before_start_returns(
        self, peer: Peer, make_agent: MakeAgent
    ) -> None:
        """A restart without the server goes on where the process ended."""
        peer.publish(bundle(overall=5))
        first = make_agent().start()
        peer.wait_report("applied", 1)
        first.stop()

        second = make_agent(url="http://127.0.0.1:1").start()

        status = second.status()
        assert overall(second) == 5
        assert (status.state, status.origin, status.version) == (State.STALE, Origin.CACHE, 1)

    def test_without_an_address_it_lives_from_disk(self, make_agent: MakeAgent) -> None:
        """No server at all is a way to run."""
        agent = make_agent(url=None).start()

        wait_state(agent, State.FAILED, "CONFIGSVC_URL is not set")

    def test_starting_twice_is_starting_once(self, peer: Peer, make_agent: MakeAgent) -> None:
        """One stream per process."""
        peer.publish(bundle())
        agent = make_agent().start().start()
        peer.wait_report("applied", 1)

        assert len(peer.streams) == 1
        assert agent.wait_ready(PATIENCE)


class TestStream:
    """Verify, store, apply, advance, acknowledge."""

    @pytest.mark.conformance("ack-last")
    def test_what_is_acknowledged_is_stored_and_in_force(
        self, peer: Peer, make_agent: MakeAgent, tmp_path: Path
    ) -> None:
        """When the report arrives, disk and calls have the bundle."""
        published = peer.publish(bundle(overall=5))
        agent = make_agent().start()

        report = peer.wait_report("applied", 1)

        assert overall(agent) == 5
        stored = (tmp_path / "cache" / "prod" / "player-engine" / "bundle").read_bytes()
        assert stored.endswith(published.data)
        assert report == {
            "version": 1,
            "digest": published.digest,
            "state": "applied",
            "revision": 1,
        }

    def test_a_report_says_who_and_how(self, peer: Peer, make_agent: MakeAgent) -> None:
        """Session, instance, health and agent are in every report."""
        peer.publish(bundle())
        agent = make_agent(instance="pod-7").start()
        peer.wait_report("applied", 1)

        body = peer.reports[-1]
        assert body["session"] == peer.streams[0].session
        assert (body["namespace"], body["service"]) == ("prod", "player-engine")
        assert (body["instance"], body["health"]) == ("pod-7", "ready")
        assert body["agent"] == {"language": "python", "version": __version__}
        assert agent.state is State.READY

    @pytest.mark.conformance("stream-push")
    def test_a_push_takes_effect_without_a_restart(self, peer: Peer, make_agent: MakeAgent) -> None:
        """The next call obeys what was published."""
        peer.publish(bundle(overall=5))
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        peer.publish(bundle(overall=6))
        peer.wait_report("applied", 2)

        assert overall(agent) == 6

    @pytest.mark.conformance("stream-resume")
    def test_a_reconnect_says_what_is_held(self, peer: Peer, make_agent: MakeAgent) -> None:
        """The id and the digest of the stored bundle; the server then sends a heartbeat alone."""
        published = peer.publish(bundle())
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        peer.streams[0].end()

        again = peer.wait_streams(2)

        assert (peer.streams[0].last_event_id, peer.streams[0].digest) == (None, None)
        assert (again.last_event_id, again.digest) == ("e1.1.0", published.digest)
        assert agent.wait_ready(PATIENCE)

    @pytest.mark.conformance("stream-resume")
    def test_what_was_missed_comes_with_the_reconnect(
        self, peer: Peer, make_agent: MakeAgent
    ) -> None:
        """A publish while the agent was away is not lost."""
        peer.publish(bundle(overall=5))
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        peer.streams[0].end()
        peer.publish(bundle(overall=6), push=False)

        peer.wait_report("applied", 2)
        assert overall(agent) == 6

    @pytest.mark.conformance("stream-restart")
    def test_a_server_that_dies_and_returns(self, make_agent: MakeAgent) -> None:
        """The bundle stays in force meanwhile; the stream comes back by itself."""
        first = Peer()
        first.publish(bundle(overall=5))
        agent = make_agent(url=first.url).start()
        first.wait_report("applied", 1)
        first.close()
        assert overall(agent) == 5

        second = Peer(port=first.port)
        second.publish(bundle(overall=6), version=2)
        try:
            second.wait_report("applied", 2)
            assert second.streams[0].last_event_id == "e1.1.0"
            assert overall(agent) == 6
        finally:
            agent.stop()
            second.close()

    @pytest.mark.conformance("stream-cut")
    def test_an_event_cut_off_half_way_is_not_taken(
        self, peer: Peer, make_agent: MakeAgent
    ) -> None:
        """A bundle without its end is no bundle: it comes whole with the next stream."""
        peer.publish(bundle(overall=5))
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        published = peer.publish(bundle(overall=6), push=False)
        header = encode({"epoch": "e1", "version": 2, "digest": published.digest, "revision": 2})
        peer.streams[0].send(b"event: bundle\nid: e1.2.0\ndata: " + header + b"\ndata: ")
        peer.streams[0].send(published.data[:200])
        peer.streams[0].end()

        peer.wait_report("applied", 2)
        assert peer.streams[1].last_event_id == "e1.1.0"
        assert overall(agent) == 6

    @pytest.mark.conformance("stream-unknown-event")
    def test_unknown_events_are_ignored(self, peer: Peer, make_agent: MakeAgent) -> None:
        """A newer server may say more."""
        peer.publish(bundle())
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        peer.streams[0].event("weather", b"not even JSON")
        peer.publish(bundle(overall=6))
        peer.wait_report("applied", 2)

        assert (overall(agent), len(peer.streams)) == (6, 1)

    @pytest.mark.conformance("stream-malformed")
    @pytest.mark.parametrize(
        ("kind", "data"),
        [
            ("heartbeat", b"{"),
            ("heartbeat", b"[]"),
            ("heartbeat", b'{"epoch":"e1","digest":"x"}'),
            ("bundle", b'{"epoch":"e1","version":2,"digest":"short","revision":2}'),
            ("bundle", b'{"epoch":"e 1","version":2}'),
            ("session", b'{"session":"s","epoch":"e1","heartbeat":0}'),
            ("drain", b'{"retry":-1}'),
            ("drain", b"3"),
        ],
    )
    def test_an_event_that_is_not_what_it_promises_ends_the_stream(
        self, peer: Peer, make_agent: MakeAgent, kind: str, data: bytes
    ) -> None:
        """The agent keeps what it has and begins anew."""
        peer.publish(bundle(overall=5))
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        peer.streams[0].event(kind, data)

        peer.wait_streams(2)
        assert overall(agent) == 5
        assert agent.wait_ready(PATIENCE)

    @pytest.mark.conformance("stream-malformed")
    def test_a_stream_that_does_not_begin_with_its_session_is_left(
        self, peer: Peer, make_agent: MakeAgent
    ) -> None:
        """Without a session nothing could be reported."""
        peer.mute = True
        agent = make_agent().start()
        peer.publish(bundle(overall=5), push=False)
        peer.send_bundle(peer.wait_streams(1))
        peer.mute = False

        peer.wait_report("applied", 1)
        assert (overall(agent), len(peer.streams)) == (5, 2)

    @pytest.mark.conformance("gone")
    def test_gone_keeps_the_last_good_bundle(self, peer: Peer, make_agent: MakeAgent) -> None:
        """Losing the service in the namespace is not losing its policies."""
        peer.publish(bundle(overall=5))
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        peer.streams[0].event("gone", b"{}")

        wait_state(agent, State.STALE, "no longer exists")
        assert overall(agent) == 5
        peer.publish(bundle(overall=6))
        peer.wait_report("applied", 2)
        assert agent.state is State.READY

    @pytest.mark.conformance("drain")
    def test_drain_sends_the_agent_away_for_the_time_given(
        self, peer: Peer, make_agent: MakeAgent
    ) -> None:
        """It comes back after that time, not before."""
        peer.publish(bundle())
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        began = time.monotonic()
        peer.streams[0].event("drain", b'{"retry":300000}')

        peer.wait_streams(2)
        assert time.monotonic() - began >= 0.3
        assert agent.wait_ready(PATIENCE)

    @pytest.mark.conformance("drain-elsewhere")
    def test_a_server_named_by_the_one_that_stops_is_tried_first(
        self, peer: Peer, make_agent: MakeAgent
    ) -> None:
        """Stream and reports go there; when that one ends, the agent's own address counts again."""
        with closing(Peer()) as other:
            for each in (peer, other):
                each.publish(bundle(overall=5))
            agent = make_agent().start()
            peer.wait_report("applied", 1)
            peer.streams[0].event("drain", _drain(other.url))
            other.wait_streams(1)
            other.publish(bundle(overall=6))
            other.wait_report("applied", 2)
            assert overall(agent) == 6

            other.streams[0].end()
            peer.wait_streams(2)
            assert len(other.streams) == 1

    @pytest.mark.conformance("drain-elsewhere")
    def test_a_named_server_that_is_away_is_no_loss(
        self, peer: Peer, make_agent: MakeAgent
    ) -> None:
        """The agent comes back to its own address."""
        peer.publish(bundle())
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        peer.streams[0].event("drain", _drain("http://127.0.0.1:9"))

        peer.wait_streams(2)
        assert agent.wait_ready(PATIENCE)

    @pytest.mark.conformance("drain-elsewhere")
    @pytest.mark.parametrize("url", ["https://{}", "ftp://{}", "http://user@{}", "http://{}/?a=b"])
    def test_what_is_named_must_be_an_address_of_the_same_kind(
        self, peer: Peer, make_agent: MakeAgent, url: str
    ) -> None:
        """Nobody is led from one scheme to another, or anywhere that is no server's address."""
        with closing(Peer()) as other:
            peer.publish(bundle())
            make_agent().start()
            peer.wait_report("applied", 1)
            peer.streams[0].event("drain", _drain(url.format(f"127.0.0.1:{other.port}")))

            peer.wait_streams(2)
            assert other.streams == []

    @pytest.mark.conformance("stream-size")
    def test_an_endless_event_ends_the_stream(
        self, peer: Peer, make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No peer makes the agent keep more than it takes."""
        from configsvc_agent import stream  # noqa: PLC0415  its bounds are lowered here

        monkeypatch.setattr(
            stream.EventParser.__init__, "__kwdefaults__", {"max_line": 4096, "max_event": 4096}
        )
        peer.publish(bundle(overall=5))
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        peer.streams[0].send(b"data: " + b"x" * 10_000)

        peer.wait_streams(2)
        assert overall(agent) == 5


class TestHeartbeat:
    """A lost push repairs itself; a lost server is noticed."""

    @pytest.mark.conformance("heartbeat-heals")
    def test_a_lost_push_is_fetched(self, peer: Peer, make_agent: MakeAgent) -> None:
        """The heartbeat names another digest, and the agent goes and gets it."""
        peer.publish(bundle(overall=5))
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        peer.publish(bundle(overall=6), push=False)
        assert overall(agent) == 5

        peer.beat()

        peer.wait_report("applied", 2)
        assert (overall(agent), len(peer.streams)) == (6, 1)
        assert peer.requests.count("GET /v1/agent/bundle") == 1
        assert agent.state is State.READY

    @pytest.mark.conformance("heartbeat-heals")
    def test_a_fetch_that_fails_is_tried_again_at_the_next_heartbeat(
        self, peer: Peer, make_agent: MakeAgent
    ) -> None:
        """Bytes of another digest are rejected, not remembered, and asked for anew."""
        peer.publish(bundle(overall=5))
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        peer.publish(bundle(overall=6), push=False)
        peer.fetch_data = b"{}"
        peer.beat()
        rejected = peer.wait_report("rejected", 2)
        assert "was announced, but the 2 bytes received have" in rejected["reason"]
        assert (overall(agent), agent.state) == (5, State.STALE)

        peer.fetch_data = None
        peer.beat()

        peer.wait_report("applied", 2)
        assert (overall(agent), agent.state) == (6, State.READY)

    @pytest.mark.conformance("heartbeat-missed")
    def test_three_missed_heartbeats_end_the_stream(self, make_agent: MakeAgent) -> None:
        """A server that says nothing is left, and the state tells."""
        peer = Peer(heartbeat=0.05)
        peer.publish(bundle(overall=5))
        agent = make_agent(url=peer.url).start()
        try:
            peer.wait_report("applied", 1)
            peer.mute = True
            wait_state(agent, State.STALE)
            peer.wait_streams(2)
            assert overall(agent) == 5
            peer.mute = False
            peer.streams[1].end()
            peer.wait_streams(3)
            assert agent.wait_ready(PATIENCE)
        finally:
            agent.stop()
            peer.close()

    @pytest.mark.conformance("heartbeat-missed")
    def test_bytes_without_events_are_silence(self, make_agent: MakeAgent) -> None:
        """Comments keep a connection open, not a stream alive."""
        peer = Peer(heartbeat=0.05)
        peer.publish(bundle(overall=5))
        agent = make_agent(url=peer.url).start()
        try:
            peer.wait_report("applied", 1)
            peer.mute = True
            deadline = time.monotonic() + PATIENCE
            while len(peer.streams) < 2 and time.monotonic() < deadline:
                peer.streams[0].send(b":\n")
                time.sleep(0.01)
            assert len(peer.streams) >= 2
        finally:
            agent.stop()
            peer.close()


class TestVersions:
    """No agent goes back, except where the server starts anew."""

    @pytest.mark.conformance("version-older")
    def test_an_older_version_is_ignored(self, peer: Peer, make_agent: MakeAgent) -> None:
        """A late push does not undo a newer one."""
        old = peer.publish(bundle(overall=5))
        peer.publish(bundle(overall=6), version=9)
        agent = make_agent().start()
        peer.wait_report("applied", 9)
        peer.send_bundle(peer.streams[0], in_force=old)
        peer.publish(bundle(overall=7), version=10)
        peer.wait_report("applied", 10)

        assert overall(agent) == 7
        assert peer.found("applied", 1) == []

    @pytest.mark.conformance("version-reset")
    def test_a_reset_may_lower_the_version(
        self, peer: Peer, make_agent: MakeAgent, tmp_path: Path
    ) -> None:
        """After a reset the lower version is in force and on disk."""
        peer.publish(bundle(overall=6), version=9)
        agent = make_agent().start()
        peer.wait_report("applied", 9)
        peer.publish(bundle(overall=5), version=3, reset=True)
        peer.wait_report("applied", 3)

        assert (overall(agent), agent.status().version) == (5, 3)
        again = make_agent(url="http://127.0.0.1:1").start()
        assert again.status().version == 3

    @pytest.mark.conformance("version-epoch")
    def test_another_epoch_starts_anew(self, make_agent: MakeAgent) -> None:
        """A restored server's bundle is taken whatever its number, and numbers count from there."""
        peer = Peer()
        peer.publish(bundle(overall=6), version=9)
        agent = make_agent(url=peer.url).start()
        peer.wait_report("applied", 9)
        peer.close()
        restored = Peer(port=peer.port)
        restored.epoch = "e2"
        restored.publish(bundle(overall=5), version=2)
        try:
            restored.wait_report("applied", 2)
            assert restored.streams[0].last_event_id == "e1.9.0"
            assert (overall(agent), agent.status().epoch) == (5, "e2")
        finally:
            agent.stop()
            restored.close()

    @pytest.mark.conformance("version-epoch")
    def test_the_same_bundle_in_another_epoch_moves_the_cursor(
        self, peer: Peer, make_agent: MakeAgent
    ) -> None:
        """The next reconnect resumes in the new epoch."""
        body = bundle()
        peer.publish(body, version=9)
        agent = make_agent().start()
        peer.wait_report("applied", 9)
        peer.epoch = "e2"
        peer.publish(body, version=2, reset=True)
        peer.wait_report("applied", 2)
        peer.streams[0].end()

        assert peer.wait_streams(2).last_event_id == "e2.2.0"
        assert agent.wait_ready(PATIENCE)


class TestRejected:
    """A bundle is taken whole or not at all."""

    @pytest.mark.conformance("bundle-whole")
    def test_the_reason_is_reported_and_the_last_good_bundle_stays(
        self, peer: Peer, make_agent: MakeAgent
    ) -> None:
        """The editor learns what this agent could not obey."""
        peer.publish(bundle(overall=5))
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        bad = bundle(overall=6)
        bad["outbound"][0]["operations"][0]["policy"]["turbo"] = {}
        peer.publish(bad)

        report = peer.wait_report("rejected", 2)

        assert "/outbound/0/operations/0/policy: has the unknown field" in report["reason"]
        assert peer.reports[-1]["health"] == "stale"
        assert (overall(agent), agent.status().version) == (5, 1)
        wait_state(agent, State.STALE, "version 2 was rejected")

    @pytest.mark.conformance("rejected-not-fetched")
    def test_a_rejected_digest_is_not_fetched(self, peer: Peer, make_agent: MakeAgent) -> None:
        """Heartbeats that name it lead to no loop."""
        peer.publish(bundle(overall=5))
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        peer.publish(b"{}")
        peer.wait_report("rejected", 2)
        peer.beat()
        peer.beat()
        peer.publish(bundle(overall=6))
        peer.wait_report("applied", 3)

        assert "GET /v1/agent/bundle" not in peer.requests
        assert (overall(agent), agent.state) == (6, State.READY)

    @pytest.mark.conformance("rejected-remembered")
    def test_after_a_restart_it_is_rejected_again_without_a_try(
        self, peer: Peer, make_agent: MakeAgent
    ) -> None:
        """The set is on disk: the reason is the one found the first time."""
        peer.publish(bundle(overall=5))
        first = make_agent().start()
        peer.wait_report("applied", 1)
        peer.publish(b"{}")
        reason = peer.wait_report("rejected", 2)["reason"]
        first.stop()
        peer.reports.clear()

        second = make_agent().start()

        assert peer.wait_report("rejected", 2)["reason"] == reason
        assert overall(second) == 5

    @pytest.mark.conformance("rejected-back")
    def test_going_back_to_what_is_held_makes_it_ready_again(
        self, peer: Peer, make_agent: MakeAgent
    ) -> None:
        """A rollback of the bad change is a newer version of the same bytes."""
        good = bundle(overall=5)
        peer.publish(good)
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        peer.publish(b"{}")
        peer.wait_report("rejected", 2)
        peer.publish(good)

        peer.wait_report("applied", 3)
        assert (agent.state, agent.status().version) == (State.READY, 3)

    @pytest.mark.conformance("bundle-digest")
    def test_a_wrong_digest_is_reported_and_healed(self, peer: Peer, make_agent: MakeAgent) -> None:
        """What was damaged on the way is not held against the bundle itself."""
        peer.publish(bundle(overall=5))
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        published = peer.publish(bundle(overall=6), push=False)
        header = {"epoch": "e1", "version": 2, "digest": published.digest, "revision": 2}
        peer.streams[0].event("bundle", encode(header), published.data[:-1], id="e1.2.0")
        assert "was announced" in peer.wait_report("rejected", 2)["reason"]
        assert overall(agent) == 5

        peer.beat()

        peer.wait_report("applied", 2)
        assert (overall(agent), agent.state) == (6, State.READY)


class TestReports:
    """Sent until they are answered; the newest state wins."""

    @pytest.mark.conformance("report-retry")
    def test_a_report_is_sent_again_until_it_is_taken(
        self, peer: Peer, make_agent: MakeAgent
    ) -> None:
        """A server that is overloaded for a moment hears of it afterwards."""
        peer.report_problem = 503, "overloaded", {"Retry-After": "0"}
        peer.publish(bundle())
        agent = make_agent().start()
        peer.wait(lambda: peer.requests.count("POST /v1/agent/report") >= 2, "two reports")

        peer.report_problem = None

        peer.wait_report("applied", 1)
        assert agent.state is State.READY

    @pytest.mark.conformance("report-session")
    def test_an_unknown_session_waits_for_the_next_stream(
        self, peer: Peer, make_agent: MakeAgent
    ) -> None:
        """Reports go out under the session of a live stream."""
        peer.report_problem = 409, "unknown-session", {}
        peer.publish(bundle())
        agent = make_agent().start()
        peer.wait(lambda: "POST /v1/agent/report" in peer.requests, "a report")
        peer.report_problem = None
        peer.streams[0].end()

        peer.wait_report("applied", 1)
        assert peer.reports[0]["session"] == peer.streams[1].session
        assert agent.state is State.READY

    @pytest.mark.conformance("report-dropped")
    def test_a_report_that_will_never_be_taken_is_dropped(
        self, peer: Peer, make_agent: MakeAgent
    ) -> None:
        """It neither loops nor stands in the way of the next one."""
        peer.report_problem = 400, "bad-request", {}
        peer.publish(bundle())
        agent = make_agent().start()
        peer.wait(lambda: "POST /v1/agent/report" in peer.requests, "a report")
        peer.report_problem = None
        peer.publish(bundle(overall=6))

        peer.wait_report("applied", 2)
        assert overall(agent) == 6

    @pytest.mark.conformance("report-on-session")
    def test_a_new_session_hears_what_is_held(self, peer: Peer, make_agent: MakeAgent) -> None:
        """A server that was restarted learns it without a push."""
        peer.publish(bundle())
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        peer.reports.clear()
        peer.streams[0].end()

        peer.wait_report("applied", 1)
        assert peer.reports[0]["session"] == peer.streams[1].session
        assert agent.state is State.READY


class TestOverride:
    """The operator's file on the machine masks the server."""

    @pytest.mark.conformance("override-masks")
    def test_it_is_in_force_first_and_reported(
        self, peer: Peer, make_agent: MakeAgent, tmp_path: Path
    ) -> None:
        """The server's bundle is stored but masked, and the server knows."""
        file = tmp_path / "override.json"
        file.write_text(json.dumps(bundle(overall=99), indent=2))
        peer.publish(bundle(overall=5))
        agent = make_agent(override_file=file).start()

        assert overall(agent) == 99
        peer.wait_report("overridden", 1)
        status = agent.status()
        assert (status.origin, status.state) == (Origin.OVERRIDE, State.READY)
        assert (overall(agent), status.version) == (99, 1)

    @pytest.mark.conformance("override-masks")
    def test_it_may_come_change_and_go(
        self, peer: Peer, make_agent: MakeAgent, tmp_path: Path
    ) -> None:
        """Each is noticed without a restart, and each is reported."""
        file = tmp_path / "override.json"
        peer.publish(bundle(overall=5))
        agent = make_agent(override_file=file).start()
        peer.wait_report("applied", 1)

        file.write_bytes(encode(bundle(overall=99)))
        peer.wait_report("overridden", 1)
        assert overall(agent) == 99

        peer.reports.clear()
        file.unlink()
        peer.wait_report("applied", 1)
        assert (overall(agent), agent.status().origin) == (5, Origin.SERVER)

    @pytest.mark.conformance("override-invalid")
    def test_one_that_cannot_be_obeyed_changes_nothing_but_the_status(
        self, peer: Peer, make_agent: MakeAgent, tmp_path: Path
    ) -> None:
        """A typing mistake in an emergency does not make it worse."""
        file = tmp_path / "override.json"
        file.write_bytes(encode(bundle(overall=99)))
        peer.publish(bundle(overall=5))
        agent = make_agent(override_file=file).start()
        peer.wait_report("overridden", 1)

        file.write_text('{"format": 1,')

        wait_state(agent, State.READY, "the override file is not obeyed: bundle: is not JSON")
        assert overall(agent) == 99


class TestDisk:
    """The cache helps, and never harms."""

    @pytest.mark.conformance("cache-damaged")
    def test_a_damaged_cache_is_set_aside(
        self, peer: Peer, make_agent: MakeAgent, tmp_path: Path
    ) -> None:
        """The agent starts without it and gets the bundle from the server."""
        file = tmp_path / "cache" / "prod" / "player-engine" / "bundle"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"junk")
        peer.publish(bundle(overall=5))
        agent = make_agent().start()

        peer.wait_report("applied", 1)
        assert peer.streams[0].last_event_id is None
        assert file.with_suffix(".damaged").read_bytes() == b"junk"
        assert overall(agent) == 5

    @pytest.mark.conformance("cache-full")
    def test_without_space_the_bundle_is_applied_and_stored_later(
        self, peer: Peer, make_agent: MakeAgent, tmp_path: Path
    ) -> None:
        """The status says so, and the next heartbeat tries again."""
        blocked = tmp_path / "cache" / "prod"
        blocked.parent.mkdir()
        blocked.write_text("no directory can be made here")
        peer.publish(bundle(overall=5))
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        status = agent.status()
        assert (overall(agent), status.state, status.stored) == (5, State.READY, False)
        assert "the bundle is not on disk" in status.reason

        blocked.unlink()
        peer.beat()

        wait_state(agent, State.READY)
        deadline = time.monotonic() + PATIENCE
        while not agent.status().stored and time.monotonic() < deadline:
            time.sleep(0.005)
        assert (blocked / "player-engine" / "bundle").exists()

    @pytest.mark.conformance("cache-older")
    def test_a_process_that_lags_does_not_undo_the_cache(
        self, peer: Peer, make_agent: MakeAgent, tmp_path: Path
    ) -> None:
        """What an older server says to another process does not touch what is stored."""
        old = peer.publish(bundle(overall=5))
        newer = peer.publish(bundle(overall=6), version=9)
        first = make_agent().start()
        peer.wait_report("applied", 9)
        lagging = Peer()
        lagging.in_force = old
        try:
            second = make_agent(url=lagging.url, cache_dir=tmp_path / "other").start()
            lagging.wait_report("applied", 1)
            second.stop()
        finally:
            lagging.close()

        assert first.status().digest == newer.digest
        third = make_agent(url="http://127.0.0.1:1").start()
        assert third.status().version == 9


class TestRefusedByTheServer:
    """What the server says no to is tried again, and never becomes a deletion."""

    @pytest.mark.conformance("token-refused")
    def test_a_wrong_token(self, peer: Peer, make_agent: MakeAgent, tmp_path: Path) -> None:
        """The reason is in the status; a token that is put right is used without a restart."""
        token = tmp_path / "token"
        token.write_text("wrong")
        peer.publish(bundle(overall=5))
        agent = make_agent(token=None, token_file=token).start()
        wait_state(agent, State.FAILED, "401 unauthenticated")

        token.write_text("agent-token-of-player-engine\n")

        peer.wait_report("applied", 1)
        assert agent.state is State.READY

    @pytest.mark.conformance("token-refused")
    def test_a_token_file_that_is_not_there_yet(
        self, peer: Peer, make_agent: MakeAgent, tmp_path: Path
    ) -> None:
        """A secret that is mounted late is waited for."""
        token = tmp_path / "token"
        peer.publish(bundle(overall=5))
        agent = make_agent(token=None, token_file=token).start()
        wait_state(agent, State.FAILED, "cannot be read")

        token.write_text("agent-token-of-player-engine")

        peer.wait_report("applied", 1)

    @pytest.mark.conformance("retry-after")
    def test_retry_after_is_obeyed(self, peer: Peer, make_agent: MakeAgent) -> None:
        """An overloaded server is left alone for as long as it asks."""
        peer.problem = 503, "overloaded", {"Retry-After": "1"}
        peer.publish(bundle())
        agent = make_agent().start()
        peer.wait(lambda: peer.requests, "a request")
        began = time.monotonic()
        peer.problem = None

        peer.wait_report("applied", 1)
        assert time.monotonic() - began > 0.9
        assert agent.state is State.READY

    @pytest.mark.conformance("token-secret")
    def test_the_token_is_in_no_log(
        self, peer: Peer, make_agent: MakeAgent, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Neither success nor failure writes it down."""
        caplog.set_level("DEBUG")
        peer.publish(bundle())
        agent = make_agent().start()
        peer.wait_report("applied", 1)
        peer.problem = 403, "wrong-identity", {}
        peer.streams[0].end()
        peer.wait(lambda: peer.requests.count("GET /v1/agent/stream") >= 2, "another try")
        agent.stop()

        assert "agent-token-of-player-engine" not in caplog.text
        assert caplog.records


def test_the_jitter_of_healing_is_a_second() -> None:
    """Agents that lost the same push spread their fetches over one second."""
    assert _keeper.HEAL_JITTER == 1.0
