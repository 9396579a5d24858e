"""
Writes test/reference/tokenizers/: texts.json, and one file per tokenizer with its tokenizer.json, its configuration,
the ids that transformers' fast tokenizer gives for every text (special tokens added by the post-processor included),
the text that it decodes them to, and ids and lengths of prompts with completions.

    python scripts/reference/make-tokenizers.py

The tokenizers are trained on a few lines, so that they are small; training breaks ties at random, so one that is there
already is used again (remove its file to train it anew). Every pre-tokenizer, normalizer and model that we
follow occurs, each with added tokens of all flags.
"""

import io
import json
import os
import tempfile
import unicodedata

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

OUT = os.path.join(os.path.dirname(__file__), "../../test/reference/tokenizers")

LINES = [
    "Call me Ishmael. Some years ago, never mind how long precisely, having little or no money in my purse,",
    "and nothing particular to interest me on shore, I thought I would sail about a little and see the world.",
    "def add(a, b):\n    return a + b  # 12345 67 8\n\n\nclass Tree:\n\tpass\r\n",
    "It's we'll they're I'd don't IT'S CAN'T naïve café Über straße ½ ² 3.14 1,234,567",
    "日本語 中文 한국어 Привет мир שלום مرحبا हिन्दी 🙂🙃 👩‍👩‍👧 ♥ … — “quote”",
    "the the the of of and and to to in in that that it it was was    double  spaces\n\n new lines",
] * 3

TEXTS = [
    "",
    " ",
    "   ",
    "\n",
    "\n\n\n",
    "\t",
    " \n \n",
    "a",
    " a",
    "a ",
    "  a  b   c    ",
    "Call me Ishmael.",
    " Call me Ishmael. Some years ago—never mind how long precisely—having little money",
    "the cat and the dog and the thing in that world",
    "It's we'll they're I'd don't; IT'S WE'LL; I'M you'Ve o'clock 'tis",
    "'\u017f '\u212a \u017f\u017f K \u212a",
    "def add(a, b):\n    return a + b  # sum\n\n\nclass Tree:\n\tpass\n",
    "\tif (x >= 10 && y != 3) { z[i] += 1e-5; } // ok\r\n\r\nreturn;\r",
    "line one\r\nline two\r\n\r\n  line three  \r\n",
    "1 12 123 1234 12345 1,234,567.89 0x1F ½ ² ③ Ⅷ १२३ ٤٥٦",
    "naïve café Über straße",
    unicodedata.normalize("NFD", "naïve café Über straße Å"),
    "ﬁﬂ Å ① ﷺ ｆｕｌｌ ㌀",
    "日本語のテキスト。中文，没有空格！한국어 문장",
    "Привет, мир! Ελληνικά ΟΔΟΣ Σίσυφος",
    "שלום עולם مرحبا بالعالم ١٢٣",
    "हिन्दी में पाठ क्ष",
    "ภาษาไทยไม่มีช่องว่าง",
    "🙂🙃 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪",
    "zero\u200bwidth\u200djoiner\u2060word\ufeffbom",
    "\ufeffat the beginning",
    "nbsp\u00a0thin\u2009ideographic\u3000line\u2028para\u2029nel\u0085end",
    "control \x01\x02\x07\x1b[31m\x7f \x00 nul",
    "\u202ertl override\u202c \u2066isolate\u2069",
    "private \ue000 unassigned \u0378 replacement \ufffd",
    "a" * 200,
    "ab" * 150 + " " + "-" * 100,
    " " * 70 + "x" + "\n" * 40,
    "the" * 100,
    "=" * 50 + "\n" + "#" * 30 + " title\n",
    "<s>begin</s>",
    "a <s> b </s> c",
    "x<|l|>y  <|l|>  z \n<|l|>",
    "x<|r|>y  <|r|>  z <|r|>\n",
    "x<|b|>y  <|b|>  z \n<|b|>\t<|b|> end",
    "WORD WORDS SWORD a WORD, (WORD) WORD_ WORD-1 éWORD WORDé WORD",
    "norm tok Norm Tok NORM TOK xnorm toky  norm tok",
    "<|l|><|r|><|b|>WORD<s>",
    "<|l|> <|l|>  <|r|>  <|r|> <s",
    "<|long|><|long|>er|> <|lo",
    "https://example.org/a_b?c=d&e=%20f#g me@mail.example",
    "| a | b |\n|---|---|\n| 1 | 2 |\n",
    "$E = mc^2$ ~ `code` {x} [y] <z> \\n \"q\" 'r' @ # % ^ & * ( ) _ + - = : ; , . / ?",
    "▁already ▁▁marked▁ Ġbyte Ċletters <0x41> <0xE2> Â½",
    "Ünïcödé Ǆ ǅ ŉ İstanbul ıI ẞ",
    "x\u0301 \u0301x a\u0308\u0323 e\u0327\u0301",
    "end of line with spaces   \n   next    \n\n   ",
    "tabs\t\tand \t mixed\t ",
    "𝐛𝐨𝐥𝐝 𝒮𝒸𝓇𝒾𝓅𝓉 𐍈 𠜎 🀄",
]

