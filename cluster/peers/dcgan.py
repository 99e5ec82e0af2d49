#!/usr/bin/env python3
"""Times DCGAN training steps in PyTorch on CPUs and prints one JSON object.

The counterpart of `lockstep bench dcgan`: the same networks, losses and order of work, on random
images in memory, so that no loader is timed. One step is

    fake = G(z);  D loss = bce(D(x), 1) + bce(D(fake.detach()), 0), two passes of D;  Adam on D;
    G loss = bce(D(fake), 1), the updated D and the same fake;  Adam on G.

With --processes above 1 it trains with DistributedDataParallel over gloo on this machine. A variant
is a set of settings (--help lists them); --set changes one of them.
"""

import argparse
import dataclasses
import datetime
import json
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
import typing
import warnings


@dataclasses.dataclass(frozen=True)
class Settings:
    """What may be tuned without changing what is learned."""

    channels_last: bool = False
    fused_adam: bool = False
    set_to_none: bool = True  # zero_grad frees the gradients
    freeze: bool = False  # no weight gradients of D in G's turn
    one_backward: bool = False  # both losses of D go back in one pass
    huge_pages: bool = False  # transparent huge pages for tensors
    keep_memory: bool = False  # malloc gives nothing back to the kernel between steps
    pin: bool = False  # each process stays on its own cores
    compile: bool = False  # torch.compile of both networks
    bucket_view: bool = False  # DDP: gradients live in the buckets
    broadcast_buffers: bool = True  # DDP: rank 0's running statistics before each forward pass
    static_graph: bool = False  # DDP: for the generator, whose graph is always the same
    bucket_megabytes: int = 25  # DDP


BEST = Settings(
    channels_last=True,
    fused_adam=True,
    freeze=True,
    one_backward=True,
    huge_pages=True,
    keep_memory=True,
    bucket_view=True,
    broadcast_buffers=False,
    static_graph=True,
)

VARIANTS = {
    "plain": Settings(),
    "best": BEST,
    "compiled": dataclasses.replace(BEST, compile=True),
}


