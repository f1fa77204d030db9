"""Roles, the rights they carry, and which role is the least that has a right."""

from enum import IntEnum, StrEnum


class Role(IntEnum):
    """What an operator is in a namespace; each role may do all that the lower ones may."""

    VIEWER = 1
    EDITOR = 2
    ADMIN = 3

    def __str__(self) -> str:
        return self.name.lower()


class Right(StrEnum):
    """One thing that an operation of the API needs permission for."""

    READ = "read"
    CHECK = "check"
    PUBLISH = "publish"
    WAIVE = "waive"
    """To accept an error finding; an editor may not wave through what the analyzer refuses."""
    TOKENS = "tokens"
    ADMIN = "admin"

    @property
    def least_role(self) -> Role:
        """The lowest role that has this right."""
        return _LEAST_ROLE[self]


_LEAST_ROLE = {
    Right.READ: Role.VIEWER,
    Right.CHECK: Role.VIEWER,
    Right.PUBLISH: Role.EDITOR,
    Right.WAIVE: Role.ADMIN,
    Right.TOKENS: Role.ADMIN,
    Right.ADMIN: Role.ADMIN,
}
