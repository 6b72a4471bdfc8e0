"""What the measurements share: a server on a store of its own, wrk, medians."""
import os
import re
import sqlite3
import statistics
import subprocess
import tempfile
import urllib.request

# With BENCH_BRIEF each part runs once and for a second: it shows that the programs work, and no figure.
BRIEF = bool(os.environ.get("BENCH_BRIEF"))
HERE = os.path.dirname(os.path.abspath(__file__))


class Server:
    """`PROGRAM serve` on a store; its log goes to a file, as in production."""

    def __init__(self, program, store, *arguments):
        self.log = open(os.path.join(store, "..", "log"), "ab")
        self.process = subprocess.Popen(
            [program, "serve", "--listen", "127.0.0.1:0", "--store", store, *arguments],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        self.url = re.search(r"http://\S+", line).group()

    def get(self, path):
        with urllib.request.urlopen(self.url + path) as reply:
            return reply.read()

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, data=body.encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as reply:
            return reply.read()

    def delete(self, path):
        with urllib.request.urlopen(urllib.request.Request(self.url + path, method="DELETE")) as reply:
            return reply.read()

    def counters(self):
        """Numbers without labels, by name, as /metrics has them."""
        lines = self.get("/metrics").decode().splitlines()
        return {name: float(value) for name, value in
                (line.split() for line in lines if re.match(r"\w+ ", line))}

    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) * 1024

    def stop(self):
        self.process.terminate()
        status = self.process.wait(60)
        self.log.close()
        if status:
            raise SystemExit(f"the server ended with {status}")


class Model:
    """A bench_model."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def stop(self):
        self.process.kill()
        self.process.wait()


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wrk(url, script, arguments, connections, seconds):
    """Requests a second, median and 99th percentile in ms. Fails when a reply was no 200."""
    output = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", os.path.join(HERE, script), url,
         "--", *map(str, arguments)], check=True, capture_output=True, text=True).stdout
    rate, middle, late, wrong = re.search(r"RESULT (\S+) (\S+) (\S+) (\S+)", output).groups()
    if int(wrong):
        raise SystemExit(f"{wrong} requests failed:\n{output}")
    return float(rate), float(middle), float(late)


def at_most(number):
    """That many rounds or seconds; one where the measurement is to be brief."""
    return 1 if BRIEF else number


def private_directory():
    """On a disk and not in memory, or durable writes would cost nothing."""
    return tempfile.TemporaryDirectory(prefix="treadle-bench-", dir=os.environ.get("BENCH_DIR"))


def median(values):
    return statistics.median(values)


def show(what, rate, measure, aim):
    ratio = rate / measure
    print(f"{what:<44} {rate:>9.0f}/s  ratio {ratio:.2f}  aim {aim:.2f}  "
          f"{'met' if ratio >= aim else 'MISSED'}")


def open_database(store):
    return sqlite3.connect(os.path.join(store, "treadle.db"))
