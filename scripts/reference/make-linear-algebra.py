"""Reference values for the tests of src/numeric, from LAPACK (through NumPy) and SciPy.

    python scripts/reference/make-linear-algebra.py [output folder]

Matrices are rebuilt by the tests from the formulas below, so that only results are stored:
  lcg:      32-bit linear congruential integers (Numerical Recipes), mapped to [-0.5, 0.5)
  low-rank: a sum of outer products of the columns and rows of two lcg matrices
  decaying: an lcg matrix whose columns shrink by powers of ten
Needs numpy and scipy.
"""

import json
import sys
from pathlib import Path

import numpy as np
from scipy import stats

DEFAULT = Path(__file__).resolve().parents[2] / "test" / "reference" / "linear-algebra"


def lcg(rows, cols, seed):
    state = seed
    values = np.empty(rows * cols)
    for i in range(rows * cols):
        state = (1664525 * state + 1013904223) % 2**32
        values[i] = state / 2**32 - 0.5
    return values.reshape(rows, cols)


def decaying(rows, cols, seed, decades):
    """Column j of an lcg matrix times 10^(-decades * j / (cols - 1)): a graded spectrum."""
    powers = np.array([10.0 ** (-decades * j / (cols - 1)) for j in range(cols)])
    return lcg(rows, cols, seed) * powers


def low_rank(rows, cols, rank, seed):
    # Sums of few products, added in order, so that the test can repeat them to the last bit or two.
    left, right = lcg(rows, rank, seed), lcg(rank, cols, seed + 1)
    total = np.zeros((rows, cols))
    for k in range(rank):
        total += np.outer(left[:, k], right[k])
    return total


def svd_cases():
    cases = [
        {"name": "square 48", "kind": "lcg", "rows": 48, "cols": 48, "seed": 1},
        {"name": "tall 90x31", "kind": "lcg", "rows": 90, "cols": 31, "seed": 2},
        {"name": "wide 17x120", "kind": "lcg", "rows": 17, "cols": 120, "seed": 3},
        {"name": "row 1x9", "kind": "lcg", "rows": 1, "cols": 9, "seed": 4},
        {"name": "column 9x1", "kind": "lcg", "rows": 9, "cols": 1, "seed": 5},
        {"name": "64x4096", "kind": "lcg", "rows": 64, "cols": 4096, "seed": 6},
        {"name": "rank one", "kind": "low-rank", "rows": 40, "cols": 25, "seed": 7, "rank": 1},
        {"name": "rank 12 of 60", "kind": "low-rank", "rows": 60, "cols": 75, "seed": 8, "rank": 12},
        {"name": "six decades", "kind": "decaying", "rows": 70, "cols": 50, "seed": 10, "decades": 6},
        {"name": "fourteen decades", "kind": "decaying", "rows": 64, "cols": 64, "seed": 11, "decades": 14},
    ]
    for case in cases:
        rows, cols, seed = case["rows"], case["cols"], case["seed"]
        if case["kind"] == "lcg":
            a = lcg(rows, cols, seed)
        elif case["kind"] == "low-rank":
            a = low_rank(rows, cols, case["rank"], seed)
        else:
            a = decaying(rows, cols, seed, case["decades"])
        u, s, vt = np.linalg.svd(a, full_matrices=False)
        case["singularValues"] = s.tolist()
        # Vectors, up to sign, where they are well determined and the file stays small.
        if case["name"] in ("tall 90x31", "wide 17x120"):
            case["leadingU"] = u[:, :4].T.tolist()
            case["leadingV"] = vt[:4].tolist()
    return cases


def eigen_cases():
    cases = []
    for n, seed in ((1, 20), (2, 21), (33, 22), (80, 23)):
        a = lcg(n, n, seed)
        cases.append({"rows": n, "seed": seed, "values": np.linalg.eigvalsh(a + a.T)[::-1].tolist()})
    return cases


def cholesky_case():
    a = lcg(12, 12, 30)
    spd = a @ a.T + 0.1 * np.eye(12)
    return {"rows": 12, "seed": 30, "ridge": 0.1, "lower": np.linalg.cholesky(spd).tolist()}


def statistics_case():
    x = [3.1, -1.2, 4.7, 0.0, 2.2, 2.2, 9.5, -3.3, 5.0, 1.1]
    y = [1.0, 0.5, 2.5, 0.5, 1.5, -1.0, 8.0, -2.0, 2.5, 3.0]
    low, high = stats.t.interval(0.95, len(x) - 1, np.mean(x), stats.sem(x))
    beta = stats.beta(3.0, 17.0)
    return {
        "x": x,
        "y": y,
        "mean": float(np.mean(x)),
        "standardDeviation": float(np.std(x, ddof=1)),
        "quantiles": [[p, float(np.quantile(x, p))] for p in (0.0, 0.025, 0.3, 0.5, 0.975, 1.0)],
        "student": [float(low), float(high)],
        "pearson": float(stats.pearsonr(x, y)[0]),
        "spearman": float(stats.spearmanr(x, y)[0]),
        "beta": {
            "mean": float(beta.mean()),
            "variance": float(beta.var()),
            "quantiles": [[p, float(beta.ppf(p))] for p in (0.025, 0.5, 0.975)],
        },
    }


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "svd.json": svd_cases(),
        "eigen.json": eigen_cases(),
        "cholesky.json": cholesky_case(),
        "statistics.json": statistics_case(),
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main()