# Prompts and completions; the last ones meet within a word, a number, white space.
PAIRS = [
    ("Q: 1+1?\nA:", " 2"),
    ("Call me", " Ishmael."),
    ("def add(a, b):\n", "    return a + b\n"),
    ("Привет,", " мир!"),
    ("日本", "語のテキスト"),
    ("🙂", "🙃"),
    ("<s>the cat</s>", "the dog"),
    ("", "nothing before"),
    ("the thi", "ng in that world"),
    ("12", "345 67"),
    ("two  ", "  spaces"),
    ("ends in a space ", "word"),
    ("It'", "s"),
    ("cafe", "\u0301 noir"),
]


def pair(fast, prompt, completion):
    """What is trained on: the ids of both as one text, the token that ends it, and how many tokens are the prompt's."""
    ids, alone = fast(prompt + completion)["input_ids"], fast(prompt)["input_ids"]
    common = 0
    while common < min(len(ids), len(alone)) and ids[common] == alone[common]:
        common += 1
    return {"ids": ids + [fast.eos_token_id], "prompt": common}


ADDED = [
    AddedToken("<s>", special=True, normalized=False),
    AddedToken("</s>", special=True, normalized=False),
    AddedToken("<|l|>", special=True, lstrip=True, normalized=False),
    AddedToken("<|r|>", special=True, rstrip=True, normalized=False),
    AddedToken("<|b|>", special=False, lstrip=True, rstrip=True, normalized=False),
    AddedToken("WORD", special=False, single_word=True, normalized=False),
    AddedToken("norm tok", special=False, normalized=True),
    AddedToken("<|long|>", special=True, normalized=False),
    AddedToken("<|long|>er|>", special=True, normalized=False),
]

ENGLISH = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = ENGLISH + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]"
    r"|\s+(?!\S)|\s"
)
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
BYTE_TOKENS = [f"<0x{b:02X}>" for b in range(256)]


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def byte_level(pre_tokenizer, size=340, **more):
    tokenizer = Tokenizer(models.BPE(**more))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(LINES, trainer)
    return tokenizer


def sentence_pieces(normalizer, pre_tokenizer, byte_tokens=True, size=150, **more):
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=byte_tokens, **more))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    special = ["<unk>"] + (BYTE_TOKENS if byte_tokens else [])
    # A pre-tokenizer that keeps words apart while training; merges over spaces would be many otherwise.
    words = Tokenizer(models.BPE(unk_token="<unk>"))
    words.normalizer = tokenizer.normalizer
    words.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizer or split("▁", "merged_with_next"), split("▁", "merged_with_next")])
    trainer = trainers.BpeTrainer(vocab_size=len(special) + size, special_tokens=special, show_progress=False, limit_alphabet=70)
    words.train_from_iterator(LINES, trainer)
    model = json.loads(words.to_str())["model"]
    merges = [tuple(m) for m in model["merges"]]
    tokenizer.model = models.BPE(
        model["vocab"], merges, unk_token="<unk>", byte_fallback=byte_tokens, **more
    )
    tokenizer.add_special_tokens([AddedToken("<unk>", special=True, normalized=False)])
    return tokenizer


