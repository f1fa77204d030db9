"""Instances as values: addresses, labels, versions."""

from dataclasses import replace

import pytest

from configsvc.errors import InputError
from configsvc.registry import (
    Instance,
    address_of,
    check_labels,
    combined,
    is_allowed,
    owner_of,
    version_of,
)

ONE = Instance("prod", "score-engine", "a", "10.0.0.1:80", "1f-aabbccdd0011", 5, {"zone": "a"})


def test_record_survives_the_store() -> None:
    """What is written is what is read."""
    assert Instance.from_json(ONE.to_json()) == ONE


def test_unknown_state_is_refused() -> None:
    """A record of a later version is not taken for something else."""
    with pytest.raises(ValueError, match="'asleep' is no state"):
        Instance.from_json(ONE.to_json() | {"state": "asleep"})


def test_owner_is_the_process_and_what_tells_it_from_later_ones() -> None:
    """Process ids return; the sessions of one process have the rest in common."""
    assert owner_of("1f-aabbccdd0011") == ONE.owner == "1f-aabbccdd"


def test_version_depends_on_what_callers_are_told_alone() -> None:
    """Another session or state is no news; another address, label or health is."""
    assert version_of([]) == 0
    assert version_of([ONE]) == version_of([replace(ONE, session="x", state="suspect")]) != 0
    others = (
        replace(ONE, address="10.0.0.2:80"),
        replace(ONE, labels={"zone": "b"}),
        replace(ONE, healthy=False),
        replace(ONE, id="b"),
    )
    assert len({version_of([each]) for each in (ONE, *others)}) == 5


def test_version_does_not_depend_on_the_order() -> None:
    """Nodes that learn of instances in another order say the same."""
    two = replace(ONE, id="b")
    assert version_of([ONE, two]) == version_of([two, ONE])
    assert combined([1, 2, 4]) == combined([4, 1, 2]) == 7


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("10.0.0.1", "10.0.0.1:80"),
        ("::ffff:10.0.0.1", "10.0.0.1:80"),
        ("::1", "[::1]:80"),
        ("[fe80::1%eth0]", "[fe80::1]:80"),
    ],
)
def test_address_has_one_spelling(host: str, expected: str) -> None:
    """A v4 peer of a socket for both is the v4 address."""
    assert address_of(host, 80) == expected


@pytest.mark.parametrize(
    ("host", "port", "text"),
    [("score-1.internal", 80, "is no IP address"), ("10.0.0.1", 0, "port 0 is none")],
)
def test_address_that_is_none_is_refused(host: str, port: int, text: str) -> None:
    """A name could mean another host tomorrow."""
    with pytest.raises(InputError, match=text):
        address_of(host, port)


def test_foreign_address_must_be_inside_an_allowed_network() -> None:
    """Of the same family, and without any network none is."""
    assert is_allowed("10.1.2.3", ["192.0.2.0/24", "10.0.0.0/8"])
    assert not is_allowed("11.1.2.3", ["10.0.0.0/8", "fd00::/8"])
    assert not is_allowed("10.1.2.3", [])


@pytest.mark.parametrize("labels", [None, [], {"a": 1}, {"": "x"}, {"a": "x" * 64}])
def test_labels_that_are_none_are_refused(labels: object) -> None:
    """Everything a stranger sends is bounded."""
    with pytest.raises(InputError, match="label"):
        check_labels(labels)


def test_too_many_labels_are_refused() -> None:
    """Sixteen are enough."""
    with pytest.raises(InputError, match="at most 16"):
        check_labels({f"l{number}": "x" for number in range(17)})
