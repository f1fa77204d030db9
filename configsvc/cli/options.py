"""Options that many commands share; each may stand before or after the command's name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import click
from click.core import ParameterSource

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
Output = Literal["text", "json"]

DEFAULT_SERVER = "http://127.0.0.1:8700"
DEFAULT_NAMESPACE = "default"


@dataclass(slots=True)
class Invocation:
    """What the shared options of one call say; an option after the command's name wins.

    Of `token` and `token_file` at most one is set: the one given as a flag, else `token`.
    """

    output: Output = "text"
    server: str = DEFAULT_SERVER
    namespace: str = DEFAULT_NAMESPACE
    token: str | None = None
    token_file: str | None = None

    @property
    def as_json(self) -> bool:
        """Whether results and failures are written as JSON."""
        return self.output == "json"


def output_option(command: Decorated) -> Decorated:
    """Add ``--output``."""
    return _shared(
        "--output",
        "-o",
        type=click.Choice(["text", "json"]),
        help="Form of what is written.  [default: text]",
    )(command)


def namespace_option(command: Decorated) -> Decorated:
    """Add ``--namespace``."""
    return _shared(
        "--namespace",
        "-n",
        metavar="NAME",
        envvar="CONFIGSVC_NAMESPACE",
        help=f"Namespace to work in.  [default: {DEFAULT_NAMESPACE}]",
    )(command)


def server_options(command: Decorated) -> Decorated:
    """Add what every command needs that talks to a server: where it is, and who asks."""
    server = _shared(
        "--server",
        "-s",
        metavar="URL",
        envvar="CONFIGSVC_SERVER",
        help=f"Operator plane of the server.  [default: {DEFAULT_SERVER}]",
    )
    token_file = _shared(
        "--token-file",
        metavar="FILE",
        envvar="CONFIGSVC_TOKEN_FILE",
        help="File that holds the token.",
    )
    token = _shared(
        "--token",
        metavar="TOKEN",
        envvar="CONFIGSVC_TOKEN",
        help="Operator's token. Others may see flags: prefer --token-file.",
    )
    return server(token_file(token(command)))


def _shared(*names: str, **options: Any) -> Callable[[Decorated], Decorated]:  # noqa: ANN401 click's own
    return click.option(
        *names, default=None, expose_value=False, show_envvar=True, callback=_remember, **options
    )


def _remember(context: click.Context, option: click.Parameter, value: str | None) -> None:
    """Keep a value in the `Invocation`.

    A variable counts only where no flag was given: before the command's name, and not beside a
    flag that gives the other form of the token.
    """
    name = option.name or ""
    invocation = context.ensure_object(Invocation)
    if value is None:
        return
    if context.get_parameter_source(name) is ParameterSource.ENVIRONMENT and (
        context.parent is not None or (name in _TOKENS and _flag_given(context, _TOKENS[name]))
    ):
        return
    setattr(invocation, name, value)
    if name in _TOKENS:
        setattr(invocation, _TOKENS[name], None)


def _flag_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


_TOKENS = {"token": "token_file", "token_file": "token"}
"""Two ways to say one thing: each with the other."""
