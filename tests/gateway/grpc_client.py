"""A plain gRPC client: calls each method at a target once, and prints what it gets."""

import sys

import grpc

target, *methods = sys.argv[1:]
with grpc.insecure_channel(target) as channel:
    for method in methods:
        try:
            answer = channel.unary_unary(method)(b"", timeout=20)
            sys.stdout.write(f"{answer.decode()}\n")
        except grpc.RpcError as exc:
            sys.stdout.write(f"{exc.code().name}\n")
