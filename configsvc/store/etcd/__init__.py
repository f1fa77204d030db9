"""The cluster store: any number of nodes over one etcd."""

from configsvc.store.etcd._address import EtcdAddress, EtcdSecurity
from configsvc.store.etcd._lease import LeasedEntry
from configsvc.store.etcd._store import EtcdStore

__all__ = ["EtcdAddress", "EtcdSecurity", "EtcdStore", "LeasedEntry"]
