"""What a service enforces on the calls it receives."""

import pytest

from configsvc.model.names import Kind
from configsvc.model.policies import Lifted, Rate, Target
from configsvc.model.trust import ApiKey, Authentication
from configsvc.resolve import Catalog, inbound
from configsvc.resolve.inbound import NOBODY
from tests.resolve.making import EVERYTHING, operation, policy, resource, service


def _limit(name: str, target: Target | None, limit: int, **fields: object) -> object:
    fields = {"rate": Rate(limit, 1000), **fields}
    return policy(Kind.RATE_LIMIT, name, target, fields, side="callee")


def test_an_operation_has_its_own_limit() -> None:
    """The server's deadline belongs to the operation; a call that matches none has none."""
    catalog = Catalog.of([service("a", operation("x", limit=500))])
    assert inbound(catalog, "a", "x").limit == 500
    assert inbound(catalog, "a").limit is None


def test_targeted_limits_merge_and_are_called_after_who_sets_the_rate() -> None:
    """Weaker targets fill in what the strongest leaves open, as on the caller's side."""
    catalog = Catalog.of(
        [
            service("a", operation("x")),
            _limit("all", EVERYTHING, 9, burst=4),
            _limit("ours", Target(None, "a"), 5),
        ]
    )
    (limit,) = inbound(catalog, "a", "x").rate_limits
    assert (limit.name, limit.value.rate.limit, limit.value.burst) == ("ours", 5, 4)
    assert limit.value.side == "callee"


def test_named_limits_stand_beside_the_merged_one() -> None:
    """A call has to pass each limit that the service names, once."""
    catalog = Catalog.of(
        [
            service("a", rate_limits=("two", "one", "two")),
            _limit("one", None, 1),
            _limit("two", None, 2),
            _limit("all", EVERYTHING, 9),
        ]
    )
    assert [limit.name for limit in inbound(catalog, "a").rate_limits] == ["all", "two", "one"]


def test_named_limits_that_cannot_apply_are_left_out() -> None:
    """Unknown, targeted, disabled and lifted limits limit nothing."""
    names = ("ghost", "targeted", "off", "lifted")
    catalog = Catalog.of(
        [
            service("a", rate_limits=names),
            _limit("targeted", Target(None, "b"), 1),
            _limit("off", None, 1, enabled=False),
            _limit("lifted", None, 1, rate=Lifted.NONE),
        ]
    )
    assert inbound(catalog, "a").rate_limits == ()


def test_authentication_is_resolved_by_name() -> None:
    """The service gets what the Authentication says; ``public`` and no name ask for nothing."""
    staff = Authentication(api_keys=(ApiKey("one", "1" * 64),))
    catalog = Catalog.of(
        [
            resource(Kind.AUTHENTICATION, "staff", staff),
            service("a", authentication="staff"),
            service("b", authentication="public"),
            service("c"),
        ]
    )
    assert inbound(catalog, "a").authentication is staff
    assert inbound(catalog, "b").authentication is None
    assert inbound(catalog, "c").authentication is None


def test_an_unknown_authentication_lets_nobody_in() -> None:
    """A reference that leads nowhere closes the service: it must not open it."""
    catalog = Catalog.of([service("a", authentication="ghost")])
    assert inbound(catalog, "a").authentication is NOBODY


def test_an_unknown_service_has_no_inbound_part() -> None:
    """Asking for it is a mistake of the caller."""
    with pytest.raises(KeyError):
        inbound(Catalog.of([]), "a")
