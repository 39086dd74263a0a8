"""How the asynchronous clients are measured: many requests at once, many connections, many hosts."""
import re
import resource
import shutil
import subprocess

from .clients import Failed
from .measures import OWN, SHORT, calls_per_request, can_trace, difference, rounds_of

AT_ONCE = (1, 100, 1_000)
HOSTS = 100
POOLS = {"pool of 10 origins": 10, "pool of 100,000 origins": 100_000}
FLOORS = dict.fromkeys(POOLS, "pool of 10 origins")


def _cpu(bench, client, count, **more):
    line, _ = bench.caller.run(client, "async", bench.servers[OWN], count, **more)
    return (line["user"] + line["sys"]) / line["requests"]


def async_get(bench):
    """Many hosts are compared with one in the same round, each client with itself."""
    for in_turn in rounds_of(bench, "async", SHORT):
        for at_once in AT_ONCE:
            count = 4_000 if bench.quick or at_once == 1 else 10_000
            for client in in_turn:
                cpu = _cpu(bench, client, count, at_once=at_once)
                bench.results.add(f"async cpu {at_once}", OWN, client.name, cpu)
                if at_once == HOSTS:
                    apart = _cpu(bench, client, count, at_once=at_once, hosts=HOSTS)
                    bench.results.add("hosts cpu", OWN, client.name, apart / cpu)


def system_calls(bench):
    if not can_trace():
        return
    for client in bench.clients:
        mode = next((m for m in ("async", "async counted") if m in client.modes), None)
        if mode is None:
            continue
        for at_once, lengths in ((1, (100, 200)), (100, (500, 2_000))):
            total, listed = calls_per_request(bench, client, mode, lengths, at_once)
            bench.results.add(f"async system calls {at_once}", OWN, client.name, total)
            bench.results.notes.append(f"System calls per GET, {at_once} at once, {client.name}: {listed}.")


def allocations(bench):
    for client in bench.taking_part("async counted"):
        def counted(length):
            line, _ = bench.caller.run(client, "async counted", bench.servers[OWN], length, at_once=100, preload=True)
            return line["allocations"]

        bench.results.add("async allocations", OWN, client.name, difference(counted, (1_000, 2_000)))


def idle(bench):
    """Ten thousand connections, as far as the limit of descriptors goes; some are for other files."""
    most = 1_000 if bench.quick else 10_000
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit - 100 < most:
        most = (limit - 100) // 2 * 2
        bench.results.notes.append(f"Idle connections: {most:,} at most, for want of descriptors.")
    for client in bench.taking_part("async idle"):
        bench.say(f"{most:,} idle connections, {client.name}")

        def kept(length):
            return bench.caller.run(client, "async idle", bench.servers[OWN], length, preload=True)[0]["live"]

        bench.results.add("async idle bytes", OWN, client.name, difference(kept, (most // 2, most)))


def _instructions(report):
    return int(re.search(r"Collected\s*:\s*(\d+)", report).group(1))


CALLGRIND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]


def instructions(bench):
    if not shutil.which("valgrind"):
        return
    for client in bench.taking_part("async counted"):
        bench.say(f"instructions, {client.name}")
        counts = []
        for hosts in (1, HOSTS):
            def collected(length):
                _, report = bench.caller.run(client, "async counted", bench.servers[OWN], length, at_once=100,
                                             hosts=hosts, wrapper=CALLGRIND, limit=300)
                return _instructions(report)

            counts.append(difference(collected, (500, 1_500)))
        bench.results.add("async instructions", OWN, client.name, counts[0])
        bench.results.add("hosts instructions", OWN, client.name, counts[1] / counts[0])


def checkout(bench):
    """Time depends on what fits into caches; instructions tell whether more origins make more work."""
    for name, origins in POOLS.items():
        for _ in range(bench.rounds):
            line = dict(word.split("=") for word in _checkout(bench, origins, 200_000).stdout.split())
            bench.results.add("checkout cpu", "", name, float(line["cpu"]) / float(line["checkouts"]))
        if shutil.which("valgrind"):
            def collected(length):
                return _instructions(_checkout(bench, origins, length, CALLGRIND).stderr)

            bench.results.add("checkout instructions", "", name, difference(collected, (10_000, 30_000)))


def _checkout(bench, origins, count, wrapper=()):
    command = [*wrapper, bench.caller.programs / "bench_checkout", str(origins), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise Failed(f"checkout, {origins} origins: {done.stderr.strip()[-500:]}")
    return done


MEASURES = {
    "async-allocations": allocations,
    "async-idle": idle,
    "async-syscalls": system_calls,
    "async-instructions": instructions,
    "async": async_get,
    "checkout": checkout,
}
