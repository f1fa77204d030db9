"""Keys: how they are spelled, ordered and taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.store import InvalidTransactionError, layout
from configsvc.store.layout import Place

NUMBERS = st.integers(0, (1 << 64) - 1)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (layout.blob("ab"), "/configsvc/1/blob/ab"),
        (layout.head("prod"), "/configsvc/1/ns/prod/head"),
        (layout.settings("prod"), "/configsvc/1/ns/prod/settings"),
        (layout.turn("prod"), "/configsvc/1/ns/prod/turn"),
        (layout.revision("prod", 255), "/configsvc/1/ns/prod/rev/00000000000000ff"),
        (layout.instance("prod", "score", "i-1"), "/configsvc/1/ns/prod/instance/score/i-1"),
        (layout.ack("prod", 16, "p1"), "/configsvc/1/ns/prod/ack/0000000000000010/p1"),
        (layout.idempotency_key("prod", "k"), "/configsvc/1/ns/prod/idem/k"),
        (layout.audit("prod", 1, "n"), "/configsvc/1/ns/prod/audit/0000000000000001-n"),
        (layout.folder("prod", "policies"), "/configsvc/1/ns/prod/folder/policies"),
        (layout.token("t"), "/configsvc/1/token/t"),
        (layout.node("n"), "/configsvc/1/node/n"),
    ],
)
def test_every_key_has_its_place(key: str, expected: str) -> None:
    """The layout is a promise to every other process and to backups."""
    assert key == expected


@pytest.mark.parametrize(
    ("prefix", "key"),
    [
        (layout.NAMESPACES, layout.head("prod")),
        (layout.namespace("prod"), layout.settings("prod")),
        (layout.revisions("prod"), layout.revision("prod", 1)),
        (layout.instances("prod"), layout.instance("prod", "score", "i")),
        (layout.instances("prod", "score"), layout.instance("prod", "score", "i")),
        (layout.acks("prod"), layout.ack("prod", 1, "p")),
        (layout.acks("prod", 1), layout.ack("prod", 1, "p")),
        (layout.idempotency_keys("prod"), layout.idempotency_key("prod", "k")),
        (layout.audits("prod"), layout.audit("prod", 1, "n")),
        (layout.TOKENS, layout.token("t")),
        (layout.NODES, layout.node("n")),
        (layout.BLOBS, layout.blob("d")),
    ],
)
def test_a_prefix_covers_its_keys(prefix: str, key: str) -> None:
    """And ends with a slash, so that it covers no neighbour's."""
    assert key.startswith(prefix)
    assert prefix.endswith("/")


@given(NUMBERS, NUMBERS)
def test_key_order_is_the_order_of_numbers(one: int, other: int) -> None:
    """History and audit are read by key order."""
    assert (layout.revision("n", one) < layout.revision("n", other)) == (one < other)


@given(NUMBERS)
def test_a_revision_is_read_back(number: int) -> None:
    """Taking a key apart gives what it was made of."""
    place = layout.place(layout.revision("prod", number))
    assert place is not None
    assert (place.namespace, place.part) == ("prod", "rev")
    assert layout.number(place.rest[0]) == number


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (layout.head("prod"), Place("prod", "head", ())),
        (layout.instance("prod", "s", "i"), Place("prod", "instance", ("s", "i"))),
        (layout.token("t"), None),
        (layout.namespace("prod"), None),
        ("/elsewhere/prod/head", None),
    ],
)
def test_a_key_is_taken_apart(key: str, expected: Place | None) -> None:
    """A watcher learns which namespace and what in it an event is about."""
    assert layout.place(key) == expected


def test_the_bound_beyond_a_namespace_skips_it_and_nothing_else() -> None:
    """It lies after its last key and before the next name."""
    bound = layout.beyond_namespace("a")
    assert layout.settings("a") < bound < layout.head("a0") < layout.head("b")


@pytest.mark.parametrize("name", ["", "a/b", "a\0b", "\ud800"])
def test_a_name_that_would_break_a_key_is_refused(name: str) -> None:
    """Instead of landing in a neighbour's keys."""
    with pytest.raises(InvalidTransactionError, match="cannot be part of a key"):
        layout.head(name)


@pytest.mark.parametrize("number", [-1, 1 << 64])
def test_a_number_out_of_range_is_refused(number: int) -> None:
    """It would not be padded to the width that keeps the order."""
    with pytest.raises(InvalidTransactionError, match=r"use 0 to 2\^64 - 1"):
        layout.revision("prod", number)
