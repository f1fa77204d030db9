"""The server's certificate, taken anew when its files change: nobody is cut off for it."""

import logging
import ssl
from pathlib import Path

_log = logging.getLogger("configsvc.tls")

_Stamp = tuple[int, int, int]


class Certificate:
    """A context for TLS 1.2 and later whose certificate follows its files.

    Connections keep what they were made with; new ones get the newest pair that fits together.

    Args:
        chain: PEM file of the certificate chain.
        key: PEM file of its private key.

    Raises:
        OSError, ssl.SSLError: they cannot be read, or do not belong together.
    """

    def __init__(self, chain: Path, key: Path) -> None:
        self._chain = chain
        self._key = key
        self._stamps = self._looked_at()
        self.context = self._loaded()

    def refresh(self) -> bool:
        """Take changed files; True if they were taken.

        Files that do not fit together are tried again when they change: they are often replaced
        one after the other.
        """
        stamps = self._looked_at()
        if stamps == self._stamps:
            return False
        self._stamps = stamps
        try:
            self._loaded()  # the context in use is left alone until both are known to be good
            self.context.load_cert_chain(self._chain, self._key)
        except (OSError, ssl.SSLError) as exc:
            _log.error(
                "a changed certificate is not taken, the former stays: %s",
                exc,
                extra={"certificate": str(self._chain), "key": str(self._key)},
            )
            return False
        _log.info("took a new certificate", extra={"certificate": str(self._chain)})
        return True

    def _loaded(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._chain, self._key)
        return context

    def _looked_at(self) -> tuple[_Stamp | None, _Stamp | None]:
        return _stamp(self._chain), _stamp(self._key)


def _stamp(path: Path) -> _Stamp | None:
    """What changes when a file does; None while it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
