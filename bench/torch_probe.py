#!/usr/bin/env python3
"""The probe's job in PyTorch: the peer that `npm run bench` measures us against.

    python bench/torch_probe.py --model DIR|FILE.gguf --tokens batches.safetensors --frames frames.safetensors

For every batch: the loss, and for every linear layer of the blocks and every basis the core C = U^T G V, from it
the core energy at every rank, and the exact ||G||, where G = dL/dW of that batch.

--mode lowrank  Written by hand for this job, as fast as we could make it: no transformers, SDPA, one product for
                layers that share an input (q, k, v; gate, up), no gradient of weights or embeddings and none below
                the first layer, head and loss in chunks whose gradient is computed with them, fused backward of
                RMSNorm, RoPE and SwiGLU. C = (XU)^T (dY V) inside the backward pass, with one product for all
                bases. ||G||^2 by whichever needs fewer operations: <X X^T, dY dY^T> over half of the symmetric
                blocks, with X X^T shared like the input, or forming G.
--mode full     The usual way: the same forward pass, autograd leaves every weight's gradient in memory, then
                C = U^T G V and ||G|| from it.

Files: tokens int32/int64 and lossMask uint8, both [batches, sequences, positions]; frames <basis>/<layer>/u [m, K]
and <basis>/<layer>/v [n, K] with Hugging Face module names, W being m x n = inputs x outputs.
"""

import argparse
import ctypes
import json
import math
import resource
import time
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float64": torch.float64}
STORED = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
          "I64": torch.int64, "I32": torch.int32, "U8": torch.uint8}
HEAD_ROWS = 256  # positions whose logits are in memory at once
HEAD_ALIGNMENT = 64  # rows of logits start at multiples of it: MKL's product is 1.3-1.5 times as fast as at 50,257
GRAM_BLOCKS = 4  # a symmetric product is computed in this many row blocks, up to the diagonal: 5/8 of the work


# --- Files -----------------------------------------------------------------------------------------------------


def read_safetensors(path):
    """(name, tensor) one by one, read rather than mapped so that peak memory holds no file pages."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        start = file.tell()
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            tensor = torch.empty(entry["shape"], dtype=STORED[entry["dtype"]])
            file.seek(start + entry["data_offsets"][0])
            if tensor.numel():
                file.readinto(tensor.view(-1).view(torch.uint8).numpy())
            yield name, tensor


def read_gguf(path):
    """(config, tensors) of a Llama GGUF, dequantised one by one, under Hugging Face's names and row order."""
    import gguf

    reader = gguf.GGUFReader(path)
    field = lambda name: reader.fields[f"llama.{name}"].contents()
    config = {
        "model_type": "llama",
        "num_hidden_layers": field("block_count"),
        "num_attention_heads": field("attention.head_count"),
        "num_key_value_heads": field("attention.head_count_kv"),
        "rms_norm_eps": field("attention.layer_norm_rms_epsilon"),
        "rope_theta": field("rope.freq_base"),
        "hidden_size": field("embedding_length"),
    }
    names = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
    parts = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
             "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
             "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}

    def tensors():
        for entry in reader.tensors:
            stem = entry.name.removesuffix(".weight")
            if stem.startswith("blk."):
                _, block, part = stem.split(".")
                stem = f"model.layers.{block}.{parts[part]}"
            elif stem in names:
                stem = names[stem]
            else:
                continue
            weight = gguf.dequantize(entry.data, entry.tensor_type)
            heads = {"q_proj": "num_attention_heads", "k_proj": "num_key_value_heads"}.get(stem.split(".")[-1])
            if heads:  # the converter interleaves the two halves of every head
                weight = weight.reshape(config[heads], -1, 2, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)
            yield f"{stem}.weight", torch.from_numpy(numpy.array(weight, dtype=numpy.float32))

    return config, tensors()


