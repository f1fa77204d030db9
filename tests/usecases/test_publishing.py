"""Publishing: what becomes a revision, and what the gate refuses."""

import pytest

from configsvc.access import ForbiddenError
from configsvc.analysis import Standing
from configsvc.model.names import Key
from configsvc.schema import InvalidDocumentError
from configsvc.usecases import NamespaceRules
from configsvc.usecases.errors import InvalidChangeError, RefusedByFindingsError
from tests.usecases.world import (
    ADMIN,
    BROKEN_TIMEOUT,
    DAY,
    EDITOR,
    NAMESPACE,
    SYSTEM,
    VIEWER,
    World,
    change,
    document,
    service,
    timeout,
    waiver,
)


def test_first_change_makes_the_namespace(empty: World) -> None:
    """A namespace comes to exist with revision 1, whose author and message are kept."""
    outcome = empty.publish(*SYSTEM, message="the beginning")

    assert (outcome.revision, outcome.changed) == (1, True)
    assert outcome.services == ("player", "score")
    record, _ = empty.plane.inspector.change(VIEWER, NAMESPACE, 1)
    assert (record.author, record.message) == (EDITOR.name, "the beginning")


def test_unchanged_put_makes_no_revision(world: World) -> None:
    """Documents that are stored already leave neither revision nor audit entry."""
    outcome = world.publish(*SYSTEM)

    assert (outcome.revision, outcome.changed, dict(outcome.resources)) == (1, False, {})
    assert len(world.plane.inspector.audit(ADMIN, NAMESPACE)) == 1


def test_outcome_names_what_differs_alone(world: World) -> None:
    """Of a change only the resources that really differ are in its outcome."""
    outcome = world.publish(*SYSTEM, timeout("score", "400ms", to="score"))

    assert list(map(str, outcome.resources)) == ["Timeout/score"]
    assert outcome.services == ("player",)


def test_bundles_that_stay_equal_are_not_in_the_outcome(world: World) -> None:
    """A change that agents cannot see gives nobody a new bundle."""
    labelled = document("Timeout", "default", timeout()["spec"], team="players")

    outcome = world.publish(labelled)

    assert (outcome.revision, outcome.services) == (2, ())


def test_deleted_resource_has_no_digest(world: World) -> None:
    """A deletion is in the outcome with the digest None."""
    world.publish(timeout("score", "400ms", to="score"))

    outcome = world.publish(delete=["Timeout/score"])

    assert outcome.resources == {Key.parse("Timeout/score"): None}


def test_every_unreadable_document_is_named(world: World) -> None:
    """A refusal carries the errors of all documents, not of the first alone."""
    broken = timeout("a", "5"), document("Retry", "b", {"target": {}, "attemps": 3})

    with pytest.raises(InvalidDocumentError) as refused:
        world.publish(timeout("c"), *broken)

    assert [(e.origin, e.pointer) for e in refused.value.errors][:2] == [
        ("/put/1", "/spec/attempt"),
        ("/put/2", "/spec/attemps"),
    ]
    assert world.revision == 1


def test_new_error_finding_is_refused_whole(world: World) -> None:
    """A change that adds an error finding writes nothing of itself."""
    with pytest.raises(RefusedByFindingsError) as refused:
        world.publish(BROKEN_TIMEOUT, service("fine"))

    assert [finding.code for finding in refused.value.blocking] == ["RT01"]
    assert "RT01 ineffective-attempt-limit" in str(refused.value)
    assert world.revision == 1


def test_viewer_may_not_publish(world: World) -> None:
    """Publishing needs the role editor in that namespace."""
    with pytest.raises(ForbiddenError, match="publish needs the role editor"):
        world.publish(timeout(attempt="1s"), who=VIEWER)


def test_message_is_needed(world: World) -> None:
    """A change says why it is made."""
    with pytest.raises(InvalidChangeError, match="say why"):
        world.publish(timeout(attempt="1s"), message="  ")


