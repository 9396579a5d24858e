#!/usr/bin/env python3
"""The whole probe in PyTorch: the peer of `npm run bench -- --job whole`.

    python bench/torch_whole.py --model DIR|FILE.gguf --measured A.safetensors --calibration B.safetensors

From two files of batches (see `torch_probe.py`): frames svd, random, gradient and natural of every linear layer; of every
measured batch the loss, ||G||, and the energies of core, left, right, factors and diagonal at every rank; of every pair
the same between its two batches; spectra of the first batches; natural coverage, held out, in sample and permuted, with a
jackknife. Everything in float32, decompositions in the type that keeps them right; two batches run side by side.

Written by hand with what `torch_probe.py` has: SDPA, one product for layers that share an input, no gradient of weights.
Prints one JSON value: seconds of every stage, peak memory, and the results at the asked ranks.
"""

import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import torch_probe as parts
from torch_probe import read_batches

LANES = 2
BASES = ("svd", "random", "gradient", "natural")


class Group:
    """Linear layers with one input, as one product."""

    def __init__(self, layers, weights, bias):
        self.weight = weights[0] if len(weights) == 1 else torch.cat(weights)
        self.bias = bias
        self.layers, low = [], 0
        for name, weight in zip(layers, weights):
            self.layers.append((name, low, low + len(weight)))
            low += len(weight)


class WatchedLinear(torch.autograd.Function):
    """y = x W^T + b; the backward pass shows the group, x and dy to `visit`."""

    @staticmethod
    def forward(ctx, x, anchor, group, visit):
        ctx.group, ctx.visit, ctx.x = group, visit, x
        return F.linear(x, group.weight, group.bias)

    @staticmethod
    def backward(ctx, dy):
        ctx.visit(ctx.group, ctx.x, dy)
        ctx.x = None
        return (dy @ ctx.group.weight if ctx.needs_input_grad[0] else None), None, None, None


def watched(base):
    class Watched(base):
        visit = None

        def group(self, *layers, transposed=False):
            weights = [self.take(f"{layer}.weight") for layer in layers]
            bias = self.weights.pop(f"{layers[0]}.bias", None)
            self.groups.append(Group(layers, [w.T if transposed else w for w in weights], bias))
            return self.groups[-1]

        def linear(self, x, group):
            return WatchedLinear.apply(x, self.anchor, group, self.visit)

    return Watched


def open_model(path):
    parts.tune_allocator(1 << 16, 1 << 17)
    config, tensors = parts.open_checkpoint(path)
    weights = {name: tensor.float() for name, tensor in tensors}
    kind = {"gpt2": parts.Gpt2, "llama": parts.Llama}[config["model_type"]]
    model = watched(kind)(config, weights, {}, "lowrank", torch.float32)
    model.weights.clear()
    parts.tune_allocator(1 << 25, 1 << 30)
    return model


def passes(model, batches, visit):
    """Runs batches two by two; yields the mean loss of each pass. `visit` sees dy of the mean over both."""
    model.visit = visit
    for start in range(0, len(batches), LANES):
        tokens = torch.cat([tokens for tokens, _ in batches[start : start + LANES]])
        mask = torch.cat([mask for _, mask in batches[start : start + LANES]])
        loss = model.loss(tokens, mask)
        loss.backward()
        yield loss.item()


class Calibration:
    """Mean gradients and second moments of every layer; inputs' moments once per group."""

    def __init__(self):
        self.inputs, self.outputs, self.gradients, self.rows = {}, {}, {}, {}

    def visit(self, group, x, dy):
        key = group.layers[0][0]
        if key in self.inputs:
            self.inputs[key].addmm_(x.T, x)
        else:
            self.inputs[key] = x.T @ x
        for name, low, high in group.layers:
            part = dy[:, low:high]
            if name in self.gradients:
                self.gradients[name].addmm_(x.T, part)
                self.outputs[name].addmm_(part.T, part)
            else:
                self.gradients[name], self.outputs[name] = x.T @ part, part.T @ part


