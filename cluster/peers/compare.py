"""The program behind `cluster/bench-peers`: runs both programs by turns and prints the tables."""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import typing

import ratio_table
import works

# The peers want the first two; tests that compare with Python want all.
PACKAGES = ["torch", "numpy", "safetensors", "zstandard", "onnx", "onnxruntime", "pillow", "tensorboard"]

DESCRIPTION = """
Times the same training with Lockstep and with PyTorch by turns on this machine
and prints medians and ratios as Markdown tables: 2 ranks, and 1 rank of 2
threads, against PyTorch on 2 cores, and 1 rank against 1 thread; the best of
Lockstep's set-ups over the best of PyTorch's and over each, and Lockstep alone
on 1 and on 2 ranks.
"""

EPILOG = """
NOTHING ELSE MAY RUN ON THE MACHINE MEANWHILE. The programs alternate because a
machine's speed drifts within minutes. One round of everything takes about 40
minutes on 2 cores.

The Python is $LOCKSTEP_PYTHON (python3 if unset) and must have PyTorch;
torch.compile needs a C++ compiler besides. --install takes PyTorch from PyPI,
whose package for Linux comes with libraries for GPUs: 5.4 GB.
"""


def fail(message: str) -> typing.NoReturn:
    print(f"bench-peers: {message}", file=sys.stderr)
    raise SystemExit(1)


def install(folder: pathlib.Path) -> None:
    """Makes a Python environment with what the peers and the tests need."""
    for command in ([sys.executable, "-m", "venv", folder], [folder / "bin/pip", "install", "--quiet", *PACKAGES]):
        if subprocess.run(command).returncode:
            fail(f"failed: {' '.join(map(str, command))}; see the message above")
    print(f"now run: LOCKSTEP_PYTHON={folder}/bin/python cluster/bench-peers")


class Parser(argparse.ArgumentParser):
    """One whose exit status for a wrong command line is Lockstep's."""

    def error(self, message: str) -> typing.NoReturn:
        self.print_usage(sys.stderr)
        self.exit(64, f"bench-peers: {message}\n")


def environment() -> dict[str, str]:
    """Of all commands: one thread where none are asked for."""
    values = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    if os.geteuid() == 0:  # Open MPI asks root to insist
        values |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    return values


def measure(measurement: works.Measurement, log: typing.TextIO) -> None:
    """Runs a command, which prints one JSON object, and logs it."""
    done = subprocess.run(measurement.command, env=environment(), stdout=subprocess.PIPE, text=True)
    command = " ".join(measurement.command)
    if done.returncode:
        fail(f"status {done.returncode} from: {command}")
    try:
        result = json.loads(done.stdout)
    except json.JSONDecodeError:
        fail(f"no JSON object on the standard output of: {command}")
    work = measurement.work
    entry = {
        "work": work.title, "unit": work.unit, "program": measurement.program, "cores": measurement.cores,
        "setup": measurement.setup, "command": command, "result": result,
    }
    print(json.dumps(entry), file=log, flush=True)
    rate = ratio_table.format_rates([ratio_table.rate(entry)])
    print(f"  {work.title} {measurement.program}, {measurement.setup}: {rate} {work.unit}/s", file=sys.stderr)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(
        prog="cluster/bench-peers",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root = works.FOLDER.parent.parent
    parser.add_argument("--work", default=" ".join(works.NAMES), help="some of \"%(default)s\"")
    parser.add_argument("--rounds", default="3", help="rounds of all measurements, whose medians count (3)")
    parser.add_argument(
        "--lockstep", default=str(root / ".build/release/lockstep"), metavar="BINARY",
        help="the program (.build/release/lockstep); \"none\" times PyTorch alone",
    )
    parser.add_argument(
        "--sizes", default="32x1 64x3", help="dcgan's images, pixels of a side x channels (\"32x1 64x3\")"
    )
    parser.add_argument(
        "--log", type=pathlib.Path, metavar="FILE", help="keep every measurement, one JSON object a line"
    )
    parser.add_argument(
        "--install", type=pathlib.Path, metavar="DIR",
        help="only make a Python environment in DIR with what the peers and the tests need, from PyPI",
    )
    options = parser.parse_args(arguments)
    options.work, options.sizes = options.work.split(), options.sizes.split()
    if unknown := [name for name in options.work if name not in works.NAMES]:
        parser.error(f"--work has '{unknown[0]}', which is none of {', '.join(works.NAMES)}")
    if not options.work:
        parser.error("--work names nothing to measure")
    if not re.fullmatch("[1-9][0-9]*", options.rounds):
        parser.error(f"--rounds {options.rounds} is not a number of rounds")
    if wrong := [shape for shape in options.sizes if not re.fullmatch("[0-9]+x[0-9]+", shape)]:
        parser.error(f"--sizes has '{wrong[0]}', which is not SIZExCHANNELS")
    return options


def main() -> None:
    options = parse()
    if options.install:
        return install(options.install)
    # A process of its own, as PyTorch need not stay in this one's memory.
    if subprocess.run([sys.executable, "-c", "import torch"], stderr=subprocess.DEVNULL).returncode:
        fail(f"{sys.executable} has no PyTorch; set LOCKSTEP_PYTHON or run cluster/bench-peers --install DIR")
    lockstep = None if options.lockstep == "none" else shutil.which(options.lockstep)
    if not lockstep and options.lockstep != "none":
        fail(f"{options.lockstep} is not there; swift build -c release, or --lockstep BINARY")
    programs = works.Programs(lockstep, sys.executable)
    chosen = [work for name in options.work for work in works.works(name, options.sizes)]
    load = os.getloadavg()[0]
    print(f"Nothing else may run on this machine until the tables appear (load now: {load:.2f}).", file=sys.stderr)
    with options.log.open("w+") if options.log else tempfile.TemporaryFile("w+") as log:
        for index in range(int(options.rounds)):
            print(f"round {index + 1} of {options.rounds}", file=sys.stderr)
            # The short ones of all works come first, so that what cannot run is found out at once.
            for work in chosen if lockstep else []:
                measure(programs.start(work), log)
            for work in chosen:
                for measurement in programs.round(work):
                    measure(measurement, log)
                for measurement in programs.alone(work) if lockstep else []:
                    measure(measurement, log)
        log.seek(0)
        print("\n".join(ratio_table.tables(log)))


if __name__ == "__main__":
    main()
