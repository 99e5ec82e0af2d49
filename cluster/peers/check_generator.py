#!/usr/bin/env python3
"""Holds a Lockstep checkpoint's DCGAN generator against PyTorch.

Builds the PyTorch generator from the tensor shapes in the checkpoint, loads them with
`load_state_dict(strict=True)`, runs it in evaluation mode (batch norm on its running statistics) on
the latents in SAMPLES and compares the result with the images in SAMPLES:

    lockstep sample DIR/checkpoints/step-00000500 --tensors samples.safetensors
    check_generator.py DIR/checkpoints/step-00000500 samples.safetensors

SAMPLES is a safetensors file with `latents` [N, nz] and `images` [N, H, W, C], as they leave the
last tanh (-1...1). Exit status: 0 when all values agree within the tolerance, 1 when not, 2 when
something cannot be read.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

import numpy
import safetensors.torch
import torch

import dcgan_networks as dcgan


class InputError(Exception):
    """One line that names the file and what is wrong with it."""


def decompress(path: pathlib.Path) -> bytes:
    """The content of a zstd file, by the `zstandard` module or else the `zstd` program."""
    try:
        import zstandard
    except ImportError:
        done = subprocess.run(["zstd", "--quiet", "--decompress", "--stdout", path], capture_output=True)
        if done.returncode:
            raise InputError(done.stderr.decode().strip())
        return done.stdout
    try:
        with open(path, "rb") as file:
            return zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()
    except zstandard.ZstdError as error:
        raise InputError(f"{path}: {error}")


def floats(planes: torch.Tensor, base: torch.Tensor | None) -> torch.Tensor:
    """What byte planes stand for, as the article of the room Checkpoints says."""
    bits = planes.numpy().astype(numpy.uint32)
    word = sum(bits[plane] << 8 * plane for plane in range(4))
    if base is None:
        word = word >> 1 | word << 31
    else:
        word = base.numpy().view(numpy.uint32) + (word >> 1 ^ -(word & 1))
    return torch.from_numpy(numpy.ascontiguousarray(word).view(numpy.float32))


def load_tensors(path: pathlib.Path) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file, which may be compressed (`.zst`) and a checkpoint's average."""
    try:
        content = decompress(path) if path.suffix == ".zst" else path.read_bytes()
        tensors = safetensors.torch.load(content)
        header = json.loads(content[8:8 + int.from_bytes(content[:8], "little")])
        metadata = header.get("__metadata__", {})
        if "lockstep.encoding" in metadata:
            name = metadata.get("lockstep.difference_from")
            bases = load_tensors(path.with_name(f"{name}.safetensors.zst")) if name else {}
            tensors = {name: floats(planes, bases.get(name)) for name, planes in tensors.items()}
        return tensors
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}")
    except safetensors.SafetensorError as error:
        raise InputError(f"{path}: {error}")


def build_generator(state: dict[str, torch.Tensor]) -> dcgan.Generator:
    """The generator whose layers have the shapes in `state`, with the values in `state`."""
    position = re.compile(r"main\.(\d+)\.weight")
    weights = {int(match[1]): state[name] for name in state if (match := position.fullmatch(name))}
    # Transposed convolutions are [inputs, outputs, 4, 4].
    shapes = [weight.shape for _, weight in sorted(weights.items()) if weight.dim() == 4]
    if len(shapes) < 2:
        raise InputError(f"no DCGAN generator: its tensors are {', '.join(sorted(state))}")
    generator = dcgan.Generator(
        latents=shapes[0][0], widths=[shape[1] for shape in shapes[:-1]], channels=shapes[-1][1]
    )
    try:
        generator.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise InputError(" ".join(str(error).split()))
    return generator.eval()


def largest_difference(generator: dcgan.Generator, samples: dict[str, torch.Tensor]) -> float:
    """Over all values of all images; NaN when one is."""
    if missing := {"latents", "images"} - samples.keys():
        raise InputError(f"no tensor {' and '.join(sorted(missing))}, only {', '.join(sorted(samples))}")
    latents, expected = samples["latents"], samples["images"]
    inputs = generator.main[0].in_channels
    if latents.dim() != 2 or latents.shape[0] == 0 or latents.shape[1] != inputs:
        raise InputError(f"latents are {list(latents.shape)}, the generator takes [N, {inputs}]")
    with torch.inference_mode():
        images = generator(latents.float()[:, :, None, None]).permute(0, 2, 3, 1)
    if images.shape != expected.shape:
        raise InputError(f"images are {list(expected.shape)}, the generator makes {list(images.shape)}")
    return (images - expected).abs().max().item()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "checkpoint", type=pathlib.Path, metavar="CHECKPOINT",
        help="a checkpoint folder, of which ema.safetensors.zst is read, or any such file",
    )
    parser.add_argument("samples", type=pathlib.Path, metavar="SAMPLES", help="what `lockstep sample --tensors` wrote")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="largest difference allowed (1e-4)")
    options = parser.parse_args()

    weights = options.checkpoint
    if weights.is_dir():
        weights /= "ema.safetensors.zst"  # what `lockstep sample` draws from
    try:
        state, samples = load_tensors(weights), load_tensors(options.samples)
        try:
            difference = largest_difference(build_generator(state), samples)
        except InputError as error:
            raise InputError(f"{weights}, {options.samples}: {error}")
    except InputError as error:
        print(f"check_generator.py: {error}", file=sys.stderr)
        return 2
    agree = difference <= options.tolerance  # false for NaN, too
    print(
        f"{'agree' if agree else 'DIFFER'}: {len(samples['images'])} images of {list(samples['images'].shape[1:])}, "
        f"largest difference {difference:.3g}, tolerance {options.tolerance:g}"
    )
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
