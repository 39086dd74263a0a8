"""Who takes part: one row of the tables each, and how its client is called and its answer judged."""
import dataclasses
import pathlib
import subprocess

from . import machine

SIZES = {"get": 100, "once": 100, "idle": 100, "body8": 8 << 20, "stream256": 256 << 20, "async": 100,
         "async counted": 100, "async idle": 100, "tls get": 100, "tls counted": 100, "tls full": 100, "tls resumed": 100, "tls idle": 100,
         "tls stream256": 256 << 20}
PATHS = {"once": "/once", "body8": "/8m", "stream256": "/256m", "tls stream256": "/256m", "tls full": "/full",
         "tls resumed": "/resumed"}  # otherwise /small
ALL = ("get", "once", "body8", "stream256", "idle")


@dataclasses.dataclass(frozen=True)
class Client:
    """A row: the program that plays it, and what that program calls each mode that the row takes part in."""
    name: str
    program: str
    modes: dict
    package: str = ""         # the minimal program whose compile time stands for it
    slow: bool = False        # interpreted: fewer requests make the same measurement
    floor: str = "raw send and recv"
    path: str = ""            # in place of the mode's

    @property
    def short_name(self):
        return self.program.removeprefix("bench_").removesuffix("_session.py")

    @property
    def native(self):
        return not self.program.endswith(".py")


def _modes(*names):
    return {name: name for name in names}


RAW = Client("raw send and recv", "bench_raw", _modes(*ALL), package="raw")

CLIENTS = [
    RAW,
    Client("raw, probe, timeout, llhttp", "bench_raw", {"get": "get-guarded"}),
    Client("ferry", "bench_ferry", _modes(*ALL), package="ferry"),
    Client("ferry, header-only", "bench_ferry", {}, package="ferry_header_only"),
    Client("ferry, reused Response", "bench_ferry", {"get": "get-reused"}),
    Client("ferry, total deadline", "bench_ferry", {"get": "get-timeout"}),
    Client("ferry, unlike heads", "bench_ferry", {"get": "get"}, path="/unlike"),
    Client("Boost.Beast", "bench_beast", _modes(*ALL), package="beast"),
    Client("Boost.Beast, 64 KiB buffer", "bench_beast", {"body8": "body8-roomy", "stream256": "stream256-roomy"}),
    Client("cpp-httplib", "bench_httplib", _modes(*ALL), package="httplib"),
    Client("libcurl", "bench_curl", _modes(*ALL), package="curl"),
    Client("libcurl, 256 KiB buffer", "bench_curl", {"stream256": "stream256-roomy"}),
    Client("Python requests", "requests_session.py", _modes("get", "once", "body8", "stream256"), slow=True),
]


def _asynchronous(name, program, **modes):
    """A row of the tables on many requests at once. `counted` is what valgrind and a preloaded counter can look into."""
    known = {"async": modes.get("timed"), "async counted": modes.get("counted"), "async idle": modes.get("idle")}
    return Client(name, program, {mode: called for mode, called in known.items() if called}, floor="raw epoll")


ASYNCHRONOUS = [
    _asynchronous("raw epoll", "bench_raw_epoll", timed="get", counted="get", idle="idle"),
    _asynchronous("Asio with probe and llhttp", "bench_raw_asio", timed="get", counted="get"),
    _asynchronous("ferry async", "bench_ferry_async", timed="get", counted="get", idle="idle"),
    _asynchronous("ferry async, total deadline", "bench_ferry_async", counted="get-timeout"),
    _asynchronous("ferry async, preconnected", "bench_ferry_async", idle="idle-preconnected"),
    _asynchronous("Boost.Beast async", "bench_beast_async", timed="get", counted="get", idle="idle"),
    _asynchronous("libcurl multi", "bench_curl_multi", timed="get", counted="get", idle="idle"),
    _asynchronous("Go net/http", "bench_go", timed="get"),
]


RAW_TLS = "raw SSL_write and SSL_read"
_TLS = {"tls get": "get", "tls counted": "get", "tls stream256": "stream256", "tls full": "handshake-full",
        "tls resumed": "handshake-resumed", "tls idle": "idle"}


def _over_tls(name, program, *, without=()):
    """A row of the tables on TLS."""
    return Client(name, program, {mode: called for mode, called in _TLS.items() if mode not in without}, floor=RAW_TLS)


OVER_TLS = [
    _over_tls(RAW_TLS, "bench_raw_tls"),
    _over_tls("ferry TLS", "bench_ferry"),
    _over_tls("cpp-httplib TLS", "bench_httplib", without=["tls resumed"]),
    _over_tls("libcurl TLS", "bench_curl"),
    _over_tls("Go net/http TLS", "bench_go", without=["tls counted", "tls idle"]),
]

EVERYONE = CLIENTS + ASYNCHRONOUS + OVER_TLS


class Failed(Exception):
    """A client did not do what it was asked to; the numbers of such a run would mean nothing."""


class Caller:
    """Calls clients on their core."""

    def __init__(self, programs, core, roots):
        self.programs, self._roots = pathlib.Path(programs), str(roots)
        self._prepare = machine.on_core(core)

    def command(self, client):
        if client.native:
            return [str(self.programs / client.program)]
        return ["/usr/bin/python3", str(pathlib.Path(__file__).parent.parent / "clients" / client.program)]

    def run(self, client, mode, base, count, *, at_once=1, hosts=1, path=None, wrapper=(), preload=False, limit=120):
        """Returns what the client printed, as numbers, and the wrapper's own output."""
        url = base + (path or client.path or PATHS.get(mode, "/small"))
        command = [*wrapper, *self.command(client), url, client.modes[mode], str(count)]
        if at_once > 1 or hosts > 1:
            command += [str(at_once), str(hosts)]
        more = {"BENCH_ROOTS": self._roots}
        if preload:
            more["LD_PRELOAD"] = str(self.programs / "bench_allocations.so")
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit, preexec_fn=self._prepare,
                                  env=machine.environment(**more))
        except subprocess.TimeoutExpired:
            raise Failed(f"{client.name}, {mode}: not done within {limit} s") from None
        if done.returncode != 0:
            raise Failed(f"{client.name}, {mode}: {done.stderr.strip()[-500:]}")
        line = dict(word.split("=", 1) for word in done.stdout.split() if "=" in word)
        if int(line.get("requests", -1)) != count or int(line.get("bytes", -1)) != count * SIZES[mode]:
            raise Failed(f"{client.name}, {mode}: did not receive everything: {done.stdout.strip()}")
        return {name: float(value) for name, value in line.items()}, done.stderr
