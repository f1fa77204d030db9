"""A control plane that proves resilience policies fit together before it ships them."""

__version__ = "0.1.0"
