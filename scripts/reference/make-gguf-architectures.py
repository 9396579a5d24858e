#!/usr/bin/env python3
"""Makes one small GGUF file of every architecture that is read from GGUF: test/reference/gguf-architectures.

    python scripts/reference/make-gguf-architectures.py [OUT [NAME...]]     (OUT: test/reference/gguf-architectures)

Needs torch, transformers, safetensors, gguf (README.md beside this file). Seeded and single-threaded: a second run
writes the same files. The weights go through what llama.cpp's converter does to them (conversion/*.py): names from
gguf's tensor map, rows of queries and keys reordered, 1 added to Gemma's norms. Every `<name>.gguf` has a `<name>.json`:

    about, tokens, loss, ranks, layers    as in make-random-models.py, of the model that transformers makes of the config
                 in Hugging Face's words and the weights as the gguf package decodes them, in float64
    weights      by Hugging Face name: SHA-256 of those weights: float32, row-major, little-endian
"""

import hashlib
import json
import math
import sys
import tempfile
import zlib
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from gguf import MODEL_ARCH, GGUFWriter, dequantize, get_tensor_name_map, quantize
from gguf import GGMLQuantizationType as Type
from transformers import AutoConfig
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

architectures = import_module("make-architectures")
models = import_module("make-models")
random_models = import_module("make-random-models")

SEQUENCES, LENGTH = 2, 12
BASE = {"vocab_size": 43, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 64, "rope_theta": 500.0, "tie_word_embeddings": True,
        "pad_token_id": None, "bos_token_id": 1, "eos_token_id": 2}

