"""Bounds of key ranges, as SQLite compares them."""


def beyond(prefix: str) -> str | bytes:
    """Return a bound that is greater than every key with the prefix and no greater than any other.

    An empty BLOB stands for "no bound": SQLite sorts every BLOB after every TEXT.
    """
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return b""
    following = ord(stem[-1]) + 1
    if 0xD800 <= following <= 0xDFFF:  # noqa: PLR2004 (halves of surrogates are no characters)
        following = 0xE000
    return stem[:-1] + chr(following)
