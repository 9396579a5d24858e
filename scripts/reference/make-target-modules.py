#!/usr/bin/env python3
"""Which layers PEFT adapts for target_modules: test/reference/target-modules.json.

    python scripts/reference/make-target-modules.py

Needs torch, transformers, peft. Names are those of linear layers in tiny models without a file, of 12 blocks. A value with
a comma outside of brackets, or none of the marks of a regular expression, is given to PEFT as a list, any other as a
string, as `--layers` takes them; per model and value the names that PEFT put a LoRA layer on, or null where it refuses.
"""

import json
import warnings
from pathlib import Path

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig

ATTENTION, BLOCKS = {"num_attention_heads": 2, "num_key_value_heads": 1}, 12
MODELS = {
    "llama": LlamaConfig(vocab_size=16, hidden_size=8, intermediate_size=12, num_hidden_layers=BLOCKS, **ATTENTION),
    "gpt2": GPT2Config(vocab_size=16, n_positions=8, n_embd=8, n_layer=BLOCKS, n_head=2),
}
LISTS = {
    "llama": [
        "q_proj", "q_proj,o_proj", "self_attn.q_proj,mlp.up_proj", "model.layers.1.self_attn.q_proj", "all-linear",
        "layers.1.mlp.up_proj", "proj", "_proj", "attn.q_proj", "self_attn", "1.mlp.down_proj", "c_attn",
    ],
    "gpt2": ["c_attn", "c_proj", "attn.c_proj", "mlp.c_proj,c_fc", "all-linear", "q_proj", "h.1.attn.c_attn"],
}  # fmt: skip
STRINGS = {
    "llama": [
        ".*q_proj", ".*(q|k)_proj", r"model\.layers\.\d{1,2}\.mlp\..*_proj", r".*\.(1|11)\..*_proj", ".*layers.[01].*q_proj",
        "(q|k)_proj", r".*\.layers\.(0|2|4)\.self_attn\.(q|v)_proj$", "^model.*down_proj", "model.layers.[0-9]+.mlp.gate_proj",
    ],
    "gpt2": [r".*\.attn\.c_.*", r"transformer\.h\.[0-3]\..*(c_attn|c_fc)", "(attn)"],
}  # fmt: skip


def adapted(config, target):
    model = AutoModelForCausalLM.from_config(config)
    try:
        model = get_peft_model(model, LoraConfig(r=1, target_modules=target, task_type="CAUSAL_LM"))
    except ValueError:
        return None
    found = [name for name, module in model.base_model.model.named_modules() if hasattr(module, "lora_A")]
    return sorted(found)


warnings.filterwarnings("ignore")
result = {}
for name, config in MODELS.items():
    lists = {
        text: adapted(config, text if text == "all-linear" else text.split(",")) for text in LISTS[name]
    }
    result[name] = {**lists, **{text: adapted(config, text) for text in STRINGS[name]}}
    for text, found in result[name].items():
        print(name, text, None if found is None else len(found))
out = Path(__file__).parents[2] / "test/reference/target-modules.json"
out.write_text(json.dumps(result, indent=1) + "\n")
