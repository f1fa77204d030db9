"""How fast a change reaches a large fleet, beside a server in C, Redis, NATS and etcd."""
