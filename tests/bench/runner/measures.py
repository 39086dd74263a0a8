"""How each quantity is measured. A count is the difference of two run lengths, so that start-up and warm-up cancel out;
a time is taken in rounds, in which every client has its turn."""
import collections
import json
import pathlib
import random
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile

from . import machine
from .clients import Failed

OWN, NGINX = "own server", "nginx"
GB = 1e9


class Bench:
    """What all measures need: who takes part, where the servers are, where results go, and how much of everything."""

    def __init__(self, clients, caller, servers, secure, results, build, quick, rounds):
        self.clients, self.caller, self.servers, self.results = clients, caller, servers, results
        self.secure = secure  # where our own server speaks TLS
        self.build, self.quick, self.rounds = build, quick, rounds

    def taking_part(self, mode, native_only=False):
        return [c for c in self.clients if mode in c.modes and (c.native or not native_only)]

    def say(self, what):
        print(f"  {what}", file=sys.stderr, flush=True)


# A run of a few thousand requests is over in less time than a neighbour on the machine is busy, so there are more of them.
SHORT = 3


def rounds_of(bench, mode, times=1):
    """Whose turn it is: all of them in each round, in an order that does not let the same ones follow each other."""
    rounds = times * bench.rounds
    for round_number in range(rounds):
        bench.say(f"{mode}, round {round_number + 1} of {rounds}")
        in_turn = bench.taking_part(mode)
        random.Random(round_number).shuffle(in_turn)
        yield in_turn


def _timed(bench, mode, count, slow_count, record, only=None, times=1):
    for in_turn in rounds_of(bench, mode, times):
        for server, base in bench.servers.items():
            if only not in (None, server):
                continue
            for client in in_turn:
                line, _ = bench.caller.run(client, mode, base, slow_count if client.slow else count)
                record(server, client.name, line)


def get(bench):
    def record(server, name, line):
        bench.results.add("get cpu", server, name, (line["user"] + line["sys"]) / line["requests"])
        bench.results.add("get wall", server, name, line["wall"] / line["requests"])

    counts = (4_000, 400) if bench.quick else (10_000, 1_000)
    _timed(bench, "get", *counts, record, only=OWN, times=SHORT)
    if NGINX in bench.servers:
        _timed(bench, "get", *counts, record, only=NGINX)


def once(bench):
    def record(server, name, line):
        bench.results.add("once cpu", server, name, (line["user"] + line["sys"]) / line["requests"])
        bench.results.add("once wall", server, name, line["wall"] / line["requests"])

    _timed(bench, "once", 500 if bench.quick else 1_000, 100 if bench.quick else 200, record, only=OWN)


def body8(bench):
    def record(server, name, line):
        bench.results.add("body8 cpu", server, name, (line["user"] + line["sys"]) / line["bytes"] * GB)

    count = 10 if bench.quick else 20
    _timed(bench, "body8", count, count, record)


def stream256(bench):
    def record(server, name, line):
        bench.results.add("stream256 cpu", server, name, (line["user"] + line["sys"]) / line["bytes"] * GB)

    count = 1 if bench.quick else 4
    _timed(bench, "stream256", count, count, record)


def difference(measured, lengths):
    """Per request, from two runs; both must have been measured."""
    few, many = (measured(length) for length in lengths)
    return None if few is None or many is None else (many - few) / (lengths[1] - lengths[0])


def allocations(bench):
    for client in bench.taking_part("get", native_only=True):
        def counted(length):
            return bench.caller.run(client, "get", bench.servers[OWN], length, preload=True)[0]["allocations"]

        bench.results.add("allocations", OWN, client.name, difference(counted, (1_000, 2_000)))


def idle(bench):
    for client in bench.taking_part("idle", native_only=True):
        def kept(length):
            return bench.caller.run(client, "idle", bench.servers[OWN], length, preload=True)[0]["live"]

        bench.results.add("idle bytes", OWN, client.name, difference(kept, (500, 1_000)))


def _calls(report):
    """Calls by name, from `strace -c`."""
    found = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", report, re.MULTILINE)
    return collections.Counter({name: int(calls) for calls, name in found if name != "total"})


