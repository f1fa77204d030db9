"""Canonical bytes and digests."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.errors import InputError
from configsvc.schema.canonical import canonical, digest

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def test_the_example_of_rfc_8785() -> None:
    """The sample object of RFC 8785, section 3.2.2, gets the bytes that are given there."""
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 1e-27],
        "string": "€$\u000f\u000aA'\u0042\u0022\u005c\\\"\u002f",
        "literals": [None, True, False],
    }
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical(value) == expected.encode()


def test_keys_are_sorted_by_utf_16() -> None:
    """A key beyond U+FFFF sorts before one in the private use area, as RFC 8785, 3.2.3 has it."""
    value = dict.fromkeys(["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"])
    expected = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonical(value))) == expected


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
    ],
)
def test_numbers_are_written_as_ecmascript_does(bits: str, expected: str) -> None:
    """The numbers of RFC 8785, appendix B."""
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical({"n": number}) == f'{{"n":{expected}}}'.encode()


def test_a_whole_fraction_is_the_integer() -> None:
    """2.0 and 2 are one value and have one digest."""
    assert canonical([2.0, {"a": 5.0}]) == canonical([2, {"a": 5}])


def test_digits_in_text_are_left_alone() -> None:
    """Addresses and versions look like fractions, but are text."""
    value = {"address": "10.0.0.7:8080", "text": ":1.50,[2.0", "n": 1}
    assert json.loads(canonical(value)) == value


@given(VALUES)
def test_canonical_reads_back_as_the_same_value(value: object) -> None:
    """Nothing is lost, and the order of keys makes no difference."""
    data = canonical(value)
    assert json.loads(data) == value
    assert canonical(json.loads(data)) == data


@pytest.mark.parametrize("value", [2**53, -(2**53), "\ud800", {1: 2}, {"a": {2}}])
def test_what_is_no_json_has_no_canonical_form(value: object) -> None:
    """Integers that others round, lone surrogates and other types are refused."""
    with pytest.raises(InputError, match="has no canonical form"):
        canonical(value)


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_is_not_finite_is_refused(number: float) -> None:
    """JSON has no infinity and no NaN, and they do not become null."""
    with pytest.raises(InputError, match="has no canonical form"):
        canonical({"n": number})


def test_digest_is_sha_256_in_hexadecimal() -> None:
    """The digest of nothing is the well-known one."""
    expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest(b"") == expected
