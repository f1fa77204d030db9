"""The shorthand ``waivers`` of a change: Waiver documents without their wrapping."""

from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from typing import Any

from configsvc.model.names import API_VERSION, Kind
from configsvc.schema import Document, canonical, load_value


def waiver_documents(specs: Sequence[Any], today: date) -> tuple[Document, ...]:
    """One Waiver document for each spec, named after its code, its content and the day."""
    return tuple(_document(index, spec, today) for index, spec in enumerate(specs))


def _document(index: int, spec: object, today: date) -> Document:
    code = spec.get("code") if isinstance(spec, dict) else "waiver"
    mark = sha256(canonical(spec)).hexdigest()[:8]
    name = f"{str(code).lower()[:20]}-{today:%Y%m%d}-{mark}"
    value = {
        "apiVersion": API_VERSION,
        "kind": str(Kind.WAIVER),
        "metadata": {"name": name},
        "spec": spec,
    }
    return load_value(value, origin=f"/waivers/{index}")
