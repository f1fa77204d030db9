"""Settings: where a value is taken from, what is refused, and that every one is documented."""

from pathlib import Path

import pytest

from configsvc.settings import Address, SettingError, Settings, markdown, rows


def test_flag_wins_over_environment_and_file(tmp_path: Path) -> None:
    """A flag is taken before the environment, and the environment before the file."""
    file = tmp_path / "configsvc.toml"
    file.write_text("heartbeat = 3\noperator_workers = 3\nagent_processes = 3\n")
    environ = {"CONFIGSVC_HEARTBEAT": "2", "CONFIGSVC_OPERATOR_WORKERS": "2"}

    settings = Settings.load({"heartbeat": 1, "operator_workers": None}, environ, file)

    assert (settings.heartbeat, settings.operator_workers, settings.agent_processes) == (1, 2, 3)


def test_default_where_nothing_is_said() -> None:
    """A setting that nobody gives has its default."""
    assert Settings.load() == Settings()


def test_environment_carries_every_setting_to_a_child() -> None:
    """What one process was given, another loads from the variables it hands on."""
    settings = Settings.load({"data": "elsewhere", "insecure": "yes", "heartbeat": "7"})

    assert Settings.load(environ=settings.as_environment()) == settings


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("operator_workers", "many", "a whole number from 1 to 64"),
        ("operator_threads", 1, "a whole number from 2 to 512"),
        ("agent_processes", True, "a whole number from 1 to 128"),
        ("insecure", "maybe", "true or false"),
        ("log_level", "loud", "debug, info, warning or error"),
        ("agent_listen", "8701", "host:port such as 127.0.0.1:8700, or [::1]:8700"),
        ("store", 7, "text"),
    ],
)
def test_unusable_value_is_refused(name: str, value: object, expected: str) -> None:
    """A wrong value is refused with its name, where it came from, and what is expected."""
    with pytest.raises(SettingError) as caught:
        Settings.load({name: value})

    origin = f"--{name.replace('_', '-')}"
    assert str(caught.value) == f"setting {name} from {origin} is {value!r}: expected {expected}"


@pytest.mark.parametrize(
    ("given", "absent"), [("tls_key", "tls_certificate"), ("tls_certificate", "tls_key")]
)
def test_half_of_tls_is_refused(given: str, absent: str) -> None:
    """A key without its certificate, or the reverse, is a mistake and not plain text."""
    with pytest.raises(SettingError, match=f"{given} from .* expected {absent} beside it"):
        Settings.load({given: "some.pem"})


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"store": "redis"}, "setting store .* 'redis': expected sqlite, memory or etcd://HOST"),
        ({"etcd_key": "k.pem"}, "expected etcd_certificate beside it: a certificate is of no use"),
        ({"etcd_user": "ann"}, "expected etcd_password_file beside it: etcd asks for both"),
        ({"etcd_certificate": "c", "etcd_key": "k"}, "expected etcd_ca beside it"),
    ],
)
def test_half_of_what_etcd_needs_is_refused(values: dict[str, str], text: str) -> None:
    """And a store that there is not."""
    with pytest.raises(SettingError, match=text):
        Settings.load(values)


def test_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    """A misspelt setting in the file is not silently ignored."""
    file = tmp_path / "configsvc.toml"
    file.write_text("heart_beat = 3\n")

    with pytest.raises(SettingError, match=f"setting heart_beat from {file} is 3: expected one of"):
        Settings.load(file=file)


@pytest.mark.parametrize("content", [b"heartbeat = ", b"\xff"])
def test_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    """A broken file is refused with its path."""
    file = tmp_path / "configsvc.toml"
    file.write_bytes(content)

    with pytest.raises(SettingError, match=f"setting config from {file} is .* a readable TOML"):
        Settings.load(file=file)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8700", Address("127.0.0.1", 8700)),
        ("localhost:0", Address("localhost", 0)),
        ("[::1]:8700", Address("::1", 8700)),
    ],
)
def test_address_is_read_and_written_alike(text: str, expected: Address) -> None:
    """An address has one spelling."""
    assert Address.parse(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    "text", ["", "8700", ":8700", "host", "host:", "host:65536", "host:-1", "::1:8700", "[h]:1"]
)
def test_address_without_host_or_port_is_refused(text: str) -> None:
    """Half an address, or an unbracketed IPv6 one, is none."""
    with pytest.raises(ValueError, match="is not"):
        Address.parse(text)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 nothing listens here
        ("::", False),
        ("configsvc.internal", False),
    ],
)
def test_loopback_is_told_from_what_others_can_reach(host: str, expected: bool) -> None:  # noqa: FBT001
    """A name that is not known to be local counts as reachable."""
    assert Address(host, 1).is_loopback is expected


def test_every_setting_is_documented() -> None:
    """The reference table has a line for each setting, with its flag, variable and meaning."""
    lines = markdown().splitlines()

    for row, line in zip(rows(), lines[2:], strict=True):
        assert line.startswith(f"| `{row.flag}`<br>`{row.variable}` |")
        assert line.endswith(f"| {row.help} |")
        assert row.help.endswith(".")
