"""Arguments first, the environment second; what cannot be right is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from configsvc_agent.settings import (
    Options,
    Settings,
    SettingsError,
    Token,
    new_instance,
    read_settings,
)


def read(environment: dict[str, str] | None = None, **options: object) -> Settings:
    """The settings of the player engine."""
    given: Options = options  # type: ignore[assignment]
    return read_settings("player-engine", environment or {}, given)


def test_everything_from_the_environment(tmp_path: Path) -> None:
    """Each setting has its variable."""
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    settings = read(
        {
            "CONFIGSVC_URL": "https://configsvc.internal:7443",
            "CONFIGSVC_TOKEN_FILE": str(token),
            "CONFIGSVC_NAMESPACE": "prod",
            "CONFIGSVC_INSTANCE": "pod-7",
            "CONFIGSVC_CACHE_DIR": "/var/cache/configsvc",
            "CONFIGSVC_OVERRIDE_FILE": "/etc/override.json",
            "CONFIGSVC_CA_FILE": "/etc/ca.pem",
        }
    )

    assert settings.url == "https://configsvc.internal:7443"
    assert (settings.namespace, settings.instance) == ("prod", "pod-7")
    assert settings.cache_dir == Path("/var/cache/configsvc")
    assert settings.override_file == Path("/etc/override.json")
    assert settings.ca_file == Path("/etc/ca.pem")
    assert settings.token is not None
    assert settings.token.read() == "s3cret"


def test_unknown_option_is_refused() -> None:
    """An agent without its server, because of a name that was mistaken, would go unnoticed."""
    with pytest.raises(TypeError, match="no option 'server': there are url, token, "):
        read(server="http://a:1")


def test_an_argument_wins() -> None:
    """What the service says hides what the environment says; a token of either form both."""
    environment = {
        "CONFIGSVC_URL": "http://a:1",
        "CONFIGSVC_TOKEN_FILE": "/nowhere",
        "CONFIGSVC_NAMESPACE": "prod",
    }
    settings = read(environment, url="http://b:2", token="mine", namespace="staging")

    assert (settings.url, settings.namespace) == ("http://b:2", "staging")
    assert settings.token is not None
    assert settings.token.read() == "mine"


def test_defaults() -> None:
    """Nothing set: no server, and a cache in the user's cache directory if there is a home."""
    assert read({"HOME": "/home/x"}).cache_dir == Path("/home/x/.cache/configsvc")
    assert read({"XDG_CACHE_HOME": "/c"}).cache_dir == Path("/c/configsvc")
    assert read({"CONFIGSVC_CACHE_DIR": "none", "HOME": "/h"}).cache_dir is None
    assert read() == Settings(service="player-engine", namespace="default")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"url": "configsvc:7443"}, "is not of the form http"),
        ({"url": "ftp://configsvc"}, "is not of the form http"),
        ({"url": "http://"}, "is not of the form http"),
        ({"url": "http://host:99999"}, "is not of the form http"),
        ({"url": "http://host/?q=1"}, "is not of the form http"),
        ({"namespace": "Prod"}, "namespace 'Prod' is not a DNS label"),
        ({"instance": "a b"}, "instance 'a b' is not 1 to 128 of"),
    ],
)
def test_what_cannot_be_right(options: dict[str, str], text: str) -> None:
    """The text names the setting and what is allowed."""
    with pytest.raises(SettingsError, match="is not") as caught:
        read(**options)
    assert text in str(caught.value)


def test_a_service_that_is_no_label() -> None:
    """The name would be part of a path on disk."""
    with pytest.raises(SettingsError, match=r"service '\.\./etc' is not a DNS label"):
        read_settings("../etc", {}, {})


@pytest.mark.conformance("token-secret")
def test_secrets_are_in_no_text() -> None:
    """Neither a repr nor a message shows a token or a password."""
    settings = read(token="s3cret")
    with pytest.raises(SettingsError) as caught:
        read(url="http://user:s3cret@host")

    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(caught.value)


class TestToken:
    """The agent's secret."""

    def test_a_file_is_read_anew(self, tmp_path: Path) -> None:
        """A rotated token is used at the next request."""
        path = tmp_path / "token"
        path.write_text("one")
        token = Token(path=path)
        first = token.read()
        path.write_text("two\n")

        assert (first, token.read()) == ("one", "two")

    @pytest.mark.parametrize("text", ["", "  ", "a\nb", "ü"])
    def test_what_no_header_could_carry(self, text: str) -> None:
        """A token is printable ASCII."""
        with pytest.raises(SettingsError, match="no printable ASCII token"):
            Token(text=text).read()

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        """The text names the file and the setting."""
        with pytest.raises(SettingsError, match=r"nothing cannot be read: .* CONFIGSVC_TOKEN_FILE"):
            Token(path=tmp_path / "nothing").read()


def test_instances_differ() -> None:
    """Two names for one process are never the same, and both are allowed."""
    first, second = new_instance(), new_instance()

    assert first != second
    assert read(instance=first).instance == first
