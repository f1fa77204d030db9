"""Lists of instances: what is said is obeyed, what is not heard of stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc_agent.discovery import InstancesError, Known, Listed, Registered


def one(name: str, *, healthy: bool = True) -> Registered:
    """An instance."""
    return Registered(name, f"10.0.0.{ord(name)}:80", {}, healthy)


def whole(version: int, names: str) -> Listed:
    """All instances of the score engine."""
    return Listed("score-engine", version, tuple(one(name) for name in names))


def change(base: int, version: int, put: str = "", remove: str = "") -> Listed:
    """What has changed."""
    return Listed("score-engine", version, tuple(one(name) for name in put), base, tuple(remove))


def known(*said: Listed, epoch: str = "e") -> Known:
    """What is known after all of that was said."""
    result = Known(lambda _callee: None)
    for each in said:
        result.take(each, epoch)
    return result


def names(of: Known) -> str:
    """Who is there to choose from."""
    return "".join(sorted(each.id for each in of.of("score-engine")))


@pytest.mark.conformance("instances-change")
def test_changes_follow_on_each_other() -> None:
    """Who comes is there, who is removed is not; the number is that of the last."""
    result = known(whole(1, "ab"), change(1, 2, "c", "a"))
    assert (names(result), result.endpoints) == ("bc", 2)


@pytest.mark.conformance("instances-change")
def test_change_of_another_list_is_left() -> None:
    """Something was missed: nothing is changed."""
    result = known(whole(1, "ab"))
    assert not result.take(change(7, 8, "c"), "e")
    assert (names(result), result.endpoints) == ("ab", 1)


def test_last_one_may_be_removed_by_decision() -> None:
    """A change says so in so many words."""
    assert names(known(whole(1, "a"), change(1, 0, remove="a"))) == ""


@pytest.mark.conformance("instances-whole")
def test_whole_list_of_the_same_store_is_obeyed() -> None:
    """Who was removed while nobody listened is gone."""
    assert names(known(whole(1, "abcdef"), whole(2, "ab"))) == "ab"


@pytest.mark.conformance("instances-empty")
def test_empty_list_empties_nothing() -> None:
    """Whoever lost the registry would otherwise stop all traffic; the next one to come ends it."""
    result = known(whole(1, "abc"), whole(0, ""))
    assert (names(result), result.endpoints) == ("abc", 0)
    result.take(whole(3, "d"), "e")
    assert names(result) == "d"


@pytest.mark.conformance("instances-epoch")
def test_list_of_a_store_that_began_anew_adds_until_it_has_as_many() -> None:
    """All instances come back one by one: the first does not get all the traffic."""
    result = known(whole(1, "abcd"))
    result.take(whole(5, "a"), "another")
    assert names(result) == "abcd"
    result.take(change(5, 6, "x"), "another")
    assert names(result) == "abcdx"
    result.take(change(6, 7, "y"), "another")
    assert names(result) == "axy"


@pytest.mark.conformance("instances-number")
def test_numbers_of_all_callees_are_one() -> None:
    """As the server reckons it."""
    result = known(whole(5, "a"), Listed("match-engine", 6, (one("z"),)))
    assert result.endpoints == 5 ^ 6
    result.take_all([whole(5, "a")], "e")
    assert result.endpoints == 5


@pytest.mark.conformance("instances-kept")
def test_lists_survive_on_disk() -> None:
    """Also what an odd list left out; the server's word of before the restore stays."""
    before = known(whole(1, "abcd"))
    before.take(whole(5, "a"), "another")
    after = Known(lambda _callee: None)
    after.restore(before.encode())
    assert (names(after), after.endpoints) == ("abcd", 5)
    quicker = known(whole(9, "z"))
    quicker.restore(before.encode())
    assert names(quicker) == "z"


def test_whoever_listens_hears_of_each_callee_that_changed() -> None:
    """And may ask for its instances at once."""
    heard: list[str] = []
    result = Known(lambda callee: heard.append(f"{callee} {len(result.of(callee))}"))
    result.take(whole(1, "ab"), "e")
    result.take(change(7, 8, "c"), "e")
    assert heard == ["score-engine 2"]


@pytest.mark.conformance("instances-malformed")
@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"callee": "a", "version": 1},
        {"callee": "a", "version": -1, "instances": []},
        {"callee": "", "version": 1, "instances": []},
        {"callee": "a", "version": 1, "instances": [{}]},
        {"callee": "a", "version": 1, "instances": [{"id": "a", "address": "nowhere"}]},
        {"callee": "a", "version": 1, "instances": [{"id": "a", "address": "a:1", "labels": 1}]},
        {"callee": "a", "version": 1, "put": []},
        {"callee": "a", "version": 1, "base": 0, "put": [], "remove": [1]},
        {"callee": "a", "version": 1, "instances": [{}] * 10_001},
    ],
)
def test_what_is_no_list_is_refused(body: Any) -> None:  # noqa: ANN401  whatever was sent
    """With what was seen."""
    with pytest.raises(InstancesError):
        Listed.read(body)


@pytest.mark.conformance("instances-malformed")
@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b'[{"callee":"a"}]'])
def test_file_that_is_none_is_refused(data: bytes) -> None:
    """And nothing of it is taken over."""
    result = Known(lambda _callee: None)
    with pytest.raises(InstancesError):
        result.restore(data)
    assert result.endpoints == 0


@given(st.lists(st.tuples(st.text("abcde", max_size=4), st.text("abcde", max_size=4)), max_size=6))
def test_changes_lead_where_the_whole_list_leads(steps: list[tuple[str, str]]) -> None:
    """Compared with a plain set; encoded and restored it is the same."""
    result, model = known(whole(1, "a")), {"a"}
    for version, (put, remove) in enumerate(steps, start=2):
        result.take(change(version - 1, version, put, remove), "e")
        model = (model | set(put)) - set(remove)
    assert names(result) == "".join(sorted(model))
    again = Known(lambda _callee: None)
    again.restore(result.encode())
    assert json.loads(again.encode()) == json.loads(result.encode())
