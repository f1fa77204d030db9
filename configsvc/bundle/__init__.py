"""Bundles: what an agent gets, compiled from a namespace's resources."""

from configsvc.bundle.compiler import (
    FORMAT,
    Bundle,
    Changed,
    NoBundleError,
    compile_all,
    compile_bundle,
    compile_changed,
)

__all__ = [
    "FORMAT",
    "Bundle",
    "Changed",
    "NoBundleError",
    "compile_all",
    "compile_bundle",
    "compile_changed",
]
