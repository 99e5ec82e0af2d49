#!/usr/bin/env python3
"""Prints what `cluster/bench-peers --log LOG` measured as a Markdown table of medians and ratios."""

import argparse
import collections
import json
import pathlib
import statistics

ROWS = [  # PyTorch's measurement, what it is, and the one of Lockstep on as many cores
    ("ddp-2-best", "DDP gloo, 2 processes, tuned", "lockstep-2"),
    ("ddp-2-compiled", "DDP gloo, 2 processes, tuned and compiled", "lockstep-2"),
    ("ddp-2-plain", "DDP gloo, 2 processes, plain", "lockstep-2"),
    ("threads-2-best", "1 process x 2 threads, tuned", "lockstep-2"),
    ("single-best", "1 process x 1 thread, tuned", "lockstep-1"),
    ("single-compiled", "1 process x 1 thread, tuned and compiled", "lockstep-1"),
]


def format_speed(results: list[dict]) -> str:
    """Median images/s, with the range over all measurements when there is more than one."""
    speeds = [result["images_per_second"] for result in results]
    if not speeds:
        return "-"
    spread = f" ({min(speeds):.1f}-{max(speeds):.1f})" if len(speeds) > 1 else ""
    return f"{statistics.median(speeds):.1f}{spread}"


def format_median(results: list[dict], key: str, unit: float = 1) -> str:
    return f"{statistics.median(result[key] for result in results) / unit:.0f}" if results else "-"


def format_ratio(ours: list[dict], theirs: list[dict]) -> str:
    if not ours:
        return "-"
    medians = (statistics.median(result["images_per_second"] for result in each) for each in (ours, theirs))
    return f"**{next(medians) / next(medians):.2f}**"


def table(log: pathlib.Path) -> list[str]:
    results = collections.defaultdict(list)  # (shape, name): every measurement
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        results[entry["shape"], entry["name"]].append(entry["result"])
    lines = [
        "| images | PyTorch | Lockstep images/s | PyTorch images/s | ratio | GFLOP/s per core | MB per process |",
        "|---|---|---|---|---|---|---|",
    ]
    for shape in dict.fromkeys(shape for shape, _ in results):
        size, _, channels = shape.partition("x")
        for name, title, counterpart in ROWS:
            theirs, ours = results[shape, name], results[shape, counterpart]
            if not theirs:
                continue
            cells = [
                f"{size}x{size}x{channels}",
                title,
                format_speed(ours),
                format_speed(theirs),
                format_ratio(ours, theirs),
                " / ".join(format_median(each, "gflops_per_core") for each in (ours, theirs)),
                " / ".join(format_median(each, "peak_rss_bytes", 1e6) for each in (ours, theirs)),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=pathlib.Path, metavar="LOG", help="one JSON object a line")
    print("\n".join(table(parser.parse_args().log)))


if __name__ == "__main__":
    main()
