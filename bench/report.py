"""The benchmark's results as text: a table in Markdown, and what a call costs by part."""

import pathlib
import statistics

MANY, ONE = 64, 1  # connections
REMIT = 2  # its place among the ways; behind it may stand another build


def _middle_cpu(seen):
    return seen["cpu_us"][1] if len(seen["cpu_us"]) > 1 else None


FIGURES = [  # name, connections, value of one measurement, format
    ("calls/s, 64 connections", MANY, lambda seen: seen["rate"], "{:,.0f}"),
    ("latency p50, 64 connections", MANY, lambda seen: seen["p50_us"], "{:,.0f} µs"),
    ("latency p99, 64 connections", MANY, lambda seen: seen["p99_us"], "{:,.0f} µs"),
    ("CPU per call in the middle, 64 connections", MANY, _middle_cpu, "{:,.1f} µs"),
    ("CPU per call of the upstream, 64 connections", MANY, lambda seen: seen["cpu_us"][0], "{:,.1f} µs"),
    ("calls/s, 1 connection", ONE, lambda seen: seen["rate"], "{:,.0f}"),
    ("latency p50, 1 connection", ONE, lambda seen: seen["p50_us"], "{:,.0f} µs"),
    ("latency p99, 1 connection", ONE, lambda seen: seen["p99_us"], "{:,.0f} µs"),
    ("CPU per call in the middle, 1 connection", ONE, _middle_cpu, "{:,.1f} µs"),
]


def _row(name, form, values):
    """`values`, one a way, and what Remit's is of each other."""
    remit = values[REMIT]
    texts = [form.format(value) if value is not None else "–" for value in values]
    ratios = [f"{remit / other:,.2f}×" if other else "–" for at, other in enumerate(values) if at != REMIT]
    return f"| {name} | " + " | ".join([*texts, *ratios]) + " |"


def _values(way, connections, figure):
    """One a round; none where the way has no such figure."""
    return [value for seen in way.seen[connections] if (value := figure(seen)) is not None]


def table(ways, instructions):
    """`instructions` is None, or the instrument's name and the figures of every way but direct."""
    names = [way.name for way in ways]
    heads = [*names, *(f"Remit / {name}" for at, name in enumerate(names) if at != REMIT)]
    lines = ["| | " + " | ".join(heads) + " |", "|---|" + "--:|" * len(heads)]
    for name, connections, figure, form in FIGURES:
        found = [_values(way, connections, figure) for way in ways]
        lines.append(_row(name, form, [statistics.median(values) if values else None for values in found]))
    if instructions:
        instrument, counts = instructions
        lines.append(_row(f"instructions per call in the middle, user space ({instrument})", "{:,.0f}", [None, *counts]))
    return "\n".join(lines)


def worst_spread(ways):
    """How much the rounds differed at most, and in what."""
    spreads = []
    for way in ways:
        for name, connections, figure, _ in FIGURES:
            if values := _values(way, connections, figure):
                spreads.append(((max(values) - min(values)) / statistics.median(values), f"{way.name}'s {name}"))
    spread, where = max(spreads)
    return f"The rounds differed most, by {spread:.0%} of their median, in {where}."


def _bytes_of(folder):
    return sum(path.stat().st_size for path in pathlib.Path(folder).rglob("*") if path.is_file())


class Parts:
    """What is known of a call's cost by part: differences of Remit's own counters and of its folder."""

    def __init__(self, remit):
        self.remit = remit
        self.entries, self.published, self.written = self._now()

    def _now(self):
        counters = self.remit.counters()
        return (counters["remit_audit_published_entries"], _bytes_of(self.remit.data / "audit"),
                self.remit.bytes_written())

    def report(self, remit_way, calls):
        entries, published, written = (now - then for now, then in
                                       zip(self._now(), (self.entries, self.published, self.written)))
        syncs = {connections: statistics.median(seen["commits_per_call"] for seen in remit_way.seen[connections])
                 for connections in (MANY, ONE)}
        return "\n".join([
            "Of one call through Remit, which records an intent before it leaves and an outcome after it:",
            "",
            f"- syncs of the disk: {syncs[MANY]:.3f} at 64 connections ({1 / syncs[MANY]:.0f} calls share one: group "
            f"commit), {syncs[ONE]:.2f} at 1",
            f"- audit log: {entries / calls:.2f} entries, {published / calls:,.0f} bytes as published",
            f"- written to the disk in all: {written / calls:,.0f} bytes (rows, indexes, write-ahead log and its "
            "checkpoints, tiles)"])
