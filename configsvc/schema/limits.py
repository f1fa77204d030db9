"""How much is read before somebody's mistake, or malice, is refused."""

DOCUMENT_BYTES = 256 * 1024
"""Largest document, as written and in canonical form."""

STREAM_BYTES = 16 * 1024 * 1024
"""Largest text that is read at once: as large as the largest change."""

DEPTH = 64
"""Deepest nesting of objects and lists."""

NODES = 10_000
"""Values in one YAML document, with each alias counted as what it stands for."""

INTEGER = 2**53 - 1
"""Largest integer that every reader of JSON keeps exact."""

ERRORS = 100
"""Errors of one document that are told; more help nobody."""

UNSAFE_NUMBER = (
    "not a number that every reader of JSON keeps exact: use one between -(2^53 - 1) and 2^53 - 1"
)
"""What is said of a number beyond `INTEGER`."""

LONE_SURROGATE = "half of a surrogate pair is no character: write the character itself"
"""What is said of text that has no encoding."""
