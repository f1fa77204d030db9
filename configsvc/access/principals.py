"""Somebody whose token was verified, and what they may do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from configsvc.access.errors import ForbiddenError, WrongIdentityError, WrongTokenKindError
from configsvc.access.records import EVERY_NAMESPACE, AgentIdentity, TokenKind, kind_of
from configsvc.access.roles import Right, Role


@dataclass(frozen=True, slots=True)
class Principal:
    """The verified holder of a token.

    Args:
        token_id: the token's public id, for audit and logs.
        label: what people call the token.
        grants: role per namespace; empty for an agent.
        agent: whom an agent's token stands for; None for everybody else.
        relay: the namespaces whose agents a relay serves; empty for everybody else.
    """

    token_id: str
    label: str
    grants: Mapping[str, Role] = field(hash=False)
    agent: AgentIdentity | None = None
    relay: tuple[str, ...] = ()

    @property
    def kind(self) -> TokenKind:
        """Operator, agent or relay."""
        return kind_of(self.agent, self.relay)

    @property
    def name(self) -> str:
        """How audit entries name the holder: the label, else the token's id."""
        return self.label or f"token {self.token_id}"

    def role_in(self, namespace: str) -> Role | None:
        """The stronger of the grant for ``namespace`` and the one for every namespace."""
        roles = (self.grants.get(namespace), self.grants.get(EVERY_NAMESPACE))
        return max((role for role in roles if role), default=None)

    def may(self, namespace: str, right: Right) -> bool:
        """True if `require` would not raise."""
        role = self.role_in(namespace)
        return role is not None and role >= right.least_role

    def require(self, namespace: str, right: Right) -> None:
        """Do nothing if the holder has ``right`` in ``namespace``.

        `EVERY_NAMESPACE` as the namespace asks for a right that is not confined to one.

        Raises:
            WrongTokenKindError: the token is an agent's.
            ForbiddenError: the role is too low; says which one is needed.
        """
        if self.kind is not TokenKind.OPERATOR:
            raise WrongTokenKindError(self.kind, TokenKind.OPERATOR)
        if not self.may(namespace, right):
            raise ForbiddenError(namespace, right, self.role_in(namespace))

    def require_agent(self, namespace: str, service: str) -> None:
        """Do nothing if the token is that of ``service``'s agents in ``namespace``.

        Raises:
            WrongTokenKindError: the token is an operator's.
            WrongIdentityError: it belongs to another service or namespace.
        """
        if not self.agent:
            raise WrongTokenKindError(self.kind, TokenKind.AGENT)
        own = (self.agent.namespace, self.agent.service)
        if own != (namespace, service):
            raise WrongIdentityError(own, (namespace, service))

    def require_relay(self) -> tuple[str, ...]:
        """Return the namespaces that a relay serves; raises `WrongTokenKindError`."""
        if not self.relay:
            raise WrongTokenKindError(self.kind, TokenKind.RELAY)
        return self.relay
