"""Changes that contradict themselves, their namespace, or somebody else's charge."""

import pytest

from configsvc.usecases import changes
from configsvc.usecases.errors import (
    ChangeTooLargeError,
    InvalidChangeError,
    ManagedElsewhereError,
    MassDeletionError,
)
from tests.usecases.world import Json, World, document, service, timeout


def managed(manager: str) -> Json:
    """The Timeout of the system, with a manager."""
    return document("Timeout", "default", {"target": {}, "attempt": "1s"}, manager=manager)


def test_empty_change_is_refused(world: World) -> None:
    """A change puts or deletes something."""
    with pytest.raises(InvalidChangeError, match="puts and deletes nothing"):
        world.publish()


def test_one_resource_twice_is_refused_with_the_second_place(world: World) -> None:
    """What is put is not put again, nor deleted, in one change."""
    with pytest.raises(InvalidChangeError, match="in the change twice") as twice:
        world.publish(timeout(attempt="1s"), delete=["Timeout/default"])

    assert twice.value.pointer == "/delete/0"


def test_deletion_of_what_is_absent_is_refused(world: World) -> None:
    """It is more likely a misspelt name than a wish."""
    with pytest.raises(InvalidChangeError, match="Timeout/defualt does not exist at revision 1"):
        world.publish(delete=["Timeout/defualt"])


def test_too_many_resources_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change over its number of resources says how many fit."""
    monkeypatch.setattr(changes, "MAX_RESOURCES", 2)

    with pytest.raises(ChangeTooLargeError, match="touches 3 resources, at most 2 fit"):
        world.publish(*(timeout(f"t{i}", to="score") for i in range(3)))


def test_too_many_bytes_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change over its size says how much fits."""
    monkeypatch.setattr(changes, "MAX_CHANGE_BYTES", 100)

    with pytest.raises(ChangeTooLargeError, match="bytes, at most 100 fit in one change"):
        world.publish(timeout(attempt="1s"))


def test_node_names_are_unique_over_their_kinds(world: World) -> None:
    """A Gateway cannot have the name of a Service, since both are callers in the graph."""
    gateway = document("Gateway", "player", {"listeners": [{"port": 8080}]})

    with pytest.raises(InvalidChangeError, match="has the name of Service/player") as clash:
        world.publish(gateway)

    assert clash.value.pointer == "/put/0/metadata/name"


class TestMassDeletion:
    """Deleting more than half of a namespace."""

    @pytest.fixture
    def dozen(self, world: World) -> World:
        """A namespace of twelve resources."""
        world.publish(*(service(f"s{i}") for i in range(9)))
        return world

    DELETES = tuple(f"Service/s{i}" for i in range(7))

    def test_needs_a_confirmation(self, dozen: World) -> None:
        """Seven of twelve are too many without one."""
        with pytest.raises(MassDeletionError, match="deletes 7 of 12 resources"):
            dozen.publish(delete=self.DELETES)

    def test_goes_through_with_one(self, dozen: World) -> None:
        """`confirm` says that it is meant."""
        assert dozen.publish(delete=self.DELETES, confirm=True).revision == 3

    def test_half_needs_none(self, dozen: World) -> None:
        """Six of twelve are not more than half."""
        assert dozen.publish(delete=self.DELETES[:6]).revision == 3

    def test_small_namespace_needs_none(self, world: World) -> None:
        """Below ten resources everything may go at once."""
        world.publish(delete=["Timeout/default", "Service/player", "Service/score"])

        assert world.revision == 2


class TestManagers:
    """Resources that a folder or the API is in charge of."""

    @pytest.fixture
    def foldered(self, world: World) -> World:
        """The system, with its Timeout managed by a folder."""
        world.publish(managed("folder:git"), writer="folder:git", take_over=True)
        return world

    def test_others_may_not_write(self, foldered: World) -> None:
        """The refusal says where to change it instead, and how to take it over."""
        with pytest.raises(ManagedElsewhereError, match="managed by 'folder:git', not by 'api'"):
            foldered.publish(timeout(attempt="1s"))

    def test_others_may_not_delete(self, foldered: World) -> None:
        """A delete is a write."""
        with pytest.raises(ManagedElsewhereError):
            foldered.publish(delete=["Timeout/default"])

    def test_may_be_taken_over(self, foldered: World) -> None:
        """Then the new writer is in charge, and the former one is not."""
        foldered.publish(timeout(attempt="1s"), take_over=True)

        with pytest.raises(ManagedElsewhereError, match="managed by 'api'"):
            foldered.publish(managed("folder:git"), writer="folder:git")

    def test_document_names_its_writer(self, foldered: World) -> None:
        """Nobody writes in another one's name, also when taking over."""
        with pytest.raises(InvalidChangeError, match="write 'manager: api'") as refused:
            foldered.publish(managed("folder:git"), take_over=True)

        assert refused.value.pointer == "/put/0/metadata/manager"
