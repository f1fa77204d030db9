"""Settings: one table from which flags, environment variables, the TOML file and the reference page come.

A setting is a field of `Settings`. Its value is taken from the first of: a flag (``--operator-listen``), an
environment variable (``CONFIGSVC_OPERATOR_LISTEN``), the TOML file (``operator_listen = ...``), the default.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from configsvc.errors import InputError

PREFIX = "CONFIGSVC_"


class SettingError(InputError):
    """A setting has a value that cannot be used."""

    def __init__(self, name: str, origin: str, value: object, expected: str) -> None:
        self.name = name
        super().__init__(f"setting {name} from {origin} is {value!r}: expected {expected}")


def _setting(default: Any, help_text: str, *, unit: str = "", low: int | None = None, high: int | None = None) -> Any:
    return field(default=default, metadata={"help": help_text, "unit": unit, "low": low, "high": high})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything about one node that its operator may choose."""

    data: Path = _setting(Path("configsvc-data"), "Directory of the embedded store, its sockets and the first admin token.")
    store: str = _setting("sqlite", "Where revisions live: 'sqlite' (in the data directory), 'memory' (tests only).")
    operator_listen: str = _setting("127.0.0.1:8700", "Address of the operator plane: API, console, metrics.", unit="host:port")
    agent_listen: str = _setting("127.0.0.1:8701", "Address of the agent plane.", unit="host:port")
    operator_workers: int = _setting(2, "Processes that serve the operator plane.", low=1, high=64)
    operator_threads: int = _setting(64, "Threads of each operator process.", low=2, high=512)
    agent_processes: int = _setting(1, "Processes that serve the agent plane; one per core is the most that helps.", low=1, high=128)
    heartbeat: int = _setting(15, "Time between two heartbeats to an agent, before a jitter of 20 %.", unit="seconds", low=1, high=300)
    tls_certificate: str = _setting("", "PEM file of the certificate chain for both planes.")
    tls_key: str = _setting("", "PEM file of the certificate's private key.")
    insecure: bool = _setting(False, "Allow a plane to listen off loopback without TLS.")
    log_format: str = _setting("json", "Form of log lines on standard error: 'json' or 'text'.")
    log_level: str = _setting("info", "Least severe log line that is written: debug, info, warning, error.")

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
            environ: environment variables; only names that begin with ``CONFIGSVC_`` are looked at.
            file: a TOML file of settings by field name; unknown names in it are refused.

        Raises:
            SettingError: a value is of the wrong type or out of bounds, or a name in the file is unknown.
        """
        table = _read_file(file) if file else {}
        values: dict[str, Any] = {}
        for each in fields(cls):
            for origin, source, name in (
                (f"--{each.name.replace('_', '-')}", flags or {}, each.name),
                (PREFIX + each.name.upper(), environ or {}, PREFIX + each.name.upper()),
                (str(file), table, each.name),
            ):
                if source.get(name) is not None:
                    values[each.name] = _convert(each, origin, source[name])
                    break
        return cls(**values)


def _read_file(path: Path) -> Mapping[str, object]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as exc:
        raise SettingError("config", str(path), str(exc), "a readable TOML file") from exc
    known = {each.name for each in fields(Settings)}
    for name in table:
        if name not in known:
            raise SettingError(name, str(path), table[name], f"one of the settings {', '.join(sorted(known))}")
    return table


def _convert(setting: Any, origin: str, value: object) -> object:
    kind = type(setting.default)
    if kind is bool:
        return _boolean(setting.name, origin, value)
    if kind is int:
        return _integer(setting, origin, value)
    if not isinstance(value, str | Path):
        raise SettingError(setting.name, origin, value, "text")
    return kind(value)


def _boolean(name: str, origin: str, value: object) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    word = str(value).lower()
    if word not in words:
        raise SettingError(name, origin, value, "true or false")
    return words[word]


def _integer(setting: Any, origin: str, value: object) -> int:
    low, high = setting.metadata["low"], setting.metadata["high"]
    expected = f"a whole number from {low} to {high}"
    try:
        number = int(str(value))
    except ValueError as exc:
        raise SettingError(setting.name, origin, value, expected) from exc
    if not low <= number <= high:
        raise SettingError(setting.name, origin, value, expected)
    return number