def unigram(byte_fallback, pre_tokenizer):
    trainer_tokenizer = Tokenizer(models.Unigram())
    trainer_tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=120, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False)
    trainer_tokenizer.train_from_iterator([line.replace("日本語", "") for line in LINES], trainer)
    vocab = [tuple(entry) for entry in json.loads(trainer_tokenizer.to_str())["model"]["vocab"]]
    if byte_fallback:
        vocab += [(name, 0.0) for name in BYTE_TOKENS]
    tokenizer = Tokenizer(models.Unigram(vocab, unk_id=0, byte_fallback=byte_fallback))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    return tokenizer


# What is replaced, and by what: letters, marks that follow, nothing, several characters.
REPLACED = [
    ("ﬁ", "fi"), ("Å", "A"), ("①", "1"), ("\u3000", " "), ("\t", " "), ("ｆ", "f"), ("é", "e"), ("e\u0301", "e"),
    ("x\u0301", "X"), ("\u200b", ""), ("\u00a0", " "), ("👩\u200d👩", "PAIR"), ("½", "1/2"), ("ß", "ss"),
]


def precompiled():
    """SentencePiece's compiled normalizer, from rules of our own."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    folder = tempfile.mkdtemp()
    codes = lambda text: " ".join(f"{ord(c):X}" for c in text)
    with open(f"{folder}/rules.tsv", "w") as file:
        file.writelines(f"{codes(a)}\t{codes(b)}\n" for a, b in REPLACED)
    with open(f"{folder}/lines.txt", "w") as file:
        file.write("\n".join(LINES))
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        input=f"{folder}/lines.txt", model_writer=model, vocab_size=150, hard_vocab_limit=False, minloglevel=2,
        normalization_rule_tsv=f"{folder}/rules.tsv",
    )
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    tokenizer = unigram(False, pre_tokenizers.Metaspace())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    return tokenizer


def trained(model, trainer, pre_tokenizer, normalizer=None, decoder=None):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if decoder is not None:
        tokenizer.decoder = decoder
    tokenizer.train_from_iterator(LINES, trainer)
    return tokenizer


def word_piece():
    return trained(
        models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=40),
        trainers.WordPieceTrainer(vocab_size=180, special_tokens=["[UNK]"], show_progress=False),
        pre_tokenizers.BertPreTokenizer(),
        normalizers.BertNormalizer(),
        decoders.WordPiece(),
    )


def word_level():
    return trained(
        models.WordLevel(unk_token="[UNK]"),
        trainers.WordLevelTrainer(vocab_size=150, special_tokens=["[UNK]"], show_progress=False),
        pre_tokenizers.Whitespace(),
        normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Strip()]),
    )


def clip_like():
    return trained(
        models.BPE(unk_token="[UNK]", end_of_word_suffix="</w>", fuse_unk=False),
        trainers.BpeTrainer(vocab_size=220, special_tokens=["[UNK]"], end_of_word_suffix="</w>", show_progress=False, limit_alphabet=60),
        pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("contiguous")]),
        normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\d+"), "$&0")]),
        decoders.BPEDecoder(suffix="</w>"),
    )


def prefixed():
    return trained(
        models.BPE(unk_token="[UNK]", continuing_subword_prefix="##", fuse_unk=True),
        trainers.BpeTrainer(vocab_size=220, special_tokens=["[UNK]"], continuing_subword_prefix="##", show_progress=False, limit_alphabet=60),
        pre_tokenizers.Sequence([pre_tokenizers.CharDelimiterSplit(" "), pre_tokenizers.Digits(individual_digits=False)]),
        normalizers.NFKD(),
        decoders.WordPiece(),
    )


def without_unknown():
    return trained(
        models.BPE(),
        trainers.BpeTrainer(vocab_size=200, show_progress=False, limit_alphabet=40),
        pre_tokenizers.Metaspace(prepend_scheme="never", split=True),
        decoder=decoders.Metaspace(prepend_scheme="never"),
    )


def template(tokenizer, single):
    ids = [(t, tokenizer.token_to_id(t)) for t in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=f"{single} {single.replace('$A', '$B')}", special_tokens=ids)


def behaviors():
    return pre_tokenizers.Sequence(
        [
            split(r"\s", "merged_with_previous"),
            split(r"[,;.]", "merged_with_next"),
            split(r"[a-f]+", "contiguous", True),
            split(r"-", "removed"),
            split(r"[^x]+", "isolated", True),
            BYTES,
        ]
    )


LEGACY = lambda: normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
MAKERS = {
    "gpt2": lambda: byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False)),
    "gpt2-prefix-space": lambda: byte_level(pre_tokenizers.ByteLevel(add_prefix_space=True)),
    "digits": lambda: byte_level(
        pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    ),
    "llama3": lambda: byte_level(pre_tokenizers.Sequence([split(LLAMA3), BYTES]), ignore_merges=True),
    "possessive": lambda: byte_level(pre_tokenizers.Sequence([split(CL100K, "removed", True), BYTES])),
    "o200k": lambda: byte_level(pre_tokenizers.Sequence([split(O200K), BYTES])),
    "deepseek": lambda: byte_level(
        pre_tokenizers.Sequence(
            [
                split(r"[\r\n]"),
                split(r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-Ֆ]+"),
                split(r"\s?[!-/:-~！-／：-～‘-‟　-。]+"),
                split(r"\s+$"),
                split(r"[一-龥ࠀ-一가-퟿]+"),
                pre_tokenizers.Digits(individual_digits=True),
                BYTES,
            ]
        )
    ),
    "behaviors": lambda: byte_level(behaviors()),
    "spm-legacy": lambda: sentence_pieces(LEGACY(), None, fuse_unk=True),
    "spm-unknown": lambda: sentence_pieces(LEGACY(), None, byte_tokens=False, fuse_unk=True),
    "spm-unknown-each": lambda: sentence_pieces(LEGACY(), None, byte_tokens=False, fuse_unk=False),
    "spm-first": lambda: sentence_pieces(None, pre_tokenizers.Metaspace(prepend_scheme="first", split=False), fuse_unk=True),
    "spm-always": lambda: sentence_pieces(None, pre_tokenizers.Metaspace(prepend_scheme="always", split=True)),
    "gemma": lambda: sentence_pieces(
        normalizers.Replace(" ", "▁"), pre_tokenizers.Split(" ", "merged_with_previous"), fuse_unk=True
    ),
    "unigram": lambda: unigram(False, pre_tokenizers.Metaspace()),
    "unigram-bytes": lambda: unigram(True, pre_tokenizers.Metaspace()),
    "unigram-whole": lambda: unigram(True, pre_tokenizers.Metaspace(prepend_scheme="first", split=False)),
    "unigram-precompiled": precompiled,
    "word-piece": word_piece,
    "word-level": word_level,
    "clip-like": clip_like,
    "prefixed": prefixed,
    "without-unknown": without_unknown,
}
NFC = {"llama3"}
BEGIN = {"llama3", "spm-legacy", "spm-first", "word-piece"}


def train(name, make):
    tokenizer = make()
    if name in NFC:
        tokenizer.normalizer = normalizers.NFC()
    for token in ADDED:
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
    if name in BEGIN:
        template(tokenizer, "<s> $A")
    return tokenizer


def main():
    os.makedirs(OUT, exist_ok=True)
    write = lambda name, value: open(os.path.join(OUT, name), "w", encoding="utf-8", newline="\n").write(
        json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n"
    )
    write("texts.json", {"texts": TEXTS, "pairs": PAIRS})
    for name, make in MAKERS.items():
        path = os.path.join(tempfile.mkdtemp(), "tokenizer.json")
        known = os.path.join(OUT, f"{name}.json")
        if os.path.exists(known):
            json.dump(json.load(open(known, encoding="utf-8"))["tokenizer"], open(path, "w", encoding="utf-8"))
        else:
            train(name, make).save(path)
        fast = PreTrainedTokenizerFast(tokenizer_file=path, bos_token="<s>", eos_token="</s>")
        ids = [fast(text)["input_ids"] for text in TEXTS]
        decoded = [fast.decode(row, clean_up_tokenization_spaces=False) for row in ids]
        write(f"{name}.json", {
            "tokenizer": json.load(open(path, encoding="utf-8")),
            "config": {"bos_token": "<s>", "eos_token": "</s>"},
            "ids": ids,
            "decoded": decoded,
            "pairs": [pair(fast, *texts) for texts in PAIRS],
        })
        print(name, len(fast), sum(map(len, ids)))


main()
