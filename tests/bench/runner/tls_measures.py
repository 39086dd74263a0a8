"""How clients are measured over TLS: one kept connection, a large body, and connections with a handshake each. Rows of
their own, whose floor is a loop of SSL_write and SSL_read."""
from .measures import GB, OWN, SHORT, can_trace, calls_per_request, difference, instructions_of, rounds_of

HANDSHAKES = ("tls full", "tls resumed")


def _timed(bench, mode, count, record, times=1):
    for in_turn in rounds_of(bench, mode, times):
        for client in in_turn:
            line, _ = bench.caller.run(client, mode, bench.secure, count)
            record(client.name, line, line["user"] + line["sys"])


def get(bench):
    def record(name, line, cpu):
        bench.results.add("tls get cpu", OWN, name, cpu / line["requests"])
        bench.results.add("tls get wall", OWN, name, line["wall"] / line["requests"])

    _timed(bench, "tls get", 4_000 if bench.quick else 10_000, record, SHORT)


def stream256(bench):
    def record(name, line, cpu):
        bench.results.add("tls stream256 cpu", OWN, name, cpu / line["bytes"] * GB)

    _timed(bench, "tls stream256", 1 if bench.quick else 2, record)


def handshakes(bench):
    for mode in HANDSHAKES:
        def record(name, line, cpu):
            bench.results.add(f"{mode} cpu", OWN, name, cpu / line["requests"])

        _timed(bench, mode, 200 if bench.quick else 500, record)


def system_calls(bench):
    if not can_trace():
        return
    for client in bench.taking_part("tls counted"):
        total, listed = calls_per_request(bench, client, "tls counted", (50, 100) if bench.quick else (100, 300),
                                          base=bench.secure)
        bench.results.add("tls system calls", OWN, client.name, total)
        bench.results.notes.append(f"System calls per GET, {client.name}: {listed}.")


def allocations(bench):
    for client in bench.taking_part("tls counted"):
        def counted(length):
            return bench.caller.run(client, "tls counted", bench.secure, length, preload=True)[0]["allocations"]

        bench.results.add("tls allocations", OWN, client.name, difference(counted, (500, 1_000)))
        by_openssl = bench.results.value("tls allocations", OWN, client.floor)
        bench.results.add("tls allocations beyond", OWN, client.name,
                          bench.results.value("tls allocations", OWN, client.name) - by_openssl)


def idle(bench):
    for client in bench.taking_part("tls idle"):
        def kept(length):
            return bench.caller.run(client, "tls idle", bench.secure, length, preload=True)[0]["live"]

        bench.results.add("tls idle bytes", OWN, client.name, difference(kept, (100, 200) if bench.quick else (250, 500)))


def instructions(bench):
    for client in bench.taking_part("tls counted"):
        bench.say(f"instructions, {client.name}")
        counted = instructions_of(bench, client, "tls counted", bench.secure, (200, 600))
        if counted is not None:
            bench.results.add("tls instructions", OWN, client.name, counted)


MEASURES = {
    "tls-allocations": allocations,
    "tls-idle": idle,
    "tls-syscalls": system_calls,
    "tls-instructions": instructions,
    "tls-get": get,
    "tls-stream256": stream256,
    "tls-handshakes": handshakes,
}
