"""What ferry promises itself. Counts are exact; ratios come from one run, so they hold on any machine that is quiet."""
import dataclasses

from . import report


@dataclasses.dataclass(frozen=True)
class Budget:
    what: str
    column: report.Column
    limit: float
    client: str = "ferry"

    def measured(self, results):
        read = results.ratio if self.column.ratio else results.value
        return read(self.column.quantity, self.column.server, self.client)

    def met(self, results):
        measured = self.measured(results)
        return measured is None or round(measured, 2) <= self.limit


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
]


def markdown(results):
    rows = [(b, b.measured(results)) for b in BUDGETS]
    rows = [(b, measured) for b, measured in rows if measured is not None]
    if not rows:
        return ""
    lines = "".join(f"| {b.what} | {b.limit:,g} | {round(measured, 2):,.6g} | "
                    f"{'yes' if b.met(results) else '**no**'} |\n" for b, measured in rows)
    return f"### Budgets\n\n| ferry | limit | measured | met |\n| --- | ---: | ---: | --- |\n{lines}"


def missed(results):
    return [b.what for b in BUDGETS if not b.met(results)]
