#!/usr/bin/env python3
"""Makes the tiny models of test/reference/architectures: two or three of every architecture, of odd shapes.

    python scripts/reference/make-architectures.py [OUT [NAME...]]     (OUT: test/reference/architectures)

Needs torch, transformers, safetensors (README.md beside this file). Seeded and single-threaded: a second run writes the
same files. One folder per model:

    config.json, model*.safetensors   what a Hugging Face directory holds
    reference.json                    as make-random-models.py writes it, of the first batch, and:
        batches   [3][sequences][positions]: the tokens of the first batch (again) and of two more
        adamw     ten steps of torch.optim.AdamW on all weights, the batches in turn (make-models.py)
    reference.safetensors             float32, of the first batch: logits, and gradient/<parameter> in stored orientation

The numbers are those of the model that transformers loads from the folder, computed in float64 with eager attention.
transformers names float32 in some places (norms, rotary angles, softmax): while it computes, that name stands for
float64 in its modules. The result is checked against the unchanged model in float32.
"""

import json
import sys
import zlib
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import torch
import transformers.modeling_rope_utils
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

models = import_module("make-models")
random_models = import_module("make-random-models")

SEQUENCES, LENGTH = 2, 12
F32, BF16 = torch.float32, torch.bfloat16

SMALL = {
    "vocab_size": 31,
    "hidden_size": 16,
    "intermediate_size": 22,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 64,
    "pad_token_id": None,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 20}
LONGROPE = {"rope_type": "longrope", "short_factor": [1.0, 1.5, 2.0], "long_factor": [1.0, 3.0, 5.0]}

