#!/usr/bin/env python3
"""What transformers and PEFT say of the models of test/reference/architectures: test/reference/inspections.json.

    python scripts/reference/make-inspections.py

Needs torch, transformers, peft. Per model: `parameters`, tied ones once; `types`, tensors and parameters by the type that
their file stores them in; `lora`, PEFT's count of trainable parameters for all-linear by rank; `modules`, the last words of
the names that it adapts.
"""

import json
import warnings
from pathlib import Path

from peft import LoraConfig, get_peft_model
from safetensors import safe_open
from transformers import AutoModelForCausalLM

ROOT = Path(__file__).parents[2] / "test/reference"
warnings.filterwarnings("ignore")


def stored(folder):
    types = {}
    for path in sorted(folder.glob("*.safetensors")):
        if path.name == "reference.safetensors":
            continue
        with safe_open(path, "pt") as file:
            for name in file.keys():
                part = file.get_slice(name)
                entry = types.setdefault(part.get_dtype(), [0, 0])
                size = 1
                for side in part.get_shape():
                    size *= side
                entry[0] += 1
                entry[1] += size
    return types


def inspect(folder):
    model = AutoModelForCausalLM.from_pretrained(folder)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    lora, modules = {}, set()
    for rank in (8, 16, 64):
        model = AutoModelForCausalLM.from_pretrained(folder)
        peft = get_peft_model(model, LoraConfig(r=rank, target_modules="all-linear", task_type="CAUSAL_LM"))
        lora[rank] = peft.get_nb_trainable_parameters()[0]
        modules |= {name.split(".")[-1] for name, part in peft.named_modules() if hasattr(part, "lora_A")}
    return {"parameters": parameters, "types": stored(folder), "lora": lora, "modules": sorted(modules)}


folders = sorted(path.parent for path in (ROOT / "architectures").glob("*/config.json"))
result = {folder.name: inspect(folder) for folder in folders}
(ROOT / "inspections.json").write_text(json.dumps(result, indent=1) + "\n")
