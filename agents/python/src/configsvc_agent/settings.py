"""What an agent needs to know, from arguments first and the environment second."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlsplit

from configsvc_agent.errors import AgentError
from configsvc_agent.values import NOTHING, Value

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
MAX_LABELS = 16
"""Labels of one process."""

_LABEL_TEXT = re.compile(r"[A-Za-z0-9._/-]{1,63}")
_INSTANCE = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_FOREIGN = re.compile(r"[^A-Za-z0-9._:-]")
_LONGEST_HOST = 64


class SettingsError(AgentError, ValueError):
    """A setting that cannot be right, whatever the server says; the text names it."""


class Token:
    """The agent's secret: given as text, or read anew from a file whenever it is needed."""

    __slots__ = ("_path", "_text")

    def __init__(self, *, text: str | None = None, path: Path | None = None) -> None:
        self._text = text
        self._path = path

    def __repr__(self) -> str:
        """Where the secret comes from, never the secret."""
        return "Token(...)" if self._path is None else f"Token(path={str(self._path)!r})"

    def read(self) -> str:
        """The secret without surrounding white space.

        Raises:
            SettingsError: the file cannot be read, or holds nothing an HTTP header could carry.
        """
        text = (self._text if self._path is None else self._from(self._path)) or ""
        text = text.strip()
        if not (text and text.isascii() and text.isprintable()):
            raise SettingsError(f"{self!r} holds no printable ASCII token")
        return text

    @staticmethod
    def _from(path: Path) -> str:
        try:
            return path.read_text("ascii")
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"the token file {path} cannot be read: {error}; correct CONFIGSVC_TOKEN_FILE"
            ) from error


class Settings(Value):
    """Who this agent is and where its server, token and files are.

    ``url`` None: there is no server, only the override file, the cache and the built-in default.
    ``cache_dir`` None: nothing is kept on disk. ``instance`` None: made up at every start, so that
    each process has its own. The token is never part of a message or a ``repr``.
    """

    service: str
    namespace: str = "default"
    url: str | None = None
    token: Token | None = None
    instance: str | None = None
    cache_dir: Path | None = None
    override_file: Path | None = None
    ca_file: Path | None = None
    labels: Mapping[str, str] = NOTHING

    def __post_init__(self) -> None:
        _check(_LABEL, "service", self.service, "a DNS label such as 'score-engine'")
        _check(_LABEL, "namespace", self.namespace, "a DNS label such as 'prod'")
        if self.instance is not None:
            _check(_INSTANCE, "instance", self.instance, "1 to 128 of A-Z a-z 0-9 . _ : -")
        if self.url is not None:
            _check_url(self.url)
        _check_labels(self.labels)


class Options(TypedDict, total=False):
    """What may be given as an argument; anything left out comes from its ``CONFIGSVC_*`` variable.

    ``url``: the agent plane, ``http[s]://host[:port]``. ``token``, ``token_file``: the agent's
    secret. ``namespace``: the environment. ``instance``: this process's name, unique in its
    service. ``cache_dir``: where the last good bundle is kept. ``override_file``: a bundle that
    masks the server's while it exists. ``ca_file``: the authorities that vouch for the server.
    ``labels``: what this process says of itself, such as its zone; stages of rollouts go by them.
    """

    url: str | None
    token: str | None
    token_file: str | Path | None
    namespace: str | None
    instance: str | None
    cache_dir: str | Path | None
    override_file: str | Path | None
    ca_file: str | Path | None
    labels: Mapping[str, str] | None


def read_settings(service: str, environment: Mapping[str, str], options: Options) -> Settings:
    """The settings of an agent for ``service``.

    An empty variable counts as unset. Without a directory for the cache it is ``configsvc`` in the
    user's cache directory; ``CONFIGSVC_CACHE_DIR=none`` keeps nothing on disk.

    Raises:
        SettingsError: a name, the URL or the instance id is malformed.
        TypeError: there is no such option.
    """
    unknown = sorted(options.keys() - Options.__annotations__.keys())
    if unknown:
        known = ", ".join(Options.__annotations__)
        raise TypeError(f"Agent has no option {unknown[0]!r}: there are {known}")

    def setting(given: str | Path | None, variable: str) -> str | None:
        return str(given) if given is not None else environment.get(f"CONFIGSVC_{variable}") or None

    def path(given: str | Path | None, variable: str) -> Path | None:
        text = setting(given, variable)
        return None if text is None else Path(text).expanduser()

    return Settings(
        service=service,
        namespace=setting(options.get("namespace"), "NAMESPACE") or "default",
        url=setting(options.get("url"), "URL"),
        token=_token(environment, options),
        instance=setting(options.get("instance"), "INSTANCE"),
        cache_dir=_cache_directory(environment, setting(options.get("cache_dir"), "CACHE_DIR")),
        override_file=path(options.get("override_file"), "OVERRIDE_FILE"),
        ca_file=path(options.get("ca_file"), "CA_FILE"),
        labels=_labels(options.get("labels"), environment.get("CONFIGSVC_LABELS")),
    )


def new_instance() -> str:
    """A name for this process: host, process id and chance, so that no two are alike."""
    host = _FOREIGN.sub("-", os.uname().nodename)[:_LONGEST_HOST] or "host"
    return f"{host}-{os.getpid()}-{os.urandom(4).hex()}"


def _token(environment: Mapping[str, str], options: Options) -> Token | None:
    """The secret's origin; an argument of either form hides both variables."""
    text, file = options.get("token"), options.get("token_file")
    if text is None and file is None:
        text, file = environment.get("CONFIGSVC_TOKEN"), environment.get("CONFIGSVC_TOKEN_FILE")
    if file:
        return Token(path=Path(file).expanduser())
    return Token(text=text) if text else None


def _labels(given: Mapping[str, str] | None, text: str | None) -> Mapping[str, str]:
    """Labels as they were given, or as ``zone=eu-1,canary=yes``."""
    if given is not None:
        return dict(given)
    pairs = (pair.partition("=") for pair in (text or "").split(",") if pair)
    return {name: value for name, _, value in pairs}


def _check_labels(labels: Mapping[str, str]) -> None:
    if len(labels) > MAX_LABELS:
        raise SettingsError(f"{len(labels)} labels are set, at most {MAX_LABELS} are taken")
    for text in (*labels, *labels.values()):
        _check(_LABEL_TEXT, "labels", text, "1 to 63 of A-Z a-z 0-9 . _ / - each, as zone=eu-1")


def _cache_directory(environment: Mapping[str, str], given: str | None) -> Path | None:
    if given == "none":
        return None
    if given is not None:
        return Path(given).expanduser()
    home = environment.get("XDG_CACHE_HOME") or (
        f"{environment['HOME']}/.cache" if environment.get("HOME") else None
    )
    return None if home is None else Path(home, "configsvc")


def _check(pattern: re.Pattern[str], what: str, value: str, allowed: str) -> None:
    if not pattern.fullmatch(value):
        raise SettingsError(f"{what} {value[:80]!r} is not {allowed}")


def _check_url(url: str) -> None:
    if not is_address(url):
        raise SettingsError(
            f"the server's address {_without_secret(url)!r} is not of the form "
            "http[s]://host[:port][/path]; correct CONFIGSVC_URL"
        )


def is_address(url: str) -> bool:
    """Whether a URL can be that of a server: nothing but scheme, host, port and path."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            return False
    except ValueError:
        return False
    return not (parts.query or parts.fragment or parts.username or parts.password)


def _without_secret(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//...@", url)[:120]
