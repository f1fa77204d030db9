"""Configurations of which an importer noted something (RT13, SC01, SC03, DL09, GW06)."""

from tests.analysis.generators.generator import Generator, one_of

KINDS = ("clamped", "ignored", "replaced", "zero", "unitless", "implied")


def _about(code: str, kind: str, case: str) -> Generator:
    """The rule speaks of notes of one kind."""
    kinds = one_of(kind, *KINDS)
    return Generator(code, {"Runtime.notes.0.kind": kinds}, kind.__eq__, case=case)


NOTED = "what the importer noted"
GENERATORS = (
    _about("RT13", "clamped", NOTED),
    _about("SC01", "unitless", NOTED),
    _about("SC03", "ignored", NOTED),
    _about("DL09", "zero", NOTED),
    _about(
        "GW06",
        "replaced",
        "a policy for the route drops 130 s to 15 s (envoyproxy gateway 4091, 4478, 4844)",
    ),
)
