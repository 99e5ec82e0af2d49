"""A run folder, and what is done to it."""

import json
import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = os.environ.get("LOCKSTEP", str(HERE.parent.parent / ".build/release/lockstep"))
NARROW = ["batch=16", "model.generatorFeatures=8", "model.discriminatorFeatures=8", "threads=1", "log.every=1",
          "samples.count=4", "checkpoint.every=3"]

# What `run` fills in: the folder of all trials, faults.c built, the hashes of an undisturbed run by its steps, the key of
# random choices, and how often `loop` begins.
WORK = SHIM = REFERENCE = SEED = RUNS = None


class Broken(Exception):
    """A promise that was not kept."""


def require(condition, *what):
    if not condition:
        raise Broken(" ".join(str(part) for part in what))


class Trial:
    """A run folder, and what is done to it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.run = self.folder / "run"
        self.points = self.folder / "points"

    def train(self, steps, *words, resume=True, faults=None, inside="/checkpoints", outside=None,
              free=False, faulty=None):
        """Trains to `steps`; with faults, those that FAULTS of faults.c describes; with `free`, the disk says that it has
        room; with `faulty`, on two ranks, and that one has the faults. Returns the finished process."""
        line = [PROGRAM, "train", *([] if resume else ["dcgan", *NARROW]), f"steps={steps}", *words, "--run", str(self.run)]
        if resume:
            line.append("--resume")
        environment = {}
        if faults is not None:
            self.points.unlink(missing_ok=True)
            environment = {"LD_PRELOAD": str(SHIM), "FAULTS": faults, "FAULTS_IN": str(self.run) + inside,
                            "FAULTS_LOG": str(self.points)}
            if free:
                environment["FAULTS_FREE"] = "1"
            if outside:
                environment["FAULTS_NOT_IN"] = str(self.run) + outside
        if faulty is not None:
            struck = ["env", *(f"{name}={value}" for name, value in environment.items()), *line]
            groups = [struck if rank == faulty else line for rank in range(2)]
            line = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", "1", *groups[0], ":", "-n", "1", *groups[1]]
            environment = {}
        return subprocess.run(line, env=os.environ | environment, capture_output=True, text=True, timeout=120)

    def trained(self, steps, *words, resume=True):
        finished = self.train(steps, *words, resume=resume)
        require(finished.returncode == 0, finished.stderr)

    def point_list(self):
        """(number, call, path) of the last training with faults."""
        lines = self.points.read_text().splitlines() if self.points.exists() else []
        return [(int(n), call, path) for n, call, path in (line.split(" ", 2) for line in lines)]

    def inspect(self, path=None):
        """What the newest whole generation says of itself, or None if there is none."""
        finished = subprocess.run([PROGRAM, "inspect", str(path or self.run), "--json"], capture_output=True, text=True)
        return json.loads(finished.stdout) if finished.returncode == 0 else None

    def generation_is_one_of(self, steps, where):
        found = self.inspect()
        if found is None:
            require(None in steps, where, "no whole generation is left")
        else:
            require(found["step"] in steps, where, "the newest generation is of step", found["step"])
            require(hashes(found) == REFERENCE[found["step"]], where, "the generation of step", found["step"], "has other bits")

    def is_whole(self, steps, where):
        """The run has the bits of one that nothing disturbed, a line for each step, and nothing left over."""
        found = self.inspect()
        require(found and found["step"] == steps, where, "the run is not at its end:", found)
        require(hashes(found) == REFERENCE[steps], where, "the run ended with other bits")
        lines = [json.loads(line)["step"] for line in (self.run / "log.jsonl").read_text().splitlines()]
        require(lines == list(range(1, steps + 1)), where, "the log has the steps", lines)
        left = [name for name in os.listdir(self.run / "checkpoints") if "." in name or name == "attempts"]
        require(not left, where, "left over:", left)


def hashes(found):
    return found["weights_sha256"], found["state_sha256"]


def new_trial(name):
    folder = pathlib.Path(WORK) / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return Trial(folder)


def copy_of(trial, name):
    copy = new_trial(name)
    if trial.run.exists():
        shutil.copytree(trial.run, copy.run, symlinks=True)
    return copy


def reference():
    """The hashes after 3, 6 and 9 steps of a run that nothing disturbs."""
    trial = new_trial("reference")
    trial.trained(9, "checkpoint.keepLast=9", resume=False)
    found = {step: hashes(trial.inspect(trial.run / f"checkpoints/step-{step:08}")) for step in (3, 6, 9)}
    shutil.rmtree(trial.folder)
    return found
