# SPDX-License-Identifier: MIT
"""The rows of the benchmark: printed as a table, written as JSON. A row that has a goal says whether
it was met."""

import json
import os
import platform
import time

SCHEMA = "sigsweep/bench/1"


class Row:
    """One line. `value` is a number or {"median", "min", "max"}; `least` or `most` is the goal."""

    def __init__(self, section, name, value, unit="", least=None, most=None, note=""):
        self.section, self.name, self.unit, self.note = section, name, unit, note
        self.range = value if isinstance(value, dict) else None
        self.value = value["median"] if self.range else value
        self.least, self.most = least, most

    @property
    def is_met(self):
        return ((self.least is None or self.value >= self.least) and
                (self.most is None or self.value <= self.most))

    @property
    def goal(self):
        if self.least is not None:
            return f">= {show(self.least)}"
        return f"<= {show(self.most)}" if self.most is not None else ""

    @property
    def verdict(self):
        return "" if not self.goal else "met" if self.is_met else "MISSED"

    def as_json(self):
        row = {"section": self.section, "name": self.name, "value": self.value, "unit": self.unit}
        if self.range:
            row.update(min=self.range["min"], max=self.range["max"])
        if self.goal:
            row.update(goal=self.goal, met=self.is_met)
        if self.note:
            row["note"] = self.note
        return row


def show(value):
    """A number with as many digits as one can use."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def print_rows(rows):
    """Prints rows, those of each section under its name."""
    section = None
    for row in rows:
        if row.section != section:
            section = row.section
            print(f"\n{section}")
        spread = f"({show(row.range['min'])} .. {show(row.range['max'])})" if row.range else ""
        line = (f"  {row.name:<52} {show(row.value):>9} {row.unit:<6} {spread:<18} "
                f"{row.goal:<8} {row.verdict}")
        print(line.rstrip(), flush=True)
        if row.note:
            print(f"      {row.note}", flush=True)


def write(path, rows, seconds):
    """Writes everything; the file appears whole or not at all."""
    content = {
        "schema": SCHEMA,
        "host": {"kernel": platform.release(), "machine": platform.machine(),
                 "cpus": os.cpu_count(), "load": os.getloadavg()[0]},
        "finished": int(time.time()),
        "seconds": round(seconds, 1),
        "met": all(row.is_met for row in rows),
        "rows": [row.as_json() for row in rows],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(content, indent=1) + "\n")
    new.replace(path)
