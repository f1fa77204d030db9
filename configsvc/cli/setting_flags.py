"""Settings of a node as flags of a command."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from configsvc.settings import Row, rows, spell

STORE = (
    "data",
    "store",
    "etcd_ca",
    "etcd_certificate",
    "etcd_key",
    "etcd_user",
    "etcd_password_file",
    "insecure",
)
"""What says where a store is and how it is reached."""

ETCD = STORE[2:]
"""What says how an etcd is reached."""

_METAVARS = {"URL": "URL", "host:port": "HOST:PORT", "seconds": "SECONDS"}


def setting_flags(
    names: Sequence[str] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the flags of some settings, None for all, in the order of the table."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for row in reversed(rows()):
            if names is None or row.name in names:
                command = _flag(row)(command)
        return command

    return decorate


def _flag(row: Row) -> Callable[[Any], Any]:
    """The flag of one setting; its value is checked with those of all the others."""
    bounds = f"{row.bounds}; " if row.bounds and not row.choices else ""
    default = f"  [{bounds}default: {spell(row.default)}]" if spell(row.default) else ""
    options: dict[str, Any] = {"help": row.help + default, "default": None}
    if row.type is bool:
        options["is_flag"] = True
    elif row.choices:
        options["type"] = click.Choice(row.choices)
    else:
        options["metavar"] = _METAVARS.get(row.unit, row.type.__name__.upper())
    return click.option(row.flag, row.name, **options)
