"""Settings: one table from which flags, environment, TOML file and reference page come.

A setting is a field of `Settings`. Its value is taken from the first of: a flag
(``--operator-listen``), an environment variable (``CONFIGSVC_OPERATOR_LISTEN``), the TOML file
(``operator_listen = ...``), the default.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple, Self

from configsvc.errors import InputError

PREFIX = "CONFIGSVC_"

ETCD_SCHEME = "etcd://"
"""How a store that is an etcd is told from the others."""


class SettingError(InputError):
    """A setting has a value that cannot be used."""

    def __init__(self, name: str, origin: str, value: object, expected: str) -> None:
        self.name = name
        super().__init__(f"setting {name} from {origin} is {value!r}: expected {expected}")


class Address(NamedTuple):
    """Where a plane listens; port 0 is one that the operating system picks."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it; a name other than localhost counts as not."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``host:port`` or ``[v6]:port``; raise `ValueError` for anything else."""
        host, colon, port = text.rpartition(":")
        bracketed = host.startswith("[") and host.endswith("]")
        host = host[1:-1] if bracketed else host
        if not colon or not host or (":" in host) is not bracketed:
            raise ValueError(f"{text!r} is not host:port")
        if not (port.isascii() and port.isdigit() and int(port) <= _HIGHEST_PORT):
            raise ValueError(f"{port!r} is not a port")
        return cls(host, int(port))


def _setting(
    default: Any,  # noqa: ANN401 a setting is of any type; its default decides which
    help_text: str,
    *,
    unit: str = "",
    low: int | None = None,
    high: int | None = None,
    choices: tuple[str, ...] = (),
) -> Any:  # noqa: ANN401 as the default
    metadata = {"help": help_text, "unit": unit, "low": low, "high": high, "choices": choices}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything about one node that its operator may choose."""

    data: Path = _setting(
        Path("configsvc-data"),
        "Directory of the embedded store, its sockets and the first admin token.",
    )
    store: str = _setting(
        "sqlite",
        "Where revisions live: 'sqlite' (in the data directory), etcd://HOST:PORT,HOST:PORT/PREFIX "
        "(shared by any number of nodes), or 'memory' (one process, tests).",
        unit="URL",
    )
    etcd_ca: str = _setting(
        "", "PEM file of the authorities that vouch for etcd; with it the connection is TLS."
    )
    etcd_certificate: str = _setting("", "PEM file of the certificate to show to etcd.")
    etcd_key: str = _setting("", "PEM file of that certificate's private key.")
    etcd_user: str = _setting("", "Name of the user of etcd, where it asks for one.")
    etcd_password_file: str = _setting("", "File with that user's password.")
    advertise: str = _setting(
        "",
        "URL under which other nodes reach this node's operator plane; default where it listens.",
        unit="URL",
    )
    advertise_agents: str = _setting(
        "",
        "URL under which agents reach this node's agent plane: other nodes name it to theirs when "
        "they stop. Without it they do not.",
        unit="URL",
    )
    operator_listen: str = _setting(
        "127.0.0.1:8700",
        "Address of the operator plane: API, console, metrics. Port 0 picks a free one.",
        unit="host:port",
    )
    agent_listen: str = _setting(
        "127.0.0.1:8701",
        "Address of the agent plane. Port 0 picks a free one.",
        unit="host:port",
    )
    xds_listen: str = _setting(
        "",
        "Address of the xDS plane, for Envoys and gRPC clients; without it there is none. Needs "
        "the extra 'gateway'.",
        unit="host:port",
    )
    operator_workers: int = _setting(2, "Processes that serve the operator plane.", low=1, high=64)
    operator_threads: int = _setting(64, "Threads of each operator process.", low=2, high=512)
    agent_processes: int = _setting(
        1,
        "Processes that serve the agent plane; one per core is the most that helps.",
        low=1,
        high=128,
    )
    heartbeat: int = _setting(
        15,
        "Time between two heartbeats to an agent, before a jitter of 20 %.",
        unit="seconds",
        low=1,
        high=300,
    )
    push_rate: int = _setting(
        0,
        "Most agents that each agent process tells of a change in a second; 0 is no limit.",
        low=0,
        high=1_000_000,
    )
    stream_lifetime: int = _setting(
        3_600,
        "Mean time after which an agent is told to connect anew, so that a fleet spreads over "
        "processes and nodes that are new; 0 is never.",
        unit="seconds",
        low=0,
        high=604_800,
    )
    collect_every: int = _setting(
        600,
        "Time between two collections of what no revision refers to any more.",
        unit="seconds",
        low=1,
        high=86_400,
    )
    policies: str = _setting(
        "",
        "Folder whose documents are published as they change, if it has a file '.configsvc'.",
    )
    policies_namespace: str = _setting("default", "Namespace that the folder is published to.")
    key_set_hosts: str = _setting(
        "",
        "Hosts from which key sets of Authentications are fetched, with commas between them.",
    )
    key_set_every: int = _setting(
        300,
        "Time between two fetches of a key set.",
        unit="seconds",
        low=10,
        high=86_400,
    )
    tls_certificate: str = _setting("", "PEM file of the certificate chain of both planes.")
    tls_key: str = _setting("", "PEM file of the certificate's private key.")
    insecure: bool = _setting(
        default=False, help_text="Allow a plane to listen off loopback without TLS."
    )
    log_format: str = _setting(
        "json", "Form of log lines on standard error.", choices=("json", "text")
    )
    log_level: str = _setting(
        "info",
        "Least severe log line that is written.",
        choices=("debug", "info", "warning", "error"),
    )

    @classmethod
    def load(
        cls,
        flags: Mapping[str, object] | None = None,
        environ: Mapping[str, str] | None = None,
        file: Path | None = None,
    ) -> Self:
        """Take each setting from flags, else environment, else file, else its default.

        Args:
            flags: values by field name; None stands for a flag that was not given.
            environ: environment variables; only those named after a setting are looked at.
            file: a TOML file of settings by field name; unknown names in it are refused.

        Raises:
            SettingError: a value is of the wrong type or out of bounds, a name in the file is
                unknown, or two settings contradict each other.
        """
        table = _read_file(file) if file else {}
        values: dict[str, Any] = {}
        for row in rows():
            for origin, source, name in (
                (row.flag, flags or {}, row.name),
                (row.variable, environ or {}, row.variable),
                (str(file), table, row.name),
            ):
                if source.get(name) is not None:
                    values[row.name] = _convert(row, origin, source[name])
                    break
        settings = cls(**values)
        _check_together(settings)
        return settings

    def as_environment(self) -> dict[str, str]:
        """Every setting as an environment variable, so that a child process loads the same."""
        return {row.variable: spell(getattr(self, row.name)) for row in rows()}

    @property
    def operator_address(self) -> Address:
        """`operator_listen`, taken apart."""
        return Address.parse(self.operator_listen)

    @property
    def agent_address(self) -> Address:
        """`agent_listen`, taken apart."""
        return Address.parse(self.agent_listen)

    @property
    def xds_address(self) -> Address | None:
        """`xds_listen`, taken apart; None for no xDS plane."""
        return Address.parse(self.xds_listen) if self.xds_listen else None

    @property
    def tls(self) -> bool:
        """Whether the planes speak TLS."""
        return bool(self.tls_certificate)

    @property
    def clustered(self) -> bool:
        """Whether other nodes may work on the same store."""
        return self.store.startswith(ETCD_SCHEME)

    @property
    def run(self) -> Path:
        """Where the sockets and locks of the node's processes are."""
        return self.data / "run"


