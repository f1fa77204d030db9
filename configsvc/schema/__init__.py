"""Documents to model and back: what may be written, and why and where something is refused."""

from configsvc.schema.canonical import canonical, digest
from configsvc.schema.documents import Document, LoadResult, load_text, load_value, parse_json
from configsvc.schema.effective import effective
from configsvc.schema.errors import DocumentError, InvalidDocumentError, Location, Problem
from configsvc.schema.files import json_schema
from configsvc.schema.leaf_writing import leaf_json
from configsvc.schema.leaves import LeafSpec, LeafType, leaves
from configsvc.schema.reading import read, read_stored
from configsvc.schema.syntax import Syntax
from configsvc.schema.writing import to_json, to_yaml

__all__ = [
    "Document",
    "DocumentError",
    "InvalidDocumentError",
    "LeafSpec",
    "LeafType",
    "LoadResult",
    "Location",
    "Problem",
    "Syntax",
    "canonical",
    "digest",
    "effective",
    "json_schema",
    "leaf_json",
    "leaves",
    "load_text",
    "load_value",
    "parse_json",
    "read",
    "read_stored",
    "to_json",
    "to_yaml",
]
