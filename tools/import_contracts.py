"""Import contracts that may name rooms which do not exist yet.

import-linter refuses a contract that names a missing module. A boundary is better declared before
the first line behind it is written, so these variants leave out what is missing. That a name is not
simply misspelt is tested instead: every room that a contract names must be a declared layer.
"""

from typing import ClassVar

from grimp import ImportGraph
from importlinter import ContractCheck
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.protected import ProtectedContract
from importlinter.domain.contract import Contract
from importlinter.domain.imports import ModuleExpression


class _PresentRooms(Contract):
    """Leaves missing modules out of the named fields before the check proper runs."""

    room_fields: ClassVar[tuple[str, ...]] = ()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 import-linter's signature
        for field in self.room_fields:
            present = [room for room in getattr(self, field) if self._is_present(graph, room)]
            setattr(self, field, present)
        return super().check(graph, verbose)  # type: ignore[safe-super]  # the other base checks

    def _is_present(self, graph: ImportGraph, room: ModuleExpression) -> bool:
        root = room.expression.partition(".")[0]
        return (
            room.has_wildcard_expression()
            or root not in self.session_options["root_packages"]
            or room.expression in graph.modules
        )


class ForbiddenToRooms(_PresentRooms, ForbiddenContract):
    """`forbidden` over those of the named modules that exist."""

    room_fields = ("source_modules", "forbidden_modules")


class IndependentRooms(_PresentRooms, IndependenceContract):
    """`independence` of those of the named modules that exist."""

    room_fields = ("modules",)


class ProtectedRooms(_PresentRooms, ProtectedContract):
    """`protected` for those of the named modules that exist."""

    room_fields = ("protected_modules", "allowed_importers")