def open_checkpoint(path):
    if path.suffix == ".gguf":
        return read_gguf(path)
    config = json.loads((path / "config.json").read_text())
    files = sorted(path.glob("model*.safetensors"))
    return config, (pair for file in files for pair in read_safetensors(file))


def read_frames(path):
    """{layer: {basis: {"u": [m, K], "v": [n, K]}}}; names without a basis have the empty one."""
    frames = {}
    for name, tensor in read_safetensors(path):
        *basis, layer, side = name.split("/")
        frames.setdefault(layer, {}).setdefault("".join(basis), {})[side] = tensor
    return frames


# --- Linear layers that measure --------------------------------------------------------------------------------


class Group:
    """Linear layers with one input, as one product: weight [sum of n, m], each layer a range of its rows."""

    def __init__(self, layers, weights, bias, frames, mode, dtype):
        self.weight = weights[0] if len(weights) == 1 else torch.cat(weights)
        self.bias = bias
        ends = numpy.cumsum([len(weight) for weight in weights]).tolist()
        self.ranges = list(zip(layers, [0, *ends[:-1]], ends))
        # Columns of u: layer by layer, basis by basis; columns of each v: basis by basis.
        frames = {layer: frames.pop(layer) for layer in layers}
        self.bases = {layer: list(frames[layer]) for layer in layers}
        side = lambda layer, name: [frame[name].to(dtype) for frame in frames[layer].values()]
        self.u = torch.cat([u for layer in layers for u in side(layer, "u")], dim=1)
        self.v = [torch.cat(side(layer, "v"), dim=1) for layer in layers]
        self.widths = [[frame["u"].shape[1] for frame in frames[layer].values()] for layer in layers]
        self.full = mode == "full"
        if self.full:
            self.weight.requires_grad_(True)

    def gram_is_cheaper(self, tokens):
        n, m = self.weight.shape
        return (GRAM_BLOCKS + 1) / (2 * GRAM_BLOCKS) * tokens * (m + n) < m * n


def symmetric_blocks(x):
    """Row blocks of X X^T up to the diagonal."""
    bounds = [len(x) * block // GRAM_BLOCKS for block in range(GRAM_BLOCKS + 1)]
    return [x[low:high] @ x[:high].T for low, high in zip(bounds, bounds[1:])]


def double_below_diagonal(blocks):
    for block in blocks:
        block[:, : block.shape[1] - block.shape[0]] *= 2
    return blocks


def inner(a, b):
    """<a, b>, in pieces: over millions of float32 numbers vector_norm was seen 2e-4 off and one dot 2e-5."""
    if a.dtype == torch.bfloat16:
        return (a.float() * b).sum().double()
    pieces = zip(a.flatten().split(1 << 16), b.flatten().split(1 << 16))
    return sum(torch.dot(one, other).double() for one, other in pieces)


class MeasuredLinear(torch.autograd.Function):
    """y = x W^T + b; the backward pass leaves {layer: (||G||^2, {basis: C})} in `results`.

    `anchor` is a parameter whose only purpose is a backward pass where x itself needs no gradient."""

    @staticmethod
    def forward(ctx, x, anchor, group, results):
        ctx.group, ctx.results = group, results
        ctx.gram = group.gram_is_cheaper(len(x))
        ctx.xu = x @ group.u
        ctx.kept = double_below_diagonal(symmetric_blocks(x)) if ctx.gram else x
        return F.linear(x, group.weight, group.bias)

    @staticmethod
    def backward(ctx, dy):
        group, column = ctx.group, 0
        for (layer, low, high), v, widths in zip(group.ranges, group.v, group.widths):
            part = dy[:, low:high]
            dyv = part @ v
            cores, offset = {}, 0
            for basis, width in zip(group.bases[layer], widths):
                cores[basis] = ctx.xu[:, column : column + width].T @ dyv[:, offset : offset + width]
                column, offset = column + width, offset + width
            if ctx.gram:
                squared = sum(inner(a, b) for a, b in zip(ctx.kept, symmetric_blocks(part)))
            else:
                gradient = ctx.kept.T @ part
                squared = inner(gradient, gradient)
            ctx.results[layer] = (squared, cores)
        ctx.xu = ctx.kept = None
        return (dy @ group.weight if ctx.needs_input_grad[0] else None), None, None, None


def cores_from_gradient(group, results):
    """Mode full: G^T is the weight's gradient."""
    column = 0
    for (layer, low, high), v, widths in zip(group.ranges, group.v, group.widths):
        gradient, cores, offset = group.weight.grad[low:high].T, {}, 0
        for basis, width in zip(group.bases[layer], widths):
            u = group.u[:, column : column + width]
            cores[basis] = (u.T @ gradient) @ v[:, offset : offset + width]
            column, offset = column + width, offset + width
        results[layer] = (inner(gradient.T, gradient.T), cores)
    group.weight.grad = None


# --- Pointwise parts with a backward pass of their own ---------------------------------------------------------


class RmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, gain, epsilon):
        scale = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(epsilon).rsqrt_()
        ctx.save_for_backward(x, gain, scale)
        return (x * scale).mul_(gain)

    @staticmethod
    def backward(ctx, dy):
        x, gain, scale = ctx.saved_tensors
        dx = dy * gain
        along = torch.linalg.vecdot(dx, x).unsqueeze(-1).mul_(scale**3).div_(-x.shape[-1])
        return dx.mul_(scale).addcmul_(x, along), None, None