def set_environment(settings: Settings, threads: int, isa: str) -> None:
    """Sets what PyTorch and the C library read when a worker starts."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    if settings.huge_pages:
        os.environ["THP_MEM_ALLOC_ENABLE"] = "1"
    if settings.keep_memory:
        os.environ["MALLOC_MMAP_MAX_"] = "0"
        os.environ["MALLOC_TRIM_THRESHOLD_"] = str(1 << 40)
    if isa == "avx2":
        os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
        os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"
        os.environ["MKL_ENABLE_INSTRUCTIONS"] = "AVX2"


class Report(typing.NamedTuple):
    """What one process measured."""

    rank: int
    seconds: list[float]  # per step, in each run
    cpu_seconds: float  # per step, of all threads
    peak_bytes: int
    checksum: float
    flops_per_image: int
    torch: str
    capability: str


class Trainer:
    """One process's replica of the two networks, their optimizers and its random data."""

    def __init__(self, options: argparse.Namespace, settings: Settings):
        import torch
        from torch.nn.parallel import DistributedDataParallel

        import dcgan_networks as dcgan

        self.settings = settings
        self.batch, self.latents = options.batch, options.latents
        self.layout = torch.channels_last if settings.channels_last else torch.contiguous_format
        widths = dcgan.generator_widths(options.size, options.features)
        self.flops_per_image = dcgan.flops_per_image(options.size, options.channels, options.latents, widths)

        torch.manual_seed(0)  # the same initial weights in every process
        generator = dcgan.Generator(options.latents, widths, options.channels)
        discriminator = dcgan.Discriminator(options.channels, widths[::-1])
        for network in (generator, discriminator):
            dcgan.initialize(network)
            network.to(memory_format=self.layout)
        self.generator_optimizer, self.discriminator_optimizer = (
            torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=settings.fused_adam)
            for network in (generator, discriminator)
        )
        if settings.compile:
            generator.compile(dynamic=False)
            discriminator.compile(dynamic=False)
        # While it is frozen D must not be called through DDP, which expects gradients for it.
        self.frozen_discriminator = discriminator
        if options.processes > 1:
            shared = {
                "gradient_as_bucket_view": settings.bucket_view,
                "broadcast_buffers": settings.broadcast_buffers,
                "bucket_cap_mb": settings.bucket_megabytes,
            }
            discriminator = DistributedDataParallel(discriminator, **shared)
            generator = DistributedDataParallel(generator, static_graph=settings.static_graph, **shared)
        self.generator, self.discriminator = generator, discriminator

        shape = (4, options.batch, options.channels, options.size, options.size)
        self.batches = [x.contiguous(memory_format=self.layout) for x in torch.rand(shape) * 2 - 1]
        self.real, self.fake = torch.ones(options.batch), torch.zeros(options.batch)

    def train(self, steps: int) -> None:
        import torch

        for index in range(steps):
            self.step(self.batches[index % len(self.batches)], torch.randn(self.batch, self.latents, 1, 1))

    def step(self, images, latents) -> None:
        from torch.nn.functional import binary_cross_entropy_with_logits as bce

        fake = self.generator(latents)

        self.discriminator_optimizer.zero_grad(set_to_none=self.settings.set_to_none)
        real_loss = bce(self.discriminator(images), self.real)
        if self.settings.one_backward:
            (real_loss + bce(self.discriminator(fake.detach()), self.fake)).backward()
        else:
            real_loss.backward()
            bce(self.discriminator(fake.detach()), self.fake).backward()
        self.discriminator_optimizer.step()

        self.generator_optimizer.zero_grad(set_to_none=self.settings.set_to_none)
        if self.settings.freeze:
            self.frozen_discriminator.requires_grad_(False)
            bce(self.frozen_discriminator(fake), self.real).backward()
            self.frozen_discriminator.requires_grad_(True)
        else:
            bce(self.discriminator(fake), self.real).backward()
        self.generator_optimizer.step()

    def checksum(self) -> float:
        """Of all weights; replicas that DDP kept in step have the same."""
        networks = (self.generator, self.discriminator)
        return sum(p.detach().double().abs().sum().item() for n in networks for p in n.parameters())


def work(rank: int, options: argparse.Namespace, settings: Settings, rendezvous: str, results) -> None:
    """One process: trains, and puts a `Report` into `results`."""
    if settings.pin:
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[rank * options.threads : (rank + 1) * options.threads])

    import torch
    import torch.distributed

    torch.set_num_threads(options.threads)
    distributed = options.processes > 1
    if distributed:
        torch.distributed.init_process_group(
            "gloo",
            init_method=f"file://{rendezvous}",
            rank=rank,
            world_size=options.processes,
            timeout=datetime.timedelta(minutes=5),
        )
    # Newer versions rename it but advise to keep this name when replicas have their own buffers.
    warnings.filterwarnings("ignore", message="`broadcast_buffers` is deprecated")
    trainer = Trainer(options, settings)
    torch.manual_seed(rank)  # other latents in every process
    trainer.train(options.warmup)
    seconds = []
    cpu_start = time.process_time()
    for _ in range(options.runs):
        if distributed:
            torch.distributed.barrier()
        start = time.perf_counter()
        trainer.train(options.steps)
        seconds.append((time.perf_counter() - start) / options.steps)
    results.put(
        Report(
            rank=rank,
            seconds=seconds,
            cpu_seconds=(time.process_time() - cpu_start) / (options.runs * options.steps),
            peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            checksum=trainer.checksum(),
            flops_per_image=trainer.flops_per_image,
            torch=torch.__version__,
            capability=torch.backends.cpu.get_cpu_capability(),
        )
    )
    if distributed:
        torch.distributed.destroy_process_group()


