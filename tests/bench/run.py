#!/usr/bin/python3
"""Runs the benchmark on programs that are already built; `run.sh` installs, builds and calls this. Prints Markdown on
standard output, progress on standard error, and writes bench.md, bench.svg and bench.json."""
import argparse
import contextlib
import json
import os
import pathlib
import signal
import sys

from runner import async_measures, budgets, clients, machine, measures, plot, report, servers, tls_measures
from runner.results import Results

SECTIONS = {"plain": measures.MEASURES, "async": async_measures.MEASURES, "tls": tls_measures.MEASURES}
MEASURES = {name: measure for section in SECTIONS.values() for name, measure in section.items()}
PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent


def options():
    def names(known):
        def parse(text):
            unknown = set(text.split(",")) - set(known)
            if unknown:
                raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: choose from {', '.join(known)}")
            return text.split(",")

        return parse

    programs = list(dict.fromkeys(client.short_name for client in clients.EVERYONE))
    parser = argparse.ArgumentParser(prog="sh tests/bench/run.sh", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about two minutes, to see that everything works")
    parser.add_argument("--measures", type=names(MEASURES), default=list(MEASURES), metavar="A,B",
                        help="only these of " + ", ".join(MEASURES))
    parser.add_argument("--only", choices=SECTIONS, help="the measures of one section: plain, without TLS and one request "
                        "at a time; async; or tls")
    parser.add_argument("--clients", type=names(programs), default=programs, metavar="A,B",
                        help="only these of " + ", ".join(programs) + "; the raw ones always take part")
    parser.add_argument("--rounds", type=int, help="of the timed measures (default: 9, quick: 3)")
    parser.add_argument("--check", action="store_true", help="fail when a budget is missed")
    parser.add_argument("--build", type=pathlib.Path, default=PROJECT / "build" / "bench", help="the build folder")
    parser.add_argument("--output", type=pathlib.Path, help="the folder for the results (default: the build folder)")
    wanted = parser.parse_args()
    if wanted.only:
        wanted.measures = [name for name in wanted.measures if name in SECTIONS[wanted.only]]
    return wanted


def chosen(wanted, results):
    """Those that were asked for, as far as they were built: Go need not be there."""
    floors = ("raw", "raw_epoll", "raw_tls")
    taking_part = [client for client in clients.EVERYONE if client.short_name in (*floors, *wanted.clients)]
    absent = [client for client in taking_part if client.native and not (programs(wanted) / client.program).exists()]
    results.notes.extend(f"{client.name} does not take part: {client.program} was not built." for client in absent)
    return [client for client in taking_part if client not in absent]


def programs(wanted):
    return wanted.build / "tests" / "bench"


def measure(wanted, taking_part, results):
    server_core, client_core = machine.cores()
    apart = server_core != client_core
    if not apart:
        results.notes.append("There is one core only: server and client share it.")
    with contextlib.ExitStack() as stack:
        roots = wanted.build / "roots.pem"
        own = servers.own(programs(wanted) / "bench_server", server_core, roots, spin=apart)
        address, secure = stack.enter_context(own)
        addresses = {measures.OWN: address}
        if servers.nginx_program():
            addresses[measures.NGINX] = stack.enter_context(servers.nginx(server_core))
        else:
            results.notes.append("nginx is not installed.")
        rounds = wanted.rounds or (3 if wanted.quick else 9)
        caller = clients.Caller(programs(wanted), client_core, roots)
        bench = measures.Bench(taking_part, caller, addresses, secure, results, wanted.build, wanted.quick, rounds)
        if "compile" in wanted.measures:
            measures.minimal_programs_work(bench)
        for name in wanted.measures:
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            MEASURES[name](bench)


def write(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
        print(f"wrote {folder / name}", file=sys.stderr)


def main():
    wanted = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that servers are stopped on the way out
    machine.allow_many_descriptors()
    floors = {client.name: client.floor for client in clients.EVERYONE}
    results = Results(floors | async_measures.FLOORS)
    taking_part = chosen(wanted, results)
    onlookers = machine.Onlookers()
    measure(wanted, taking_part, results)
    if onlookers.share() >= 0.03:
        results.notes.append(f"Other programs took {onlookers.share():.0%} of the processors: the times are doubtful.")

    tables = report.markdown(results, taking_part, machine.description(os.environ.get("CXX", "c++")))
    text = tables + "\n" + budgets.markdown(results)
    write(wanted.output or wanted.build, {"bench.md": text, "bench.svg": plot.svg(results, taking_part),
                                          "bench.json": json.dumps(results.as_json(), indent=1)})
    print(text)
    missed = budgets.missed(results)
    if wanted.check and missed:
        sys.exit("budgets missed: " + "; ".join(missed))


if __name__ == "__main__":
    try:
        main()
    except clients.Failed as reason:
        sys.exit(f"the benchmark failed: {reason}")
