#!/usr/bin/env python3
"""Makes the 26 small random models of test/reference/random-models: the ways in which files say what a model is.

    python scripts/reference/make-random-models.py [OUT]        (OUT: test/reference/random-models)

Needs torch, transformers, safetensors, gguf (README.md beside this file). Seeded and single-threaded: a second run
writes the same files. Every model has a folder with its files and `reference.json`:

    about        what is odd about it
    warns        whether transformers (llama.cpp) runs it with a complaint, or leaves something out without one
    tokens       [sequences][positions]; all positions but the first of a sequence are targets
    loss         mean over the targets of -ln p, natural logarithm
    layers       for every linear layer of the blocks, W as inputs x outputs: gradientNorm = ||G||, and by family
                 coverage = ||P G|| / ||G|| in the leading K columns of cosine frames, K in `ranks`:
                 u[i, j] = sqrt((j = 0 ? 1 : 2) / m) cos(pi j (i + 1/2) / m), i < m; v the same with n

The numbers are those of the model that transformers loads from the folder in float64, weights as they are stored; where
transformers' Llama falls back to float32, make-models.py replaces it, and the result is checked against the unchanged
model in float32. GGUF files hold the weights in the order of llama.cpp's converter, and their keys are those that
llama.cpp reads; the reference is the model that transformers loads from the config in Hugging Face's words.

`refused.json` lists configs that transformers does not open, each made of a folder's by setting fields; the script
tries each.
"""

import json
import math
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFWriter, dequantize, quantize
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.models.llama import modeling_llama
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

models = import_module("make-models")

RANKS = (1, 2, 5)
SEQUENCES, LENGTH = 3, 10
F32, F16, BF16 = torch.float32, torch.float16, torch.bfloat16
ABSENT = object()