def rotate(x, cos, sin, sign):
    y = x * cos
    half = x.shape[-1] // 2
    y[..., :half].addcmul_(x[..., half:], sin, value=-sign)
    y[..., half:].addcmul_(x[..., :half], sin, value=sign)
    return y


class Rope(torch.autograd.Function):
    """cos [positions, head], sin [positions, head / 2]; x [sequences, positions, heads, head]."""

    @staticmethod
    def forward(ctx, x, cos, sin):
        ctx.save_for_backward(cos, sin)
        return rotate(x, cos[:, None], sin[:, None], 1)

    @staticmethod
    def backward(ctx, dy):
        cos, sin = ctx.saved_tensors
        return rotate(dy, cos[:, None], sin[:, None], -1), None, None


class SwiGlu(torch.autograd.Function):
    """silu(gate) * up of [tokens, gate | up]."""

    @staticmethod
    def forward(ctx, both):
        ctx.save_for_backward(both)
        gate, up = both.chunk(2, dim=-1)
        return F.silu(gate).mul_(up)

    @staticmethod
    def backward(ctx, dy):
        gate, up = ctx.saved_tensors[0].chunk(2, dim=-1)
        result = torch.empty_like(ctx.saved_tensors[0])
        to_gate, to_up = result.chunk(2, dim=-1)
        torch.mul(dy, F.silu(gate), out=to_up)
        to_gate.copy_(torch.ops.aten.silu_backward(dy * up, gate))
        return result


class HeadLoss(torch.autograd.Function):
    """Mean of -ln p over rows of hidden; its gradient is computed with it, chunk by chunk, in the logits' place."""

    @staticmethod
    def forward(ctx, hidden, weight, targets, buffer):
        total, gradient = 0.0, torch.empty_like(hidden)
        for low in range(0, len(hidden), HEAD_ROWS):
            rows, target = slice(low, low + HEAD_ROWS), targets[low : low + HEAD_ROWS, None]
            stored = buffer[: len(target), : len(weight)]
            torch.mm(hidden[rows], weight.T, out=stored)
            logits = stored.float() if stored.dtype == torch.bfloat16 else stored
            chosen = logits.gather(1, target)
            maximum = logits.amax(1, keepdim=True)
            sums = logits.sub_(maximum).exp_().sum(1, keepdim=True)
            total += sums.log().add_(maximum).sub_(chosen).sum().item()
            logits.mul_(1 / (sums * len(hidden)))
            logits.scatter_add_(1, target, torch.full_like(chosen, -1 / len(hidden)))
            torch.mm(logits.to(weight.dtype), weight, out=gradient[rows])
        ctx.save_for_backward(gradient)
        return hidden.new_tensor(total / len(hidden), dtype=torch.promote_types(hidden.dtype, torch.float32))

    @staticmethod
    def backward(ctx, dloss):
        return ctx.saved_tensors[0], None, None, None


