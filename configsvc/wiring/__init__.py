"""The composition root: the only room that names a backend, and that starts processes.

It exports nothing: a child of a node must ask for its parent's end before it loads the rest.
"""
