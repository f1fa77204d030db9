"""The demo: real processes, real traffic, real failures, on a node of its own."""
