"""The tables, in Markdown: a row for each client, a column for each quantity, beside times their ratio to the raw
loop."""
import dataclasses

from .async_measures import POOLS
from .measures import NGINX, OWN


@dataclasses.dataclass(frozen=True)
class Column:
    title: str
    quantity: str
    server: str
    scale: float = 1.0
    digits: int = 1
    unit: str = ""
    ratio: bool = False

    def shown(self, results, client):
        value = results.value(self.quantity, self.server, client)
        return None if value is None else f"{round(value * self.scale, self.digits):,.{self.digits}f}"

    def cell(self, results, client):
        shown = self.shown(results, client)
        ratio = results.ratio(self.quantity, self.server, client) if self.ratio else None
        if shown is None:
            return ""
        return shown if ratio is None else f"{shown} ({ratio:.2f})"


GET_CPU = Column("CPU, µs", "get cpu", OWN, 1e6, 1, "µs", ratio=True)
GET_WALL = Column("wall, µs", "get wall", OWN, 1e6, 1, "µs")
GET_CPU_NGINX = Column("CPU on nginx, µs", "get cpu", NGINX, 1e6, 1, "µs", ratio=True)
GET_WALL_NGINX = Column("wall on nginx, µs", "get wall", NGINX, 1e6, 1, "µs")
SYSTEM_CALLS = Column("system calls", "system calls", OWN)
INSTRUCTIONS = Column("user instructions", "instructions", OWN, digits=0)
ALLOCATIONS = Column("heap allocations", "allocations", OWN)
ONCE_CPU = Column("CPU, µs", "once cpu", OWN, 1e6, 1, "µs", ratio=True)
ONCE_WALL = Column("wall, µs", "once wall", OWN, 1e6, 1, "µs")
BODY8 = Column("8 MiB in memory, CPU s/GB", "body8 cpu", OWN, digits=3, unit="s/GB", ratio=True)
BODY8_NGINX = Column("the same, nginx", "body8 cpu", NGINX, digits=3, unit="s/GB", ratio=True)
STREAM256 = Column("256 MiB dropped, CPU s/GB", "stream256 cpu", OWN, digits=3, unit="s/GB", ratio=True)
STREAM256_NGINX = Column("the same, nginx", "stream256 cpu", NGINX, digits=3, unit="s/GB", ratio=True)
IDLE = Column("heap per idle connection, bytes", "idle bytes", OWN, digits=0, unit="bytes")
SYNTAX = Column("compile, syntax only, CPU s", "compile syntax", "", digits=2, unit="s")
OPTIMIZED = Column("compile, -O2, CPU s", "compile -O2", "", digits=2, unit="s")

ASYNC_CPU = Column("CPU, µs", "async cpu 1", OWN, 1e6, 1, "µs", ratio=True)
ASYNC_CPU_100 = Column("100 at once: CPU, µs", "async cpu 100", OWN, 1e6, 1, "µs", ratio=True)
ASYNC_CPU_1000 = Column("1,000 at once: CPU, µs", "async cpu 1000", OWN, 1e6, 1, "µs", ratio=True)
ASYNC_CALLS = Column("system calls", "async system calls 1", OWN, digits=2)
ASYNC_CALLS_100 = Column("100 at once: system calls", "async system calls 100", OWN, digits=2)
ASYNC_INSTRUCTIONS = Column("user instructions", "async instructions", OWN, digits=0)
ASYNC_ALLOCATIONS = Column("heap allocations", "async allocations", OWN)
ASYNC_IDLE = Column("heap per idle connection, bytes", "async idle bytes", OWN, digits=0, unit="bytes")
HOSTS_CPU = Column("100 hosts: CPU, times that of one", "hosts cpu", OWN, digits=2)
HOSTS_INSTRUCTIONS = Column("user instructions, times those for one", "hosts instructions", OWN, digits=3)
CHECKOUT_CPU = Column("CPU, ns", "checkout cpu", "", 1e9, 0, "ns", ratio=True)
CHECKOUT_INSTRUCTIONS = Column("user instructions", "checkout instructions", "", digits=0, ratio=True)

