"""Errors every room may raise, rooted by who must act on them."""


class ConfigsvcError(Exception):
    """Base of every error that configsvc raises on purpose."""


class InputError(ConfigsvcError):
    """What the caller sent is wrong; sending it again unchanged fails again."""


class OperationError(ConfigsvcError):
    """The request was fine, but the system's state or surroundings stood against it."""
