"""Kills at random moments, over and over."""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import trials
from trials import NARROW, PROGRAM, hashes, new_trial, require


def loop(every):
    """Runs of 40 steps that are killed up to three times each, wherever they are."""
    if shutil.which("mpirun") is None:
        print("loop: skipped, mpirun is absent")
        return
    steps = 40
    straight = new_trial("straight")
    straight.trained(steps, resume=False)
    expected = hashes(straight.inspect())
    choice = random.Random(trials.SEED)
    runs = max(1, trials.RUNS // every)
    kills = {"rank": 0, "launcher": 0, "all": 0}
    started = time.monotonic()
    longest = 1.0
    for run in range(runs):
        trial = new_trial("loop")
        story = []
        for attempt in range(choice.randint(1, 3)):
            ranks = choice.randint(1, 4)
            victim = choice.choice(list(kills))
            job = start(trial, steps, ranks)
            moment = choice.uniform(0, longest)
            began = time.monotonic()
            while time.monotonic() < began + moment and job.poll() is None:
                time.sleep(0.001)
            story.append(f"{ranks} ranks, {victim} killed after {moment:.3f} s")
            if job.poll() is None:
                strike(job, victim, trial, choice)
                kills[victim] += 1
            else:
                require(job.returncode == 0, story, job.stderr.read())
            wait(job, trial)
            job.stderr.close()
            while processes(trial):
                time.sleep(0.005)
        ranks = choice.randint(1, 4)
        story.append(f"resumed on {ranks} ranks")
        job = start(trial, steps, ranks)
        began = time.monotonic()
        _, errors = job.communicate(timeout=300)
        require(job.returncode == 0, story, errors)
        longest = 0.8 * longest + 0.2 * (time.monotonic() - began)
        found = trial.inspect()
        require(hashes(found) == expected, story, "other bits:", found)
        lines = [json.loads(line)["step"] for line in (trial.run / "log.jsonl").read_text().splitlines()]
        require(lines == list(range(1, steps + 1)), story, "the log has the steps", lines)
        if (run + 1) % 20 == 0:
            print(f"loop: {run + 1} runs, {time.monotonic() - started:.0f} s", flush=True)
    print(f"loop: {runs} of {runs} runs ended with equal hashes, after "
          + ", ".join(f"{n} kills of {victim}" for victim, n in kills.items()))


def wait(job, trial):
    """Waits for the end. PMIx 4.2 now and then has mpirun wait for a lock for ever when all of its ranks are gone."""
    try:
        job.wait(60)
    except subprocess.TimeoutExpired:
        require(not processes(trial), "ranks are left a minute after a kill", processes(trial))
        print(f"mpirun {job.pid} hangs without ranks, and is killed", flush=True)
        job.kill()
        job.wait()


def start(trial, steps, ranks):
    """Begins the run, or goes on with it if it has got as far as its options."""
    resumed = (trial.run / "options.yaml").exists()
    words = ["--resume"] if resumed else ["dcgan", *NARROW, f"steps={steps}"]
    mpirun = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] if ranks > 1 else []
    return subprocess.Popen([*mpirun, PROGRAM, "train", *words, "--run", str(trial.run)], stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True, start_new_session=True)


def processes(trial):
    """The ranks of a run that are alive."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                words = pathlib.Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0] == PROGRAM.encode() and str(trial.run).encode() in words:
                found.append(int(entry))
    return sorted(found)


def strike(job, victim, trial, choice):
    """Kills one rank, the launcher, or all at once."""
    ranks = processes(trial)
    targets = {"rank": [choice.choice(ranks)] if ranks else [job.pid], "launcher": [job.pid], "all": [job.pid, *ranks]}
    for pid in targets[victim]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
