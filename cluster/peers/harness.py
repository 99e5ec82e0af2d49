"""What the PyTorch workloads have in common: settings, processes, timing and the JSON object that is printed.

A workload is a module with a subclass of `Trainer`, and a program whose options are those of `main`
with its own. It trains in fresh processes, so that what the environment tells PyTorch and the C library
holds from their start; this module and the parent process never import PyTorch themselves.
"""

import argparse
import contextlib
import dataclasses
import datetime
import json
import multiprocessing
import os
import pathlib
import resource
import statistics
import sys
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
    flush_subnormals: bool = False  # numbers below 2^-126 are zero, as in Lockstep
    pin: bool = False  # each process stays on its own cores
    compile: bool = False  # torch.compile of the networks
    whole: bool = False  # torch.compile of losses, gradients and Adam as one graph
    cpp_wrapper: bool = False  # compiled graphs are called from C++, not Python
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
    flush_subnormals=True,
    bucket_view=True,
    broadcast_buffers=False,
    static_graph=True,
)

# Every workload has these; those that can be one graph have `WHOLE` besides.
VARIANTS = {
    "plain": Settings(),
    "best": BEST,
    "contiguous": dataclasses.replace(BEST, channels_last=False),
    "compiled": dataclasses.replace(BEST, compile=True),
}

WHOLE = {"whole": dataclasses.replace(BEST, whole=True, cpp_wrapper=True)}


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
    first_step_seconds: float  # from the start of the process to the end of its first step
    seconds: list[float]  # per step, in each run
    cpu_seconds: float  # per step, of all threads
    peak_bytes: int
    checksum: float
    samples_per_step: int
    flops_per_step: int
    torch: str
    capability: str


class Trainer:
    """One process's replica of a workload: its networks, their optimizers and its random data.

    A subclass builds them with the help of `prepare` and `adam` and sets the three attributes. Before
    its constructor runs the random generator has the same state in every process, later another one.
    """

    VARIANTS = VARIANTS
    BATCH = 64  # default of --batch

    networks: list  # whose weights are trained
    samples_per_step: int  # that a step reads
    flops_per_step: int  # the least arithmetic

    def __init__(self, options: argparse.Namespace, settings: Settings):
        self.batch, self.processes, self.settings = options.batch, options.processes, settings

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        """Adds the workload's own options."""

    def step(self, index: int) -> None:
        """One training step, number `index` from 0 in its run."""
        raise NotImplementedError

    def adam(self, network, rate: float, betas: tuple[float, float]):
        import torch

        return torch.optim.Adam(network.parameters(), lr=rate, betas=betas, fused=self.settings.fused_adam)

    def prepare(self, network, static_graph: bool = False):
        """The network as the settings want it called: compiled, and by DDP if there are several processes."""
        from torch.nn.parallel import DistributedDataParallel

        if self.settings.compile:
            network.compile(dynamic=False)
        if self.processes == 1:
            return network
        return DistributedDataParallel(
            network,
            gradient_as_bucket_view=self.settings.bucket_view,
            broadcast_buffers=self.settings.broadcast_buffers,
            bucket_cap_mb=self.settings.bucket_megabytes,
            static_graph=static_graph and self.settings.static_graph,
        )

    @contextlib.contextmanager
    def judge(self, network, prepared):
        """What the generator's turn calls as its discriminator: with `freeze` the network itself, whose weights get
        no gradients meanwhile (DDP expects them and must not be called then), else what `prepare` made of it."""
        if not self.settings.freeze:
            yield prepared
            return
        network.requires_grad_(False)
        yield network
        network.requires_grad_(True)

    def checksum(self) -> float:
        """Of all weights; replicas that DDP kept in step have the same."""
        return sum(p.detach().double().abs().sum().item() for n in self.networks for p in n.parameters())


def seconds_since_start() -> float:
    """How long ago this process was started, to 10 ms."""
    # The text before the last bracket is the program's name.
    fields = pathlib.Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")


def work(
    make: type[Trainer], rank: int, options: argparse.Namespace, settings: Settings, rendezvous: str, results
) -> None:
    """One process: trains, and puts a `Report` into `results`."""
    if settings.pin:
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[rank * options.threads : (rank + 1) * options.threads])

    import torch
    import torch.distributed

    torch.set_num_threads(options.threads)
    if settings.flush_subnormals:
        # Before other threads are there, which do as this one.
        torch.set_flush_denormal(True)
    if settings.cpp_wrapper:
        import torch._inductor.config

        torch._inductor.config.cpp_wrapper = True
    distributed = options.processes > 1
    if distributed:
        torch.distributed.init_process_group(
            "gloo",
            init_method=rendezvous,
            rank=rank,
            world_size=options.processes,
            timeout=datetime.timedelta(minutes=5),
        )
    # Newer versions rename it but advise to keep this name when replicas have their own buffers.
    warnings.filterwarnings("ignore", message="`broadcast_buffers` is deprecated")
    # Of a weight with one channel, whose two layouts are the same.
    warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
    torch.manual_seed(0)  # the same initial weights in every process
    trainer = make(options, settings)
    torch.manual_seed(rank)  # other noise in every process

    def train(steps: int) -> None:
        for index in range(steps):
            trainer.step(index)

    train(1)
    first_step_seconds = seconds_since_start()
    train(options.warmup)
    seconds = []
    cpu_start = time.process_time()
    for _ in range(options.runs):
        if distributed:
            torch.distributed.barrier()
        start = time.perf_counter()
        train(options.steps)
        seconds.append((time.perf_counter() - start) / options.steps)
    results.put(
        Report(
            rank=rank,
            first_step_seconds=first_step_seconds,
            seconds=seconds,
            cpu_seconds=(time.process_time() - cpu_start) / (options.runs * options.steps),
            peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            checksum=trainer.checksum(),
            samples_per_step=trainer.samples_per_step,
            flops_per_step=trainer.flops_per_step,
            torch=torch.__version__,
            capability=torch.backends.cpu.get_cpu_capability(),
        )
    )
    if distributed:
        torch.distributed.destroy_process_group()


