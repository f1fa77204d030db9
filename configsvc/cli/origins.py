"""What a change is compared with: a revision of a server, or another checkout of the policies."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from configsvc.cli.options import Invocation
from configsvc.cli.reports import error_text
from configsvc.cli.sources import NothingToReadError, Sources, load
from configsvc.cli.terminal import counted, note
from configsvc.errors import InputError
from configsvc.model.resources import MANAGED_BY_API, Resource
from configsvc.schema import load_value, read

HEAD: Final = "head"
"""How the newest revision of a server's namespace is named."""


class UnknownOriginError(InputError):
    """``--against`` names neither a revision nor something that is there."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} is neither a revision (a number, or {HEAD!r}) nor a file or folder that "
            "exists: name one of them; a folder with a number for its name is written ./12"
        )


@dataclass(frozen=True, slots=True)
class Origin:
    """Resources before a change.

    `files` are those of a checkout, which another checkout replaces whole; None: they are a
    namespace's, and files are put on top of them.
    """

    name: str
    resources: tuple[Resource, ...] = ()
    files: Sources | None = None

    def after(self, sources: Sources, *, prune: bool = False) -> tuple[Resource, ...]:
        """The resources once the files are in force.

        Args:
            sources: the files.
            prune: whether of a namespace only that stays which is in the files, or a folder's.
        """
        if self.files is not None:
            return tuple(sources.resources)
        kept = (each for each in self.resources if not prune or each.manager != MANAGED_BY_API)
        put = {each.key: each for each in sources.resources}
        return tuple(({each.key: each for each in kept} | put).values())


NOTHING: Final = Origin("nothing", files=Sources())
"""The origin of everything that is new."""


def origin_of(text: str, invocation: Invocation, today: date) -> Origin:
    """What ``--against`` names: a number or ``head`` is a revision, anything else a path.

    Raises:
        UnknownOriginError: it is neither.
        CommandError: the server cannot be reached, or refuses.
    """
    if text == HEAD or text.isdecimal():
        return revision(invocation, None if text == HEAD else int(text))
    path = Path(text)
    if not path.exists():
        raise UnknownOriginError(text)
    return checkout(path, today)


def revision(invocation: Invocation, number: int | None) -> Origin:
    """The resources of a server's namespace, at its head or at a revision; 0 is before the first.

    Raises:
        CommandError: the server cannot be reached, or refuses.
    """
    from configsvc.cli.client import Client  # 20 ms that a check of files alone need not pay

    client = Client.of(invocation)
    if number is None:
        number = int(client.get(client.in_namespace())["revision"])
    name = f"revision {number} of {client.namespace}"
    if number == 0:
        return Origin(name)
    items = client.get(client.in_namespace("resources"), revision=number)["items"]
    return _of_items(name, items)


def checkout(path: Path, today: date) -> Origin:
    """The resources in a file or folder; documents that cannot be read are told and left out."""
    try:
        sources = load([path], today)
    except NothingToReadError:
        return Origin(str(path), files=Sources())
    for error in sources.errors:
        note(error_text(error))
    if sources.errors:
        what = counted(len(sources.errors), "error")
        note(f"{what} in documents of {path}: what only they excuse counts as new")
    return Origin(str(path), tuple(sources.resources), sources)


def _of_items(name: str, items: Iterable[dict[str, Any]]) -> Origin:
    return Origin(name, tuple(_resource(name, item) for item in items))


def _resource(name: str, item: Mapping[str, Any]) -> Resource:
    document = load_value(item["document"], origin=f"{name}: {item['kind']}/{item['name']}")
    return replace(read(document), revision=int(item["revision"]))