# `dtype` of the stored weights (float32), `shards`, `edit`: what is done to the drawn weights before they are stored.
MODELS = {
    "llama-dynamic": {
        "about": "theta that grows with the length, beyond the context",
        "dtype": BF16,
        "config": SMALL | {"model_type": "llama", "num_key_value_heads": 1, "head_dim": 6, "rope_theta": 100.0,
                           "max_position_embeddings": 8, "rope_scaling": {"type": "dynamic", "factor": 3.0}},
    },
    "llama-longrope": {
        "about": "LongRoPE, longer than the first context; the factor is that of the contexts",
        "config": SMALL | {"model_type": "llama", "head_dim": 6, "original_max_position_embeddings": 10,
                           "rope_parameters": {**LONGROPE, "rope_theta": 300.0}},
    },
    "qwen2": {
        "about": "a window in the upper layers, one key head",
        "config": SMALL | {"model_type": "qwen2", "num_key_value_heads": 1, "head_dim": 6, "rope_theta": 100.0,
                           "num_hidden_layers": 3, "use_sliding_window": True, "sliding_window": 5,
                           "max_window_layers": 1, "tie_word_embeddings": False},
    },
    "qwen2-tied": {
        "about": "YaRN",
        "dtype": BF16,
        "shards": 2,
        "config": SMALL | {"model_type": "qwen2", "num_key_value_heads": 2, "tie_word_embeddings": True,
                           "rope_parameters": {**YARN, "rope_theta": 500.0}},
    },
    "qwen3": {
        "about": "one key head, linear scaling",
        "config": SMALL | {"model_type": "qwen3", "num_key_value_heads": 1, "head_dim": 6,
                           "rope_scaling": {"rope_type": "linear", "factor": 2.0}},
    },
    "qwen3-tied": {
        "about": "biases; window by layer_types; YaRN with all its words",
        "dtype": BF16,
        "shards": 3,
        "config": SMALL | {"model_type": "qwen3", "num_key_value_heads": 2, "head_dim": 10, "attention_bias": True,
                           "tie_word_embeddings": True, "use_sliding_window": True, "sliding_window": 4,
                           "layer_types": ["sliding_attention", "full_attention"],
                           "rope_parameters": {**YARN, "rope_theta": 1000.0, "beta_fast": 2.0, "beta_slow": 0.25,
                                               "mscale": 0.7, "mscale_all_dim": 1.5, "truncate": False}},
    },
    "mistral": {
        "about": "a window, one key head",
        "config": SMALL | {"model_type": "mistral", "num_key_value_heads": 1, "head_dim": 10, "sliding_window": 5},
    },
    "mistral-tied": {
        "about": "no window; relu; YaRN without a first context",
        "dtype": BF16,
        "shards": 2,
        "config": SMALL | {"model_type": "mistral", "num_key_value_heads": 2, "sliding_window": None,
                           "hidden_act": "relu", "tie_word_embeddings": True,
                           "rope_scaling": {"type": "yarn", "factor": 2.0, "attention_factor": 0.8}},
    },
    "gemma3": {
        "about": "as the hub has it: a pattern of windows, theta of its own for them, linear scaling for the others",
        "dtype": BF16,
        "shards": 2,
        "config": SMALL | {"model_type": "gemma3_text", "num_hidden_layers": 3, "num_key_value_heads": 1,
                           "head_dim": 6, "query_pre_attn_scalar": 9, "sliding_window": 4,
                           "sliding_window_pattern": 2, "rope_theta": 1000.0, "rope_local_base_freq": 50.0,
                           "rope_scaling": {"rope_type": "linear", "factor": 8.0}, "cache_implementation": "hybrid",
                           "hidden_activation": "gelu_pytorch_tanh", "attn_logit_softcapping": None},
    },
    "gemma3-untied": {
        "about": "turns by layer type, a soft cap of the logits, another activation",
        "config": SMALL | {"model_type": "gemma3_text", "num_key_value_heads": 2, "head_dim": 8,
                           "query_pre_attn_scalar": 8, "sliding_window": 5, "attention_bias": True,
                           "layer_types": ["full_attention", "sliding_attention"], "tie_word_embeddings": False,
                           "final_logit_softcapping": 1.5, "hidden_activation": "silu",
                           "rope_parameters": {"full_attention": {**YARN, "rope_theta": 700.0},
                                               "sliding_attention": {"rope_type": "default", "rope_theta": 20.0}}},
    },
    "gemma2": {
        "about": "narrow soft caps, windows in every other layer",
        "dtype": BF16,
        "shards": 2,
        "config": SMALL | {"model_type": "gemma2", "num_hidden_layers": 3, "num_key_value_heads": 1, "head_dim": 6,
                           "query_pre_attn_scalar": 5, "sliding_window": 4, "rope_theta": 100.0,
                           "attn_logit_softcapping": 1.0, "final_logit_softcapping": 2.0},
    },
    "gemma2-untied": {
        "about": "no caps; biases",
        "config": SMALL | {"model_type": "gemma2", "num_key_value_heads": 2, "head_dim": 8, "attention_bias": True,
                           "query_pre_attn_scalar": 8, "tie_word_embeddings": False, "sliding_window": 5,
                           "attn_logit_softcapping": None, "final_logit_softcapping": None},
    },
    "gpt-neox": {
        "about": "as Pythia is stored: two of eight components turn, embed_out",
        "config": SMALL | {"model_type": "gpt_neox", "num_attention_heads": 2, "rotary_pct": 0.25,
                           "rotary_emb_base": 100, "use_parallel_residual": True},
        "edit": lambda weights: {name.replace("lm_head", "embed_out"): one for name, one in weights.items()},
    },
    "gpt-neox-serial": {
        "about": "one half after the other, no biases of attention, an odd share of a head, linear scaling",
        "dtype": BF16,
        "shards": 2,
        "config": SMALL | {"model_type": "gpt_neox", "num_attention_heads": 2, "use_parallel_residual": False,
                           "attention_bias": False, "tie_word_embeddings": True, "hidden_act": "gelu_new",
                           "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 50.0,
                                               "partial_rotary_factor": 0.7}},
    },
    "phi3": {
        "about": "LongRoPE under its old name, longer than the first context; one key head",
        "config": SMALL | {"model_type": "phi3", "num_key_value_heads": 1, "head_dim": 6, "hidden_size": 24,
                           "original_max_position_embeddings": 8,
                           "rope_scaling": {"type": "su", "original_max_position_embeddings": 8, "short_factor": [1.0, 1.5, 2.0],
                                            "long_factor": [1.0, 3.0, 5.0]}},
    },
    "phi3-tied": {
        "about": "a part of each head turns, within the first context; a window",
        "dtype": BF16,
        "shards": 2,
        "config": SMALL | {"model_type": "phi3", "num_attention_heads": 2, "num_key_value_heads": 2,
                           "sliding_window": 5, "partial_rotary_factor": 0.75, "tie_word_embeddings": True,
                           "original_max_position_embeddings": 16, "rope_scaling": LONGROPE},
    },
    "olmo2": {
        "about": "biases, grouped keys",
        "config": SMALL | {"model_type": "olmo2", "num_key_value_heads": 2, "head_dim": 6, "attention_bias": True},
    },
    "olmo2-tied": {
        "about": "llama3 scaling, one key head",
        "dtype": BF16,
        "shards": 2,
        "config": SMALL | {"model_type": "olmo2", "num_key_value_heads": 1, "tie_word_embeddings": True,
                           "rope_theta": 500.0, "rope_scaling": LLAMA3},
    },
    "smollm3": {
        "about": "every other layer without positions",
        "dtype": BF16,
        "shards": 2,
        "config": SMALL | {"model_type": "smollm3", "num_key_value_heads": 1, "no_rope_layer_interval": 2,
                           "num_hidden_layers": 3},
    },
    "smollm3-untied": {
        "about": "layers without positions by list, and with a window; biases",
        "config": SMALL | {"model_type": "smollm3", "num_key_value_heads": 2, "head_dim": 6, "rope_theta": 100.0,
                           "no_rope_layers": [0, 1, 0], "use_sliding_window": True, "sliding_window": 4,
                           "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": False},
    },
    "starcoder2": {
        "about": "a window, one key head",
        "dtype": BF16,
        "shards": 2,
        "config": SMALL | {"model_type": "starcoder2", "num_key_value_heads": 1, "head_dim": 6, "sliding_window": 5},
    },
    "starcoder2-untied": {
        "about": "no biases, exact gelu",
        "config": SMALL | {"model_type": "starcoder2", "num_key_value_heads": 2, "use_bias": False,
                           "tie_word_embeddings": False, "hidden_act": "gelu"},
    },
}