class Row(NamedTuple):
    """One line of the table of settings. `type` is that of the value; bounds are inclusive."""

    name: str
    type: type
    default: Any
    help: str
    unit: str
    low: int | None
    high: int | None
    choices: tuple[str, ...]

    @property
    def flag(self) -> str:
        """The flag of ``configsvc serve``."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.name.upper()

    @property
    def bounds(self) -> str:
        """What values are taken, in words; empty where the type says it all."""
        if self.choices:
            return " or ".join((", ".join(self.choices[:-1]), self.choices[-1]))
        return "" if self.low is None else f"{self.low} to {self.high}"


def rows() -> tuple[Row, ...]:
    """The table of settings, in the order in which they are documented."""
    return tuple(_row(each) for each in fields(Settings))


def markdown() -> str:
    """The table of settings as the reference page shows it."""
    head = ("setting", "default", "unit or bounds", "meaning")
    lines = [head, tuple("---" for _ in head), *map(_cells, rows())]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _row(each: Field[Any]) -> Row:
    assert each.default is not MISSING  # noqa: S101 every setting is declared with a default
    # The annotation of a path is Path; its default is of the subclass for this system.
    kind = Path if isinstance(each.default, Path) else type(each.default)
    return Row(name=each.name, type=kind, default=each.default, **each.metadata)


def _cells(row: Row) -> tuple[str, ...]:
    extent = ", ".join(part for part in (row.unit, row.bounds) if part)
    default = spell(row.default)
    return (
        f"`{row.flag}`<br>`{row.variable}`",
        f"`{default}`" if default else "",
        extent,
        row.help,
    )


def spell(value: object) -> str:
    """A setting's value as a variable or a flag spells it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_file(path: Path) -> Mapping[str, object]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise SettingError("config", str(path), str(exc), "a readable TOML file") from exc
    known = {row.name for row in rows()}
    for name in table:
        if name not in known:
            expected = f"one of the settings {', '.join(sorted(known))}"
            raise SettingError(name, str(path), table[name], expected)
    return table


