"""What the demo's operator does through the API."""

from typing import Any

from configsvc.cli.client import Client
from configsvc.cli.exits import CommandError, Exit


class Operator:
    """One operator of the demo's namespace."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def resource(self, kind: str, name: str) -> dict[str, Any]:
        """A document as it is in force."""
        found = self._client.get(self._client.in_namespace("resources", kind, name))
        document: dict[str, Any] = found["document"]
        return document

    def change(self, message: str, documents: list[dict[str, Any]]) -> int:
        """Publish documents on the head; the revision."""
        sent = {"message": message, "base": self._head(), "put": documents}
        revision: int = self._client.send("POST", self._path("changes"), sent).body["revision"]
        return revision

    def refusal(self, message: str, documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The findings for which a change is refused; it ends the demo if it is not."""
        try:
            revision = self.change(message, documents)
        except CommandError as refusal:
            if refusal.code is not Exit.FINDINGS:
                raise
            findings: list[dict[str, Any]] = refusal.detail["findings"]
            return findings
        raise CommandError(f"a conflict was published as revision {revision}", Exit.SERVER)

    def check(self, documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What publishing documents would say, without doing it."""
        answer = self._client.send("POST", self._path("check"), {"put": documents}).body
        findings: list[dict[str, Any]] = answer["findings"]
        return findings

    def roll_back(self, to: int, message: str) -> int:
        """Roll back to a revision; the new one."""
        sent = {"to": to, "message": message}
        revision: int = self._client.send("POST", self._path("rollback"), sent).body["revision"]
        return revision

    def convergence(self, revision: int) -> dict[str, Any]:
        """How far a revision has got."""
        found: dict[str, Any] = self._client.get(self._path("changes", revision, "convergence"))
        return found

    def _path(self, *parts: str | int) -> str:
        return self._client.in_namespace(*parts)

    def _head(self) -> int:
        head: int = self._client.get(Client.path("namespaces", self._client.namespace))["revision"]
        return head
