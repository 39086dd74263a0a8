"""The picture: a panel for each quantity, a bar for each client, drawn as SVG text. Colours are of middle lightness and
there is no background, so that it reads on a light page and on a dark one."""
from xml.sax.saxutils import escape

from . import report

PANELS = [
    ("CPU per keep-alive GET", report.GET_CPU),
    ("CPU per keep-alive GET, nginx", report.GET_CPU_NGINX),
    ("System calls per GET", report.SYSTEM_CALLS),
    ("Heap allocations per GET", report.ALLOCATIONS),
    ("User instructions per GET", report.INSTRUCTIONS),
    ("Heap per idle connection", report.IDLE),
    ("CPU per GB, 8 MiB bodies into memory", report.BODY8),
    ("CPU per GB, 256 MiB streamed and dropped", report.STREAM256),
    ("Compiling one GET, syntax only", report.SYNTAX),
    ("Compiling one GET, -O2", report.OPTIMIZED),
    ("CPU per GET, 100 at once, asynchronous", report.ASYNC_CPU_100),
    ("CPU per GET, 1,000 at once, asynchronous", report.ASYNC_CPU_1000),
    ("System calls per GET, 100 at once", report.ASYNC_CALLS_100),
    ("Heap per idle connection, asynchronous", report.ASYNC_IDLE),
    ("CPU per keep-alive GET, TLS", report.TLS_CPU),
    ("CPU per GB, 256 MiB streamed and dropped, TLS", report.TLS_STREAM256),
    ("CPU per connection, full TLS handshake", report.TLS_FULL),
    ("CPU per connection, resumed TLS session", report.TLS_RESUMED),
    ("CPU per GET on a connection of its own", report.ONCE_CPU),
]

TEXT, FAINT, OURS, FLOOR, PEER = "#7a8490", "#7a849055", "#2f81f7", "#7a849088", "#b08537"
PANEL_WIDTH, LABEL_WIDTH, BAR_WIDTH = 510, 200, 170
ROW, BAR, TITLE, GAP = 21, 13, 30, 22


def _text(x, y, words, *, anchor="start", weight="normal", size=12, fill=TEXT):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" font-size="{size}" '
            f'fill="{fill}">{escape(words)}</text>')


def _rows(results, column, clients):
    values = ((client, results.value(column.quantity, column.server, client.name)) for client in clients)
    return [(client, value) for client, value in values if value is not None]


def _ours(client):
    return client.program.startswith("bench_ferry")


def _full_length(rows):
    """The interpreted client is cut short where it would make all others look alike."""
    compiled = max([value for client, value in rows if not client.slow] or [0]) * 1.05 or 1
    longest = max(value for _, value in rows)
    return compiled if longest > 1.5 * compiled else max(longest, compiled)


def _bar(x, y, client, value, full):
    """A bar that is cut short says so by a slanted gap near its end."""
    cut = value > full
    width = BAR_WIDTH if cut else max(BAR_WIDTH * value / full, 1.5)
    colour = FLOOR if client.program.startswith("bench_raw") else OURS if _ours(client) else PEER
    if not cut:
        return width, f'<rect x="{x}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2" fill="{colour}"/>'
    gap = x + width - 22
    return width, (f'<path d="M{x} {y}H{gap + 5}l-5 {BAR}H{x}z" fill="{colour}"/>'
                   f'<path d="M{gap + 10} {y}H{x + width}v{BAR}H{gap + 5}z" fill="{colour}"/>')


def _panel(x, y, title, column, results, rows):
    parts = [_text(x + 8, y + 14, title, weight="600", size=13)]
    full = _full_length(rows)
    left, top = x + LABEL_WIDTH + 8, y + TITLE
    for i, (client, value) in enumerate(rows):
        at = top + i * ROW
        ours = _ours(client)
        parts.append(_text(left - 8, at + BAR - 2, client.name, anchor="end", weight="600" if ours else "normal",
                           fill=OURS if ours else TEXT))
        width, bar = _bar(left, at, client, value, full)
        parts.append(bar)
        ratio = results.ratio(column.quantity, column.server, client.name) if column.ratio else None
        label = f"{column.shown(results, client.name)} {column.unit}".strip()
        parts.append(_text(left + width + 6, at + BAR - 2, label + (f" ({ratio:.2f}×)" if ratio else "")))
    bottom = top + len(rows) * ROW - (ROW - BAR)
    parts.append(f'<path d="M{left - 0.5} {top - 4}V{bottom + 4}" stroke="{FAINT}"/>')
    return "\n".join(parts)


def svg(results, clients):
    panels = [(title, column, _rows(results, column, clients)) for title, column in PANELS]
    panels = [panel for panel in panels if len(panel[2]) > 1]
    explained = "Smaller is better everywhere. In parentheses: against a raw loop of send and recv, of epoll, or of OpenSSL's."
    parts, y = [_text(8, 18, explained)], 36
    for pair in (panels[i:i + 2] for i in range(0, len(panels), 2)):
        for side, (title, column, rows) in enumerate(pair):
            parts.append(_panel(side * PANEL_WIDTH, y, title, column, results, rows))
        y += TITLE + max(len(rows) for _, _, rows in pair) * ROW + GAP
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * PANEL_WIDTH} {y}" width="{2 * PANEL_WIDTH}" '
            f'height="{y}" font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif">\n'
            "<title>ferry beside its peers</title>\n" + "\n".join(parts) + "\n</svg>\n")
