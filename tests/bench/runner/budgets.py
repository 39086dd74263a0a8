"""What ferry promises itself. Counts are exact; ratios come from one run, so they hold on any machine that is quiet."""
import dataclasses

from . import report


@dataclasses.dataclass(frozen=True)
class Budget:
    what: str
    column: report.Column
    limit: float | report.Column  # or less than what was measured there
    client: str = "ferry"

    def limit_in(self, results):
        if isinstance(self.limit, report.Column):
            return results.value(self.limit.quantity, self.limit.server, self.client)
        return self.limit

    def measured(self, results):
        read = results.ratio if self.column.ratio else results.value
        return read(self.column.quantity, self.column.server, self.client)

    def met(self, results):
        measured, limit = self.measured(results), self.limit_in(results)
        if measured is None or limit is None:
            return True
        return measured < limit if isinstance(self.limit, report.Column) else round(measured, 2) <= limit


BUDGETS = [
    Budget("system calls per GET", report.SYSTEM_CALLS, 3),
    Budget("system calls per GET with a total deadline", report.SYSTEM_CALLS, 4, "ferry, total deadline"),
    Budget("CPU per GET, ratio", report.GET_CPU, 1.15),
    Budget("user instructions per GET", report.INSTRUCTIONS, 6_000),
    Budget("heap allocations per GET", report.ALLOCATIONS, 3),
    Budget("heap allocations into a reused Response", report.ALLOCATIONS, 0, "ferry, reused Response"),
    Budget("8 MiB into memory, CPU ratio", report.BODY8, 1.1),
    Budget("256 MiB streamed and dropped, CPU ratio", report.STREAM256, 1.05),
    Budget("heap bytes per idle connection", report.IDLE, 2_048),
    Budget("compile time, syntax only, CPU s", report.SYNTAX, 2.5),
    Budget("compile time, -O2, CPU s", report.OPTIMIZED, 6),
    Budget("async, 100 at once: CPU per GET, ratio", report.ASYNC_CPU_100, 1.25, "ferry async"),
    Budget("async, 1,000 at once: CPU per GET, ratio", report.ASYNC_CPU_1000, 1.6, "ferry async"),
    Budget("async: system calls per GET", report.ASYNC_CALLS, 4, "ferry async"),
    Budget("async, 100 at once: system calls per GET, fewer than one at a time", report.ASYNC_CALLS_100,
           report.ASYNC_CALLS, "ferry async"),
    Budget("async: heap allocations per GET, all of the response", report.ASYNC_ALLOCATIONS, 3, "ferry async"),
    Budget("async: heap bytes per idle connection", report.ASYNC_IDLE, 2_048, "ferry async"),
    Budget("async: CPU per GET over 100 hosts, times that of one", report.HOSTS_CPU, 1.1, "ferry async"),
    Budget("async: user instructions per GET over 100 hosts, times those for one", report.HOSTS_INSTRUCTIONS, 1.1,
           "ferry async"),
    Budget("TLS: system calls per GET", report.TLS_CALLS, 3, "ferry TLS"),
    Budget("TLS: heap allocations per GET beyond OpenSSL's in the raw loop", report.TLS_ALLOCATIONS_BEYOND, 4,
           "ferry TLS"),
    Budget("TLS: CPU per GET, ratio", report.TLS_CPU, 1.1, "ferry TLS"),
    Budget("a checkout among 100,000 origins: instructions, ratio", report.CHECKOUT_INSTRUCTIONS, 1.1,
           "pool of 100,000 origins"),
]


def markdown(results):
    rows = [(b, b.measured(results)) for b in BUDGETS]
    rows = [(b, measured) for b, measured in rows if measured is not None and b.limit_in(results) is not None]
    if not rows:
        return ""
    lines = "".join(f"| {b.what} | {round(b.limit_in(results), 2):,g} | {round(measured, 2):,.6g} | "
                    f"{'yes' if b.met(results) else '**no**'} |\n" for b, measured in rows)
    return f"### Budgets\n\n| ferry | limit | measured | met |\n| --- | ---: | ---: | --- |\n{lines}"


def missed(results):
    return [b.what for b in BUDGETS if not b.met(results)]