def measure(options: argparse.Namespace, settings: Settings) -> dict:
    """Trains in `options.processes` fresh processes and returns what is printed."""
    set_environment(settings, options.threads, options.isa)
    context = multiprocessing.get_context("spawn")
    results = context.SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        rendezvous = os.path.join(folder, "rendezvous")
        workers = [
            context.Process(target=work, args=(rank, options, settings, rendezvous, results))
            for rank in range(options.processes)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    if any(worker.exitcode for worker in workers):
        raise SystemExit("dcgan.py: a training process failed, see its message above")
    reports = sorted(results.get() for _ in workers)
    if len({report.checksum for report in reports}) > 1:
        raise SystemExit("dcgan.py: the replicas differ after training, so this is no valid DDP set-up")

    # The slowest process of each run counts.
    seconds = [max(run) for run in zip(*(report.seconds for report in reports))]
    median = statistics.median(seconds)
    images_per_second = options.processes * options.batch / median
    flops_per_second = images_per_second * reports[0].flops_per_image
    return {
        "images_per_second": round(images_per_second, 3),
        "seconds_per_step": round(median, 6),
        "seconds_per_step_min": round(min(seconds), 6),
        "seconds_per_step_max": round(max(seconds), 6),
        "cpu_seconds_per_step": round(max(report.cpu_seconds for report in reports), 6),
        "gflops_per_core": round(flops_per_second / (options.processes * options.threads) / 1e9, 2),
        "peak_rss_bytes": max(report.peak_bytes for report in reports),
        "torch": reports[0].torch,
        "cpu_capability": reports[0].capability,
        "options": {name: value for name, value in vars(options).items() if name != "set"},
        "settings": dataclasses.asdict(settings),
    }


def parse_setting(text: str) -> tuple[str, int]:
    types = {field.name: field.type for field in dataclasses.fields(Settings)}
    name, _, value = text.partition("=")
    if name not in types or not value.isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=NUMBER with a NAME from {', '.join(types)}")
    return name, types[name](int(value))


def parse_side(text: str) -> int:
    side = int(text) if text.isdigit() else 0
    if side < 8 or side & (side - 1):
        raise argparse.ArgumentTypeError(f"'{text}' is not 8, 16, 32, 64, …")
    return side


def parse_count(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1 up")
    return int(text)


def main() -> None:
    listing = "\n".join(
        f"  {name:9} "
        + ", ".join(
            key if value is True else f"{key}={value}"
            for key, value in dataclasses.asdict(settings).items()
            if value is not False
        )
        for name, settings in VARIANTS.items()
    )
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f"variants:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--size", type=parse_side, default=32, help="pixels of a side, a power of two (32)")
    parser.add_argument("--channels", type=parse_count, default=1, help="of an image (1)")
    parser.add_argument("--batch", type=parse_count, default=64, help="images per process and step (64)")
    parser.add_argument("--latents", type=parse_count, default=100, help="length of a latent vector (100)")
    parser.add_argument("--features", type=parse_count, default=64, help="ngf and ndf of the paper (64)")
    parser.add_argument("--processes", type=parse_count, default=1, help="more than one: DDP over gloo (1)")
    parser.add_argument("--threads", type=parse_count, default=1, help="per process (1)")
    parser.add_argument("--steps", type=parse_count, default=5, help="training steps in one timed run (5)")
    parser.add_argument("--runs", type=parse_count, default=3, help="timed runs, of which the median counts (3)")
    parser.add_argument("--warmup", type=int, default=3, help="untimed steps before the first run (3)")
    parser.add_argument("--variant", choices=VARIANTS, default="best", help="see below (best)")
    parser.add_argument(
        "--set", type=parse_setting, action="append", default=[], metavar="NAME=NUMBER",
        help="change one setting of the variant, on-off ones with 1 and 0",
    )
    parser.add_argument(
        "--isa", choices=["native", "avx2"], default="native",
        help="avx2: no AVX-512 kernels, for a comparison on equal instructions (native)",
    )
    options = parser.parse_args()
    settings = dataclasses.replace(VARIANTS[options.variant], **dict(options.set))
    print(json.dumps(measure(options, settings)))


if __name__ == "__main__":
    main()
