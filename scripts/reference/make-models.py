#!/usr/bin/env python3
"""Makes the tiny random models of test/reference/models and, in float64, everything our tests compare with.

    python scripts/reference/make-models.py [OUT]        (OUT: test/reference/models)

Needs torch, transformers, safetensors (README.md beside this file). Seeded and single-threaded: a second run
writes the same files. One folder per model:

    gpt2           GPT-2: fused qkv, biases, LayerNorm, tied head; float32
    llama          grouped-query attention, untied head; float32; config in the form of transformers 5
    llama-tied     tied head, another rope_theta; bfloat16 in two shards; config in the form of transformers 4
    llama-scaled   head_dim that is not hidden / heads, `llama3` RoPE scaling, one k/v head, tied; float16

Files of a folder:

    config.json, model*.safetensors   what a Hugging Face directory holds. The reference model is the one that
                                      transformers loads from these files in float64, so weights are exactly equal.
    batches.safetensors   tokens [3, 4, 12] int32 and lossMask [3, 4, 12] uint8 (batches, sequences, positions).
                          lossMask[.., t] = 1: token t is a target, predicted from position t-1. Sequence 1 and 3
                          are padded on the right with token 0; 2 and 3 have masked spans. Causal attention only:
                          padding is on the right, so no position with a target sees it.
    reference.safetensors   float64; of batch 0:
                              logits [4, 12, vocabulary]
                              gradient/<parameter>        of the loss, in the parameter's stored orientation
                              frames/<basis>/<layer>/u    [m, r], and .../v [n, r]: orthonormal columns
    reference.json        losses, coverage, nu, spectra and AdamW; every definition is in its "definitions".

Everything in float64: three places where transformers' Llama falls back to float32 (RMSNorm, rotary angles,
softmax) are replaced below, and the result is checked against the unchanged float32 model.
"""

import json
import math
import re
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy, softmax
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.models.llama import modeling_llama
from transformers.pytorch_utils import Conv1D
from transformers.utils.logging import disable_progress_bar

BATCHES, SEQUENCES, LENGTH = 3, 4, 12
RANK_LIMIT = 8
RIDGE = 0.3
STEPS = 10

DEFINITIONS = {
    "loss": "mean over the targets (lossMask = 1) of -ln p(token t | tokens before t), natural logarithm",
    "layers": "every linear layer of the blocks (no head, no embeddings); W is m x n = inputs x outputs, also where"
    " the file stores outputs x inputs (Llama's nn.Linear)",
    "G": "dL/dW = X^T dY as m x n, of batch 0; X [48, m] inputs and dY [48, n] output gradients of all positions",
    "frames": "svd: leading left/right singular vectors of W, signs such that the largest entry of every u is"
    " positive; random: Q of the QR decompositions of Gaussian matrices m x r and n x r",
    "energy": "||P G||^2 / ||G||^2 with u, v = first K columns. core: U U^T G V V^T; left: U U^T G; right: G V V^T;"
    " factors: G - (I - U U^T) G (I - V V^T); diagonal: sum_i (u_i^T G v_i) u_i v_i^T. Entry K-1 is rank K",
    "crossEnergy": "<P G_0, P G_1> with G_0, G_1 the gradients of batch 0 and batch 1 (not divided)",
    "nu": "tr(A_P^-1 C B_P^-1 C^T), C = U^T G V, A_P = U^T (A + ridge a I) U, B_P = V^T (B + ridge b I) V,"
    " A = X^T X / N, B = D^T D / N, D = N dY, a = tr(A)/m, b = tr(B)/n, N = number of targets, all of batch 0",
    "nuCross": "tr(A_P^-1 C_0 B_P^-1 C_1^T): A_P, B_P and C_0 of batch 0, C_1 = U^T G_1 V of batch 1",
    "global": "sum over layers of ||P G||^2 over sum of ||G||^2, ranks up to the least r of all layers",
    "adamw": "torch.optim.AdamW, constant learning rate; batches 0, 1, 2, 0, ...; losses[i] and gradientNorms[i]"
    " (global, before clipping) belong to step i, before its update. Weight decay on parameters of two dimensions"
    " (embeddings too), none on others. Clipping: gradients times min(1, clip / (norm + 1e-6))",
}

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 67,
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "hidden_act": "silu",
    "max_position_embeddings": 32,
    "rms_norm_eps": 1e-5,
    "attention_bias": False,
    "mlp_bias": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
}

