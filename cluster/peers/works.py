"""What `cluster/bench-peers` measures: the works, and the commands of both programs for each."""

import collections.abc
import dataclasses
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent
NAMES = ("dcgan", "wgan-gp", "sngan", "voxel-gan", "ring", "vae")

# How the tables know Lockstep's measurements that have no counterpart in PyTorch.
FIRST_STEP, ALONE, TWO_MICRO_BATCHES = "first step", "alone", "2 micro-batches"
OWN = (FIRST_STEP, ALONE, TWO_MICRO_BATCHES)


def shape(ranks: int, threads: int) -> str:
    """How the tables call Lockstep's measurements beside PyTorch's."""
    return f"{ranks} rank{'s' if ranks > 1 else ''} x {threads} thread{'s' if threads > 1 else ''}"


@dataclasses.dataclass(frozen=True)
class Work:
    """The same training in both programs."""

    title: str
    unit: str  # images or steps: whose rate the tables show
    bench: list[str]  # words of lockstep bench
    peer: list[str]  # a script in this folder and its options
    batch: int  # samples of an optimizer's step
    per_process: bool  # the batch is each process's, not that of all together
    micro_batch: int  # samples of one of Lockstep's micro-batches, on one core as on two
    steps: int  # of PyTorch in a timed run; Lockstep's runs have twice as many
    warmup: int  # untimed steps of PyTorch
    setups: list[tuple[int, int, str, str]]  # processes, threads and variant of PyTorch, how the table calls it

    def global_batch(self, ranks: int) -> int:
        return self.batch * ranks if self.per_process else self.batch


@dataclasses.dataclass(frozen=True)
class Measurement:
    """A command that prints a JSON object, and how the tables call it."""

    work: Work
    program: str  # lockstep or pytorch
    cores: int
    setup: str
    command: list[str]