class TestWaivers:
    """Errors that somebody accepts."""

    def test_admin_may_waive_an_error(self, world: World) -> None:
        """An error and its waiver may come in one change of somebody with the right."""
        assert world.publish(BROKEN_TIMEOUT, waiver("w", "RT01"), who=ADMIN).revision == 2

    def test_editor_may_not_waive_an_error(self, world: World) -> None:
        """The right to publish is not the right to waive."""
        with pytest.raises(ForbiddenError, match="waive needs the role admin"):
            world.publish(BROKEN_TIMEOUT, waiver("w", "RT01"))

    def test_waiver_written_ahead_waives_nothing_for_an_editor(self, world: World) -> None:
        """An editor cannot put the waiver first and the error into the next change."""
        world.publish(waiver("w", "RT01"))

        with pytest.raises(ForbiddenError, match="waive needs the role admin"):
            world.publish(BROKEN_TIMEOUT)

    def test_editor_goes_on_under_an_admins_waiver(self, world: World) -> None:
        """What an admin has waived does not stop an editor's other changes."""
        world.publish(BROKEN_TIMEOUT, waiver("w", "RT01"), who=ADMIN)

        assert world.publish(service("other")).revision == 3


class TestOlderErrors:
    """Errors that were open before the change."""

    @pytest.fixture
    def expired(self, world: World) -> World:
        """A namespace whose waived error has come back, because the waiver has expired."""
        world.publish(BROKEN_TIMEOUT, waiver("w", "RT01"), who=ADMIN)
        world.clock.advance(60 * DAY)
        return world

    def test_do_not_freeze_the_namespace(self, expired: World) -> None:
        """They are reported, and other changes go through."""
        report = expired.plane.inspector.findings(VIEWER, NAMESPACE)
        assert "RT01" in {finding.code for finding in report.findings}

        assert expired.publish(service("other")).revision == 3

    def test_may_not_grow(self, expired: World) -> None:
        """A change that makes one worse is refused."""
        with pytest.raises(RefusedByFindingsError):
            expired.publish(timeout(attempt="8s"))

    def test_may_shrink(self, expired: World) -> None:
        """A change that makes one less bad goes through."""
        assert expired.publish(timeout(attempt="3s")).revision == 3


class TestStrictNamespace:
    """Namespaces in which a rule that misses data counts as an error."""

    @pytest.fixture
    def strict(self, world: World) -> World:
        """The small system in a strict namespace."""
        world.plane.settings.put(ADMIN, NAMESPACE, NamespaceRules(strict=True))
        return world

    def test_undecided_rule_is_refused(self, strict: World) -> None:
        """A service that leaves a rule undecided is not published, and the datum is named."""
        vague = service("vague")
        del vague["spec"]["operations"][0]["latency"]

        with pytest.raises(RefusedByFindingsError, match="could not be evaluated") as refused:
            strict.publish(vague, service("caller", "vague"))

        missing = {name for each in refused.value.undecided for name in each.missing}
        assert any("latency" in name for name in missing)

    def test_what_was_undecided_before_goes_on(self, strict: World) -> None:
        """A datum that was missing before blocks no other change."""
        assert strict.publish(timeout(attempt="400ms")).revision == 2


def test_change_is_judged_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found in a change is what the next one is compared with, and derived from."""
    whole, derived = [], []
    of, after = Standing.of, Standing.after
    monkeypatch.setattr(Standing, "of", lambda *given: whole.append(1) or of(*given))
    monkeypatch.setattr(Standing, "after", lambda *given: derived.append(1) or after(*given))

    for milliseconds in (100, 200, 300):
        world.publish(timeout(attempt=f"{milliseconds}ms"))

    assert (len(whole), len(derived)) == (0, 3)


def test_check_writes_nothing(world: World) -> None:
    """A check of a change that could be published leaves the head where it is."""
    preview = world.plane.publisher.check(VIEWER, NAMESPACE, change(timeout(attempt="1s")))

    assert preview.publishable
    assert world.revision == 1