MODELS = {
    "gpt2": {
        "seed": 11,
        "dtype": torch.float32,
        "shards": 1,
        "full_rank_layer": "transformer.h.0.attn.c_proj",
        "config": {
            "architectures": ["GPT2LMHeadModel"],
            "model_type": "gpt2",
            "vocab_size": 61,
            "n_embd": 24,
            "n_layer": 2,
            "n_head": 3,
            "n_positions": 20,
            "n_inner": None,
            "activation_function": "gelu_new",
            "layer_norm_epsilon": 1e-5,
            "attn_pdrop": 0.0,
            "embd_pdrop": 0.0,
            "resid_pdrop": 0.0,
            "bos_token_id": 60,
            "eos_token_id": 60,
        },
    },
    "llama": {
        "seed": 12,
        "dtype": torch.float32,
        "shards": 1,
        "full_rank_layer": "model.layers.0.self_attn.k_proj",
        "config": {
            **LLAMA,
            "tie_word_embeddings": False,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
        },
    },
    "llama-tied": {
        "seed": 13,
        "dtype": torch.bfloat16,
        "shards": 2,
        "full_rank_layer": "model.layers.1.self_attn.v_proj",
        "config": {**LLAMA, "tie_word_embeddings": True, "rope_theta": 500.0, "rope_scaling": None},
    },
    "llama-scaled": {
        "seed": 14,
        "dtype": torch.float16,
        "shards": 1,
        "full_rank_layer": "model.layers.0.self_attn.k_proj",
        "config": {
            **LLAMA,
            "tie_word_embeddings": True,
            "num_key_value_heads": 1,
            "head_dim": 8,
            "max_position_embeddings": 256,
            "rope_theta": 10000.0,
            # The wavelengths 6.3, 63, 628 and 6283 meet all three cases: kept, blended, divided.
            "rope_scaling": {
                "rope_type": "llama3",
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 200,
            },
        },
    },
}


# --- Llama in float64 ------------------------------------------------------------------------------------------


def rms_norm(self, hidden):
    return self.weight * (hidden * torch.rsqrt(hidden.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))


def inverse_frequencies(config):
    """theta^(-2i/d); `linear`: divided by `factor`; `llama3`: long wavelengths divided, with a blend between."""
    config.standardize_rope_params()
    rope = config.rope_parameters
    dimension = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    exponents = torch.arange(0, dimension, 2, dtype=torch.float64) / dimension
    frequencies = rope["rope_theta"] ** -exponents
    if rope["rope_type"] == "default":
        return frequencies
    if rope["rope_type"] == "linear":
        return frequencies / rope["factor"]
    assert rope["rope_type"] == "llama3"
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    turns = rope["original_max_position_embeddings"] * frequencies / (2 * math.pi)
    kept = ((turns - low) / (high - low)).clamp(0, 1)
    return frequencies * (kept + (1 - kept) / rope["factor"])


def rotary(self, hidden, position_ids):
    angles = position_ids[..., None].double() * inverse_frequencies(self.config)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def attention(module, query, key, value, attention_mask, scaling, **_):
    key = modeling_llama.repeat_kv(key, module.num_key_value_groups)
    value = modeling_llama.repeat_kv(value, module.num_key_value_groups)
    scores = query @ key.transpose(2, 3) * scaling
    length = query.shape[-2]
    future = torch.ones(length, length, dtype=torch.bool).triu(1)
    weights = softmax(scores.masked_fill(future, -math.inf), dim=-1)
    return (weights @ value).transpose(1, 2).contiguous(), weights


def compute_llama_in_float64():
    modeling_llama.LlamaRMSNorm.forward = rms_norm
    modeling_llama.LlamaRotaryEmbedding.forward = rotary
    modeling_llama.eager_attention_forward = attention


# --- Inputs ----------------------------------------------------------------------------------------------------


def random_weights(config, generator):
    """Scaled so that logits, attention and gradients are far from degenerate: matrices N(0, 0.2²), gains near 1."""
    weights = {}
    for name, parameter in AutoModelForCausalLM.from_config(config).named_parameters():
        noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        is_gain = parameter.dim() == 1 and name.endswith("weight")
        weights[name] = 0.2 * noise + (1.0 if is_gain else 0.0)
    return weights


