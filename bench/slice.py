#!/usr/bin/env python3
"""Measures the slice from a PDF to a cited answer, with the real server.

usage: bench/slice.py TREADLE PDF [QUESTION...]

Starts `TREADLE serve` on a store of its own, adds the PDF to a vector store, asks, and prints each
figure with its limit. Reading is compared with pdftotext in the same run, since machines differ.
"""
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

QUESTIONS = ["How do I install a package?", "What is the default value of the tolerance?",
             "Which function reads a file?", "How can I suppress output?"]


class Server:
    def __init__(self, program, store):
        start = time.monotonic()
        self.process = subprocess.Popen(
            [program, "serve", "--listen", "127.0.0.1:0", "--store", store],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        self.seconds_to_listen = time.monotonic() - start
        self.port = int(re.search(r"listening on http://127\.0\.0\.1:(\d+)", line).group(1))
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)

    def call(self, method, path, body=None, headers=None):
        if isinstance(body, dict):
            body, headers = json.dumps(body), {"Content-Type": "application/json"}
        self.connection.request(method, "/v1" + path, body, headers or {})
        reply = self.connection.getresponse()
        data = reply.read()
        if reply.status != 200:
            raise SystemExit(f"{method} {path}: {reply.status} {data.decode()}")
        return json.loads(data)

    def memory(self, field):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(field + r":\s+(\d+) kB", status.read()).group(1)) / 1024

    def stop(self):
        self.process.terminate()
        return self.process.wait(30)


def upload(server, path):
    boundary = "treadle-bench"
    with open(path, "rb") as file:
        content = file.read()
    head = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nassistants\r\n"
            f"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; "
            f"filename=\"manual.pdf\"\r\n\r\n").encode()
    return server.call("POST", "/files", head + content + f"\r\n--{boundary}--\r\n".encode(),
                       {"Content-Type": f"multipart/form-data; boundary={boundary}"})


def reader_peak(pid, peaks):
    """The largest resident size of a reader so far, in MB."""
    for child in os.listdir("/proc"):
        try:
            with open(f"/proc/{child}/status") as status:
                text = status.read()
            if "Name:\ttreadle-reader" in text:
                peaks[child] = int(re.search(r"VmHWM:\s+(\d+) kB", text).group(1)) / 1024
        except (OSError, AttributeError):
            pass


def index(server, file_id):
    peaks = {}
    start = time.monotonic()
    store = server.call("POST", "/vector_stores", {"file_ids": [file_id]})
    while store["status"] == "in_progress":
        reader_peak(server.process.pid, peaks)
        time.sleep(0.02)
        store = server.call("GET", "/vector_stores/" + store["id"])
    seconds = time.monotonic() - start
    if store["file_counts"]["completed"] != 1:
        raise SystemExit(server.call("GET", f"/vector_stores/{store['id']}/files"))
    return store, seconds, max(peaks.values(), default=0)


def ask(server, assistant, question):
    thread = server.call("POST", "/threads", {"messages": [{"role": "user", "content": question}]})
    start = time.monotonic()
    run = server.call("POST", f"/threads/{thread['id']}/runs", {"assistant_id": assistant["id"]})
    while run["status"] in ("queued", "in_progress"):
        time.sleep(0.001)
        run = server.call("GET", f"/threads/{thread['id']}/runs/{run['id']}")
    seconds = time.monotonic() - start
    if run["status"] != "completed":
        raise SystemExit(f"the run is {run['status']}: {run['last_error']}")
    return seconds


def page_count(path):
    text = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"Pages:\s+(\d+)", text).group(1))


def pdftotext_seconds(path):
    start = time.monotonic()
    subprocess.run(["pdftotext", path, "/dev/null"], check=True)
    return time.monotonic() - start


def row(name, value, limit):
    print(f"{name:<44} {value:>14}   {limit}")


def main():
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    program, path = sys.argv[1], sys.argv[2]
    questions = sys.argv[3:] or QUESTIONS
    pages = page_count(path)
    with tempfile.TemporaryDirectory() as directory:
        starts = []
        for i in range(5):
            server = Server(program, f"{directory}/start{i}")
            starts.append(server.seconds_to_listen)
            rest = server.memory("VmRSS")
            server.stop()
        server = Server(program, directory + "/store")
        plain = pdftotext_seconds(path)
        store, seconds, reader = index(server, upload(server, path)["id"])
        assistant = server.call("POST", "/assistants", {
            "model": "treadle-extractive", "tools": [{"type": "file_search"}],
            "tool_resources": {"file_search": {"vector_store_ids": [store["id"]]}}})
        times = [ask(server, assistant, q) for q in questions for _ in range(5)]
        row("start to listening", f"{statistics.median(starts) * 1000:.0f} ms", "limit 50 ms")
        row("memory at rest, nothing read yet", f"{rest:.1f} MB", "limit 20 MB")
        row("memory at rest, after reading and asking", f"{server.memory('VmRSS'):.1f} MB", "")
        row("largest memory of the server", f"{server.memory('VmHWM'):.1f} MB", "")
        row("largest memory of a reader", f"{reader:.1f} MB", "")
        row(f"{pages} pages to searchable", f"{seconds:.2f} s", "")
        row("pages a second", f"{pages / seconds:.0f}", "")
        row("the same against pdftotext alone", f"{plain / seconds:.2f}", "limit 0.8")
        row("question to answer, median", f"{statistics.median(times) * 1000:.0f} ms",
            "limit 300 ms")
        row("question to answer, slowest", f"{max(times) * 1000:.0f} ms", "")
        if server.stop() != 0:
            raise SystemExit("the server did not end well")


main()
