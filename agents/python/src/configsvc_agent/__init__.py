"""The library in a service that holds its last good bundle and enforces it."""

__version__ = "0.1.0"
