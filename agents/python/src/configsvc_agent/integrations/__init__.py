"""Ways into the agent for libraries that services use. Each module imports its own library.

Outgoing calls: :mod:`httpx`, :mod:`requests`, :mod:`aiohttp`, :mod:`grpc`. Incoming ones:
:mod:`wsgi`, :mod:`asgi`, :mod:`grpc`. What happens: :mod:`logging`, :mod:`prometheus`,
:mod:`opentelemetry`. (All of :mod:`configsvc_agent.integrations`.)
"""