def save_model(folder, spec, weights):
    (folder / "config.json").write_text(json.dumps(
        {**spec["config"], "torch_dtype": str(spec["dtype"]).removeprefix("torch.")}, indent=2) + "\n")
    weights = {name: weight.to(spec["dtype"]).contiguous() for name, weight in weights.items()}
    names, count = list(weights), spec["shards"]
    if count == 1:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        return
    placement = {}
    for shard in range(count):
        file = f"model-{shard + 1:05}-of-{count:05}.safetensors"
        part = names[len(names) * shard // count : len(names) * (shard + 1) // count]
        save_file({name: weights[name] for name in part}, folder / file, metadata={"format": "pt"})
        placement |= {name: file for name in part}
    total = sum(weight.numel() * weight.element_size() for weight in weights.values())
    index = {"metadata": {"total_size": total}, "weight_map": placement}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def random_batches(vocabulary, generator):
    shape = (BATCHES, SEQUENCES, LENGTH)
    tokens = torch.randint(1, vocabulary, shape, generator=generator)
    mask = torch.ones(shape, dtype=torch.long)
    mask[..., 0] = 0
    for batch in range(BATCHES):
        mask[batch, 2, 1:4] = 0  # a prompt without loss
        mask[batch, 3, 4:6] = 0  # a hole
        for sequence, length in ((1, 8 + batch), (3, 10 - 2 * batch)):
            tokens[batch, sequence, length:] = 0
            mask[batch, sequence, length:] = 0
    return tokens, mask


# --- What is compared ------------------------------------------------------------------------------------------


def loss_of(model, tokens, mask):
    labels = tokens.masked_fill(mask == 0, -100)
    logits = model(input_ids=tokens, use_cache=False).logits
    loss = cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100)
    return loss, logits


def linear_layers(model):
    blocks = {name: module for name, module in model.named_modules() if isinstance(module, (Conv1D, torch.nn.Linear))}
    return {name: module for name, module in blocks.items() if name != "lm_head"}


def as_inputs_by_outputs(module, weight):
    return weight.T if isinstance(module, torch.nn.Linear) else weight


def measure(model, tokens, mask):
    """Loss, logits, every parameter's gradient, and (X, dY, G) of every layer, by hooks on its input and output."""
    seen, handles = {}, []
    for name, module in linear_layers(model).items():

        def remember(_, inputs, output, name=name):
            output.retain_grad()
            seen[name] = (inputs[0], output)

        handles.append(module.register_forward_hook(remember))
    model.zero_grad()
    loss, logits = loss_of(model, tokens, mask)
    loss.backward()
    for handle in handles:
        handle.remove()
    layers = {}
    for name, module in linear_layers(model).items():
        inputs, output = seen[name]
        x, dy = inputs.detach().flatten(0, 1), output.grad.flatten(0, 1)
        gradient = as_inputs_by_outputs(module, module.weight.grad).clone()
        assert torch.allclose(x.T @ dy, gradient, rtol=1e-10, atol=1e-13)
        layers[name] = (x, dy, gradient)
    gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    return loss.detach(), logits.detach(), gradients, layers


def svd_frame(weight, rank):
    u, _, vt = torch.linalg.svd(weight, full_matrices=False)
    u, v = u[:, :rank], vt[:rank].T
    signs = u.gather(0, u.abs().argmax(0, keepdim=True)).sign()
    return u * signs, v * signs


def random_frame(shape, rank, generator):
    sides = [torch.randn(size, rank, generator=generator, dtype=torch.float64) for size in shape]
    return [torch.linalg.qr(side).Q for side in sides]


def project(family, u, v, g):
    """P G, written with whole projectors."""
    left, right = u @ u.T, v @ v.T
    if family == "core":
        return left @ g @ right
    if family == "left":
        return left @ g
    if family == "right":
        return g @ right
    if family == "factors":
        return g - (torch.eye(len(left)) - left) @ g @ (torch.eye(len(right)) - right)
    assert family == "diagonal"
    return sum((u[:, i] @ g @ v[:, i]) * torch.outer(u[:, i], v[:, i]) for i in range(u.shape[1]))


FAMILIES = ("core", "left", "right", "factors", "diagonal")


def whitened_trace(u, v, x, dy, targets, first, second):
    """tr(A_P^-1 C_0 B_P^-1 C_1^T), see DEFINITIONS."""
    delta = targets * dy
    a, b = x.T @ x / targets, delta.T @ delta / targets
    a_ridge = a + RIDGE * a.trace() / len(a) * torch.eye(len(a))
    b_ridge = b + RIDGE * b.trace() / len(b) * torch.eye(len(b))
    c0, c1 = u.T @ first @ v, u.T @ second @ v
    left = torch.linalg.solve(u.T @ a_ridge @ u, c0)
    return torch.trace(left @ torch.linalg.solve(v.T @ b_ridge @ v, c1.T)).item()


def basis_record(u, v, layer, other_gradient, targets):
    x, dy, g = layer
    record = {"energy": {family: [] for family in FAMILIES}, "crossEnergy": {family: [] for family in FAMILIES}}
    record |= {"nu": [], "nuCross": []}
    for rank in range(1, u.shape[1] + 1):
        uk, vk = u[:, :rank], v[:, :rank]
        for family in FAMILIES:
            projected, other = project(family, uk, vk, g), project(family, uk, vk, other_gradient)
            record["energy"][family].append((projected.square().sum() / g.square().sum()).item())
            record["crossEnergy"][family].append((projected * other).sum().item())
        record["nu"].append(whitened_trace(uk, vk, x, dy, targets, g, g))
        record["nuCross"].append(whitened_trace(uk, vk, x, dy, targets, g, other_gradient))
    return record


