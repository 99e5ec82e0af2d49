"""SIGKILL in place of the calls with which a run changes its folder."""

import collections
import shutil
import signal
import subprocess

from trials import PROGRAM, copy_of, new_trial, require

# What a kill strikes. Each gives the run before, whether --resume is said, and which generations may be found after it.

def fresh():
    return new_trial("fresh"), False, {None, 6, 3}


def next_generation():
    trial = new_trial("next")
    trial.trained(3, "checkpoint.keepLast=1", resume=False)
    return trial, True, {3, 6}


def replaced_generation():
    """The newest generation is damaged, so that the save is of a step that is there already."""
    trial = new_trial("replaced")
    trial.trained(6, "checkpoint.keepLast=2", resume=False)
    file = trial.run / "checkpoints/step-00000006/optimizer.safetensors.zst"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    return trial, True, {3, 6}


def leftovers():
    """A save and a removal were killed before: this start has to clean up."""
    trial = new_trial("leftovers")
    trial.trained(3, "checkpoint.keepLast=1", resume=False)
    folder = trial.run / "checkpoints"
    shutil.copytree(folder / "step-00000003", folder / "step-00000006.tmp-1a")
    shutil.copytree(folder / "step-00000003", folder / "step-00000002.tmp-2b")
    (folder / "latest.tmp-3c").write_text("step-0000")
    (folder / "step-00000003").rename(folder / "step-00000003.replaced-4d")
    return trial, True, {3, 6}


def kill(every):
    """SIGKILL in place of each call."""
    total = {}
    for scenario in (fresh, next_generation, replaced_generation, leftovers):
        for inside, outside in (("/checkpoints", None), ("", "/checkpoints/")):
            before, resume, allowed = scenario()
            struck_before, point = sum(total.values()), 1
            while True:
                trial = copy_of(before, "killed")
                where = f"{scenario.__name__}{inside or ' run folder'}, kill@{point}:"
                finished = trial.train(6, resume=resume, faults=f"kill@{point}", inside=inside, outside=outside)
                if finished.returncode == 0:
                    require(len(trial.point_list()) < point, where, "the point was passed")
                    trial.is_whole(6, where)
                    break
                require(finished.returncode == -signal.SIGKILL, where, finished.returncode, finished.stderr)
                struck = trial.point_list()[-1]
                where += f" {struck[1]} {struck[2]}:"
                trial.generation_is_one_of(allowed, where)
                # Before the options are there, there is no run to resume: the same command begins it.
                goes_on = resume or (trial.run / "options.yaml").exists()
                again = trial.train(6, resume=goes_on)
                require(again.returncode == 0, where, again.stderr)
                trial.is_whole(6, where)
                total[struck[1]] = total.get(struck[1], 0) + 1
                point += every
            print(f"kill: {scenario.__name__}, {inside or 'the rest of the run folder'}: "
                  f"{sum(total.values()) - struck_before} kills", flush=True)
    print(f"kill: {sum(total.values())} kills: " + ", ".join(f"{n} {call}" for call, n in sorted(total.items())))


# What a run calls, by the names of the system's calls; glibc's `open` is `openat`.
CALLS = ["write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "renameat", "renameat2", "unlink", "unlinkat",
         "rmdir", "mkdir", "mkdirat", "link", "linkat", "symlink"]


def strace(every):
    """The same by strace: that faults.c sees every call of a save, and a kill at each call that strace can count to."""
    if shutil.which("strace") is None:
        print("strace: skipped, it is absent")
        return
    before, _, allowed = next_generation()
    trial = copy_of(before, "counted")
    require(trial.train(6, faults="").returncode == 0, "the run that counts the points failed")
    seen = collections.Counter(call for _, call, _ in trial.point_list() if call not in ("close", "create"))
    trial = copy_of(before, "counted")
    line = [PROGRAM, "train", "steps=6", "--run", str(trial.run), "--resume"]
    traced = subprocess.run(["strace", "-ff", "-y", "-qq", "-o", str(trial.folder / "trace"), "-e", "trace=" + ",".join(CALLS),
                             *line], capture_output=True, text=True)
    if traced.returncode != 0 and "ptrace" in traced.stderr:
        print("strace: skipped, this user may not trace")
        return
    require(traced.returncode == 0, traced.stderr)
    lines = [line for file in trial.folder.glob("trace.*") for line in file.read_text(errors="replace").splitlines()]
    there = collections.Counter(line.split("(")[0] for line in lines if f"{trial.run}/checkpoints" in line)
    require(there == seen, "strace sees", there, "faults.c", seen)
    print(f"strace: sees the {sum(seen.values())} calls of a save and its start that faults.c counts, but for files made and "
          "closed, which it does not tell apart")
    kills = collections.Counter()
    for call in CALLS:
        point = 1
        while True:
            trial = copy_of(before, "killed")
            line = [PROGRAM, "train", "steps=6", "--run", str(trial.run), "--resume"]
            finished = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                                       f"inject={call}:signal=KILL:when={point}", *line], capture_output=True, text=True)
            where = f"strace, {call} {point}:"
            if finished.returncode == 0:
                trial.is_whole(6, where)
                break
            require(finished.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), where, finished.returncode, finished.stderr)
            trial.generation_is_one_of(allowed, where)
            again = trial.train(6)
            require(again.returncode == 0, where, again.stderr)
            trial.is_whole(6, where)
            kills[call] += 1
            point += every
    print(f"strace: {sum(kills.values())} kills: " + ", ".join(f"{n} {call}" for call, n in sorted(kills.items())))
