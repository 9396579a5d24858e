#!/usr/bin/env python3
"""Ten training steps of every adapter family in float64, for test/training.test.ts.

    python scripts/reference/make-training.py [OUT]      (OUT: test/reference/training)

Needs what make-models.py needs, and the files that it makes. Per model (gpt2, llama):

    <model>.json           settings, and per case `<family>/<optimizer>` the losses and gradient norms of the steps
    <model>.safetensors    <family>/<optimizer>/<layer>/<part>: the trained parameters after the last step, float32

An adapter sits on every linear layer of the blocks: y = x W + scale * x dW, with the first RANK columns of the svd
frames of reference.safetensors, rounded to float32. dW of core: U M V^T; diagonal: U diag(s) V^T; left: U A;
right: B V^T; factors: P Q; full: D. P starts as U, all other parameters as zero, so that dW starts as zero.
Step i takes batch i mod 3 in two passes of two sequences each; their losses are sums over targets divided by the
targets of the whole batch. The gradient of all parameters together is clipped to norm CLIP, as
torch.nn.utils.clip_grad_norm_ does. Constant learning rates; weight decay on every parameter.
"""

import importlib.util
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM

HERE = Path(__file__).resolve().parent
MODELS = HERE.parents[1] / "test" / "reference" / "models"
STEPS, RANK, SCALE, WEIGHT_DECAY = 10, 3, 0.5, 0.1
LEARNING_RATE = {"adamw": 0.02, "sgd": 0.5}
CLIP = {"adamw": 0.1, "sgd": 0.1}

spec = importlib.util.spec_from_file_location("make_models", HERE / "make-models.py")
make_models = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_models)


def start(family, u, v):
    """Trained parameters at the start."""
    m, n = len(u), len(v)
    parts = {
        "core": {"m": torch.zeros(RANK, RANK)},
        "diagonal": {"s": torch.zeros(RANK)},
        "left": {"a": torch.zeros(RANK, n)},
        "right": {"b": torch.zeros(m, RANK)},
        "factors": {"p": u.clone(), "q": torch.zeros(RANK, n)},
        "full": {"d": torch.zeros(m, n)},
    }[family]
    return {name: torch.nn.Parameter(part) for name, part in parts.items()}


def update(family, u, v, parts):
    return {
        "core": lambda: u @ parts["m"] @ v.T,
        "diagonal": lambda: u @ torch.diag(parts["s"]) @ v.T,
        "left": lambda: u @ parts["a"],
        "right": lambda: parts["b"] @ v.T,
        "factors": lambda: parts["p"] @ parts["q"],
        "full": lambda: parts["d"],
    }[family]()


def summed_loss(model, tokens, mask):
    labels = tokens.masked_fill(mask == 0, -100)
    logits = model(input_ids=tokens, use_cache=False).logits
    return cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100, reduction="sum")


def run_case(model, frames, batches, family, optimizer_name):
    adapters = {name: (u, v, start(family, u, v)) for name, (u, v) in frames.items()}
    handles = []
    for name, module in make_models.linear_layers(model).items():
        u, v, parts = adapters[name]

        def add(_, inputs, output, u=u, v=v, parts=parts):
            return output + SCALE * inputs[0] @ update(family, u, v, parts)

        handles.append(module.register_forward_hook(add))
    parameters = [part for _, _, parts in adapters.values() for part in parts.values()]
    kind = {"adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}[optimizer_name]
    optimizer = kind(parameters, lr=LEARNING_RATE[optimizer_name], weight_decay=WEIGHT_DECAY)
    losses, norms = [], []
    for step in range(STEPS):
        tokens, mask = (part[step % len(part)].long() for part in batches)
        total = mask[:, 1:].sum()
        optimizer.zero_grad()
        loss = 0.0
        for first in (0, 2):
            part = summed_loss(model, tokens[first : first + 2], mask[first : first + 2]) / total
            part.backward()
            loss += part.item()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, CLIP[optimizer_name]).item())
        losses.append(loss)
        optimizer.step()
    for handle in handles:
        handle.remove()
    trained = {f"{family}/{optimizer_name}/{layer}/{name}": part.detach().float().contiguous()
               for layer, (_, _, parts) in adapters.items() for name, part in parts.items()}
    return {"losses": losses, "gradientNorms": norms}, trained


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parents[1] / "test" / "reference" / "training"
    out.mkdir(parents=True, exist_ok=True)
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    make_models.compute_llama_in_float64()
    for name in ("gpt2", "llama"):
        folder = MODELS / name
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager").eval()
        model.requires_grad_(False)
        stored = load_file(folder / "reference.safetensors")
        frames = {layer: [stored[f"frames/svd/{layer}/{side}"][:, :RANK].float().double() for side in "uv"]
                  for layer in make_models.linear_layers(model)}
        batches = load_file(folder / "batches.safetensors")
        cases, tensors = {}, {}
        for family in ("core", "diagonal", "left", "right", "factors", "full"):
            for optimizer in ("adamw", "sgd"):
                case, trained = run_case(model, frames, (batches["tokens"], batches["lossMask"]), family, optimizer)
                cases[f"{family}/{optimizer}"] = case
                tensors |= trained
        settings = {"steps": STEPS, "rank": RANK, "scale": SCALE, "weightDecay": WEIGHT_DECAY,
                    "learningRate": LEARNING_RATE, "clip": CLIP, "sequencesPerPass": 2}
        record = {"torch": torch.__version__, "settings": settings, "cases": cases}
        (out / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
        save_file(tensors, out / f"{name}.safetensors")


if __name__ == "__main__":
    main()