def logits_buffer(weight):
    width = -(-len(weight) // HEAD_ALIGNMENT) * HEAD_ALIGNMENT
    return torch.empty(HEAD_ROWS, width, dtype=weight.dtype)


# --- Models ----------------------------------------------------------------------------------------------------


class Model:
    """Holds the groups; subclasses say how blocks are made of them."""

    def __init__(self, weights, frames, mode, dtype):
        self.weights, self.frames, self.mode, self.dtype = weights, frames, mode, dtype
        self.groups, self.results = [], {}
        self.anchor = torch.zeros(1, requires_grad=True)

    def take(self, name):
        return self.weights.pop(name)

    def group(self, *layers, transposed=False):
        weights = [self.take(f"{layer}.weight") for layer in layers]
        bias = self.weights.pop(f"{layers[0]}.bias", None)
        weights = [weight.T if transposed else weight for weight in weights]
        self.groups.append(Group(layers, weights, bias, self.frames, self.mode, self.dtype))
        return self.groups[-1]

    def linear(self, x, group):
        if group.full:
            return F.linear(x, group.weight, group.bias)
        return MeasuredLinear.apply(x, self.anchor, group, self.results)

    def attend(self, q, k, v):
        """[sequences, positions, heads, head] each, to [tokens, heads * head]."""
        grouped = q.shape[2] != k.shape[2]
        q, k, v = (side.transpose(1, 2) for side in (q, k, v))
        context = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=grouped)
        return context.transpose(1, 2).flatten(0, 1).flatten(1)

    def loss(self, tokens, mask):
        """Mean loss over the targets of one batch, a tensor."""
        predicting = (mask[:, 1:] == 1).nonzero(as_tuple=True)
        rows = predicting[0] * tokens.shape[1] + predicting[1]
        targets = tokens[:, 1:][predicting]
        hidden = self.hidden(tokens)
        return HeadLoss.apply(hidden[rows], self.head, targets, self.logits)

    def measure(self, tokens, mask):
        """(loss, {layer: (||G||^2, {basis: C})}) of one batch."""
        self.results = {}
        loss = self.loss(tokens, mask)
        loss.backward()
        if self.mode == "full":
            for group in self.groups:
                cores_from_gradient(group, self.results)
        return loss.item(), self.results


class Gpt2(Model):
    def __init__(self, config, weights, *rest):
        weights = {f"transformer.{name.removeprefix('transformer.')}": weight for name, weight in weights.items()}
        super().__init__(weights, *rest)
        self.heads, self.epsilon = config["n_head"], config["layer_norm_epsilon"]
        norm = lambda name: (self.take(f"{name}.weight"), self.take(f"{name}.bias"))
        self.blocks = []
        for index in range(config["n_layer"]):
            block = f"transformer.h.{index}"
            self.blocks.append((
                norm(f"{block}.ln_1"),
                self.group(f"{block}.attn.c_attn", transposed=True),
                self.group(f"{block}.attn.c_proj", transposed=True),
                norm(f"{block}.ln_2"),
                self.group(f"{block}.mlp.c_fc", transposed=True),
                self.group(f"{block}.mlp.c_proj", transposed=True),
            ))
        self.last_norm = norm("transformer.ln_f")
        self.embedding = self.head = self.take("transformer.wte.weight")
        self.positions = self.take("transformer.wpe.weight")
        self.logits = logits_buffer(self.head)

    def normalise(self, x, norm):
        return F.layer_norm(x, x.shape[-1:], *norm, self.epsilon)

    def hidden(self, tokens):
        x = (self.embedding[tokens] + self.positions[: tokens.shape[1]]).flatten(0, 1)
        for norm1, qkv, out, norm2, up, down in self.blocks:
            heads = self.linear(self.normalise(x, norm1), qkv).view(*tokens.shape, 3, self.heads, -1)
            x = x + self.linear(self.attend(*heads.unbind(2)), out)
            x = x + self.linear(F.gelu(self.linear(self.normalise(x, norm2), up), approximate="tanh"), down)
        return self.normalise(x, self.last_norm)


