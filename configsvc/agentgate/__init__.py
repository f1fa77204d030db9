"""The agent-facing transport: an event loop that serves stored bundles to ten thousand streams.

It reads what was compiled at publish time; it never compiles, validates or analyses itself.
"""
