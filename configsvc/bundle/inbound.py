"""A service's own side: what its agent enforces on the calls that come in."""

from typing import Any

import orjson

from configsvc.bundle.callees import encode_facts
from configsvc.bundle.policies import Json, encode_limit, present
from configsvc.model.names import ANY_OPERATION
from configsvc.model.trust import ApiKey, Authentication, Jwt, JwtKey
from configsvc.resolve import Catalog, Inbound, Node, inbound


def encode_inbound(catalog: Catalog, node: Node) -> Json:
    """The ``inbound`` part of a bundle."""
    return {
        "operations": [
            {**encode_facts(operation), **_rules(inbound(catalog, node.name, operation.name))}
            for operation in node.in_matching_order()
        ],
        "other": _rules(inbound(catalog, node.name, ANY_OPERATION)),
    }


def _rules(rules: Inbound) -> dict[str, Any]:
    authentication = rules.authentication
    return present(
        limit=rules.limit,
        rateLimits=[
            {"name": limit.name, **encode_limit(limit.value)} for limit in rules.rate_limits
        ],
        authentication=None if authentication is None else encode_authentication(authentication),
    )


def encode_authentication(authentication: Authentication) -> Json:
    """Who may call: public keys and digests of API keys, nothing that has to be kept secret.

    The address of a key set is left out: agents never fetch keys.
    """
    jwt = authentication.jwt
    return present(
        jwt=None if jwt is None else _jwt(jwt),
        apiKeyHeader=authentication.api_key_header,
        apiKeys=[_api_key(key) for key in authentication.api_keys],
        scopes=authentication.scopes,
    )


def _jwt(jwt: Jwt) -> Json:
    return {
        "issuer": jwt.issuer,
        "audiences": jwt.audiences,
        "keys": [_jwt_key(key) for key in jwt.keys],
        "leeway": jwt.leeway,
    }


def _jwt_key(key: JwtKey) -> Json:
    return present(
        id=key.id, algorithm=key.algorithm, jwk=orjson.loads(key.jwk), notAfter=key.not_after
    )


def _api_key(key: ApiKey) -> Json:
    return present(id=key.id, sha256=key.sha256, scopes=key.scopes, notAfter=key.not_after)