class Llama(Model):
    def __init__(self, config, weights, *rest):
        super().__init__(weights, *rest)
        self.heads, self.kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
        self.epsilon = config["rms_norm_eps"]
        self.inverse_frequencies = inverse_frequencies(config)
        self.blocks = []
        for index in range(config["num_hidden_layers"]):
            block = f"model.layers.{index}"
            self.blocks.append((
                self.take(f"{block}.input_layernorm.weight"),
                self.group(*(f"{block}.self_attn.{side}_proj" for side in "qkv")),
                self.group(f"{block}.self_attn.o_proj"),
                self.take(f"{block}.post_attention_layernorm.weight"),
                self.group(f"{block}.mlp.gate_proj", f"{block}.mlp.up_proj"),
                self.group(f"{block}.mlp.down_proj"),
            ))
        self.last_norm = self.take("model.norm.weight")
        self.embedding = self.take("model.embed_tokens.weight")
        self.head = self.weights.pop("lm_head.weight", self.embedding)
        self.logits = logits_buffer(self.head)

    def hidden(self, tokens):
        angles = torch.arange(tokens.shape[1])[:, None] * self.inverse_frequencies
        cos, sin = angles.cos().repeat(1, 2).to(self.dtype), angles.sin().to(self.dtype)
        turned = self.heads + self.kv_heads
        x = self.embedding[tokens].flatten(0, 1)
        for norm1, qkv, out, norm2, gate_up, down in self.blocks:
            heads = self.linear(RmsNorm.apply(x, norm1, self.epsilon), qkv)
            heads = heads.view(*tokens.shape, turned + self.kv_heads, -1)
            q, k = Rope.apply(heads[:, :, :turned], cos, sin).split((self.heads, self.kv_heads), dim=2)
            x = x + self.linear(self.attend(q, k, heads[:, :, turned:]), out)
            x = x + self.linear(SwiGlu.apply(self.linear(RmsNorm.apply(x, norm2, self.epsilon), gate_up)), down)
        return RmsNorm.apply(x, self.last_norm, self.epsilon)


def inverse_frequencies(config):
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    theta = rope.get("rope_theta", config.get("rope_theta", 10000.0))
    head = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    frequencies = theta ** -(torch.arange(0, head, 2, dtype=torch.float64) / head)
    kind = rope.get("rope_type", "default")
    if kind == "default":
        return frequencies
    assert kind == "llama3", f"rope_type {kind}"
    turns = rope["original_max_position_embeddings"] * frequencies / (2 * math.pi)
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    kept = ((turns - low) / (high - low)).clamp(0, 1)
    return frequencies * (kept + (1 - kept) / rope["factor"])


def tune_allocator(mmap_threshold, trim_threshold):
    """glibc: larger blocks go back to the system when freed; the heap shrinks when more than that is free on top."""
    libc, m_trim_threshold, m_mmap_threshold = ctypes.CDLL(None), -1, -3
    libc.mallopt(m_mmap_threshold, mmap_threshold)
    libc.mallopt(m_trim_threshold, trim_threshold)


def open_model(path, frames, mode, dtype):
    """The model, loaded so that the allocator keeps no holes of it; activations keep their pages between batches."""
    tune_allocator(1 << 16, 1 << 17)
    config, tensors = open_checkpoint(path)
    weights = {name: tensor.to(dtype) for name, tensor in tensors}
    model = {"gpt2": Gpt2, "llama": Llama}[config["model_type"]](config, weights, frames, mode, dtype)
    model.weights.clear()  # what no layer took, such as the causal masks in old GPT-2 files
    tune_allocator(1 << 25, 1 << 30)
    return model