def measure(make: type[Trainer], options: argparse.Namespace, settings: Settings) -> dict:
    """Trains in `options.processes` fresh processes and returns what is printed."""
    set_environment(settings, options.threads, options.isa)
    context = multiprocessing.get_context("spawn")
    results = context.SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        rendezvous = options.rendezvous or "file://" + os.path.join(folder, "rendezvous")
        workers = [
            context.Process(target=work, args=(make, rank, options, settings, rendezvous, results))
            for rank in (range(options.processes) if options.rank is None else [options.rank])
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    program = os.path.basename(sys.argv[0])
    if any(worker.exitcode for worker in workers):
        raise SystemExit(f"{program}: a training process failed, see its message above")
    reports = sorted(results.get() for _ in workers)
    if len({report.checksum for report in reports}) > 1:
        raise SystemExit(f"{program}: the replicas differ after training, so this is no valid DDP set-up")
    if not all(abs(report.checksum) < float("inf") for report in reports):
        raise SystemExit(f"{program}: weights are not finite after training, so this timed nothing of use")

    # The slowest process of each run counts.
    seconds = [max(run) for run in zip(*(report.seconds for report in reports))]
    median = statistics.median(seconds)
    flops_per_second = reports[0].flops_per_step / median  # of one process
    return {
        "images_per_second": round(options.processes * reports[0].samples_per_step / median, 3),
        "seconds_per_step": round(median, 7),
        "seconds_per_step_min": round(min(seconds), 7),
        "seconds_per_step_max": round(max(seconds), 7),
        "first_step_seconds": round(max(report.first_step_seconds for report in reports), 2),
        "cpu_seconds_per_step": round(max(report.cpu_seconds for report in reports), 7),
        "gflops_per_core": round(flops_per_second / options.threads / 1e9, 2),
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


def main(make: type[Trainer], description: str | None) -> None:
    """Measures a workload as the command line says and prints one JSON object."""
    listing = "\n".join(
        f"  {name:9} "
        + ", ".join(
            key if value is True else f"{key}={value}"
            for key, value in dataclasses.asdict(settings).items()
            if value is not False
        )
        for name, settings in make.VARIANTS.items()
    )
    parser = argparse.ArgumentParser(
        description=description,
        epilog=f"variants:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    make.add_arguments(parser)
    parser.add_argument(
        "--batch", type=parse_count, default=make.BATCH, help=f"samples per process and step ({make.BATCH})"
    )
    parser.add_argument("--processes", type=parse_count, default=1, help="more than one: DDP over gloo (1)")
    parser.add_argument("--rank", type=int, help="run only this one of the processes; others run the rest")
    parser.add_argument("--rendezvous", help="where the processes meet: tcp://HOST:PORT (a file of this machine's)")
    parser.add_argument("--threads", type=parse_count, default=1, help="per process (1)")
    parser.add_argument("--steps", type=parse_count, default=5, help="training steps in one timed run (5)")
    parser.add_argument("--runs", type=parse_count, default=3, help="timed runs, of which the median counts (3)")
    parser.add_argument(
        "--warmup", type=int, default=3, help="untimed steps between the very first and the first run (3)"
    )
    parser.add_argument("--variant", choices=make.VARIANTS, default="best", help="see below (best)")
    parser.add_argument(
        "--set", type=parse_setting, action="append", default=[], metavar="NAME=NUMBER",
        help="change one setting of the variant, on-off ones with 1 and 0",
    )
    parser.add_argument(
        "--isa", choices=["native", "avx2"], default="native",
        help="avx2: no AVX-512 kernels, for a comparison on equal instructions (native)",
    )
    options = parser.parse_args()
    settings = dataclasses.replace(make.VARIANTS[options.variant], **dict(options.set))
    if (options.rank is None) != (options.rendezvous is None):
        parser.error("--rank and --rendezvous go together")
    if settings.whole and ("whole" not in make.VARIANTS or options.processes > 1):
        parser.error("a whole step is no single graph for this workload, or not in several processes")
    print(json.dumps(measure(make, options, settings)))
