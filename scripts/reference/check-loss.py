#!/usr/bin/env python3
"""Loss, gradient norms and coverage in float64 on the batches that a probe saved, beside the probe's own.

    rankscope probe MODEL --data FILE --save-batches --save-frames --out RUN
    python scripts/reference/check-loss.py MODEL RUN

Needs torch, transformers and gguf (README.md beside this file). MODEL is a Hugging Face folder or a .gguf file.
Weights are read in float32, as the probe reads them, and everything after that is float64; of architectures where
transformers falls back to float32, Llama is mended (make-models.py). Without --save-frames there is no coverage.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

reference = import_module("make-models")


def open_model(path):
    where = (path.parent, {"gguf_file": path.name}) if path.suffix == ".gguf" else (path, {})
    model = AutoModelForCausalLM.from_pretrained(
        where[0], dtype=torch.float32, attn_implementation="eager", **where[1])
    return model.double().eval()


def gradient_of(model, tokens, mask):
    """The loss, and G as inputs x outputs of every layer."""
    model.zero_grad()
    loss, _ = reference.loss_of(model, tokens, mask)
    loss.backward()
    layers = reference.linear_layers(model)
    gradients = {name: reference.as_inputs_by_outputs(module, module.weight.grad) for name, module in layers.items()}
    return loss.item(), gradients


def read_frames(path, record):
    """(layer, basis) -> u, v. Of a basis with several draws, coverage is an average: it is left out."""
    if not path.exists():
        return {}
    saved = {name: frame.double() for name, frame in load_file(path).items()}
    names = {basis["basis"] for basis in record["layers"][0]["bases"]}
    keys = {tuple(name.split("/")[:2]) for name in saved}
    return {(layer, label): (saved[f"{label}/{layer}/u"], saved[f"{label}/{layer}/v"])
            for label, layer in keys if label in names}


def mean(values):
    return sum(values) / len(values)


def report(what, deviations):
    """`deviations`: (relative deviation, name) of every layer."""
    ordered = sorted(deviations, key=lambda pair: abs(pair[0]))
    middle, (worst, name) = abs(ordered[len(ordered) // 2][0]), ordered[-1]
    print(f"{what}: {len(ordered)} layers, median {middle:.1e}, worst {worst:+.1e} ({name})")


def main():
    path, run = Path(sys.argv[1]), Path(sys.argv[2])
    torch.set_default_dtype(torch.float64)
    reference.compute_llama_in_float64()
    model = open_model(path)
    record = json.loads((run / "probe.json").read_text())
    batches = load_file(run / "batches.safetensors")
    frames = read_frames(run / "frames.safetensors", record)
    layers = {layer["name"]: layer for layer in record["layers"]}
    losses, norms, coverages = [], {name: [] for name in layers}, {}
    for tokens, mask in zip(batches["tokens"].long(), batches["lossMask"].long()):
        loss, gradients = gradient_of(model, tokens, mask)
        losses.append(loss)
        for name in layers:
            g = gradients[name]
            norms[name].append(g.norm().item())
            for basis in layers[name]["bases"]:
                if (name, basis["basis"]) not in frames:
                    continue
                u, v = frames[name, basis["basis"]]
                core = u.T @ g @ v
                for point in next(f["points"] for f in basis["families"] if f["family"] == "core"):
                    key = name, basis["basis"], point["rank"], point["coverage"]["mean"]
                    k = point["rank"]
                    coverages.setdefault(key, []).append((core[:k, :k].norm() / g.norm()).item())
    ours, theirs = record["measured"]["loss"]["mean"], mean(losses)
    print(f"{len(losses)} batches: float64 {theirs:.6f}, rankscope {ours:.6f}, difference {ours - theirs:+.1e}")
    report("gradient norm", [(layers[name]["gradientNorm"]["mean"] / mean(all_) - 1, name)
                             for name, all_ in norms.items()])
    for basis, rank in sorted({key[1:3] for key in coverages}):
        report(f"coverage, {basis}, K={rank}", [(ours / mean(all_) - 1, name)
                                                for (name, b, k, ours), all_ in coverages.items()
                                                if (b, k) == (basis, rank)])


if __name__ == "__main__":
    main()
