#!/usr/bin/env python3
"""Makes the ten small GGUF files of test/reference/ggufs: the ways in which the format stores what a model is.

    python scripts/reference/make-ggufs.py [OUT]        (OUT: test/reference/ggufs)

Needs torch, transformers, safetensors, gguf (README.md beside this file). Seeded and single-threaded: a second run
writes the same files. Every file `<name>.gguf`, written by the gguf package, has a `<name>.json`:

    about        what is odd about it
    tokens, loss, ranks, layers    as in make-random-models.py, of the model that transformers loads from the GGUF file,
                 its weights taken to float64
    weights      by Hugging Face name: SHA-256 of the weight as transformers has it: float32, row-major, little-endian,
                 decoded by the gguf package
    metadata     by key: [type, value] as the gguf package reads them, integers beyond 2^53 as strings; of a long array
                 its length and the SHA-256 of its JSON
"""

import hashlib
import json
import struct
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from gguf import GGUFReader, GGUFValueType, GGUFWriter, quantize
from transformers import AutoConfig, AutoModelForCausalLM, LlamaConfig
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

models = import_module("make-models")
random_models = import_module("make-random-models")

BASE = {
    "vocab_size": 43,
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
}
UNTIED = BASE | {"tie_word_embeddings": False}


def odd_metadata(writer):
    """A value of every type, arrays of every type, and texts that readers have stumbled over."""
    writer.add_uint8("odd.uint8", 255)
    writer.add_int8("odd.int8", -128)
    writer.add_uint16("odd.uint16", 65535)
    writer.add_int16("odd.int16", -32768)
    writer.add_uint32("odd.uint32", 4294967295)
    writer.add_int32("odd.int32", -2147483648)
    writer.add_uint64("odd.uint64", 2**64 - 1)
    writer.add_int64("odd.int64", -(2**63))
    writer.add_float32("odd.float32", 0.1)
    writer.add_float64("odd.float64", 0.1)
    writer.add_bool("odd.true", True)
    writer.add_bool("odd.false", False)
    writer.add_string("odd.empty", "")
    writer.add_string("odd.text", "naïve 日本語 😀 \ufeff\u0000\n end")
    writer.add_string("odd.ключ ☃", "a key that is no ASCII")
    writer.add_string("__proto__", "a name that objects have of their own")
    writer.add_string("constructor", "another")
    writer.add_array("odd.texts", ["", "a", "th e", "Ġ", "😀"])
    kinds = {"uint8": [0, 255], "int8": [-128, 127], "uint16": [65535], "int16": [-32768], "uint32": [4294967295],
             "int32": [-2147483648, 5], "uint64": [2**64 - 1], "int64": [-(2**63)], "float32": [0.5, -1.25],
             "float64": [0.1, 1e300], "bool": [True, False]}
    for name, values in kinds.items():
        kind = GGUFValueType[name.upper()]
        writer.add_key_value(f"odd.array.{name}", values, GGUFValueType.ARRAY, sub_type=kind)


def vocabulary(writer):
    """More than a reader takes at once: 4,000 tokens and merges, 280 kB, of all lengths."""
    generator = np.random.default_rng(7)
    letters = list("abcdefghijklmnopqrstuvwxyzĠĊéß日語😀")
    tokens = ["".join(generator.choice(letters, 1 + i % 29)) + str(i) for i in range(4_000)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([1 + i % 4 for i in range(len(tokens))])
    writer.add_token_merges([f"{token[:1]} {token[1:]}" for token in tokens])
    writer.add_bos_token_id(1)


def as_it_is(_):
    pass


# `type`: of every matrix; `types`: of matrices by a part of their name. `order`: of the tensors in the file.
FILES = {
    "f32-tied": {"about": "F32, tied; metadata of every type", "type": Type.F32, "config": BASE, "more": odd_metadata},
    "f16-version-2": {"about": "F16, version 2 of the format", "type": Type.F16, "config": UNTIED, "version": 2},
    "bf16-alignment-64": {"about": "BF16, data at multiples of 64", "type": Type.BF16, "config": BASE, "alignment": 64},
    "q8-0-untied": {"about": "Q8_0, a head of its own, two layers", "type": Type.Q8_0,
                    "config": UNTIED | {"num_hidden_layers": 2}},
    "q4-0-tied": {"about": "Q4_0, tied", "type": Type.Q4_0, "config": BASE},
    "q4-1-untied": {"about": "Q4_1, data at multiples of 4096", "type": Type.Q4_1, "config": UNTIED, "alignment": 4096},
    "mixed": {"about": "another type for every part; tensors in reverse order", "type": Type.Q4_1, "config": UNTIED,
              "types": {"token_embd": Type.Q8_0, "attn_q": Type.F16, "attn_k": Type.Q4_0, "attn_v": Type.F32,
                        "ffn_down": Type.BF16, "output.": Type.F16}, "reverse": True},
    "f32-alignment-1": {"about": "F32 at odd places: an alignment of 1", "type": Type.F32,
                        "config": BASE | {"intermediate_size": 20}, "alignment": 1},
    "wide-integers": {"about": "sizes as UINT64, UINT16 and INT32; F16", "type": Type.F16, "config": BASE,
                      "integers": {"block_count": "uint64", "context_length": "int32", "attention.head_count": "uint16"}},
    "vocabulary": {"about": "a vocabulary of 280 kB in the header; Q8_0", "type": Type.Q8_0, "config": BASE,
                   "more": vocabulary},
}

NAMES = {"q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
         "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "gate_proj": "ffn_gate",
         "up_proj": "ffn_up", "down_proj": "ffn_down"}
OUTER = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
         "lm_head.weight": "output.weight"}


