#!/usr/bin/env python3
"""Measures memory: at rest, after many requests, and with many idle connections.

usage: bench/memory.py TREADLE [REQUESTS [CONNECTIONS]]      default: 1000000 10000

The connections have each made one request and then say nothing. They must all still be served.
"""
import json
import os
import resource
import socket
import sys
import time

from common import Server, at_most, private_directory, wrk

MIB = 1 << 20
LOOK = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def show(what, server, before=None, count=0):
    time.sleep(1)
    memory = server.memory()
    each = f", {(memory - before) / count / 1024:.1f} KiB each" if count else ""
    print(f"{what:<44} {memory / MIB:>9.1f} MiB{each}")
    return memory


def connect(server):
    address = (server.url.split("/")[2].split(":")[0], int(server.url.rsplit(":", 1)[1]))
    connection = socket.create_connection(address)
    connection.sendall(LOOK)
    if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
        raise SystemExit("a connection was refused")
    return connection


def make_requests(server, count):
    """Half of them write, half read."""
    ids = [json.loads(server.post("/v1/threads", "{}"))["id"] for _ in range(64)]
    done = 0
    while done < count:
        before = server.counters()["treadle_uptime_seconds"]
        rate = wrk(server.url, "messages.lua", ids, 64, at_most(10))[0]
        done += rate * at_most(10)
        path = f"/v1/threads/{ids[0]}/messages?limit=20"
        seconds = max(1, min(10, int((count - done) / 20000)))
        done += wrk(server.url + path, "get.lua", [], 64, seconds)[0] * seconds
        if server.counters()["treadle_uptime_seconds"] < before:
            raise SystemExit("the server started anew")
    return int(done)


def main():
    program = sys.argv[1]
    requests = int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
    connections = int(sys.argv[3]) if len(sys.argv) > 3 else 10000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < connections + 1000:
        raise SystemExit(f"only {hard} descriptors are allowed: raise the limit first")
    with private_directory() as directory:
        store = os.path.join(directory, "store")
        os.mkdir(store, 0o700)
        server = Server(program, store)
        show("at rest", server)
        made = make_requests(server, requests)
        before = show(f"after {made} requests", server)
        idle = [connect(server) for _ in range(connections)]
        show(f"with {connections} idle connections", server, before, connections)
        for connection in idle[:: max(1, connections // 100)]:
            connection.sendall(LOOK)
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                raise SystemExit("an idle connection was not served any more")
        for connection in idle:
            connection.close()
        show("after they have left", server)
        server.stop()


if __name__ == "__main__":
    main()
