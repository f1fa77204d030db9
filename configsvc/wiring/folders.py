"""The watched folder of a node: who publishes it, and with which parts."""

from pathlib import Path

from configsvc.access import Principal, Role
from configsvc.controller import Companion
from configsvc.errors import InputError
from configsvc.gitops.keeping import Head
from configsvc.gitops.ledger import Ledger
from configsvc.gitops.marker import MARKER
from configsvc.gitops.publisher import FolderPublisher
from configsvc.gitops.reporting import Herald
from configsvc.gitops.service import FolderService
from configsvc.model.names import check_name
from configsvc.settings import Settings
from configsvc.store import AuditTrail, Namespaces, Store
from configsvc.wiring.assembly import control_plane, now, random_name
from configsvc.wiring.membership import Member


class PoliciesError(InputError):
    """What is to be watched is no folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"--policies names {path}, which is not a folder: name one that has a file {MARKER}"
        )


def check_policies(settings: Settings) -> None:
    """Refuse what can never be published; a folder that is not there yet is waited for.

    Raises:
        PoliciesError: it is a file.
        InvalidNameError: the namespace is none.
    """
    if not settings.policies:
        return
    check_name("policies_namespace", settings.policies_namespace)
    path = Path(settings.policies)
    if path.exists() and not path.is_dir():
        raise PoliciesError(path)


def folder_identity(namespace: str, folder: str) -> Principal:
    """Whoever publishes for a folder: an editor of one namespace, named after the folder."""
    return Principal("", f"folder:{folder}", {namespace: Role.EDITOR})


def watched_folders(
    settings: Settings, store: Store, namespaces: Namespaces
) -> tuple[Companion, ...]:
    """What publishes the folder that the settings name; nothing if they name none."""
    if not settings.policies:
        return ()
    path, namespace = Path(settings.policies), settings.policies_namespace

    def identity(folder: str) -> Principal:
        return folder_identity(namespace, folder)

    def head() -> Head:
        found = namespaces.head(namespace)
        return (found.epoch, found.revision) if found else None

    plane, ledger = control_plane(settings, store, Member.load(settings)), Ledger(store, namespace)
    publisher = FolderPublisher(path, namespace, plane, ledger, identity)
    herald = Herald(namespace, str(path), AuditTrail(store, random_name), now)
    return (FolderService(path, attempt=publisher.attempt, head=head, report=herald.tell),)
