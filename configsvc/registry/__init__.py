"""Registered instances: what they are, who reads them, and when one is taken off the list."""

from configsvc.registry.expiry import Decisions, Expiry, is_mass
from configsvc.registry.health import Health
from configsvc.registry.instances import (
    Instance,
    InstanceState,
    address_of,
    check_labels,
    combined,
    ip_address_of,
    is_allowed,
    owner_of,
    version_of,
)
from configsvc.registry.mirror import InstanceReading, Instances, Mirror, by_service, records

__all__ = [
    "Decisions",
    "Expiry",
    "Health",
    "Instance",
    "InstanceReading",
    "InstanceState",
    "Instances",
    "Mirror",
    "address_of",
    "by_service",
    "check_labels",
    "combined",
    "ip_address_of",
    "is_allowed",
    "is_mass",
    "owner_of",
    "records",
    "version_of",
]
