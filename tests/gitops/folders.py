"""A watched folder, a namespace it is published to, and the ways in which programs write files."""

import os
from collections.abc import Mapping
from pathlib import Path

from configsvc.access import Principal, Role
from configsvc.gitops.folder import Look, look
from configsvc.gitops.ledger import Ledger
from configsvc.gitops.marker import MARKER
from configsvc.gitops.outcome import Outcome
from configsvc.gitops.publisher import FolderPublisher
from configsvc.model.names import Key
from configsvc.usecases import Rollback
from tests.usecases.world import NAMESPACE, ROOT, World, change

NAME = "policies"
MANAGER = f"folder:{NAME}"


def timeout(name: str, overall: str = "2s", **metadata: str) -> str:
    """A Timeout as YAML."""
    said = "".join(f", {field}: {value!r}" for field, value in metadata.items())
    return (
        f"apiVersion: configsvc/v1\nkind: Timeout\nmetadata: {{name: {name}{said}}}\n"
        f"spec: {{target: {{}}, overall: {overall}}}\n"
    )


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files by their paths inside a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def mark(folder: Path, **fields: str) -> None:
    """Write the folder's marker."""
    write(folder, {MARKER: "".join(f"{k}: {v}\n" for k, v in {"name": NAME, **fields}.items())})


def swap(folder: Path, generation: str, files: Mapping[str, str]) -> None:
    """Fill a folder as Kubernetes fills a volume: a new directory, and one link that is swapped."""
    write(folder / f"..{generation}", files)
    temporary = folder / "..data_tmp"
    temporary.symlink_to(f"..{generation}")
    temporary.rename(folder / "..data")
    for name in files:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")


def save_like_vim(path: Path, content: str) -> None:
    """Write a file as vim does with a backup: the old one is moved away, then a new one written."""
    (path.parent / "4913").touch()
    (path.parent / "4913").unlink()
    (path.parent / f".{path.name}.swp").write_bytes(b"\0swap")
    backup = path.with_name(f"{path.name}~")
    path.rename(backup)
    path.write_text(content)
    backup.unlink()
    (path.parent / f".{path.name}.swp").unlink()


def save_like_sed(path: Path, content: str) -> None:
    """Write a file as ``sed -i`` does: another one is written and renamed over it."""
    temporary = path.parent / f"sed{os.getpid()}"
    temporary.write_text(content)
    temporary.replace(path)


class Published:
    """A folder and the control plane that it is published to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = World()
        self.plane = self.world.plane
        self.start()

    def start(self) -> None:
        """Begin anew, as after a restart of the process."""
        plane = self.plane = self.world.another_process()
        ledger = Ledger(self.world.store, NAMESPACE)
        self.publisher = FolderPublisher(self.folder, NAMESPACE, plane, ledger, _identity)

    def publish(self, seen: Look | None = None, *, insist: bool = False) -> Outcome:
        """Publish what is in the folder."""
        return self.publisher.attempt(seen or look(self.folder), insist=insist)

    def names(self) -> dict[str, str]:
        """Timeouts at the head by name, with what they say."""
        resources = self.plane.inspector.workspace(ROOT, NAMESPACE).catalog.resources
        return {key.name: str(resource.manager) for key, resource in sorted(resources.items())}

    def overall(self, name: str) -> int:
        """The bound that a Timeout at the head sets, in microseconds."""
        resources = self.plane.inspector.workspace(ROOT, NAMESPACE).catalog.resources
        fields = resources[Key.parse(f"Timeout/{name}")].spec.fields  # type: ignore[union-attr]
        return int(fields["overall"])

    @property
    def revision(self) -> int:
        """The head's."""
        return self.plane.inspector.workspace(ROOT, NAMESPACE).revision

    def apply(self, *documents: object, **options: object) -> int:
        """Publish as somebody at the API does."""
        return self.plane.publisher.publish(ROOT, NAMESPACE, change(*documents, **options)).revision

    def roll_back(self, to: int) -> int:
        """Roll back as somebody at the API does."""
        rollback = Rollback(to, "no", acknowledge=True)
        return self.plane.rollbacks.roll_back(ROOT, NAMESPACE, rollback).revision


def _identity(folder: str) -> Principal:
    return Principal("", f"folder:{folder}", {NAMESPACE: Role.EDITOR})
