"""Which store a process opens, and what is refused before."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from configsvc.settings import Settings
from configsvc.store import Store
from configsvc.wiring.assembly import EtcdNotInstalledError, InsecureStoreError, open_store

ETCD = "etcd://127.0.0.1:2379,etcd.example:2379"


def opened(settings: Settings) -> str:
    """Open and close a store; what it is."""
    store: Store = open_store(settings)
    store.close()
    return type(store).__name__


def test_the_settings_choose_the_store(tmp_path: Path) -> None:
    """An etcd is connected to when it is first asked."""
    settings = Settings(data=tmp_path, insecure=True)
    stores = ("memory", "sqlite", ETCD)
    names = [opened(replace(settings, store=store)) for store in stores]
    assert names == ["MemoryStore", "SqliteStore", "EtcdStore"]


def test_an_etcd_off_loopback_needs_tls(tmp_path: Path) -> None:
    """Everything that configsvc knows would go over that wire."""
    settings = Settings(data=tmp_path, store=ETCD)
    with pytest.raises(InsecureStoreError, match=r"etcd\.example:2379 without TLS.*--etcd-ca"):
        open_store(settings)
    assert opened(replace(settings, store="etcd://127.0.0.1:2379,[::1]:2379")) == "EtcdStore"


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    for module in [each for each in sys.modules if each.startswith("configsvc.store.etcd")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "etcd3", None)
    with pytest.raises(EtcdNotInstalledError, match=r"etcd3.*pip install 'configsvc\[etcd\]'"):
        open_store(Settings(store=ETCD))
