"""The built files, read once: small enough for memory, compressed once for every visitor."""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BUILT: Final = Path(__file__).with_name("_built")
"""Where the build puts them."""

INDEX: Final = "index.html"

_TEXTS: Final = ("text/", "application/json", "image/svg+xml")


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is sent. `compressed` is its gzip form, None where that saves nothing."""

    content: bytes
    compressed: bytes | None
    content_type: str
    etag: str

    @classmethod
    def of(cls, name: str, content: bytes) -> "File":
        """The file of that name with that content."""
        content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        compressed = None
        if content_type.startswith(_TEXTS):
            content_type = f"{content_type}; charset=utf-8"
            smaller = gzip.compress(content, 9, mtime=0)
            compressed = smaller if len(smaller) < len(content) else None
        return cls(content, compressed, content_type, hashlib.sha256(content).hexdigest()[:32])


def load(folder: Path = BUILT) -> Mapping[str, File]:
    """Every built file by its path below the folder; none if the console was not built."""
    if not (folder / INDEX).is_file():
        return {}
    return {
        str(path.relative_to(folder)): File.of(path.name, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