def _convert(row: Row, origin: str, value: object) -> object:
    if row.type is bool:
        return _boolean(row, origin, value)
    if row.type is int:
        return _integer(row, origin, value)
    if not isinstance(value, str | Path):
        raise SettingError(row.name, origin, value, "text")
    if row.choices and value not in row.choices:
        raise SettingError(row.name, origin, value, row.bounds)
    return _address(row, origin, str(value)) if row.unit == "host:port" else row.type(value)


def _boolean(row: Row, origin: str, value: object) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    word = str(value).lower()
    if word not in words:
        raise SettingError(row.name, origin, value, "true or false")
    return words[word]


def _integer(row: Row, origin: str, value: object) -> int:
    expected = f"a whole number from {row.low} to {row.high}"
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise SettingError(row.name, origin, value, expected)
    try:
        number = int(value)
    except ValueError as exc:
        raise SettingError(row.name, origin, value, expected) from exc
    if not (row.low or 0) <= number <= (row.high or number):
        raise SettingError(row.name, origin, value, expected)
    return number


def _address(row: Row, origin: str, value: str) -> str:
    if value == row.default == "":
        return value
    try:
        return str(Address.parse(value))
    except ValueError as exc:
        expected = "host:port such as 127.0.0.1:8700, or [::1]:8700"
        raise SettingError(row.name, origin, value, expected) from exc


def _check_together(settings: Settings) -> None:
    """Refuse settings that are fine one by one and wrong together."""
    if settings.store not in _EMBEDDED and not settings.clustered:
        expected = f"{_EMBEDDED[0]}, {_EMBEDDED[1]} or {ETCD_SCHEME}HOST:PORT"
        raise SettingError("store", "the settings", settings.store, expected)
    for one, other, reason in _TOGETHER:
        given, absent = (one, other) if getattr(settings, one) else (other, one)
        if getattr(settings, given) and not getattr(settings, absent):
            expected = f"{absent} beside it: {reason}"
            raise SettingError(given, "the settings", getattr(settings, given), expected)
    if settings.etcd_certificate and not settings.etcd_ca:
        value, expected = settings.etcd_certificate, "etcd_ca beside it: TLS has to begin with it"
        raise SettingError("etcd_certificate", "the settings", value, expected)


_HIGHEST_PORT = 65_535
_EMBEDDED = ("sqlite", "memory")
_TOGETHER = (
    ("tls_certificate", "tls_key", "TLS needs both"),
    ("etcd_certificate", "etcd_key", "a certificate is of no use without its key"),
    ("etcd_user", "etcd_password_file", "etcd asks for both"),
)