def top_pairs(matrix, rank, dtype=torch.float64):
    """Top singular pairs through the Gram matrix of the shorter side."""
    matrix = matrix.to(dtype)
    wide = matrix.shape[0] <= matrix.shape[1]
    gram = matrix @ matrix.T if wide else matrix.T @ matrix
    vectors = torch.linalg.eigh(gram)[1][:, -rank:].flip(1)
    other = torch.linalg.qr(matrix.T @ vectors if wide else matrix @ vectors)[0]
    u, v = (vectors, other) if wide else (other, vectors)
    return u.float(), v.float()


def ridged_factor(moment, ridge):
    moment.diagonal().add_(ridge * moment.trace() / len(moment))
    return torch.linalg.cholesky(moment)


def natural_pairs(gradient, left, right, rank):
    """Frames that hold most loss: singular pairs of L_A^-1 G L_B^-T, mapped back."""
    half = torch.linalg.solve_triangular(left, gradient, upper=False)
    white = torch.linalg.solve_triangular(right, half.T, upper=False).T
    u, v = top_pairs(white, rank, torch.float32)
    back = lambda factor, side: torch.linalg.qr(torch.linalg.solve_triangular(factor.T, side, upper=True))[0]
    return back(left, u), back(right, v)


def make_frames(model, calibration, rank, ridge, seconds):
    frames = {}
    for group in model.groups:
        left = None
        for name, low, high in group.layers:
            weight = group.weight[low:high].T
            gradient = calibration.gradients.pop(name)
            k = min(rank, *weight.shape)
            frames[name] = {}
            with clock(seconds, "frames svd"):
                frames[name]["svd"] = top_pairs(weight, k)
            with clock(seconds, "frames random"):
                frames[name]["random"] = tuple(torch.linalg.qr(torch.randn(side, k))[0] for side in weight.shape)
            with clock(seconds, "frames gradient"):
                frames[name]["gradient"] = top_pairs(gradient, k)
            with clock(seconds, "frames natural"):
                if left is None:
                    left = ridged_factor(calibration.inputs.pop(group.layers[0][0]), ridge)
                right = ridged_factor(calibration.outputs.pop(name), ridge)
                frames[name]["natural"] = natural_pairs(gradient, left, right, k)
    return frames


class clock:
    def __init__(self, seconds, stage):
        self.seconds, self.stage = seconds, stage

    def __enter__(self):
        self.started = time.perf_counter()

    def __exit__(self, *_):
        spent = time.perf_counter() - self.started
        self.seconds[self.stage] = self.seconds.get(self.stage, 0) + spent


class Measurement:
    """What leaves the passes: for every layer and basis, cores and their like, summed or pass by pass."""

    def __init__(self, model, frames, tokens_of_lane, spectrum_batches, seconds):
        self.layers = {name: {"inner": [], "traces": 0, "spectra": [], "bases": [{} for _ in BASES]}
                       for group in model.groups for name, _, _ in group.layers}
        self.u = {g.layers[0][0]: torch.cat([frames[n][b][0] for n, _, _ in g.layers for b in BASES], 1)
                  for g in model.groups}
        self.v = {name: torch.cat([frames[name][b][1] for b in BASES], 1) for name in frames}
        self.rank = {name: frames[name]["svd"][0].shape[1] for name in frames}
        self.permutation = torch.randperm(LANES * tokens_of_lane)
        self.spectrum_batches, self.seconds = spectrum_batches, seconds

    def visit(self, group, x, dy):
        dy = dy * LANES  # of each lane's own mean loss
        rows, m = x.shape
        lane = lambda side: side.unflatten(0, (LANES, -1))
        xu = x @ self.u[group.layers[0][0]]
        gram_x, reduced_x, column = None, None, 0
        for name, low, high in group.layers:
            part, store, k = dy[:, low:high].contiguous(), self.layers[name], self.rank[name]
            n = high - low
            if 0.75 * rows * (m / len(group.layers) + n) < m * n:
                gram_x = lane_grams(x) if gram_x is None else gram_x
                a, b, ab = (parts.inner(one, other).item() for one, other in zip(gram_x, lane_grams(part)))
            else:
                g = lane(x).transpose(1, 2) @ lane(part)
                a, b, ab = (parts.inner(g[i], g[j]).item() for i, j in ((0, 0), (1, 1), (0, 1)))
            store["inner"].append((a, b, ab))
            store["traces"] = store["traces"] + torch.stack([s.square().sum((1, 2)).double() for s in (lane(x), lane(part))])
            if len(store["spectra"]) < self.spectrum_batches:
                with clock(self.seconds, "spectra"):
                    if reduced_x is None:
                        reduced_x = reduced(lane(x))
                    store["spectra"] += list(torch.linalg.svdvals(reduced_x @ reduced(lane(part)).transpose(1, 2)))
            dyv = part @ self.v[name]
            shuffled = dyv[self.permutation]
            for basis, kept in enumerate(store["bases"]):
                inputs = lane(xu[:, column : column + k])
                columns = slice(basis * k, (basis + 1) * k)
                outputs, column = lane(dyv[:, columns]), column + k
                add = lambda key, value: kept.__setitem__(key, kept[key] + value if key in kept else value)
                kept.setdefault("cores", []).append(inputs.transpose(1, 2) @ outputs)
                kept.setdefault("left", []).append(products(inputs.transpose(1, 2) @ lane(part), 2))
                kept.setdefault("right", []).append(products(lane(x).transpose(1, 2) @ outputs, 1))
                add("inputs", inputs.transpose(1, 2) @ inputs)
                add("outputs", outputs.transpose(1, 2) @ outputs)
                add("permuted", inputs.transpose(1, 2) @ lane(shuffled[:, columns]))


