#!/usr/bin/env python3
"""One training step of LoRA-XS adapters in PyTorch: the peer of `npm run bench -- --job train`.

    python bench/torch_train.py --model DIR|FILE.gguf --tokens batches.safetensors --frames frames.safetensors

y = x W^T + x U M V^T on every linear layer of the blocks, M [K, K] trained by torch.optim.AdamW, all else frozen.
Written by hand, with what `torch_probe.py` has: SDPA, one product for layers that share an input, no gradient of
frozen weights, none below the first layer, head and loss in chunks whose gradient is computed with them. The update
is applied factor by factor, and of a layer's input only x U is kept.

Each batch of the file is one step; the first `--warm-up` are not timed. Files are those of `torch_probe.py`, with
frames of one basis.
"""

import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F

from torch_probe import open_model, peak_memory, processor, read_batches, read_frames


class AdaptedLinear(torch.autograd.Function):
    """y = x W^T + b, and to the columns of every layer of the group x U M V^T."""

    @staticmethod
    def forward(ctx, x, group, *cores):
        xu = x @ group.u
        y = F.linear(x, group.weight, group.bias)
        for (_, low, high), v, core, part in zip(group.ranges, group.v, cores, xu.split(len(cores[0]), dim=1)):
            y[:, low:high].addmm_(part @ core, v.T)
        ctx.group = group
        ctx.save_for_backward(xu, *cores)
        return y

    @staticmethod
    def backward(ctx, dy):
        group, (xu, *cores) = ctx.group, ctx.saved_tensors
        parts = xu.split(len(cores[0]), dim=1)
        projected = [dy[:, low:high] @ v for (_, low, high), v in zip(group.ranges, group.v)]
        gradients = [part.T @ dyv for part, dyv in zip(parts, projected)]
        if not ctx.needs_input_grad[0]:
            return None, None, *gradients
        through = torch.cat([dyv @ core.T for dyv, core in zip(projected, cores)], dim=1)
        return torch.addmm(dy @ group.weight, through, group.u.T), None, *gradients


def adapt(model, rank):
    """Puts zero cores on every group of the model and returns them."""
    for group in model.groups:
        group.cores = [torch.zeros(rank, rank, requires_grad=True) for _ in group.ranges]
    model.linear = lambda x, group: AdaptedLinear.apply(x, group, *group.cores)
    return [core for group in model.groups for core in group.cores]


def product_flops(size=1024, tries=20):
    """Multiplications and additions a second of the best of several float32 products."""
    a, b = torch.rand(size, size), torch.rand(size, size)
    seconds = []
    for _ in range(tries):
        started = time.perf_counter()
        a @ b
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 / min(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="Hugging Face directory, or a Llama .gguf")
    parser.add_argument("--tokens", type=Path, required=True)
    parser.add_argument("--frames", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warm-up", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--weight-decay", type=float, default=0.01)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    batches = read_batches(options.tokens)
    frames = read_frames(options.frames)
    rank = next(iter(next(iter(frames.values())).values()))["u"].shape[1]
    model = open_model(options.model, frames, "lowrank", torch.float32)
    cores = adapt(model, rank)
    optimizer = torch.optim.AdamW(cores, lr=options.learning_rate, weight_decay=options.weight_decay)
    losses, seconds = [], []
    for batch in batches:
        started = time.perf_counter()
        optimizer.zero_grad()
        loss = model.loss(*batch)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        seconds.append(time.perf_counter() - started)
    memory = peak_memory()  # before the products below
    print(json.dumps({
        "torch": torch.__version__,
        "processor": processor(),
        "seconds": seconds[options.warm_up :],
        "peakMemoryBytes": memory,
        "losses": losses,
        "productFlops": product_flops(),
    }))


if __name__ == "__main__":
    main()
