"""Names and keys."""

import pytest

from configsvc.errors import InputError
from configsvc.model.names import InvalidNameError, Key, Kind, check_name


@pytest.mark.parametrize("name", ["a", "0", "a-b", "score-engine", "a" * 63])
def test_a_dns_label_is_a_name(name: str) -> None:
    """It is handed back unchanged."""
    assert check_name("name", name) == name


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a.b", "a" * 64, "ä", "a\n", " a"])
def test_anything_else_is_none(name: str) -> None:
    """The error says what is allowed, and keeps what was seen."""
    with pytest.raises(InvalidNameError, match="is not a DNS label: use 1 to 63") as caught:
        check_name("service", name)
    assert (caught.value.what, caught.value.name) == ("service", name)


def test_a_key_is_written_and_read() -> None:
    """Kind and name with a slash between them."""
    key = Key(Kind.CIRCUIT_BREAKER, "scores")
    assert str(key) == "CircuitBreaker/scores"
    assert Key.parse("CircuitBreaker/scores") == key


@pytest.mark.parametrize("text", ["scores", "retry/scores", "/scores", "Retry", ""])
def test_what_is_no_key(text: str) -> None:
    """The kind has to be one that there is."""
    with pytest.raises(InputError, match="is not of the form Kind/name, such as 'Retry/checkout'"):
        Key.parse(text)


def test_the_name_in_a_key_is_checked() -> None:
    """A second slash is no part of a name."""
    with pytest.raises(InvalidNameError):
        Key.parse("Retry/a/b")
