#!/usr/bin/env python3
"""Holds what `lockstep export` writes against PyTorch and onnxruntime.

    lockstep sample RUN --tensors samples.safetensors
    lockstep export RUN --format safetensors --output hub
    lockstep export RUN --format onnx --output onnx
    check_export.py hub onnx samples.safetensors

Runs the Python of hub/README.md as it stands there, checks onnx/*.onnx with onnx.checker (shapes inferred strictly),
and compares with the images in SAMPLES: the first network, which makes samples, in PyTorch and in onnxruntime at several
batch sizes; and the second, which takes them, in PyTorch with the same in onnxruntime, in all its outputs. A denoiser
makes samples by the sampler of the card, with either program. Networks that are told classes get those of SAMPLES. Exit status: 0 when all values agree within the tolerance, 1 when not.
"""

import argparse
import json
import os
import pathlib
import re
import sys

import onnx
import onnxruntime
import safetensors.torch
import torch


def card_namespace(hub: pathlib.Path) -> dict:
    """What the names are after the card's Python has run in its folder."""
    code = re.search(r"^```python\n(.*?)^```", (hub / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    namespace: dict = {}
    before = os.getcwd()
    os.chdir(hub)
    try:
        exec(compile(code[1], str(hub / "README.md"), "exec"), namespace)
        namespace["configurations"] = json.load(open("config.json"))["networks"]
        namespace["networks"] = [namespace["load"](name) for name in namespace["configurations"]]
    finally:
        os.chdir(before)
    return namespace


def runtime(path: pathlib.Path):
    """A function that runs an ONNX model, after the checker has passed it."""
    onnx.checker.check_model(str(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]

    def run(*values: torch.Tensor) -> list[torch.Tensor]:
        given = {name: value.numpy() for name, value in zip(names, values)}
        return [torch.from_numpy(output) for output in session.run(None, given)]

    return run


def channels_first(images: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """NHWC or NDHWC samples in the layout of `like`: NCHW, NCDHW, or vectors."""
    return images.movedim(-1, 1) if like.dim() == images.dim() else images.reshape(len(images), -1)


def denoised(namespace: dict, folder: pathlib.Path, samples: dict, told: list[torch.Tensor]) -> dict:
    """The differences of images made by the card's sampler with the only network, step by step."""
    (name,), ((_, velocity, shape),) = namespace["configurations"], namespace["networks"]
    images = channels_first(samples["images"], torch.empty(1, *shape))
    noise = channels_first(samples["latents"].reshape(samples["images"].shape), images).contiguous()
    run = runtime(folder / f"{name}.onnx")
    makers = {"torch": velocity, "onnx": lambda *values: run(*values)[0]}
    differences = {
        f"{program} {name}": (namespace["sample"](maker, noise, *told) - images).abs().max()
        for program, maker in makers.items()
    }
    part = namespace["sample"](makers["onnx"], noise[:3], *[classes[:3] for classes in told])
    return differences | {f"onnx {name}, batch 3": (part - images[:3]).abs().max()}


def passed(namespace: dict, folder: pathlib.Path, samples: dict, told: list[torch.Tensor]) -> dict:
    """The differences of what the first network makes in one pass, and of what the second says of samples."""
    latents = samples["latents"]
    (maker, taker), configurations = namespace["configurations"], namespace["configurations"]
    (_, make, shape), (_, take, taken) = namespace["networks"]
    if len(shape) > 1:  # contexts, flattened with their channels innermost
        latents = latents.reshape(len(latents), *shape[1:], shape[0]).movedim(-1, 1).contiguous()
    differences = {}
    made = make(latents, *told)
    images = channels_first(samples["images"], made).contiguous()
    if configurations[maker]["output"]["name"] == "brightness":  # from 0 to 1 where samples are from -1 to 1
        images = (images + 1) / 2
    differences[f"torch {maker}"] = (made - images).abs().max()
    run = runtime(folder / f"{maker}.onnx")
    differences[f"onnx {maker}"] = (run(latents, *told)[0] - images).abs().max()
    for count in (1, 3):
        part = run(latents[:count], *[classes[:count] for classes in told])[0]
        differences[f"onnx {maker}, batch {count}"] = (part - images[:count]).abs().max()
    if len(shape) > 1 and taken[0] == shape[0] + images.shape[1]:  # pairs of a context and what completes it
        images = torch.cat([latents, images], 1)
    results = take(images, *told)
    results = results if isinstance(results, tuple) else (results,)
    others = runtime(folder / f"{taker}.onnx")(images, *told)
    assert len(results) == len(others), f"{len(results)} outputs and {len(others)}"
    for index, (own, other) in enumerate(zip(results, others)):
        assert own.shape == other.shape, f"{own.shape} and {other.shape}"
        assert own.unique().numel() > 1, "the output does not depend on the images"
        differences[f"{taker}, output {index}"] = (own - other).abs().max() / own.abs().max()
    return differences


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hub", type=pathlib.Path)
    parser.add_argument("onnx", type=pathlib.Path)
    parser.add_argument("samples", type=pathlib.Path)
    parser.add_argument("--tolerance", type=float, default=1e-5, help="largest difference allowed (1e-5)")
    arguments = parser.parse_args()

    samples = safetensors.torch.load_file(arguments.samples)
    if "contexts" in samples:  # latents of a model that completes samples
        samples["latents"] = samples["contexts"]
    told = [samples["classes"]] if "classes" in samples else []
    namespace = card_namespace(arguments.hub)
    compare = denoised if "sample" in namespace else passed
    with torch.inference_mode():
        differences = compare(namespace, arguments.onnx, samples, told)
    worst = max(differences.values())
    for name, difference in differences.items():
        print(f"{name}: {difference:.3g}")
    agree = bool(worst <= arguments.tolerance)  # false for NaN, too
    print(f"{'agree' if agree else 'DIFFER'}: {len(samples['latents'])} samples, tolerance {arguments.tolerance:g}")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