def calls_per_request(bench, client, mode, lengths, at_once=1, base=None):
    """How many in all, and their names. On answers that come after half a millisecond, or twenty where many requests
    are under way: strace slows a client so much that it would else never wait."""
    path = "/later" if at_once == 1 else "/much-later"

    def counted(length):
        with tempfile.NamedTemporaryFile("r", prefix="ferry-bench-") as report:
            wrapper = ["strace", "-f", "-c", "-o", report.name]
            bench.caller.run(client, mode, base or bench.servers[OWN], length, at_once=at_once, path=path,
                             wrapper=wrapper)
            return _calls(report.read())

    before, after = (counted(length) for length in lengths)
    spent = {name: (after[name] - before[name]) / (lengths[1] - lengths[0]) for name in after}
    frequent = sorted(((calls, name) for name, calls in spent.items() if calls >= 0.05), reverse=True)
    return sum(spent.values()), ", ".join(f"{name} {calls:.3g}" for calls, name in frequent)


def system_calls(bench):
    if not can_trace():
        return bench.results.notes.append("System calls were not counted: strace is missing, or not permitted here.")
    for client in (c for c in bench.taking_part("get") if not c.path):  # that would be the path asked for here
        total, listed = calls_per_request(bench, client, "get", (50, 100) if bench.quick else (100, 300))
        bench.results.add("system calls", OWN, client.name, total)
        bench.results.notes.append(f"System calls per GET, {client.name}: {listed}.")


def can_trace():
    if not shutil.which("strace"):
        return False
    return subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode == 0


def instructions_of(bench, client, mode, base, lengths):
    """None where they cannot be counted."""
    if not shutil.which("valgrind"):
        return None
    wrapper = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]

    def collected(length):
        _, report = bench.caller.run(client, mode, base, length, wrapper=wrapper, limit=300)
        return int(re.search(r"Collected\s*:\s*(\d+)", report).group(1))

    return difference(collected, lengths)


def instructions(bench):
    if not shutil.which("valgrind"):
        return bench.results.notes.append("Instructions were not counted: valgrind is missing.")
    for client in bench.taking_part("get", native_only=bench.quick):
        bench.say(f"instructions, {client.name}")
        lengths = (20, 60) if client.slow else (500, 1_500)
        bench.results.add("instructions", OWN, client.name,
                          instructions_of(bench, client, "get", bench.servers[OWN], lengths))


def _compile_command(commands, package):
    """As CMake would compile it, less what says where to write."""
    entry = next(e for e in commands if e["file"].endswith(f"/minimal/{package}.cpp"))
    words = iter(shlex.split(entry["command"]))
    kept = []
    for word in words:
        if word in ("-o", "-MT", "-MF"):
            next(words)
        elif word not in ("-c", "-MD", "-MMD") and not word.startswith("-O"):
            kept.append(word)
    return kept, entry["directory"]


def _cpu_seconds(command, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, env=machine.environment())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compile_time(bench):
    with open(bench.build / "compile_commands.json") as file:
        commands = json.load(file)
    for round_number in range(1 if bench.quick else 3):
        for client in (c for c in bench.clients if c.package):
            bench.say(f"compile time, {client.name}, round {round_number + 1}")
            command, folder = _compile_command(commands, client.package)
            syntax = _cpu_seconds([*command, "-fsyntax-only"], folder)
            optimized = _cpu_seconds([*command, "-O2", "-c", "-o", "/dev/null"], folder)
            bench.results.add("compile syntax", "", client.name, syntax)
            bench.results.add("compile -O2", "", client.name, optimized)
    if any(c.package == "ferry" for c in bench.clients):
        bench.results.notes.append("Compile time of ferry: with ferry::ferry, the session is compiled once for a whole program, "
                                   "in a library; with ferry::header_only, by each file that uses it.")
    if any(c.package == "httplib" for c in bench.clients):
        bench.results.notes.append("Compile time of cpp-httplib: as Debian packages it, split into a header of declarations "
                                   "and a shared library.")


def minimal_programs_work(bench):
    """A program that compiles quickly but does not do a GET would be no comparison."""
    host, port = bench.servers[OWN].removeprefix("http://").split(":")
    for client in (c for c in bench.clients if c.package):
        program = pathlib.Path(bench.caller.programs, f"minimal_{client.package}")
        done = subprocess.run([program, host, port, "/small"], capture_output=True, text=True, timeout=20,
                              env=machine.environment())
        if done.stdout.strip() != "200":
            raise Failed(f"{program.name} printed {done.stdout!r} {done.stderr!r} instead of 200")


MEASURES = {
    "allocations": allocations,
    "idle": idle,
    "syscalls": system_calls,
    "instructions": instructions,
    "get": get,
    "once": once,
    "body8": body8,
    "stream256": stream256,
    "compile": compile_time,
}
