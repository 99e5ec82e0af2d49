"""Calls that fail, and disks that are full."""

import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import trials
from trials import Trial, copy_of, hashes, new_trial, require


def errors(every):
    """Each call of the save after step 6 fails; the one after step 9 does not."""
    before = new_trial("before")
    before.trained(3, "checkpoint.keepLast=1", resume=False)
    trial = copy_of(before, "counted")
    require(trial.train(9, faults="").returncode == 0, "the run that counts the points failed")
    points = trial.point_list()
    first = next(n for n, _, path in points if "step-00000006.tmp-" in path)
    last = next(n for n, _, path in points if "step-00000009.tmp-" in path) - 1
    count = silent = 0
    for code in ("EIO", "ENOSPC"):
        for extent in ("once", "rest"):
            for point in range(first, last + 1, every):
                rule = f"{code}@{point}" + ("" if extent == "once" else f"-{last}")
                if extent == "rest":
                    # Fewer calls are made where some fail: the range ends with the first call of the next save.
                    ends = copy_of(before, "failed")
                    ends.train(9, faults=f"{code}@{point}-{last}")
                    known = [n for n, _, path in ends.point_list() if "step-00000009.tmp-" in path]
                    if known:
                        rule = f"{code}@{point}-{known[0] - 1}"
                trial = copy_of(before, "failed")
                finished = trial.train(9, faults=rule)
                call = points[point - 1][1]
                where = f"{rule} {call} {points[point - 1][2]}:"
                require(finished.returncode == 0, where, finished.returncode, finished.stderr)
                warnings = [line for line in finished.stderr.splitlines() if "warning" in line]
                require(len(warnings) <= 1, where, warnings)
                text = os.strerror(5 if code == "EIO" else 28)
                if warnings:
                    require(text in warnings[0], where, warnings)
                else:
                    # The content is durable before the file is closed.
                    require(call == "close", where, "no warning:", finished.stderr)
                    silent += 1
                found = trial.inspect()
                require(found and found["step"] == 9 and hashes(found) == trials.REFERENCE[9], where, "the next save:", found)
                following = next(n for n, _, path in trial.point_list() if "step-00000009.tmp-" in path)
                trial = copy_of(before, "failed")
                trial.train(9, faults=f"{rule},kill@{following}")
                trial.generation_is_one_of({3, 6}, where)
                again = trial.train(9)
                require(again.returncode == 0, where, again.stderr)
                trial.is_whole(9, where)
                count += 1
    print(f"errors: {count} failing saves of {last - first + 1} calls, one warning each but for {silent} at a close "
          "after fsync; the older generation whole, the next save good")
    final_save(before, every)


def final_save(before, every):
    """Where the last save fails, the run says so and ends with 73 or 74; saved later, it has the same bits.
    Where only what comes behind a save fails, it warns."""
    trial = copy_of(before, "counted")
    trial.train(6, faults="")
    points = trial.point_list()
    count = behind = 0
    for code in ("EIO", "ENOSPC"):
        for n, call, path in points[::every]:
            if call == "close" or n < next(n for n, _, path in points if "step-00000006.tmp-" in path):
                continue
            trial = copy_of(before, "failed")
            finished = trial.train(6, faults=f"{code}@{n}")
            where = f"final save, {code}@{n} {call} {path}:"
            lines = finished.stderr.splitlines()
            if finished.returncode == 0:
                # The generation is whole: what is left to do is told, and done after the next save.
                require(sum("is saved, but" in line for line in lines) == 1, where, finished.stderr)
                trial.generation_is_one_of({6}, where)
                behind += 1
                continue
            require(finished.returncode in (73, 74), where, finished.returncode, finished.stderr)
            messages = [line for line in lines if line.startswith("lockstep:")]
            told = len(messages) == 1 and any(word in messages[0] for word in ("rror", "space"))
            require(told, where, finished.stderr)
            trial.generation_is_one_of({3, 6}, where)
            again = trial.train(6)
            require(again.returncode == 0, where, again.stderr)
            trial.is_whole(6, where)
            count += 1
    # What the save before has left is told, though it ends when the last one has begun.
    trial = copy_of(before, "counted")
    trial.train(6, "checkpoint.every=1", faults="")
    first = next(n for n, _, path in trial.point_list() if "step-00000006.tmp-" in path)
    trial = copy_of(before, "failed")
    finished = trial.train(6, "checkpoint.every=1", faults=f"EIO@{first}")
    require(finished.returncode in (73, 74), "the last of three saves:", finished.returncode, finished.stderr)
    told, found = json.loads((trial.run / "status.json").read_text())["checkpoint"], trial.inspect()["step"]
    require(told == found == 5, "status.json names the checkpoint of step", told, "where that of", found, "is the newest")
    print(f"errors: {count} failing final saves, each told in one line with status 73 or 74, "
          f"and {behind} whole ones with a warning of what failed behind them")


