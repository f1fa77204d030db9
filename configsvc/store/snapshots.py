"""The resources of a namespace at one revision, for reading."""

from collections.abc import Collection, Iterator, Mapping

from configsvc.store.api import Digest, Store
from configsvc.store.manifest import Item, Manifest


class Snapshot:
    """All resources at one revision; documents are read when they are asked for.

    It never changes and needs no lock. Revision 0 is the empty namespace before its first change.
    Reading raises what loading a blob raises.
    """

    __slots__ = ("_store", "manifest", "namespace", "revision")

    def __init__(self, store: Store, namespace: str, revision: int, manifest: Manifest) -> None:
        self._store = store
        self.namespace = namespace
        self.revision = revision
        self.manifest = manifest

    def __len__(self) -> int:
        return len(self.manifest)

    def items(self) -> Iterator[tuple[str, Item]]:
        """Yield ``Kind/name`` with digest and revision of last change, in key order."""
        return self.manifest.items()

    def item(self, key: str) -> Item | None:
        """Return digest and revision of last change of a resource, None when it is absent."""
        return self.manifest.get(key)

    def document(self, key: str) -> bytes | None:
        """Return the document of a resource as it was admitted, None when it is absent."""
        item = self.manifest.get(key)
        return self._store.get_blob(item.digest) if item else None

    def documents(self, keys: Collection[str] | None = None) -> dict[str, bytes]:
        """Return the documents of those keys that are present (None: of all), in key order."""
        items = dict(self.items()) if keys is None else self.manifest.get_many(keys)
        blobs = self.blobs({item.digest for item in items.values()})
        return {key: blobs[items[key].digest] for key in sorted(items)}

    def blobs(self, digests: Collection[Digest]) -> Mapping[Digest, bytes]:
        """Return documents by digest, for callers that keep what they parsed by digest."""
        return self._store.get_blobs(digests)