def read_batches(path):
    stored = dict(read_safetensors(path))
    return list(zip(stored["tokens"].long(), stored["lossMask"]))


# --- The run ---------------------------------------------------------------------------------------------------


def energies(core):
    """Sum of squares of the leading K x K block, for every K."""
    return core.double().square().cumsum(0).cumsum(1).diagonal()


def probe(model, batches):
    """Per batch: loss, ||G||^2 per layer, core energy (not divided) per layer and basis at every rank; its seconds."""
    output, seconds = [], []
    for tokens, mask in batches:
        started = time.perf_counter()
        loss, results = model.measure(tokens, mask)
        output.append((loss, {
            layer: (squared.item(), {basis: energies(core) for basis, core in cores.items()})
            for layer, (squared, cores) in results.items()
        }))
        seconds.append(time.perf_counter() - started)
    return output, seconds


def global_coverage(layers, basis):
    reached = sum(curves[basis][-1].item() for _, curves in layers.values())
    return math.sqrt(reached / sum(squared for squared, _ in layers.values()))


def peak_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def processor():
    text = Path("/proc/cpuinfo").read_text()
    line = lambda key: next(l.split(":", 1)[1].strip() for l in text.splitlines() if l.startswith(key))
    wanted = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16", "amx_int8")
    flags = set(line("flags").split())
    return {"name": line("model name"), "has": [flag for flag in wanted if flag in flags],
            "torchUses": torch.backends.cpu.get_cpu_capability()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="Hugging Face directory, or a Llama .gguf")
    parser.add_argument("--tokens", type=Path, required=True)
    parser.add_argument("--frames", type=Path, required=True)
    parser.add_argument("--mode", choices=("lowrank", "full"), default="lowrank")
    parser.add_argument("--dtype", choices=DTYPES, default="float32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warm-up", type=int, default=1, help="batches run before the clock starts")
    parser.add_argument("--detail", action="store_true", help="add every layer's norm and energies")
    parser.add_argument("--json", action="store_true", help="print the record alone")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    batches = read_batches(options.tokens)
    started, imported = time.perf_counter(), peak_memory()
    model = open_model(options.model, read_frames(options.frames), options.mode, DTYPES[options.dtype])
    loading = time.perf_counter() - started

    probe(model, batches[: options.warm_up])
    output, seconds = probe(model, batches)

    bases = list(next(iter(output[0][1].values()))[1])
    record = {
        "mode": options.mode,
        "dtype": options.dtype,
        "threads": options.threads,
        "torch": torch.__version__,
        "processor": processor(),
        "batches": [len(batches), *batches[0][0].shape],
        "loadSeconds": loading,
        "batchSeconds": seconds,
        "importMemoryBytes": imported,
        "peakMemoryBytes": peak_memory(),
        "losses": [loss for loss, _ in output],
        "globalCoverage": {basis: [global_coverage(layers, basis) for _, layers in output] for basis in bases},
    }
    if options.detail:
        record["layers"] = [
            {
                layer: {
                    "gradientNorm": math.sqrt(squared),
                    "energy": {basis: (curve / squared).tolist() for basis, curve in curves.items()},
                }
                for layer, (squared, curves) in layers.items()
            }
            for _, layers in output
        ]
    if options.json:
        print(json.dumps(record))
        return
    print(f"{options.mode} {options.dtype}: {min(seconds):.3f} s a batch (best of {len(seconds)}),"
          f" {record['peakMemoryBytes'] / 1e6:.0f} MB, loss {record['losses'][0]:.5f}")
    for basis, values in record["globalCoverage"].items():
        print(f"  {basis}: coverage {values[0]:.5f}")


if __name__ == "__main__":
    main()
