"""A change as two catalogs: what was before it, and what the files make of that."""

from dataclasses import dataclass

from configsvc.cli.origins import Origin
from configsvc.cli.sources import Sources
from configsvc.model.names import Key
from configsvc.resolve import Catalog
from configsvc.schema import Location


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two catalogs that share what the change does not touch; `keys` differ between them."""

    origin: Origin
    sources: Sources
    before: Catalog
    after: Catalog
    keys: frozenset[Key]

    @property
    def deleted(self) -> frozenset[Key]:
        """Resources that the change deletes."""
        return frozenset(key for key in self.keys if key not in self.after.resources)

    def locate(self, key: Key, pointer: str) -> Location | None:
        """Where a resource's part stands now, or stood before; None: in a namespace only."""
        return self.sources.locate(key, pointer) or self.locate_before(key, pointer)

    def locate_before(self, key: Key, pointer: str) -> Location | None:
        """Where a resource's part stood before; None: in a namespace only, or nowhere."""
        files = self.origin.files
        return files.locate(key, pointer) if files else None


def compare(origin: Origin, sources: Sources, namespace: str, *, prune: bool = False) -> Comparison:
    """Put files in force where the origin was.

    Args:
        origin: what was before.
        sources: the files.
        namespace: of both.
        prune: as `Origin.after`.
    """
    before = Catalog.of(origin.resources, namespace=namespace)
    was = {each.key: each.digest for each in origin.resources}
    resources = {each.key: each for each in origin.after(sources, prune=prune)}
    put = [each for key, each in resources.items() if was.get(key) != each.digest]
    gone = was.keys() - resources.keys()
    keys = frozenset(each.key for each in put) | gone
    return Comparison(origin, sources, before, before.with_change(put, gone), keys)
