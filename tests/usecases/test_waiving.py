"""The shorthand for waivers."""

from datetime import date

from configsvc.usecases.waiving import waiver_documents
from tests.usecases.world import ADMIN, BROKEN_TIMEOUT, NAMESPACE, World, change, waiver_spec

TODAY = date(2023, 11, 14)


def test_shorthand_is_a_waiver(world: World) -> None:
    """It becomes a document like any other, named after its code and the day."""
    documents = waiver_documents([waiver_spec("RT01")], TODAY)
    put = change(BROKEN_TIMEOUT).put

    outcome = world.plane.publisher.publish(
        ADMIN, NAMESPACE, type(change(BROKEN_TIMEOUT))("m", 1, (*put, *documents))
    )

    (name,) = (key.name for key in outcome.resources if key.kind == "Waiver")
    assert name.startswith("rt01-20231114-")


def test_equal_shorthand_has_an_equal_name() -> None:
    """A repeated request puts the same resource; another one puts another."""
    one, same, other = waiver_documents(
        [waiver_spec("RT01"), waiver_spec("RT01"), waiver_spec("RT01", **{"from": "x"})], TODAY
    )

    assert one.value["metadata"] == same.value["metadata"] != other.value["metadata"]


def test_nonsense_is_left_to_the_schema() -> None:
    """Whatever was sent becomes a document whose errors have their place in the request."""
    (document,) = waiver_documents([{"code": 7}], TODAY)

    assert document.origin == "/waivers/0"