GPT2 = {"model_type": "gpt2", "vocab_size": 41, "n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 12}
LLAMA = {
    "model_type": "llama",
    "vocab_size": 43,
    "hidden_size": 16,
    "intermediate_size": 22,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 20,
}
HEAD, WTE, EMBED = "lm_head.weight", "transformer.wte.weight", "model.embed_tokens.weight"


def without(prefix):
    return lambda weights: {name.removeprefix(prefix): weight for name, weight in weights.items()}


def without_weight(*names):
    return lambda weights: {name: weight for name, weight in weights.items() if name not in names}


def constants_of_old_files(weights):
    """The causal mask and its filler, which the first GPT-2 files hold in every layer."""
    mask = torch.ones(1, 1, 12, 12).tril()
    return without("transformer.")(weights) | {"h.0.attn.bias": mask, "h.0.attn.masked_bias": torch.tensor(-1e4)}


def matrices_in_half(weights):
    return {name: weight.to(BF16 if weight.dim() == 2 else F32) for name, weight in weights.items()}


# `make`: the fields with which weights are drawn, where the file's config says less. `tie`: the head equals the embedding.
# `edit`: what is done to the drawn weights before they are stored.
MODELS = {
    "gpt2-untied": {
        "about": "tie_word_embeddings false, a head of its own; odd sizes, relu",
        "config": GPT2 | {"n_embd": 20, "n_head": 5, "n_inner": 13, "activation_function": "relu",
                          "tie_word_embeddings": False},
    },
    "gpt2-flag-absent": {
        "about": "no flag means tied, but the stored head differs: it is used",
        "warns": True,
        "config": GPT2,
        "make": {"tie_word_embeddings": False},
    },
    "gpt2-head-twice": {
        "about": "the head is stored beside the embedding and equals it; exact gelu, bfloat16",
        "dtype": BF16,
        "config": GPT2 | {"activation_function": "gelu", "n_layer": 2},
        "edit": lambda weights: weights | {HEAD: weights[WTE].clone()},
    },
    "gpt2-old-names": {
        "about": "the first files' names, with the causal masks; float16",
        "dtype": F16,
        "config": GPT2 | {"n_ctx": 12, "activation_function": "gelu_new"},
        "edit": constants_of_old_files,
    },
    "gpt2-head-alone": {
        "about": "tied, and only the head is stored; two shards",
        "shards": 2,
        "config": GPT2 | {"n_head": 4, "tie_word_embeddings": True},
        "edit": lambda weights: without_weight(WTE)(weights) | {HEAD: weights[WTE].clone()},
    },
    "gpt2-other-names": {
        "about": "sizes under the names that other models have",
        "config": {"model_type": "gpt2", "vocab_size": 37, "hidden_size": 18, "num_hidden_layers": 2,
                   "num_attention_heads": 3, "max_position_embeddings": 11, "activation_function": "gelu_pytorch_tanh"},
    },
    "gpt2-attention-scales": {
        "about": "attention is not divided by the root of the head size, but by the layer's number",
        "config": GPT2 | {"n_layer": 3, "scale_attn_weights": False, "scale_attn_by_inverse_layer_idx": True},
    },
    "gpt2-base-untied": {
        "about": "names without the base's, a head of its own; matrices bfloat16, vectors float32; silu",
        "config": GPT2 | {"activation_function": "silu", "tie_word_embeddings": False},
        "edit": lambda weights: without("transformer.")(matrices_in_half(weights)),
    },
    "gpt2-one-head": {
        "about": "one head of nine, a large epsilon, a wide vocabulary",
        "config": GPT2 | {"n_embd": 9, "n_head": 1, "n_inner": 7, "vocab_size": 299, "layer_norm_epsilon": 1e-3,
                          "activation_function": "gelu_fast"},
    },
    "llama-plain": {
        "about": "rope_theta at the root, no flag means untied",
        "config": LLAMA | {"rope_theta": 500.0},
    },
    "llama-base": {
        "about": "saved without `model.`, tied; bfloat16",
        "dtype": BF16,
        "config": LLAMA | {"tie_word_embeddings": True, "num_hidden_layers": 2},
        "edit": without("model."),
    },
    "llama-tied-other-head": {
        "about": "tied, but the stored head differs: it is used",
        "warns": True,
        "config": LLAMA | {"tie_word_embeddings": True},
        "make": {"tie_word_embeddings": False},
    },
    "llama-head-size": {
        "about": "heads of six in a width of twenty, biases everywhere, every head its own key; float16",
        "dtype": F16,
        "config": LLAMA | {"hidden_size": 20, "num_attention_heads": 5, "num_key_value_heads": None, "head_dim": 6,
                           "attention_bias": True, "mlp_bias": True},
    },
    "llama-linear-old": {
        "about": "linear scaling in the old form; relu",
        "config": LLAMA | {"rope_scaling": {"type": "linear", "factor": 4.0}, "hidden_act": "relu"},
    },
    "llama-linear": {
        "about": "linear scaling in the new form, with its own theta, before the root's",
        "warns": True,
        "config": LLAMA | {"rope_theta": 77.0,
                           "rope_parameters": {"rope_type": "linear", "factor": 2.5, "rope_theta": 300.0}},
    },
    "llama-both-scalings": {
        "about": "rope_scaling goes before rope_parameters, theta and all",
        "warns": True,
        "config": LLAMA | {"rope_scaling": {"type": "linear", "factor": 4.0},
                           "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 100.0}},
    },
    "llama3-no-original": {
        "about": "llama3 without original_max_position_embeddings: the context stands for it",
        "config": LLAMA | {"max_position_embeddings": 40, "rope_theta": 500.0, "head_dim": 12,
                           "rope_scaling": {**LLAMA3, "original_max_position_embeddings": ABSENT}},
    },
    "llama3-original-at-root": {
        "about": "original_max_position_embeddings at the root goes before the scaling's own",
        "config": LLAMA | {"original_max_position_embeddings": 40, "head_dim": 12, "rope_scaling": LLAMA3},
    },
    "llama3-shards": {
        "about": "llama3 in the new form; three shards, one key head for four",
        "shards": 3,
        "config": LLAMA | {"num_attention_heads": 4, "head_dim": 10, "num_hidden_layers": 2,
                           "tie_word_embeddings": False, "rope_parameters": {**LLAMA3, "rope_theta": 200.0}},
    },
    "llama-few-words": {
        "about": "defaults for context, epsilon, keys and flag; `factor: null` where none is needed; bfloat16",
        "dtype": BF16,
        "config": {"model_type": "llama", "vocab_size": 29, "hidden_size": 12, "intermediate_size": 17,
                   "num_hidden_layers": 1, "num_attention_heads": 3,
                   "rope_parameters": {"rope_type": "default", "rope_theta": 50.0, "factor": None}},
    },
    "llama-more-layers": {
        "about": "weights of two layers where the config says one",
        "warns": True,
        "config": LLAMA,
        "make": {"num_hidden_layers": 2},
    },
    "llama-foreign-fields": {
        "about": "fields of other models, which nothing reads; exact gelu, three layers, bfloat16",
        "warns": True,
        "dtype": BF16,
        "config": LLAMA | {"vocab_size": 300, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3,
                           "num_attention_heads": 4, "hidden_act": "gelu", "sliding_window": 3, "logit_scale": 0.5,
                           "pretraining_tp": 2, "attention_dropout": 0.5, "tie_word_embeddings": True},
    },
    "gguf-factor": {
        "about": "rope.scaling.factor without a type is linear; F16",
        "gguf": {"rope.scaling.factor": 4.0},
        "type": GGMLQuantizationType.F16,
        "config": LLAMA | {"tie_word_embeddings": True, "rope_scaling": {"type": "linear", "factor": 4.0}},
    },
    "gguf-scale-linear": {
        "about": "the old key rope.scale_linear; a head of its own, biases",
        "gguf": {"rope.scale_linear": 2.0},
        "type": GGMLQuantizationType.F32,
        "config": LLAMA | {"attention_bias": True, "num_hidden_layers": 2, "tie_word_embeddings": False,
                           "rope_scaling": {"type": "linear", "factor": 2.0}},
    },
    "gguf-llama3": {
        "about": "llama3 as a tensor of factors, keys of another length than width / heads; BF16",
        "gguf": {"attention.key_length": 12, "attention.value_length": 12, "rope.dimension_count": 12},
        "type": GGMLQuantizationType.BF16,
        "config": LLAMA | {"head_dim": 12, "rope_theta": 500000.0, "tie_word_embeddings": True,
                           "rope_scaling": {**LLAMA3, "original_max_position_embeddings": 8192}},
    },
    "gguf-never-scaled": {
        "about": "type none is never scaled, whatever the factor; head counts as lists; Q8_0",
        "gguf": {"rope.scaling.type": "none", "rope.scaling.factor": 8.0, "attention.head_count_kv": [2, 2]},
        "type": GGMLQuantizationType.Q8_0,
        "config": LLAMA | {"hidden_size": 32, "intermediate_size": 32, "num_attention_heads": 4,
                           "num_key_value_heads": 2, "num_hidden_layers": 2, "tie_word_embeddings": True},
    },
}

# Fields, by folder, with which transformers does not open it.
REFUSED = {
    "gpt2-untied": [
        {"tie_word_embeddings": None},
        {"n_embd": 21},
        {"activation_function": "constructor"},
        {"n_positions": ABSENT},
    ],
    "llama-plain": [
        {"tie_word_embeddings": None},
        {"hidden_act": "toString"},
        {"max_position_embeddings": None},
        {"num_key_value_heads": None},
        {"rope_theta": None},
        {"rope_scaling": {"type": "linear"}},
        {"rope_scaling": {"type": "linear", "factor": None}},
        {"rope_scaling": {"type": "linear", "factor": "4"}},
        {"rope_scaling": {"type": "linear", "factor": 4.0, "partial_rotary_factor": 0.5}},
        {"rope_scaling": {"type": "constructor", "factor": 4.0}},
        {"rope_scaling": {**LLAMA3, "low_freq_factor": ABSENT}},
        {"rope_scaling": {**LLAMA3, "factor": ABSENT}},
        {"rope_scaling": LLAMA3, "original_max_position_embeddings": None},
        {"rope_parameters": {"rope_type": "default", "rope_theta": None}},
        {"quantization_config": {"quant_method": "gptq", "bits": 4}},
    ],
}


def present(value):
    """Without ABSENT."""
    if not isinstance(value, dict):
        return value
    return {key: present(item) for key, item in value.items() if item is not ABSENT}


# --- Files -----------------------------------------------------------------------------------------------------


def write_gguf(path, spec, config, weights):
    """As convert_hf_to_gguf.py writes a Llama: rows of queries and keys permuted, vectors in F32."""
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    if "attention.head_count_kv" not in spec["gguf"]:
        writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    for key, value in spec["gguf"].items():
        if isinstance(value, float):
            writer.add_float32(f"llama.{key}", value)
        elif isinstance(value, bool):
            writer.add_bool(f"llama.{key}", value)
        elif isinstance(value, int):
            writer.add_uint32(f"llama.{key}", value)
        elif isinstance(value, list):
            writer.add_array(f"llama.{key}", value)
        else:
            writer.add_string(f"llama.{key}", value)
    parts = {"q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
             "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "gate_proj": "ffn_gate",
             "up_proj": "ffn_up", "down_proj": "ffn_down"}
    outer = {EMBED: "token_embd.weight", "model.norm.weight": "output_norm.weight", HEAD: "output.weight"}
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    stored = {}
    for name, weight in weights.items():
        values = weight.float().numpy()
        if name in outer:
            full = outer[name]
        else:
            _, _, layer, *_, module, kind = name.split(".")
            full = f"blk.{layer}.{parts[module]}.{kind}"
            if parts[module] in heads:
                shape = values.shape
                values = values.reshape(heads[parts[module]], 2, -1, *shape[1:]).swapaxes(1, 2).reshape(shape)
        kind = spec["type"] if values.ndim == 2 else GGMLQuantizationType.F32
        data = quantize(np.ascontiguousarray(values), kind)
        writer.add_tensor(full, data, raw_dtype=kind)
        exact = torch.from_numpy(dequantize(data, kind).copy())
        if exact.ndim == 2 and any(f".{module}." in name for module in ("q_proj", "k_proj")):
            exact = exact.reshape(heads[parts[name.split(".")[4]]], -1, 2, exact.shape[1]).swapaxes(1, 2).reshape(exact.shape)
            stored[name] = exact
        else:
            stored[name] = exact if weight.ndim == 2 else weight.float()
    if config.rope_parameters["rope_type"] == "llama3":
        plain = AutoConfig.for_model(**{**config.to_dict(), "rope_parameters": {
            "rope_type": "default", "rope_theta": config.rope_parameters["rope_theta"]}})
        factors = models.inverse_frequencies(plain) / models.inverse_frequencies(config)
        writer.add_tensor("rope_freqs.weight", factors.float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return stored


def write_safetensors(folder, config, weights, shards):
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    weights = {name: weight.contiguous() for name, weight in weights.items()}
    if shards == 1:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names, placement = list(weights), {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = names[len(names) * shard // shards : len(names) * (shard + 1) // shards]
        save_file({name: weights[name] for name in part}, folder / file, metadata={"format": "pt"})
        placement |= {name: file for name in part}
    index = {"metadata": {"total_size": sum(w.numel() * w.element_size() for w in weights.values())},
             "weight_map": placement}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


# --- What is compared ------------------------------------------------------------------------------------------


def cosine_frame(size, rank):
    i, j = torch.arange(size).double()[:, None], torch.arange(rank).double()[None]
    return torch.where(j == 0, 1.0, 2.0).div(size).sqrt() * torch.cos(math.pi * j * (i + 0.5) / size)


def layer_record(gradient):
    norm = gradient.norm()
    coverage = {family: [] for family in models.FAMILIES}
    for rank in RANKS:
        u, v = (cosine_frame(size, rank) for size in gradient.shape)
        for family in models.FAMILIES:
            coverage[family].append((models.project(family, u, v, gradient).norm() / norm).item())
    return {"gradientNorm": norm.item(), "coverage": coverage}


def open_model(folder, dtype, attention):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation=attention).eval()


def reference(folder, tokens):
    """Loss and layers of the model in `folder` in float64, checked against transformers as it is in float32."""
    mask = torch.ones_like(tokens)
    mask[:, 0] = 0
    unchanged = (modeling_llama.LlamaRMSNorm.forward, modeling_llama.LlamaRotaryEmbedding.forward,
                 modeling_llama.eager_attention_forward)
    models.compute_llama_in_float64()
    try:
        loss, _, _, layers = models.measure(open_model(folder, torch.float64, "eager"), tokens, mask)
    finally:
        (modeling_llama.LlamaRMSNorm.forward, modeling_llama.LlamaRotaryEmbedding.forward,
         modeling_llama.eager_attention_forward) = unchanged
    torch.set_default_dtype(torch.float32)
    single = models.loss_of(open_model(folder, torch.float32, "sdpa"), tokens, mask)[0].item()
    torch.set_default_dtype(torch.float64)
    assert abs(single / loss.item() - 1) < 1e-5, (folder, single, loss.item())
    return {"loss": loss.item(), "layers": {name: layer_record(g) for name, (_, _, g) in layers.items()}}


def make_model(folder, name, spec, seed):
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(seed)
    config = present(spec["config"])
    drawn = AutoConfig.for_model(**present({**spec["config"], **spec.get("make", {})}))
    weights = models.random_weights(drawn, generator)
    if not drawn.tie_word_embeddings and HEAD not in weights:
        raise AssertionError(name)
    weights = {one: weight.to(spec.get("dtype", F32)) for one, weight in weights.items()}
    weights = spec.get("edit", lambda same: same)(weights)
    tokens = torch.randint(0, drawn.vocab_size, (SEQUENCES, LENGTH), generator=generator)
    if "gguf" in spec:
        stored = write_gguf(folder / "model.gguf", spec, drawn, weights)
        with tempfile.TemporaryDirectory() as temporary:
            write_safetensors(Path(temporary), config, stored, 1)
            numbers = reference(Path(temporary), tokens)
    else:
        write_safetensors(folder, config, weights, spec.get("shards", 1))
        numbers = reference(folder, tokens)
    record = {"about": spec["about"], "warns": spec.get("warns", False), "ranks": RANKS, "tokens": tokens.tolist(), **numbers}
    (folder / "reference.json").write_text(models.readable_json(record))
    for file in folder.iterdir():
        file.chmod(0o644)
    print(f"{name}: loss {numbers['loss']:.4f}, {sum(f.stat().st_size for f in folder.iterdir()) / 1000:.0f} kB")


def write_refused(out):
    refused = []
    for name, changes in REFUSED.items():
        for change in changes:
            config = json.loads((out / name / "config.json").read_text())
            absent = [key for key, value in change.items() if value is ABSENT]
            config = {key: value for key, value in {**config, **present(change)}.items() if key not in absent}
            with tempfile.TemporaryDirectory() as temporary:
                (Path(temporary) / "config.json").write_text(json.dumps(config))
                (Path(temporary) / "model.safetensors").symlink_to((out / name / "model.safetensors").resolve())
                try:
                    model = open_model(temporary, torch.float32, "sdpa")
                    model(input_ids=torch.zeros(1, 4, dtype=torch.long))
                except Exception as error:
                    refused.append({"folder": name, "config": config, "error": type(error).__name__})
                    continue
            raise AssertionError(f"transformers opens {name} with {change}")
    (out / "refused.json").write_text(models.readable_json(refused))
    print(f"{len(refused)} configs refused")


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "test/reference/random-models")
    torch.set_num_threads(1)
    disable_progress_bar()
    set_verbosity_error()
    torch.set_default_dtype(torch.float64)
    for seed, (name, spec) in enumerate(MODELS.items()):
        make_model(out / name, name, spec, 100 + seed)
    write_refused(out)


if __name__ == "__main__":
    main()
