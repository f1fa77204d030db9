"""The policy engine: what a guarded call obeys, decided without I/O, clock, thread or chance.

Every state machine takes the present (``now``, monotonic microseconds) and chance (a callable that
returns a float in [0, 1)) as arguments, so that a driver can run it under real time and a simulator
under virtual time. Nothing here sleeps, and nothing here knows what an attempt is made of.
"""
