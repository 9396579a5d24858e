#!/usr/bin/env python3
"""Makes test/reference/tokenizers-spm.json: vocabularies of SentencePiece as GGUF holds them, and the ids of texts.

    python scripts/reference/make-sentencepieces.py [OUT]        (OUT: test/reference/tokenizers-spm.json)

Needs sentencepiece (README.md beside this file), and texts.json, which make-tokenizers.py writes. Two BPE models, trained
on a text of this repository: as Llama 2 has it (a space before every text), and as Gemma has it (none, more tokens given
by the user). By name: `tokens`, `scores` and `types` (tokenizer.ggml.*, as llama.cpp's converter numbers them),
`addSpacePrefix`, and `ids` of every text by SentencePiece itself; null for a text that spells a special token, which it
takes for plain text.
"""

import io
import json
import sys
from pathlib import Path

import sentencepiece

ROOT = Path(__file__).parents[2]
MODELS = {
    "llama": {"add_dummy_prefix": True, "vocab_size": 700},
    "gemma": {"add_dummy_prefix": False, "vocab_size": 900,
              "user_defined_symbols": ["<start_of_turn>", "<unused0>", "\n\n", "\n\n\n", "<b>",
                                       *("▁" * n for n in range(2, 17))]},
}


def type_of(model, i):
    if model.is_unknown(i):
        return 2
    if model.is_control(i):
        return 3
    if model.is_byte(i):
        return 6
    return 1


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "test/reference/tokenizers-spm.json")
    texts = json.loads((ROOT / "test/reference/tokenizers/texts.json").read_text())["texts"]
    corpus = (ROOT / "assets/text/moby-dick.txt").read_text()[:200_000].split("\n") + texts
    record = {}
    for name, options in MODELS.items():
        stored = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(corpus), model_writer=stored, model_type="bpe", byte_fallback=True,
            normalization_rule_name="identity", remove_extra_whitespaces=False, character_coverage=0.98,
            split_digits=True, num_threads=1, minloglevel=2, **options)
        model = sentencepiece.SentencePieceProcessor(model_proto=stored.getvalue())
        given = set(options.get("user_defined_symbols", []))
        tokens = [model.id_to_piece(i) for i in range(model.vocab_size())]
        record[name] = {
            "tokens": tokens,
            "scores": [model.get_score(i) for i in range(len(tokens))],
            "types": [4 if token in given else type_of(model, i) for i, token in enumerate(tokens)],
            "addSpacePrefix": options["add_dummy_prefix"],
            "ids": [model.encode(text) if "<s>" not in text and "</s>" not in text else None for text in texts],
        }
        print(name, len(tokens), sum(len(ids or []) for ids in record[name]["ids"]))
    out.write_text(json.dumps(record, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
