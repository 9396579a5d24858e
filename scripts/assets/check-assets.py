#!/usr/bin/env python3
"""Checks that transformers reads assets/model as we do: same token ids, same loss.

    python scripts/assets/check-assets.py IDS_AND_LOSSES.json      (made by scripts/assets/print-losses.ts)

Needs torch and transformers.
"""

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

FOLDER = "assets/model"


def main():
    expected = json.load(open(sys.argv[1]))
    model = AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(FOLDER)
    plain = PreTrainedTokenizerFast(tokenizer_file=f"{FOLDER}/tokenizer.json")
    for name, ours in expected.items():
        with open(f"assets/text/{name}", encoding="utf-8") as file:
            text = file.read()
        ids = tokenizer(text, verbose=False)["input_ids"]
        assert ids == ours["ids"], f"{name}: other token ids"
        assert plain(text, verbose=False)["input_ids"] == ids, f"{name}: other token ids from the file alone"
        assert tokenizer.decode(ids) == text, f"{name}: the text does not come back"
        tokens = torch.tensor(ids[: ours["sequences"] * 256]).view(-1, 256)
        with torch.no_grad():
            loss = model(tokens, labels=tokens).loss.item()
        difference = abs(loss / ours["loss"] - 1)
        print(f"{name}: {len(ids)} ids equal, loss {loss:.6f}, ours {ours['loss']:.6f}, off by {difference:.1e}")
        assert difference < 1e-4


main()
