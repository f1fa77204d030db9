"""The bounded cache."""

from configsvc.store._lru import WeightedLru


def test_what_was_used_least_recently_goes_first() -> None:
    """Reading counts as use."""
    cache = WeightedLru[str, str](3, len)
    cache.put("a", "1")
    cache.put("b", "2")
    cache.put("c", "3")
    cache.get("a")
    cache.put("d", "4")
    assert [cache.get(key) for key in "abcd"] == ["1", None, "3", "4"]


def test_heavy_values_push_out_several() -> None:
    """The total weight is bounded, not the number."""
    cache = WeightedLru[str, str](3, len)
    for key in "abc":
        cache.put(key, key)
    cache.put("d", "dd")
    assert [cache.get(key) for key in "abcd"] == [None, None, "c", "dd"]


def test_a_value_heavier_than_the_cache_is_not_kept() -> None:
    """The bound holds even then."""
    cache = WeightedLru[str, str](3, len)
    cache.put("a", "long")
    assert (cache.get("a"), len(cache)) == (None, 0)


def test_putting_a_key_twice_counts_once() -> None:
    """Two readers may load the same blob."""
    cache = WeightedLru[str, str](2, len)
    cache.put("a", "1")
    cache.put("a", "1")
    cache.put("b", "2")
    assert (cache.get("a"), cache.get("b")) == ("1", "2")
