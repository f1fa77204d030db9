"""Folders of documents: read within bounds, watched, and published as they change.

Nothing is imported here: the command line reads folders with `sources` alone, and must not wait
for the rest.
"""
