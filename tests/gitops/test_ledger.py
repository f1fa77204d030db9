"""What a folder published last, in the store."""

import pytest

from configsvc.gitops.folder import MAX_DOCUMENTS
from configsvc.gitops.ledger import LastEdit, Ledger
from configsvc.gitops.planning import abbreviated
from configsvc.model.names import Key, Kind
from configsvc.store import ABSENT, CompareFailedError
from configsvc.store.memory import MemoryStore

EDIT = LastEdit(
    "d" * 64, {Key(Kind.RETRY, "a"): "0" * 32, Key(Kind.TIMEOUT, "a"): "1" * 32}, 7, 1_000
)


def test_last_edit_comes_back_as_it_was() -> None:
    """Each folder of each namespace has its own."""
    store = MemoryStore(lambda: 0)
    ledger = Ledger(store, "prod")
    ledger.put("policies", EDIT, ABSENT)

    kept = ledger.get("policies")
    assert kept is not None
    assert kept.value == EDIT
    assert ledger.get("other") is None
    assert Ledger(store, "staging").get("policies") is None


def test_edit_that_another_process_remembered_is_not_overwritten() -> None:
    """Two that both believe to lead are told so."""
    ledger = Ledger(MemoryStore(lambda: 0), "prod")
    ledger.put("policies", EDIT, ABSENT)

    with pytest.raises(CompareFailedError):
        ledger.put("policies", EDIT, ABSENT)


def test_largest_folder_can_be_remembered() -> None:
    """As many documents as are read, all with the longest names, fit in one value."""
    ledger = Ledger(MemoryStore(lambda: 0), "prod")
    keys = (Key(Kind.AUTHENTICATION, f"n{index:062}") for index in range(MAX_DOCUMENTS))
    contents = abbreviated(dict.fromkeys(keys, "f" * 64))

    ledger.put("policies", LastEdit("d" * 64, contents, 1, 1), ABSENT)

    kept = ledger.get("policies")
    assert kept is not None
    assert len(kept.value.contents) == MAX_DOCUMENTS
