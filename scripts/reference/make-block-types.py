#!/usr/bin/env python3
"""Makes test/reference/ggufs/block-types.json: blocks of every type that GGUF stores weights in, and what they mean.

    python scripts/reference/make-block-types.py [OUT]        (OUT: test/reference/ggufs/block-types.json)

Needs numpy, gguf (README.md beside this file). By type: `blocks`, some random blocks as base64, whose scales are set to
numbers of all sizes and both signs, and `sha256` of the float32 values, little-endian, that the gguf package makes of
them. Q8_K, which the package does not decode: scale times byte, from ggml-quants.c.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, dequantize

BLOCKS = 4
# Places of the float16 scales in a block.
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "IQ4_NL": [0], "MXFP4": [],
          "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "Q8_K": [], "IQ4_XS": [0],
          "TQ1_0": [52], "TQ2_0": [64]}


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "test/reference/ggufs/block-types.json")
    generator = np.random.default_rng(23)
    types = {}
    for name, places in HALVES.items():
        kind = GGMLQuantizationType[name]
        elements, size = GGML_QUANT_SIZES[kind]
        blocks = generator.integers(0, 256, (BLOCKS, size), dtype=np.uint8)
        for block in range(BLOCKS):
            for place in places:
                scale = np.float16(generator.choice([-1, 1]) * 2.0 ** generator.integers(-20, 8) * generator.random())
                blocks[block, place : place + 2] = np.frombuffer(scale.tobytes(), dtype=np.uint8)
        if name == "MXFP4":
            blocks[:, 0] = [0, 1, 2, 130]
        if name == "Q8_K":
            scales = generator.standard_normal(BLOCKS).astype(np.float32)
            blocks[:, :4] = scales.view(np.uint8).reshape(BLOCKS, 4)
            values = scales[:, None] * blocks[:, 4:260].view(np.int8).astype(np.float32)
        else:
            values = dequantize(blocks, kind)
        assert np.isfinite(values).all() and values.size == BLOCKS * elements, name
        types[name] = {
            "blocks": base64.b64encode(blocks.tobytes()).decode(),
            "sha256": hashlib.sha256(np.ascontiguousarray(values, dtype="<f4").tobytes()).hexdigest(),
        }
    out.write_text(json.dumps(types, indent=1) + "\n")


if __name__ == "__main__":
    main()
