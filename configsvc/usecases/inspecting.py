"""Looking: resources, history, differences, effective policies, the call graph, open findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from configsvc.access import Principal, Right
from configsvc.analysis import Report
from configsvc.analysis.timeline import Timeline, timeline
from configsvc.model.findings import EdgeId
from configsvc.model.names import ANY_OPERATION, Key, Kind
from configsvc.model.resources import Resource
from configsvc.resolve import CallGraph, Catalog, Explanation, explain
from configsvc.store import AuditEntry, AuditTrail, Head, Namespaces, Revision, layout
from configsvc.usecases.errors import (
    UnknownEdgeError,
    UnknownNamespaceError,
    UnknownResourceError,
)
from configsvc.usecases.graph_bounds import BoundsOf
from configsvc.usecases.moment import Moment
from configsvc.usecases.namespace_settings import NamespaceRules, NamespaceSettings
from configsvc.usecases.openings import Opened, Openings
from configsvc.usecases.workspace import Workspace, Workspaces


@dataclass(frozen=True, slots=True)
class StoredResource:
    """A resource as admitted: canonical JSON, its digest (the ETag), the revision it is from."""

    key: Key
    document: bytes
    digest: str
    revision: int


@dataclass(frozen=True, slots=True)
class DifferingResource:
    """One resource at two revisions; None where it is absent."""

    key: Key
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Query:
    """Which resources to list: all, or those of a kind, and with every one of some labels."""

    kind: Kind | None = None
    labels: Mapping[str, str] | None = None
    revision: int | None = None

    def takes(self, resource: Resource) -> bool:
        """Whether the query asks for the resource."""
        if self.kind not in (None, resource.key.kind):
            return False
        return all(
            resource.labels.get(name) == value for name, value in (self.labels or {}).items()
        )


class Inspector:
    """Answers questions about namespaces; changes nothing."""

    def __init__(
        self,
        namespaces: Namespaces,
        workspaces: Workspaces,
        settings: NamespaceSettings,
        audit: AuditTrail,
        moment: Moment,
    ) -> None:
        self._namespaces = namespaces
        self._workspaces = workspaces
        self._settings = settings
        self._audit = audit
        self._moment = moment
        self._openings = Openings(namespaces)

    def namespaces(self, who: Principal) -> tuple[Head, ...]:
        """The heads of those namespaces that the reader may see."""
        return tuple(h for h in self._namespaces.heads() if who.may(h.namespace, Right.READ))

    def namespace(self, who: Principal, namespace: str) -> tuple[Head | None, NamespaceRules]:
        """Where a namespace stands (None: before its first change) and its settings."""
        who.require(namespace, Right.READ)
        return self._namespaces.head(namespace), self._settings.get(namespace)

    def workspace(self, who: Principal, namespace: str) -> Workspace:
        """The head as a whole, typed; that of revision 0 before the first change."""
        who.require(namespace, Right.READ)
        return self._workspaces.at_head(namespace)

    def probe(self) -> None:
        """Do nothing if the store answers; raises `StoreUnavailableError`."""
        self._namespaces.names()

    def resources(self, who: Principal, namespace: str, query: Query) -> tuple[StoredResource, ...]:
        """The resources that a query asks for, by kind and name; raises `UnknownRevisionError`."""
        workspace = self._workspace(who, namespace, query.revision)
        wanted = sorted(k for k, r in workspace.catalog.resources.items() if query.takes(r))
        snapshot = self._namespaces.snapshot(namespace, workspace.revision)
        documents = snapshot.documents([str(key) for key in wanted])
        return tuple(self._stored(workspace.catalog, key, documents[str(key)]) for key in wanted)

    def resource(
        self, who: Principal, namespace: str, key: Key, revision: int | None = None
    ) -> StoredResource:
        """One resource.

        Raises:
            UnknownResourceError: it is absent at that revision.
            UnknownRevisionError: there is no such revision.
        """
        workspace = self._workspace(who, namespace, revision)
        if key not in workspace.catalog.resources:
            raise UnknownResourceError(key, workspace.revision)
        document = self._namespaces.document(workspace.catalog.resources[key].digest)
        return self._stored(workspace.catalog, key, document)

    def history(
        self, who: Principal, namespace: str, *, before: int | None = None, limit: int = 50
    ) -> tuple[Revision, ...]:
        """Records of revisions, newest first."""
        self._known(who, namespace)
        return self._namespaces.history(namespace, before=before, limit=limit)

    def change(
        self, who: Principal, namespace: str, revision: int
    ) -> tuple[Revision, bytes | None]:
        """The record of one revision, and the findings that were open when it was made (JSON)."""
        self._known(who, namespace)
        record = self._namespaces.record(namespace, revision)
        return record, self._namespaces.findings(record)

    def diff(
        self, who: Principal, namespace: str, old: int, new: int
    ) -> tuple[DifferingResource, ...]:
        """The resources that differ between two revisions, in order; 0 is the empty namespace."""
        self._known(who, namespace)
        differences = self._namespaces.diff(namespace, old, new)
        return tuple(
            DifferingResource(Key.parse(d.key), self._document(d.before), self._document(d.after))
            for d in differences
        )

    def edge(
        self,
        who: Principal,
        namespace: str,
        caller: str,
        callee: str,
        operation: str = ANY_OPERATION,
    ) -> Explanation:
        """The effective policy of an edge with the sources; raises `UnknownEdgeError`."""
        catalog = self._workspace(who, namespace).catalog
        check_edge(catalog, EdgeId(caller, callee, operation))
        return explain(catalog, caller, callee, operation)

    def timeline(self, who: Principal, namespace: str, edge: EdgeId) -> Timeline:
        """The time budget of an edge as a picture; raises `UnknownEdgeError`."""
        catalog = self._workspace(who, namespace).catalog
        check_edge(catalog, edge)
        return timeline(catalog, edge)

    def graph(self, who: Principal, namespace: str) -> CallGraph:
        """Who calls whom at the head."""
        return self._workspace(who, namespace).catalog.graph

    def bounds(self, who: Principal, namespace: str) -> BoundsOf:
        """What calls and ways in cost at worst at the head."""
        return self._workspaces.bounds(self._workspace(who, namespace), self._moment.today())

    def findings(self, who: Principal, namespace: str) -> Report:
        """What today's rules say of the head."""
        workspace = self._workspace(who, namespace)
        return self._workspaces.report(workspace, self._moment.today())

    def opened(self, who: Principal, namespace: str, report: Report) -> Mapping[str, Opened]:
        """When the findings of the head's report were opened, by the first fingerprint of each."""
        head = self._workspace(who, namespace).head
        return {} if head is None else self._openings.of(head, report)

    def audit(
        self, who: Principal, namespace: str, *, before: str | None = None, limit: int = 50
    ) -> tuple[tuple[str, AuditEntry], ...]:
        """Who did what, newest first, each with its cursor; needs the right to administer.

        `before` is the cursor of the last entry of the page before.
        """
        who.require(namespace, Right.ADMIN)
        prefix = layout.audits(namespace)
        after = None if before is None else f"{prefix}{before}"
        found = self._audit.list(namespace, before=after, limit=limit)
        return tuple((key.removeprefix(prefix), entry) for key, entry in found)

    def _known(self, who: Principal, namespace: str) -> None:
        who.require(namespace, Right.READ)
        if self._namespaces.head(namespace) is None:
            raise UnknownNamespaceError(namespace)

    def _workspace(self, who: Principal, namespace: str, revision: int | None = None) -> Workspace:
        who.require(namespace, Right.READ)
        workspace = self._workspaces.at_head(namespace)
        if workspace.head is None:
            raise UnknownNamespaceError(namespace)
        return workspace if revision is None else self._workspaces.at(namespace, revision)

    def _stored(self, catalog: Catalog, key: Key, document: bytes) -> StoredResource:
        resource = catalog.resources[key]
        return StoredResource(key, document, resource.digest, resource.revision or 0)

    def _document(self, digest: str | None) -> bytes | None:
        return None if digest is None else self._namespaces.document(digest)


def check_edge(catalog: Catalog, edge: EdgeId) -> None:
    """Do nothing if both ends of an edge exist; raises `UnknownEdgeError`."""
    if edge.caller not in catalog.nodes:
        raise UnknownEdgeError("caller", edge.caller, _names(catalog.nodes))
    if edge.callee not in catalog.nodes:
        raise UnknownEdgeError("callee", edge.callee, _names(catalog.nodes))
    operations = catalog.nodes[edge.callee].operations
    if edge.operation != ANY_OPERATION and edge.operation not in operations:
        raise UnknownEdgeError(f"operation of {edge.callee}", edge.operation, _names(operations))


def _names(known: Mapping[str, object] | Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(known))
