"""Whoever signs the tokens of the demo's players; the key lives as long as the demo."""

import time
from importlib import import_module
from typing import Any, Final

from configsvc.cli.exits import CommandError, Exit

KEY: Final = "demo"
ALGORITHM: Final = "ES256"


class Issuer:
    """Signs tokens as one ``Authentication`` wants them.

    Raises:
        CommandError: what signs tokens is not installed.
    """

    def __init__(self) -> None:
        try:
            self._jwt = import_module("joserfc.jwt")
            jwk = import_module("joserfc.jwk")
        except ModuleNotFoundError as error:
            message = f"{error.name} is not installed: pip install 'configsvc[bff]'"
            raise CommandError(message, Exit.INPUT) from error
        self._key = jwk.generate_key("EC", "P-256", {"kid": KEY})

    def trust(self, authentication: dict[str, Any]) -> None:
        """Have a document trust this issuer's key, and no other."""
        public = self._key.as_dict(private=False)
        jwk = {name: public[name] for name in ("kty", "crv", "x", "y")}
        authentication["spec"]["jwt"]["keys"] = [{"id": KEY, "algorithm": ALGORITHM, "jwk": jwk}]

    def token(self, player: str, authentication: dict[str, Any], *, lifetime: float = 300) -> str:
        """A token that the document accepts for `lifetime` seconds."""
        spec = authentication["spec"]
        claims = {
            "iss": spec["jwt"]["issuer"],
            "aud": spec["jwt"]["audiences"],
            "sub": player,
            "exp": int(time.time() + lifetime),
            "scope": " ".join(spec["scopes"]),
        }
        header = {"alg": ALGORITHM, "kid": KEY}
        token: str = self._jwt.encode(header, claims, self._key, algorithms=[ALGORITHM])
        return token
