"""Held against the store: whose server has not noticed a change looks current, and is not."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from configsvc.fleet import AgentRow, AgentState
from configsvc.store import Head, Item, Namespaces

UNAWARE: Final = "its server has not taken note of the newest change"

_OF_ENVOYS: Final = "xds"
"""Rows of Envoys are about configurations of their own, of which the table knows nothing."""


def held_against_the_store(
    rows: Iterable[AgentRow], namespaces: Namespaces, namespace: str
) -> Iterator[AgentRow]:
    """Yield the rows; those that want something out of force are pending for what is in force.

    A process that has lost touch with the store serves what it knew, its agents acknowledge that,
    and every signal of theirs is green; only the store tells that they are behind.
    """
    head = namespaces.head(namespace)
    found = list(rows)
    if head is None:
        yield from found
        return
    asked = {row.service for row in found}
    table = namespaces.bundles(head).get_many(asked)
    rolling = namespaces.touched(namespace, head.candidate) if head.candidate else {}
    for row in found:
        item = table.get(row.service)
        if item is None or _is_current(row, item, rolling):
            yield row
        else:
            yield _behind(row, item, namespaces, head)


def _is_current(row: AgentRow, item: Item, rolling: Mapping[str, Item]) -> bool:
    if row.state is AgentState.STALE or row.language == _OF_ENVOYS or not row.wanted_digest:
        return True
    candidate = rolling.get(row.service)
    return row.wanted_digest in {item.digest, candidate.digest if candidate else item.digest}


def _behind(row: AgentRow, item: Item, namespaces: Namespaces, head: Head) -> AgentRow:
    return replace(
        row,
        state=AgentState.PENDING,
        reason=UNAWARE,
        wanted_version=item.revision,
        wanted_digest=item.digest,
        wanted_since=namespaces.record(head.namespace, item.revision).time,
    )