def drawn(config, generator):
    """Matrices N(0, 0.2^2), vectors that far from what transformers starts them with."""
    model = AutoModelForCausalLM.from_config(config)
    weights = {}
    for name, parameter in model.named_parameters():
        noise = 0.2 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        weights[name] = noise + (parameter.detach().double() if parameter.dim() == 1 else 0.0)
    return weights


class Float64Torch:
    """The torch of a module that computes in float64 wherever it says float32."""

    float = float32 = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


@contextmanager
def in_float64():
    modules = [module for name, module in sys.modules.items()
               if name == "transformers.modeling_rope_utils" or ".modeling_" in name and name.startswith("transformers.models.")]
    modules = [module for module in modules if getattr(module, "torch", None) is torch]
    unchanged = torch.Tensor.float
    torch.Tensor.float = torch.Tensor.double
    for module in modules:
        module.torch = Float64Torch()
    try:
        yield
    finally:
        torch.Tensor.float = unchanged
        for module in modules:
            module.torch = torch


def open_model(folder, dtype):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager").eval()


def masks(tokens):
    mask = torch.ones_like(tokens)
    mask[:, 0] = 0
    return mask


def make_model(folder, spec, seed):
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(seed)
    config = AutoConfig.for_model(**spec["config"])
    weights = {name: weight.to(spec.get("dtype", F32)) for name, weight in drawn(config, generator).items()}
    weights = spec.get("edit", lambda same: same)(weights)
    random_models.write_safetensors(folder, spec["config"], weights, spec.get("shards", 1))
    batches = torch.randint(0, config.vocab_size, (models.BATCHES, SEQUENCES, LENGTH), generator=generator)
    pairs = [(tokens, masks(tokens)) for tokens in batches]

    open_model(folder, F32)  # so that its module is there to be changed
    with in_float64():
        model = open_model(folder, torch.float64)
        assert all(b.dtype == torch.float64 for b in [*model.buffers(), *model.parameters()] if b.is_floating_point())
        loss, logits, gradients, layers = models.measure(model, *pairs[0])
        adamw = models.train(model, pairs)
    torch.set_default_dtype(torch.float32)
    single = models.loss_of(open_model(folder, F32), *pairs[0])[0].item()
    torch.set_default_dtype(torch.float64)
    assert abs(single / loss.item() - 1) < 1e-5, (folder, single, loss.item())

    tensors = {"logits": logits} | {f"gradient/{name}": gradient for name, gradient in gradients.items()}
    save_file({name: tensor.float().contiguous() for name, tensor in tensors.items()}, folder / "reference.safetensors")
    record = {
        "about": spec["about"],
        "warns": spec.get("warns", False),
        "ranks": random_models.RANKS,
        "tokens": batches[0].tolist(),
        "batches": batches.tolist(),
        "loss": loss.item(),
        "adamw": adamw,
        "layers": {name: random_models.layer_record(g) for name, (_, _, g) in layers.items()},
    }
    (folder / "reference.json").write_text(models.readable_json(record))
    for file in folder.iterdir():
        file.chmod(0o644)
    print(f"{folder.name}: loss {loss.item():.4f}, {sum(f.stat().st_size for f in folder.iterdir()) / 1000:.0f} kB")


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "test/reference/architectures")
    wanted = sys.argv[2:] or list(MODELS)
    torch.set_num_threads(1)
    disable_progress_bar()
    set_verbosity_error()
    torch.set_default_dtype(torch.float64)
    for name in wanted:
        make_model(out / name, MODELS[name], zlib.crc32(name.encode()))


if __name__ == "__main__":
    main()
