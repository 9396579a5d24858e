"""
Writes test/reference/texts/: the same rows as Parquet by pyarrow, once per compression, and as gzip and Zstandard.

    pip install pyarrow zstandard
    python scripts/reference/make-texts.py
"""

import gzip
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

OUT = os.path.join(os.path.dirname(__file__), "../../test/reference/texts")
ROWS = [
    {"id": 1, "question": "What is 1 + 1?", "answer": "Two.", "chat": [{"role": "user", "content": "Größe 🙂"}, {"role": "assistant", "content": "1,80 m"}]},
    {"id": 2, "question": "A \"quote\", a comma\nand a line?", "answer": "Yes: \t“so”.", "chat": [{"role": "user", "content": "Hi"}]},
    {"id": 3, "question": "", "answer": "An answer to nothing.", "chat": []},
    *({"id": n, "question": f"Question {n}?", "answer": f"Answer {n} " * 20, "chat": [{"role": "user", "content": str(n)}]} for n in range(4, 41)),
]

os.makedirs(OUT, exist_ok=True)
table = pa.Table.from_pylist(ROWS)
for compression in ["none", "snappy", "gzip", "brotli", "lz4", "zstd"]:
    pq.write_table(table, f"{OUT}/{compression}.parquet", compression=compression, row_group_size=16)
lines = "".join(json.dumps({"question": row["question"], "answer": row["answer"]}, ensure_ascii=False) + "\n" for row in ROWS).encode()
open(f"{OUT}/rows.jsonl", "wb").write(lines)
# Two members, as `cat a.gz b.gz` makes them.
open(f"{OUT}/rows.jsonl.gz", "wb").write(gzip.compress(lines[:100], mtime=0) + gzip.compress(lines[100:], mtime=0))
frames = zstandard.ZstdCompressor(level=19, write_checksum=True)
open(f"{OUT}/rows.jsonl.zst", "wb").write(frames.compress(lines[:100]) + frames.compress(lines[100:]))