def products(side, axis):
    """Squares of both lanes, and their product, summed along an axis."""
    return torch.stack([*side.square().sum(axis), (side[0] * side[1]).sum(axis - 1)])


def reduced(side):
    """R of the QR decomposition of side^T: [lanes, tokens, tokens] when there are fewer tokens than features."""
    if side.shape[1] >= side.shape[2]:
        return side.transpose(1, 2)
    return torch.linalg.qr(side.transpose(1, 2), mode="r")[1]


def lane_grams(side):
    a, b = side.chunk(LANES)
    return a @ a.T, b @ b.T, a @ b.T


def leading(a, b):
    """Sums of a*b over leading blocks, for every rank."""
    return (a.double() * b.double()).cumsum(-1).cumsum(-2).diagonal(dim1=-2, dim2=-1)


def curves(kept):
    """[pass, product, rank] energies by family."""
    cores = torch.stack(kept["cores"])
    pairs = (cores[:, 0], cores[:, 0]), (cores[:, 1], cores[:, 1]), (cores[:, 0], cores[:, 1])
    core = torch.stack([leading(a, b) for a, b in pairs], 1)
    left, right = (torch.stack(kept[side]).double().cumsum(-1) for side in ("left", "right"))
    diagonal = torch.stack([(a * b).diagonal(dim1=-2, dim2=-1).double().cumsum(-1) for a, b in pairs], 1)
    return {"core": core, "left": left, "right": right, "factors": left + right - core, "diagonal": diagonal}


def natural_curves(layer, kept, shape, ridge, targets):
    """Held-out, in-sample and permuted nu of one layer, and held-out nu without each pass."""
    cores, (m, n) = torch.stack(kept["cores"]).double() * targets, shape
    count = targets * len(cores)
    result = 0
    for half in range(LANES):
        inputs = kept["inputs"][half].double() / count
        outputs = kept["outputs"][half].double() * targets**2 / count
        inputs.diagonal().add_(ridge * layer["traces"][0, half] / (count * m))
        outputs.diagonal().add_(ridge * targets**2 * layer["traces"][1, half] / (count * n))
        la, lb = torch.linalg.cholesky(inputs), torch.linalg.cholesky(outputs)
        white = lambda c: torch.linalg.solve_triangular(
            lb, torch.linalg.solve_triangular(la, c, upper=False).transpose(-1, -2), upper=False).transpose(-1, -2)
        blocks, shuffled = white(cores), white(kept["permuted"].double() * targets) / count
        first, second = blocks[:, half].sum(0) / count, blocks[:, 1 - half].sum(0) / count
        rest = [(side * count - blocks[:, lane]) / (count - targets)
                for side, lane in ((first, half), (second, 1 - half))]
        result = result + torch.cat([torch.stack([leading(first, second), leading(first, first),
                                                  leading(shuffled[half], shuffled[1 - half])]), leading(*rest)])
    return result / LANES


