"""Strongly connected components of a graph: the cycles, and an order for everything else."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Generic, TypeVar

N = TypeVar("N", bound=Hashable)


def components(nodes: Iterable[N], successors: Callable[[N], Iterable[N]]) -> list[tuple[N, ...]]:
    """Return the strongly connected components, each after those that it leads to.

    Tarjan's algorithm without recursion: a deep graph costs memory, never the stack.
    """
    search = _Search(successors)
    for node in nodes:
        if node not in search.index:
            search.explore(node)
    return search.found


class _Search(Generic[N]):
    """The state of a depth-first search over all nodes."""

    def __init__(self, successors: Callable[[N], Iterable[N]]) -> None:
        self._successors = successors
        self.index: dict[N, int] = {}
        self.found: list[tuple[N, ...]] = []
        self._low: dict[N, int] = {}
        self._stack: list[N] = []
        self._on_stack: set[N] = set()

    def explore(self, root: N) -> None:
        """Visit everything that ``root`` leads to."""
        trail = [(root, self._enter(root))]
        while trail:
            node, remaining = trail[-1]
            following = next((n for n in remaining if not self._seen(node, n)), None)
            if following is not None:
                trail.append((following, self._enter(following)))
                continue
            trail.pop()
            self._leave(node)
            if trail:
                parent = trail[-1][0]
                self._low[parent] = min(self._low[parent], self._low[node])

    def _enter(self, node: N) -> Iterator[N]:
        self.index[node] = self._low[node] = len(self.index)
        self._stack.append(node)
        self._on_stack.add(node)
        return iter(self._successors(node))

    def _seen(self, node: N, successor: N) -> bool:
        """Whether ``successor`` was entered before; an edge back to the stack lowers ``node``."""
        if successor not in self.index:
            return False
        if successor in self._on_stack:
            self._low[node] = min(self._low[node], self.index[successor])
        return True

    def _leave(self, node: N) -> None:
        if self._low[node] != self.index[node]:
            return
        at = self._position(node)
        component = tuple(self._stack[at:])
        del self._stack[at:]
        self._on_stack.difference_update(component)
        self.found.append(component)

    def _position(self, node: N) -> int:
        at = len(self._stack) - 1
        while self._stack[at] != node:
            at -= 1
        return at
