#!/usr/bin/env python3
"""Prints what `cluster/bench-peers --log LOG` measured as Markdown tables of medians and ratios."""

import argparse
import collections
import collections.abc
import json
import pathlib
import statistics

import works

Entries = list[dict]  # measurements of one thing, with the keys that compare.py logs


def rate(entry: dict) -> float:
    """Images or steps per second, by the entry's unit."""
    result = entry["result"]
    return result["images_per_second"] if entry["unit"] == "images" else 1 / result["seconds_per_step"]


def median(entries: Entries, value: collections.abc.Callable[[dict], float] = rate) -> float:
    return statistics.median(map(value, entries))


def memory(entry: dict) -> float:
    """The largest process's, in MB."""
    return entry["result"]["peak_rss_bytes"] / 1e6


def first_step(entry: dict) -> float:
    """Seconds from the start of the process to the end of its first step."""
    return entry["result"]["first_step_seconds"]


def format_rates(rates: list[float]) -> str:
    """Their median, with the range when there is more than one."""
    digits = 0 if max(rates) >= 1000 else 1
    spread = f" ({min(rates):.{digits}f}-{max(rates):.{digits}f})" if len(rates) > 1 else ""
    return f"{statistics.median(rates):.{digits}f}{spread}"


def format_pair(ours: Entries, theirs: Entries, value, digits: int) -> str:
    return " / ".join(f"{median(each, value):.{digits}f}" if each else "-" for each in (ours, theirs))


def format_ratio(numerator: float, denominator: float, digits: int = 2) -> str:
    return f"**{numerator / denominator:.{digits}f}**"


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table after an empty line; nothing without rows."""
    if not rows:
        return []
    lines = [header, ["---"] * len(header), *rows]
    return ["", *(f"| {' | '.join(cells)} |" for cells in lines)]


class Log:
    """The measurements by work, program, cores and setup, in the order in which they were first made."""

    def __init__(self, lines: collections.abc.Iterable[str]):
        self.groups: dict[tuple[str, str, int, str], Entries] = collections.defaultdict(list)
        for line in lines:
            entry = json.loads(line)
            self.groups[entry["work"], entry["program"], entry["cores"], entry["setup"]].append(entry)

    def select(self, work: str, program: str, cores: int) -> dict[str, Entries]:
        """By setup."""
        return {key[3]: group for key, group in self.groups.items() if key[:3] == (work, program, cores)}

    def within(self, work: str, program: str, cores: int) -> dict[str, Entries]:
        """By setup, on so many cores or fewer: who has two may leave one idle."""
        return {
            setup: group for used in range(cores, 0, -1) for setup, group in self.select(work, program, used).items()
        }

    def ours(self, work: str, cores: int, setup: str) -> Entries:
        """Lockstep's of a setup."""
        return self.groups.get((work, "lockstep", cores, setup), [])

    def fastest(self, work: str, cores: int) -> tuple[str, Entries]:
        """The setup in which Lockstep is fastest among those that alternate with PyTorch; no entries if there is none."""
        setups = {
            setup: group for setup, group in self.within(work, "lockstep", cores).items() if setup not in works.OWN
        }
        return max(setups.items(), key=lambda item: median(item[1]), default=("", []))

    def pairs(self) -> list[tuple[str, int]]:
        """Works and the cores on which PyTorch was timed."""
        return list(dict.fromkeys((work, cores) for work, program, cores, _ in self.groups if program == "pytorch"))

    def best(self) -> list[str]:
        """Lockstep over the best of PyTorch's set-ups for each figure."""
        rows = []
        for work, cores in self.pairs():
            setup, ours = self.fastest(work, cores)
            if not ours:
                continue
            theirs = self.within(work, "pytorch", cores)
            fastest = max(theirs, key=lambda setup: median(theirs[setup]))
            smallest = min(theirs.values(), key=lambda group: median(group, memory))
            soonest = min(theirs.values(), key=lambda group: median(group, first_step))
            starts = self.ours(work, cores, works.FIRST_STEP)
            rows.append([
                f"{work}, {cores} core{'s' if cores > 1 else ''}",
                f"{format_rates([rate(entry) for entry in ours])} {ours[0]['unit']}/s ({setup})",
                f"{format_rates([rate(entry) for entry in theirs[fastest]])} ({fastest})",
                format_ratio(median(ours), median(theirs[fastest])),
                format_pair(ours, smallest, memory, 0),
                format_ratio(median(ours, memory), median(smallest, memory)),
                format_pair(starts, soonest, first_step, 2) if starts else "-",
                format_ratio(median(starts, first_step), median(soonest, first_step), 3) if starts else "-",
            ])
        header = ["work", "Lockstep", "PyTorch's best", "ratio", "MB per process", "ratio", "first step, s", "ratio"]
        return table(header, rows)

    def all(self) -> list[str]:
        """Lockstep over each of PyTorch's set-ups."""
        rows = []
        for work, cores in self.pairs():
            _, ours = self.fastest(work, cores)
            for setup, theirs in self.select(work, "pytorch", cores).items():
                rows.append([
                    work,
                    setup,
                    format_rates([rate(entry) for entry in ours]) if ours else "-",
                    f"{format_rates([rate(entry) for entry in theirs])} {theirs[0]['unit']}/s",
                    format_ratio(median(ours), median(theirs)) if ours else "-",
                    format_pair(ours, theirs, lambda entry: entry["result"]["gflops_per_core"], 0),
                    format_pair(ours, theirs, memory, 0),
                ])
        header = ["work", "PyTorch", "Lockstep", "PyTorch", "ratio", "GFLOP/s per core", "MB per process"]
        return table(header, rows)

    def alone(self) -> list[str]:
        """What two ranks bring at one batch, and what the micro-batches cost over two of them."""
        rows = []
        for work in dict.fromkeys(key[0] for key in self.groups):
            one, two = (self.ours(work, ranks, works.ALONE) for ranks in (1, 2))
            fewer = self.ours(work, 2, works.TWO_MICRO_BATCHES)
            if not (one and two):
                continue
            rows.append([
                work,
                str(two[0]["result"]["batch"]),
                format_rates([rate(entry) for entry in one]),
                f"{format_rates([rate(entry) for entry in two])} {two[0]['unit']}/s",
                format_ratio(median(two), median(one)),
                format_rates([rate(entry) for entry in fewer]) if fewer else "-",
                f"**{(median(fewer) / median(two) - 1) * 100:.1f} %**" if fewer else "-",
            ])
        header = [
            "Lockstep alone", "batch", "1 rank", "2 ranks", "ratio", "with 2 micro-batches", "cost of its own",
        ]
        return table(header, rows)


def tables(lines: collections.abc.Iterable[str]) -> list[str]:
    """The lines of all tables."""
    log = Log(lines)
    return (log.best() + log.all() + log.alone())[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=pathlib.Path, metavar="LOG", help="one JSON object a line")
    print("\n".join(tables(parser.parse_args().log.read_text().splitlines())))


if __name__ == "__main__":
    main()
