"""Checkpoints that are not what was written."""

import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import subprocess

import trials
from trials import PROGRAM, new_trial, require


def dcgan():
    """A run of the recipe `dcgan` at half its width (0.4 million parameters) with two checkpoints, and the newer one."""
    trial = new_trial("dcgan")
    finished = subprocess.run(
        [PROGRAM, "train", "dcgan", "batch=8", "model.generatorFeatures=32", "model.discriminatorFeatures=32", "steps=2",
         "checkpoint.every=1", "samples.count=1", "--run", str(trial.run)], capture_output=True, text=True)
    require(finished.returncode == 0, finished.stderr)
    return trial, trial.run / "checkpoints/step-00000002"


def damages(folder, workers, spoil):
    """Has each worker spoil its own copy, and look: `spoil(copy, worker)` yields once for each damage, with the file's name.
    Returns how many damages were found, and how many of those in tensor files named a tensor."""
    def work(worker):
        copy = pathlib.Path(trials.WORK) / f"copy-{worker}"
        shutil.copytree(folder, copy)
        found = named = 0
        for name, what in spoil(copy, worker):
            finished = subprocess.run([PROGRAM, "inspect", str(copy)], capture_output=True, text=True)
            require(finished.returncode == 65, what, "was not found:", finished.returncode, finished.stdout)
            require(f"/{name}" in finished.stderr and finished.stderr.count("\n") == 1, what, finished.stderr)
            found += 1
            named += "tensor " in finished.stderr
        require(subprocess.run([PROGRAM, "inspect", str(copy)], capture_output=True).returncode == 0, "not restored")
        return found, named

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(work, range(workers)))
    return sum(found for found, _ in results), sum(named for _, named in results)


def falls_back(trial, where):
    """The newest checkpoint is damaged: the run goes on from the one before, and says so."""
    finished = subprocess.run([PROGRAM, "inspect", str(trial.run), "--json"], capture_output=True, text=True)
    require(finished.returncode == 0 and json.loads(finished.stdout)["step"] == 1, where, finished.stderr)
    require("step-00000002 is passed over" in finished.stderr, where, finished.stderr)


def flips(every):
    """Single bits, anywhere in a checkpoint, with the chance that their file's size gives them."""
    trial, folder = dcgan()
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    count, workers = 10_000 // every, os.cpu_count()

    def spoil(copy, worker):
        choice = random.Random(f"{trials.SEED}-{worker}")
        for _ in range(worker, count, workers):
            name = choice.choices(list(sizes), weights=list(sizes.values()))[0]
            bit = choice.randrange(8 * sizes[name])
            with open(copy / name, "r+b") as file:
                file.seek(bit // 8)
                byte = file.read(1)[0]
                file.seek(bit // 8)
                file.write(bytes([byte ^ 1 << bit % 8]))
                file.flush()
                yield name, f"bit {bit} of {name}"
                file.seek(bit // 8)
                file.write(bytes([byte]))

    found, named = damages(folder, workers, spoil)
    print(f"flips: {found} of {count} flipped bits of {sum(sizes.values())} bytes found, the file named; {named} name a tensor")
    with open(folder / "generator.safetensors.zst", "r+b") as file:
        file.seek(sizes["generator.safetensors.zst"] // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 8]))
    falls_back(trial, "a flipped bit:")


def cuts(every):
    """Files that end too early."""
    trial, folder = dcgan()
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    places = [(name, length) for name, size in sizes.items()
              for length in sorted({*range(0, min(size, 1024)), *range(0, size, 4096)})][::every]
    workers = os.cpu_count()

    def spoil(copy, worker):
        for name, length in places[worker::workers]:
            content = (copy / name).read_bytes()
            os.truncate(copy / name, length)
            yield name, f"{name} of {length} bytes"
            (copy / name).write_bytes(content)

    found, named = damages(folder, workers, spoil)
    print(f"cuts: {found} of {len(places)} truncations found, the file named; {named} name a tensor")
    for name in sizes:
        os.truncate(folder / name, sizes[name] // 2)
        falls_back(trial, f"half of {name}:")