TLS_CPU = Column("CPU, µs", "tls get cpu", OWN, 1e6, 1, "µs", ratio=True)
TLS_WALL = Column("wall, µs", "tls get wall", OWN, 1e6, 1, "µs")
TLS_CALLS = Column("system calls", "tls system calls", OWN)
TLS_INSTRUCTIONS = Column("user instructions", "tls instructions", OWN, digits=0)
TLS_ALLOCATIONS = Column("heap allocations", "tls allocations", OWN)
TLS_ALLOCATIONS_BEYOND = Column("beyond the raw loop's", "tls allocations beyond", OWN)
TLS_STREAM256 = Column("256 MiB dropped, CPU s/GB", "tls stream256 cpu", OWN, digits=3, unit="s/GB", ratio=True)
TLS_FULL = Column("connection with a full handshake, CPU µs", "tls full cpu", OWN, 1e6, 0, "µs", ratio=True)
TLS_RESUMED = Column("the same, resumed", "tls resumed cpu", OWN, 1e6, 0, "µs", ratio=True)
TLS_IDLE = Column("heap per idle connection, bytes", "tls idle bytes", OWN, digits=0, unit="bytes")

TABLES = [
    ("A keep-alive GET of 100 bytes", [GET_CPU, GET_WALL, SYSTEM_CALLS, INSTRUCTIONS, ALLOCATIONS, GET_CPU_NGINX,
                                       GET_WALL_NGINX]),
    ("A GET of 100 bytes on a connection of its own", [ONCE_CPU, ONCE_WALL]),
    ("Large bodies", [BODY8, BODY8_NGINX, STREAM256, STREAM256_NGINX]),
    ("Memory and compile time", [IDLE, SYNTAX, OPTIMIZED]),
    ("Asynchronous: a keep-alive GET of 100 bytes, one at a time and many at once",
     [ASYNC_CPU, ASYNC_CPU_100, ASYNC_CPU_1000, ASYNC_CALLS, ASYNC_CALLS_100, ASYNC_INSTRUCTIONS, ASYNC_ALLOCATIONS]),
    ("Asynchronous: many connections and many hosts", [ASYNC_IDLE, HOSTS_CPU, HOSTS_INSTRUCTIONS]),
    ("TLS 1.3: a keep-alive GET of 100 bytes", [TLS_CPU, TLS_WALL, TLS_CALLS, TLS_INSTRUCTIONS, TLS_ALLOCATIONS,
                                               TLS_ALLOCATIONS_BEYOND]),
    ("TLS 1.3: a large body, handshakes with a GET each, and memory", [TLS_STREAM256, TLS_FULL, TLS_RESUMED, TLS_IDLE]),
    ("Taking a connection from the pool and giving it back", [CHECKOUT_CPU, CHECKOUT_INSTRUCTIONS]),
]


def table(title, columns, results, names):
    """Empty where nothing in it was measured."""
    columns = [c for c in columns if results.has(c.quantity, c.server)]
    rows = [[name] + [column.cell(results, name) for column in columns] for name in names]
    rows = [row for row in rows if any(row[1:])]
    if not rows:
        return ""
    lines = [["", *(column.title for column in columns)], ["---"] + ["---:"] * len(columns), *rows]
    return f"### {title}\n\n" + "".join("| " + " | ".join(line) + " |\n" for line in lines) + "\n"


def markdown(results, clients, machine):
    names = [client.name for client in clients] + list(POOLS)
    text = "".join(table(title, columns, results, names) for title, columns in TABLES)
    text += f"In parentheses: the median over the rounds of the ratio to the first row. {machine}\n"
    if results.notes:
        text += "\n" + "".join(f"- {note}\n" for note in results.notes)
    return text