def summarize(model, measurement, batches, ridge, ranks):
    targets = int((batches[0][1][:, 1:] == 1).sum())
    norms, energies, natural = 0, [{} for _ in BASES], [0 for _ in BASES]
    longest = max(measurement.rank.values())
    padded = lambda curve: F.pad(curve, (0, longest - curve.shape[-1]), mode="replicate") if curve.shape[-1] < longest else curve
    for group in model.groups:
        for name, low, high in group.layers:
            layer = measurement.layers[name]
            norms = norms + torch.tensor(layer["inner"], dtype=torch.float64)
            for basis, kept in enumerate(layer["bases"]):
                for family, curve in curves(kept).items():
                    energies[basis][family] = energies[basis].get(family, 0) + padded(curve)
                shape = (group.weight.shape[1], high - low)
                natural[basis] = natural[basis] + padded(natural_curves(layer, kept, shape, ridge, targets))
    at = [rank - 1 for rank in ranks if rank <= longest]
    report = {}
    for basis, name in enumerate(BASES):
        shares = {family: (curve / norms[:, :, None])[:, :LANES, at].flatten(0, 1)
                  for family, curve in energies[basis].items()}
        signal = energies[basis]["core"][:, LANES, at].sum(0) / norms[:, LANES].sum()
        report[name] = {
            "coverage": {family: share.clamp(min=0).sqrt().mean(0).tolist() for family, share in shares.items()},
            "signalCoverage": signal.clamp(0, 1).sqrt().tolist(),
            "heldOut": natural[basis][0, at].tolist(),
            "inSample": natural[basis][1, at].tolist(),
            "spread": natural[basis][3:, at].std(0).tolist(),
        }
    return report


def profile(model, held, measured, rank):
    """Milliseconds of every op in one calibrating and one measuring pass, each after another to warm up."""
    def costs(batches, visit):
        stepping = passes(model, batches, visit)
        next(stepping)
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as watch:
            next(stepping)
        return {event.key: event.self_cpu_time_total / 1000 for event in watch.key_averages()}

    calibration = Calibration()
    result = {"calibration": costs(held, calibration.visit)}
    random = lambda side: torch.randn(side, min(rank, side)) / side**0.5
    frames = {name: {basis: (random(group.weight.shape[1])[:, : high - low], random(high - low)[:, : group.weight.shape[1]])
                     for basis in BASES} for group in model.groups for name, low, high in group.layers}
    measurement = Measurement(model, frames, measured[0][0].numel(), 0, {})
    return result | {"measuring": costs(measured, measurement.visit)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="Hugging Face directory, or a Llama .gguf")
    parser.add_argument("--measured", type=Path, required=True)
    parser.add_argument("--calibration", type=Path, required=True)
    parser.add_argument("--ranks", type=lambda text: [int(rank) for rank in text.split(",")], required=True)
    parser.add_argument("--ridge", type=float, default=0.3)
    parser.add_argument("--spectrum-batches", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--profile", action="store_true", help="only what each op of two passes takes")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    seconds, began = {}, time.perf_counter()
    with clock(seconds, "opening"):
        model = open_model(options.model)
        measured, held = read_batches(options.measured), read_batches(options.calibration)
    if options.profile:
        return print(json.dumps(profile(model, held, measured, max(options.ranks))))
    calibration = Calibration()
    with clock(seconds, "calibration"):
        for _ in passes(model, held, calibration.visit):
            pass
    with clock(seconds, "frames"):
        frames = make_frames(model, calibration, max(options.ranks), options.ridge, seconds)
    tokens_of_lane = measured[0][0].numel()
    measurement = Measurement(model, frames, tokens_of_lane, options.spectrum_batches, seconds)
    frames.clear()
    with clock(seconds, "measuring"):
        losses = list(passes(model, measured, measurement.visit))
    seconds["measuring"] -= seconds.get("spectra", 0)
    with clock(seconds, "summary"):
        bases = summarize(model, measurement, measured, options.ridge, options.ranks)
    print(json.dumps({
        "seconds": time.perf_counter() - began,
        "stages": seconds,
        "peakMemoryBytes": parts.peak_memory(),
        "losses": losses,
        "loss": sum(losses) / len(losses),
        "ranks": options.ranks,
        "bases": bases,
        "processor": parts.processor(),
        "torch": torch.__version__,
    }))


if __name__ == "__main__":
    main()
