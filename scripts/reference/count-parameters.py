#!/usr/bin/env python3
"""Counts the parameters of test/reference/published-configs.json anew, as transformers makes the models without weights.

    python scripts/reference/count-parameters.py

Needs torch and transformers (README.md beside this file). The configs are those of models on the hub, without what only
generation and training read; `parameters` counts tied ones once.
"""

import json
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM

PATH = Path(__file__).parents[2] / "test/reference/published-configs.json"


def count(config):
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config, pad_token_id=None))
    model.tie_weights()
    return sum(parameter.numel() for parameter in model.parameters())


def main():
    models = json.loads(PATH.read_text())
    lines = []
    for name, model in models.items():
        model["parameters"] = count(json.loads(json.dumps(model["config"])))
        lines.append(f"  {json.dumps(name)}: {json.dumps(model)}")
        print(name, model["parameters"])
    PATH.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