def shared(every):
    """Two ranks write each save; one of them is killed at, or failed in, each of its calls."""
    if shutil.which("mpirun") is None:
        print("shared: skipped, mpirun is absent")
        return
    before = new_trial("before")
    before.trained(3, "checkpoint.keepLast=1", resume=False)
    kills, failures = [0, 0], [0, 0]
    for rank in range(2):
        point = 1
        while True:
            trial = copy_of(before, "killed")
            finished = trial.train(6, faults=f"kill@{point}", faulty=rank)
            where = f"rank {rank}, kill@{point}:"
            if finished.returncode == 0:
                require(len(trial.point_list()) < point, where, "the point was passed")
                trial.is_whole(6, where)
                break
            where += " {1} {2}:".format(*trial.point_list()[-1])
            require(finished.returncode == 128 + signal.SIGKILL, where, finished.returncode, finished.stderr)
            trial.generation_is_one_of({3, 6}, where)
            again = trial.train(6)
            require(again.returncode == 0, where, again.stderr)
            trial.is_whole(6, where)
            kills[rank] += 1
            point += every
        trial = copy_of(before, "counted")
        require(trial.train(9, faults="", faulty=rank).returncode == 0, "the run that counts the points failed")
        # Behind the next save's first call, a path of that name is of the generation's removal.
        points = itertools.takewhile(lambda point: "step-00000009.tmp-" not in point[2], trial.point_list())
        points = [point for point in points if "step-00000006.tmp-" in point[2]]
        require(sum(call == "create" for _, call, _ in points) >= 1, f"rank {rank} writes no file:", points)
        for code, text in (("EIO", os.strerror(5)), ("ENOSPC", os.strerror(28))):
            for n, call, path in points[::every]:
                trial = copy_of(before, "failed")
                finished = trial.train(9, faults=f"{code}@{n}", faulty=rank)
                where = f"rank {rank}, {code}@{n} {call} {path}:"
                require(finished.returncode == 0, where, finished.returncode, finished.stderr)
                warnings = [line for line in finished.stderr.splitlines() if "warning" in line]
                require(len(warnings) == 1 and text in warnings[0] or not warnings and call == "close", where, finished.stderr)
                trial.is_whole(9, where)
                failures[rank] += 1
        # The last save, of which one rank can write nothing.
        trial = copy_of(before, "failed")
        finished = trial.train(6, faults=f"EROFS@{points[0][0]}-999999", faulty=rank)
        where = f"final save, rank {rank}, EROFS from call {points[0][0]} on:"
        require(finished.returncode == (0 if rank else 73), where, finished.returncode, finished.stderr)
        trial.generation_is_one_of({6} if rank else {3}, where)
        if rank:
            require(finished.stderr.count("the other ranks write its part") == 1, where, finished.stderr)
            trial.is_whole(6, where)
    print(f"shared: {sum(kills)} kills and {sum(failures)} failing saves of two ranks ({kills[0]} and {failures[0]} on rank 0): "
          "the older or the new generation whole, one warning for each failure, the same bits at the end")


def full(every):
    """File systems of a few megabytes that fill up while training goes on, and are emptied again."""
    mount = pathlib.Path(trials.WORK) / "full"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", mount], capture_output=True).returncode != 0:
        print("full: skipped, this user may not mount a tmpfs")
        return
    try:
        # Bytes left, files left, and whether the look at the free space before a save is deceived.
        cases = [(0, 99, False), (50_000, 99, False), (400_000, 99, False), (700_000, 99, False), (1_100_000, 99, False),
                 (4_000_000, 99, False), (100_000, 99, True), (300_000, 99, True), (600_000, 99, True), (900_000, 99, True)]
        cases += [(4_000_000, files, False) for files in range(3, 12)]
        for left, files, deceived in cases[::every]:
            trial = Trial(mount)
            shutil.rmtree(trial.run, ignore_errors=True)
            subprocess.run(["mount", "-o", "remount,nr_inodes=1000", mount], check=True)
            trial.trained(3, "checkpoint.keepLast=1", resume=False)
            # Changed options are written first: that is not what is tried here.
            options = trial.run / "options.yaml"
            options.write_text(re.sub(r"(?m)^steps: 3\b", "steps: 9", options.read_text()))
            filler = mount / "filler"
            space = os.statvfs(mount)
            filler.write_bytes(bytes(max(0, space.f_bavail * space.f_frsize - left)))
            space = os.statvfs(mount)
            subprocess.run(["mount", "-o", f"remount,nr_inodes={space.f_files - space.f_ffree + files}", mount], check=True)
            finished = trial.train(9, faults="", free=deceived)
            where = f"{left} bytes and {files} files free:"
            require(finished.returncode in (0, 73, 74), where, finished.returncode, finished.stderr)
            trial.generation_is_one_of({3, 6, 9}, where)
            said = [line for line in finished.stderr.splitlines() if "pace" in line or "fit" in line]
            require(finished.returncode == 0 or said, where, finished.stderr)
            print(f"full: {where} status {finished.returncode}: {said[-1] if said else 'enough'}")
            filler.unlink()
            subprocess.run(["mount", "-o", "remount,nr_inodes=1000", mount], check=True)
            again = trial.train(9)
            require(again.returncode == 0, where, again.stderr)
            trial.is_whole(9, where)
        print(f"full: {len(cases[::every])} disks that were really full; emptied, each run went on to the same bits")
    finally:
        subprocess.run(["umount", mount])