def global_energy(layers, basis):
    ranks = min(layer["rank"] for layer in layers.values())
    total = sum(layer["gradientNorm"] ** 2 for layer in layers.values())
    return {
        family: [
            sum(l["gradientNorm"] ** 2 * l["bases"][basis]["energy"][family][k] for l in layers.values()) / total
            for k in range(ranks)
        ]
        for family in FAMILIES
    }


def train(model, batches):
    settings = {"lr": 1e-3, "betas": (0.9, 0.95), "eps": 1e-8}
    decay, clip = 0.1, 1.0
    matrices = [parameter for parameter in model.parameters() if parameter.dim() >= 2]
    others = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}], **settings)
    losses, norms = [], []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss, _ = loss_of(model, *batches[step % BATCHES])
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), clip).item())
        optimizer.step()
        losses.append(loss.item())
    return {"learningRate": settings["lr"], "beta1": 0.9, "beta2": 0.95, "epsilon": settings["eps"],
            "weightDecay": decay, "clip": clip, "losses": losses, "gradientNorms": norms}


def check_against_float32(folder, batches, losses):
    """The unchanged float32 model of transformers must give the same losses up to its rounding."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa")
    for (tokens, mask), loss in zip(batches, losses):
        assert abs(loss_of(model, tokens, mask)[0].item() / loss - 1) < 1e-5


def readable_json(record):
    """Indented, but every list of numbers on one line."""
    text = json.dumps(record, indent=1)
    return re.sub(r"\[[^\[\]{}\"]*\]", lambda match: re.sub(r"\s+", " ", match[0]), text) + "\n"


def make_model(folder, spec):
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(spec["seed"])
    config = AutoConfig.for_model(**spec["config"])
    save_model(folder, spec, random_weights(config, generator))
    tokens, mask = random_batches(config.vocab_size, generator)
    save_file({"tokens": tokens.int(), "lossMask": mask.to(torch.uint8)}, folder / "batches.safetensors")
    batches = list(zip(tokens, mask))

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager").eval()
    passes = [measure(model, *batch) for batch in batches]
    loss, logits, gradients, layers = passes[0]
    tensors = {"logits": logits} | {f"gradient/{name}": gradient for name, gradient in gradients.items()}

    records = {}
    for name, module in linear_layers(model).items():
        x, dy, g = layers[name]
        rank = min(g.shape) if name == spec["full_rank_layer"] else min(RANK_LIMIT, *g.shape)
        weight = as_inputs_by_outputs(module, module.weight.detach())
        frames = {"svd": svd_frame(weight, rank), "random": random_frame(g.shape, rank, generator)}
        other = passes[1][3][name][2]
        bases = {}
        for basis, (u, v) in frames.items():
            tensors |= {f"frames/{basis}/{name}/u": u, f"frames/{basis}/{name}/v": v}
            bases[basis] = basis_record(u, v, layers[name], other, mask[0].sum().item())
        records[name] = {
            "m": g.shape[0],
            "n": g.shape[1],
            "rank": rank,
            "gradientNorm": g.norm().item(),
            "gradientSingularValues": torch.linalg.svdvals(g).tolist(),
            "crossInnerProduct": (g * other).sum().item(),
            "bases": bases,
        }
    save_file({name: tensor.double().contiguous() for name, tensor in tensors.items()},
              folder / "reference.safetensors")
    reference = {
        "definitions": DEFINITIONS,
        "ridge": RIDGE,
        "targets": mask.sum((1, 2)).tolist(),
        "losses": [result[0].item() for result in passes],
        "globalEnergy": {basis: global_energy(records, basis) for basis in ("svd", "random")},
        "adamw": train(model, batches),
        "layers": records,
    }
    (folder / "reference.json").write_text(readable_json(reference))
    for file in folder.iterdir():
        file.chmod(0o644)
    return batches, reference["losses"]


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "test/reference/models")
    torch.set_num_threads(1)
    disable_progress_bar()
    torch.set_default_dtype(torch.float64)
    unchanged = (modeling_llama.LlamaRMSNorm.forward, modeling_llama.LlamaRotaryEmbedding.forward,
                 modeling_llama.eager_attention_forward)
    for name, spec in MODELS.items():
        compute_llama_in_float64()
        batches, losses = make_model(out / name, spec)
        (modeling_llama.LlamaRMSNorm.forward, modeling_llama.LlamaRotaryEmbedding.forward,
         modeling_llama.eager_attention_forward) = unchanged
        check_against_float32(out / name, batches, losses)
        size = sum(file.stat().st_size for file in (out / name).iterdir())
        print(f"{name}: losses {' '.join(f'{loss:.4f}' for loss in losses)}, {size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
