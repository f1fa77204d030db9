"""The memo: what it keeps, and what it forgets."""

from configsvc.resolve.memo import Memo


def test_a_memo_gives_back_what_was_put() -> None:
    """A result is found under its key, and nothing under another."""
    memo: Memo[str, int] = Memo()
    assert memo.put("a", 1) == 1
    assert (memo.get("a"), memo.get("b")) == (1, None)


def test_a_small_memo_is_shared_with_its_heir() -> None:
    """Below the limit, both catalogs add to one memo."""
    memo: Memo[str, int] = Memo()
    assert memo.heir(10) is memo


def test_what_is_not_asked_for_between_two_turns_is_forgotten() -> None:
    """A turn keeps the last generation; what is used moves on, the rest goes with the next turn."""
    memo: Memo[str, int] = Memo()
    memo.put("used", 1)
    memo.put("garbage", 2)
    heir = memo.heir(1)
    assert heir is not memo
    assert heir.get("used") == 1
    heir.put("new", 3)
    last = heir.heir(1)
    assert (last.get("used"), last.get("new"), last.get("garbage")) == (1, 3, None)