def gguf_name(name):
    if name in OUTER:
        return OUTER[name]
    _, _, layer, *_, module, kind = name.split(".")
    return f"blk.{layer}.{NAMES[module]}.{kind}"


def write(path, spec, config, weights):
    writer = GGUFWriter(path, "llama")
    if "alignment" in spec:
        writer.add_custom_alignment(spec["alignment"])
    sizes = {"block_count": config.num_hidden_layers, "context_length": config.max_position_embeddings,
             "embedding_length": config.hidden_size, "feed_forward_length": config.intermediate_size,
             "attention.head_count": config.num_attention_heads, "attention.head_count_kv": config.num_key_value_heads,
             "vocab_size": config.vocab_size}
    for key, value in sizes.items():
        getattr(writer, f"add_{spec.get('integers', {}).get(key, 'uint32')}")(f"llama.{key}", value)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    spec.get("more", as_it_is)(writer)
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    entries = list(weights.items())
    for name, weight in reversed(entries) if spec.get("reverse") else entries:
        values, full = weight.float().numpy(), gguf_name(name)
        part = full.split(".")[2] if full.startswith("blk.") else full
        if part in heads:  # as convert_hf_to_gguf.py
            values = values.reshape(heads[part], 2, -1, values.shape[1]).swapaxes(1, 2).reshape(values.shape)
        special = [kind for key, kind in spec.get("types", {}).items() if key in f"{full}."]
        kind = Type.F32 if values.ndim == 1 else (special or [spec["type"]])[0]
        writer.add_tensor(full, quantize(np.ascontiguousarray(values), kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    if "version" in spec:
        with open(path, "r+b") as file:
            file.seek(4)
            file.write(struct.pack("<I", spec["version"]))


def metadata_of(path):
    def plain(value):
        return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53 else value

    found = {}
    for key, field in GGUFReader(path).fields.items():
        if key.startswith("GGUF."):
            continue
        value, kind = field.contents(), field.types[0].name.lower()
        if kind == "array":
            kind, value = f"array of {field.types[-1].name.lower()}", [plain(item) for item in value]
            if len(value) > 100:
                text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
                value = {"length": len(value), "sha256": hashlib.sha256(text.encode()).hexdigest()}
        found[key] = [kind, plain(value)]
    return found


def make(out, name, spec, seed):
    generator = torch.Generator().manual_seed(seed)
    config = LlamaConfig(**spec["config"])
    weights = {one: weight.float() for one, weight in models.random_weights(config, generator).items()}
    if config.tie_word_embeddings:
        weights.pop("lm_head.weight", None)
    tokens = torch.randint(0, config.vocab_size, (random_models.SEQUENCES, random_models.LENGTH), generator=generator)
    path = out / f"{name}.gguf"
    write(path, spec, config, weights)
    torch.set_default_dtype(torch.float32)
    loaded = AutoModelForCausalLM.from_pretrained(out, gguf_file=path.name, dtype=torch.float32)
    torch.set_default_dtype(torch.float64)
    state = loaded.state_dict()
    if loaded.config.tie_word_embeddings:
        del state["lm_head.weight"]
    with tempfile.TemporaryDirectory() as temporary:
        fields = {key: value for key, value in loaded.config.to_dict().items() if key not in ("_name_or_path", "dtype")}
        random_models.write_safetensors(Path(temporary), fields, state, 1)
        numbers = random_models.reference(Path(temporary), tokens)
    sha256 = {one: hashlib.sha256(weight.numpy().astype("<f4").tobytes()).hexdigest() for one, weight in state.items()}
    record = {"about": spec["about"], "warns": False, "ranks": random_models.RANKS, "tokens": tokens.tolist(), **numbers,
              "weights": sha256, "metadata": metadata_of(path)}
    (out / f"{name}.json").write_text(models.readable_json(record))
    path.chmod(0o644)
    print(f"{name}: loss {numbers['loss']:.6f}, {path.stat().st_size / 1000:.0f} kB")


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "test/reference/ggufs")
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    disable_progress_bar()
    set_verbosity_error()
    torch.set_default_dtype(torch.float64)
    for seed, (name, spec) in enumerate(FILES.items()):
        make(out, name, spec, 200 + seed)


if __name__ == "__main__":
    main()
