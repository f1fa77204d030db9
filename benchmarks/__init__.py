"""Figures of the system, printed and never asserted: ``python -m benchmarks [NAME...]``."""
