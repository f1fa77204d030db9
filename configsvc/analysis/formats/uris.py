"""Files as URIs, which may not have spaces and much else."""

from typing import Final

_PLAIN: Final = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/!$&'()*+,;=@"
)


def uri(file: str) -> str:
    """A path as a URI: relative ones stay relative, to whatever the reader takes for the root."""
    quoted = "".join(chr(each) if each in _PLAIN else f"%{each:02X}" for each in file.encode())
    return f"file://{quoted}" if file.startswith("/") else quoted