# `keys` beside those of all, under the architecture's prefix; `type` of the matrices; `split`: tensors of a file.
MODELS = {
    "qwen2": {
        "about": "biases, YaRN; Q8_0", "arch": MODEL_ARCH.QWEN2, "type": Type.Q8_0,
        "config": BASE | {"model_type": "qwen2", "rope_parameters": {
            "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "rope_theta": 500.0}},
        "keys": {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 16},
    },
    "qwen3": {
        "about": "heads of 16; Q5_1", "arch": MODEL_ARCH.QWEN3, "type": Type.Q5_1,
        "config": BASE | {"model_type": "qwen3", "head_dim": 16, "tie_word_embeddings": False},
        "keys": {"attention.key_length": 16, "attention.value_length": 16},
        "split": 8,
    },
    "gemma2": {
        "about": "caps, windows; Q4_1", "arch": MODEL_ARCH.GEMMA2, "type": Type.Q4_1,
        "config": BASE | {"model_type": "gemma2", "head_dim": 16, "num_hidden_layers": 3, "query_pre_attn_scalar": 16,
                          "sliding_window": 5, "attn_logit_softcapping": 2.0, "final_logit_softcapping": 3.0},
        "keys": {"attention.key_length": 16, "attention.value_length": 16, "attention.sliding_window": 5,
                 "attn_logit_softcapping": 2.0, "final_logit_softcapping": 3.0},
    },
    "gemma3": {
        "about": "five layers with a window and one without, linear scaling; Q5_0", "arch": MODEL_ARCH.GEMMA3,
        "type": Type.Q5_0,
        "config": BASE | {"model_type": "gemma3_text", "head_dim": 16, "num_hidden_layers": 6,
                          "query_pre_attn_scalar": 16, "sliding_window": 5,
                          "rope_scaling": {"rope_type": "linear", "factor": 8.0}},
        "keys": {"attention.key_length": 16, "attention.value_length": 16, "attention.sliding_window": 5,
                 "rope.scaling.type": "linear", "rope.scaling.factor": 8.0},
    },
    "gptneox": {
        "about": "a quarter of each head turns; F16", "arch": MODEL_ARCH.GPTNEOX, "type": Type.F16,
        "config": BASE | {"model_type": "gpt_neox", "rotary_pct": 0.25, "rotary_emb_base": 500, "num_attention_heads": 2,
                          "num_key_value_heads": 2, "tie_word_embeddings": False},
        "keys": {"rope.dimension_count": 4, "use_parallel_residual": True},
    },
    "phi3": {
        "about": "LongRoPE, beyond the first context; BF16", "arch": MODEL_ARCH.PHI3, "type": Type.BF16,
        "config": BASE | {"model_type": "phi3", "original_max_position_embeddings": 8, "tie_word_embeddings": False,
                          "rope_scaling": {"rope_type": "longrope", "short_factor": [1.0, 1.25, 1.5, 2.0],
                                           "long_factor": [1.0, 2.5, 4.0, 5.5],
                                           "original_max_position_embeddings": 8}},
        "keys": {"rope.dimension_count": 8, "rope.scaling.original_context_length": 8, "attention.sliding_window": 0,
                 "rope.scaling.attn_factor": math.sqrt(1 + math.log(8) / math.log(8))},
    },
    "olmo2": {
        "about": "norms behind both halves, and over all heads; Q4_0", "arch": MODEL_ARCH.OLMO2, "type": Type.Q4_0,
        "config": BASE | {"model_type": "olmo2", "tie_word_embeddings": False},
        "keys": {},
    },
    "smollm3": {
        "about": "one of four layers without positions; Q8_0", "arch": MODEL_ARCH.SMOLLM3, "type": Type.Q8_0,
        "config": BASE | {"model_type": "smollm3", "num_hidden_layers": 4},
        "keys": {"rope.dimension_count": 8},
    },
    "starcoder2": {
        "about": "biases everywhere; MXFP4", "arch": MODEL_ARCH.STARCODER2, "type": Type.MXFP4,
        "config": BASE | {"model_type": "starcoder2"},
        "keys": {},
    },
}


def permuted(values, heads):
    """LlamaModel.permute"""
    return values.reshape(heads, 2, -1, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def unpermuted(values, heads):
    return values.reshape(heads, -1, 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def by_part(values, heads):
    """GPTNeoXModel.modify_tensors"""
    return values.reshape(heads, 3, -1, *values.shape[1:]).swapaxes(0, 1).reshape(values.shape)


def by_head(values, heads):
    return values.reshape(3, heads, -1, *values.shape[1:]).swapaxes(0, 1).reshape(values.shape)


def changes(name, config):
    """What the converter does to a weight, and its inverse."""
    same = lambda values: values
    if config.model_type == "smollm3":
        for module, heads in (("q_proj", config.num_attention_heads), ("k_proj", config.num_key_value_heads)):
            if module in name:
                return lambda values: permuted(values, heads), lambda values: unpermuted(values, heads)
    if "query_key_value" in name:
        heads = config.num_attention_heads
        return lambda values: by_part(values, heads), lambda values: by_head(values, heads)
    if config.model_type.startswith("gemma") and name.endswith("norm.weight"):
        return lambda values: values + np.float32(1), lambda values: values - np.float32(1)
    return same, same


def write(path, spec, config, weights):
    """The file, and the weights as it holds them, under Hugging Face's names."""
    writer = GGUFWriter(path, spec["arch"].name.lower(), split_max_tensors=spec.get("split", 0))
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_freq_base(500.0)
    writer.add_vocab_size(config.vocab_size)
    if config.model_type in ("gpt_neox", "starcoder2"):
        writer.add_layer_norm_eps(getattr(config, "layer_norm_eps", None) or config.norm_epsilon)
    else:
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    for key, value in spec["keys"].items():
        kind = {bool: "bool", int: "uint32", float: "float32", str: "string"}[type(value)]
        getattr(writer, f"add_{kind}")(f"{writer.arch}.{key}", value)
    names = get_tensor_name_map(spec["arch"], config.num_hidden_layers)
    stored = {}
    for name, weight in weights.items():
        there, back = changes(name, config)
        values = np.ascontiguousarray(there(weight.float().numpy()))
        kind = spec["type"] if values.ndim == 2 else Type.F32
        data = quantize(values, kind)
        full = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert full is not None, name
        writer.add_tensor(full, data, raw_dtype=kind)
        stored[name] = torch.from_numpy(np.ascontiguousarray(back(dequantize(data, kind).astype(np.float32))))
    scaling = spec["config"].get("rope_scaling", {})
    for key in ("long", "short"):
        if f"{key}_factor" in scaling:
            writer.add_tensor(f"rope_factors_{key}.weight", np.array(scaling[f"{key}_factor"], dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return stored


def make_model(out, name, spec):
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    config = AutoConfig.for_model(**spec["config"])
    weights = {one: w for one, w in architectures.drawn(config, generator).items()}
    stored = write(out / f"{name}.gguf", spec, config, weights)
    tokens = torch.randint(0, config.vocab_size, (SEQUENCES, LENGTH), generator=generator)
    with tempfile.TemporaryDirectory() as folder:
        random_models.write_safetensors(Path(folder), spec["config"], stored, 1)
        architectures.open_model(folder, torch.float32)
        with architectures.in_float64():
            model = architectures.open_model(folder, torch.float64)
            loss, _, _, layers = models.measure(model, tokens, architectures.masks(tokens))
    record = {
        "about": spec["about"],
        "warns": False,
        "ranks": random_models.RANKS,
        "tokens": tokens.tolist(),
        "loss": loss.item(),
        "weights": {one: hashlib.sha256(w.numpy().tobytes()).hexdigest() for one, w in sorted(stored.items())},
        "layers": {one: random_models.layer_record(g) for one, (_, _, g) in layers.items()},
    }
    (out / f"{name}.json").write_text(models.readable_json(record))
    print(f"{name}: loss {loss.item():.4f}")


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "test/reference/gguf-architectures")
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    disable_progress_bar()
    set_verbosity_error()
    torch.set_default_dtype(torch.float64)
    for name in sys.argv[2:] or list(MODELS):
        make_model(out, name, MODELS[name])


if __name__ == "__main__":
    main()
