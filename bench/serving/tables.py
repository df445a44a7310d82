"""Medians of rounds, as Markdown tables or as one line of JSON."""

import json
import statistics

# Title, key and format of each column behind the first two.
RATES = [
    ("requests/s", "requests_per_s", "{:,.0f}"),
    ("p50, ms", "p50_ms", "{:.2f}"),
    ("p99, ms", "p99_ms", "{:.2f}"),
    ("p99.9, ms", "p999_ms", "{:.2f}"),
    ("server's CPU, us/request", "server_us", "{:,.0f}"),
]
STARTS = [
    ("from start to ready, s", "ready_s", "{:.2f}"),
    ("memory, MB", "resident_mb", "{:.0f}"),
    ("of it not shared, MB", "own_mb", "{:.0f}"),
]
RELOADS = [
    ("a load takes, ms", "load_ms", "{:.0f}"),
    ("p50, ms", "p50_ms", "{:.2f}"),
    ("in a change", "p50_change_ms", "{:.2f}"),
    ("p99, ms", "p99_ms", "{:.2f}"),
    ("in a change", "p99_change_ms", "{:.2f}"),
    ("p99.9, ms", "p999_ms", "{:.2f}"),
    ("in a change", "p999_change_ms", "{:.2f}"),
    ("p99 in a change beside p99", "p99_ratio", "{:.2f}"),
]


def medians(results, labels):
    """[{the labels, median of every figure}] of {key: [report of each round]}."""
    rows = []
    for key, reports in results.items():
        numbers = {
            name: statistics.median(report[name] for report in reports)
            for name, value in reports[0].items()
            if isinstance(value, (int, float))
        }
        rows.append(dict(zip(labels, key)) | numbers)
    return rows


def markdown(rows, labels, columns):
    titles = list(labels.values()) + [title for title, _, _ in columns]
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for row in rows:
        cells = [str(row[label]) for label in labels]
        cells += [form.format(row[key]) for _, key, form in columns]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


class Report:
    """Prints each part when it is measured, or keeps all for one line of JSON."""

    def __init__(self, as_json, about):
        self.as_json, self.parts = as_json, {"about": about}
        if not as_json:
            print(f"{about}\n", flush=True)

    def add_ceiling(self, model, batch, rows):
        self.parts["ceiling"] = rows
        if not self.as_json:
            one, two = rows
            print(
                f"{model}, batch {batch}: the session alone makes {one['calls_per_s']:,.0f} calls/s in one "
                f"thread ({one['microseconds']:,.0f} us each), {two['calls_per_s']:,.0f} in two.\n",
                flush=True,
            )

    def add(self, name, results, labels, columns):
        """`labels`: {key: title} of what a key of `results` consists of."""
        rows = medians(results, list(labels))
        self.parts[name] = rows
        if not self.as_json:
            print(markdown(rows, labels, columns), flush=True)

    def end(self):
        if self.as_json:
            print(json.dumps(self.parts))