@dataclasses.dataclass(frozen=True)
class Programs:
    """The two programs; without `lockstep` PyTorch is timed alone."""

    lockstep: str | None
    python: str

    def ours(
        self, work: Work, ranks: int, *words: str, threads: int = 1, batch: int = 0, micro_batches: int = 0,
        setup: str = "",
    ) -> Measurement:
        """`lockstep bench` with the work's batch for so many cores, and its micro-batches, if not given."""
        cores = ranks * threads
        batch = batch or work.global_batch(cores)
        command = [] if ranks == 1 else ["mpirun", "-n", str(ranks)]
        command += [str(self.lockstep), "bench", *work.bench, "--json"]
        command += [f"batch={batch}", f"threads={threads}"]
        command += [f"microBatches={micro_batches or batch // work.micro_batch}", *words]
        return Measurement(work, "lockstep", cores, setup or shape(ranks, threads), command)

    def start(self, work: Work) -> Measurement:
        """The shortest `lockstep bench`: three steps, of which two warm up."""
        return self.ours(work, 1, "steps=1", "--runs", "1", setup=FIRST_STEP)

    def peer(self, work: Work, processes: int, threads: int, variant: str, setup: str) -> Measurement:
        """A workload in PyTorch."""
        script, *options = work.peer
        batch = work.batch if work.per_process else work.batch // processes
        command = [self.python, "-B", str(FOLDER / script), *options, "--batch", str(batch)]
        command += ["--processes", str(processes), "--threads", str(threads), "--variant", variant]
        command += ["--steps", str(work.steps), "--runs", "2", "--warmup", str(work.warmup)]
        return Measurement(work, "pytorch", processes * threads, setup, command)

    def round(self, work: Work) -> collections.abc.Iterator[Measurement]:
        """One round of a work: before each measurement of PyTorch Lockstep on as many cores, on two in both ways."""
        for setup in work.setups:
            cores = setup[0] * setup[1]
            for ranks in sorted({cores, 1}, reverse=True) if self.lockstep else ():
                yield self.ours(work, ranks, f"steps={2 * work.steps}", threads=cores // ranks)
            yield self.peer(work, *setup)

    def alone(self, work: Work) -> collections.abc.Iterator[Measurement]:
        """Lockstep on one rank and on two with the batch of two, and there with 2 micro-batches, by turns."""
        words, batch = (f"steps={2 * work.steps}", "--runs", "3"), work.global_batch(2)
        for _ in range(2):
            yield self.ours(work, 1, *words, batch=batch, setup=ALONE)
            yield self.ours(work, 2, *words, setup=ALONE)
            if batch // work.micro_batch > 2:
                yield self.ours(work, 2, *words, micro_batches=2, setup=TWO_MICRO_BATCHES)


def dcgan(shape: str) -> Work:
    """DCGAN on images of SIZExCHANNELS, 64 a process."""
    size, channels = shape.split("x")
    return Work(
        title=f"`dcgan` {size}x{size}x{channels}",
        unit="images",
        bench=["dcgan", f"size={size}", f"channels={channels}"],
        peer=["dcgan.py", "--size", size, "--channels", channels],
        batch=64,
        per_process=True,
        micro_batch=16,
        steps=5,
        warmup=2,
        setups=[
            (2, 1, "best", "DDP gloo, 2 processes, tuned"),
            (2, 1, "compiled", "DDP gloo, 2 processes, tuned and compiled"),
            (2, 1, "plain", "DDP gloo, 2 processes, plain"),
            (1, 2, "best", "1 process x 2 threads, tuned"),
            (1, 1, "best", "1 process x 1 thread, tuned"),
            (1, 1, "compiled", "1 process x 1 thread, tuned and compiled"),
        ],
    )


def wgan_gp() -> Work:
    """WGAN-GP on images of 32x32x1, 64 in all."""
    return Work(
        title="`wgan-gp` 32x32x1",
        unit="images",
        bench=["wgan-gp", "size=32", "channels=1"],
        peer=["wgan_gp.py", "--size", "32", "--channels", "1"],
        batch=64,
        per_process=False,
        micro_batch=8,
        steps=2,
        warmup=1,
        setups=[
            (2, 1, "best", "DDP gloo, 2 processes, tuned"),
            (1, 2, "best", "1 process x 2 threads, tuned"),
            (1, 2, "whole", "1 process x 2 threads, critic's turn as one graph"),
            (1, 1, "plain", "1 process x 1 thread, plain"),
            (1, 1, "best", "1 process x 1 thread, tuned"),
            (1, 1, "compiled", "1 process x 1 thread, tuned and compiled"),
            (1, 1, "whole", "1 process x 1 thread, critic's turn as one graph"),
        ],
    )


def sngan() -> Work:
    """Residual networks of the paper's small widths on images of 32x32x3, 32 a process."""
    return Work(
        title="`sngan` 32x32x3",
        unit="images",
        bench=["sngan", "model.generatorFeatures=64", "model.discriminatorFeatures=64"],
        peer=["sngan.py", "--size", "32", "--channels", "3", "--latents", "128", "--features", "64"],
        batch=32,
        per_process=True,
        micro_batch=16,
        steps=3,
        warmup=1,
        setups=[
            (2, 1, "best", "DDP gloo, 2 processes, tuned"),
            (1, 2, "best", "1 process x 2 threads, tuned"),
            (1, 1, "plain", "1 process x 1 thread, plain"),
            (1, 1, "best", "1 process x 1 thread, tuned"),
            (1, 1, "compiled", "1 process x 1 thread, tuned and compiled"),
        ],
    )


def voxel_gan() -> Work:
    """3D-GAN on volumes of 32x32x32, 32 a process, with the loss and the norms of DCGAN."""
    return Work(
        title="`voxel-gan` 32x32x32",
        unit="images",
        bench=["voxel-gan", "loss=nonSaturating", "spectralNorm=false", "model.discriminatorBias=false"],
        peer=["dcgan.py", "--axes", "3", "--size", "32", "--channels", "1", "--features", "32"],
        batch=32,
        per_process=True,
        micro_batch=8,
        steps=2,
        warmup=1,
        setups=[
            (2, 1, "best", "DDP gloo, 2 processes, tuned"),
            (2, 1, "contiguous", "DDP gloo, 2 processes, tuned, channels first"),
            (1, 2, "best", "1 process x 2 threads, tuned"),
            (1, 2, "contiguous", "1 process x 2 threads, tuned, channels first"),
            (1, 1, "plain", "1 process x 1 thread, plain"),
            (1, 1, "best", "1 process x 1 thread, tuned"),
            (1, 1, "contiguous", "1 process x 1 thread, tuned, channels first"),
            (1, 1, "compiled", "1 process x 1 thread, tuned and compiled"),
        ],
    )


# Two processes over gloo are slower than one on the small networks.
SMALL = [
    (1, 2, "best", "1 process x 2 threads, tuned"),
    (1, 2, "whole", "1 process x 2 threads, step as one graph"),
    (1, 1, "plain", "1 process x 1 thread, plain"),
    (1, 1, "best", "1 process x 1 thread, tuned"),
    (1, 1, "compiled", "1 process x 1 thread, tuned and compiled"),
    (1, 1, "whole", "1 process x 1 thread, step as one graph"),
]


def ring(batch: int, micro_batch: int, steps: int) -> Work:
    """The GAN of fully connected layers on points of the plane."""
    return Work(
        title=f"`ring`, batch {batch}",
        unit="steps",
        bench=["ring", "model.packing=2"],
        peer=["ring.py", "--packing", "2"],
        batch=batch,
        per_process=False,
        micro_batch=micro_batch,
        steps=steps,
        warmup=20,
        setups=SMALL,
    )


def vae() -> Work:
    """The variational autoencoder 784-400-20."""
    return Work(
        title="`vae`, batch 128",
        unit="steps",
        bench=["vae"],
        peer=["vae.py"],
        batch=128,
        per_process=False,
        micro_batch=16,
        steps=50,
        warmup=10,
        setups=SMALL,
    )


def works(name: str, sizes: list[str]) -> list[Work]:
    """The works of one of `NAMES`; `sizes` are the shapes of DCGAN's images, SIZExCHANNELS."""
    match name:
        case "dcgan":
            return [dcgan(shape) for shape in sizes]
        case "wgan-gp":
            return [wgan_gp()]
        case "sngan":
            return [sngan()]
        case "voxel-gan":
            return [voxel_gan()]
        case "ring":
            # The recipe's micro-batches; and two for 32 points, as many as there are ranks to share them.
            return [ring(512, micro_batch=64, steps=200), ring(32, micro_batch=16, steps=400)]
        case "vae":
            return [vae()]
    raise ValueError(f"no work {name}")
