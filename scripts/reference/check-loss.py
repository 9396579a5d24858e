#!/usr/bin/env python3
"""Loss of transformers on the batches that a probe saved, beside the probe's own.

    rankscope probe MODEL --data FILE --save-batches --out RUN
    python scripts/reference/check-loss.py MODEL RUN

Needs torch, transformers and gguf (README.md beside this file). MODEL is a Hugging Face folder or a .gguf file.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM


def main():
    path, run = Path(sys.argv[1]), Path(sys.argv[2])
    where = (path.parent, {"gguf_file": path.name}) if path.suffix == ".gguf" else (path, {})
    model = AutoModelForCausalLM.from_pretrained(where[0], dtype=torch.float32, **where[1]).eval()
    batches = load_file(run / "batches.safetensors")
    losses = []
    with torch.no_grad():
        for tokens, mask in zip(batches["tokens"].long(), batches["lossMask"].bool()):
            logits = model(tokens).logits[:, :-1]
            targets = tokens[:, 1:].masked_fill(~mask[:, 1:], -100)
            losses.append(cross_entropy(logits.flatten(0, 1).double(), targets.flatten(), ignore_index=-100).item())
    ours = json.loads((run / "probe.json").read_text())["measured"]["loss"]["mean"]
    theirs = sum(losses) / len(losses)
    print(f"{len(losses)} batches: transformers {theirs:.6f}, rankscope {ours:.6f}, difference {ours - theirs:+.1e}")


if __name__ == "__main__":
    main()
