"""Which instances a callee has, as told by the server and kept on disk, and which one is next."""

from configsvc_agent.discovery._balancer import Balancer, Host
from configsvc_agent.discovery._balancers import Balancers
from configsvc_agent.discovery._known import InstancesError, Known, Listed, Registered
from configsvc_agent.discovery._outliers import Outliers

__all__ = [
    "Balancer",
    "Balancers",
    "Host",
    "InstancesError",
    "Known",
    "Listed",
    "Outliers",
    "Registered",
]
