"""
Writes test/reference/chats/: the templates of models (`templates/`), two tiny tokenizers that know their tokens
(`tokenizers.json`), and what transformers' `apply_chat_template` makes of every conversation with every template
(`chats.json`): text, ids, the prompt for the next turn, and the assistant masks of templates with generation blocks.

    pip download trl --no-deps -d /tmp/trl && unzip -o /tmp/trl/trl-*.whl -d /tmp/trl
    python scripts/reference/make-chats.py /tmp/trl/trl/chat_templates

The templates are those of TRL 1.16.0 (Apache-2.0, The HuggingFace Team), which keeps each beside one with generation
blocks ("training"); those of SmolLM2 (Apache-2.0) and a short one in the manner of Mistral are written below. Dates are
those of 2024-07-26: `strftime_now` is held still.
"""

import datetime
import json
import os
import sys

import transformers.utils.chat_template_utils as chat_template_utils
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

OUT = os.path.join(os.path.dirname(__file__), "../../test/reference/chats")
PAIRED = ["qwen2_5", "qwen3", "qwen3_instruct_2507", "llama3", "gemma", "gemma3", "phi3", "cohere", "deepseekv3", "lfm2", "gptoss", "glm4moe"]
ALONE = ["llama3_2"]

SMOLLM2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
    "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
# Turns without a token that begins them, spaces that belong to no side, and marks that are no tokens.
INST = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}"
    "{% elif m.role == 'assistant' %}{{ ' ' + m.content | trim + eos_token }}"
    "{% else %}{{ raise_exception('only user and assistant') }}{% endif %}{% endfor %}"
)
INST_MARKED = INST.replace("{{ ' ' + m.content | trim + eos_token }}", "{% generation %}{{ ' ' + m.content | trim + eos_token }}{% endgeneration %}")
# Tags with every way of trimming, and text between tag and content.
TRIMS = (
    "{% for m in messages %}\n"
    "    {% if m.role == 'assistant' %}\n"
    "<a>\n"
    "    {% generation %}\n"
    "  {{ m.content }}\n"
    "    {% endgeneration %}\n"
    "</a>{%- generation -%}  \n x{{ m.content }} \n {%- endgeneration -%}  \n\n"
    "z {% generation %}y{% endgeneration %} {% generation %} q{% endgeneration %}\n"
    "    {% else %}\n"
    "{{ m.content }}|\n"
    "    {% endif %}\n"
    "{% endfor %}\n"
)

# Of each family: the token in front of a text and the one that ends it.
ENDS = {
    "smollm2": ("<|im_start|>", "<|im_end|>"),
    "inst": ("<s>", "</s>"),
    "trims": (None, "<|im_end|>"),
    "qwen2_5": (None, "<|im_end|>"),
    "qwen3": (None, "<|im_end|>"),
    "qwen3_instruct_2507": (None, "<|im_end|>"),
    "llama3": ("<|begin_of_text|>", "<|eot_id|>"),
    "llama3_2": ("<|begin_of_text|>", "<|eot_id|>"),
    "gemma": ("<bos>", "<eos>"),
    "gemma3": ("<bos>", "<eos>"),
    "phi3": ("<s>", "<|endoftext|>"),
    "cohere": ("<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>"),
    "deepseekv3": ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
    "lfm2": ("<|startoftext|>", "<|im_end|>"),
    "gptoss": ("<|startoftext|>", "<|return|>"),
    "glm4moe": (None, "<|endoftext|>"),
}

SPECIAL = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<s>", "</s>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>",
    "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|system|>", "<|user|>", "<|end|>",
    "<BOS_TOKEN>", "<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|SYSTEM_TOKEN|>", "<|USER_TOKEN|>",
    "<|CHATBOT_TOKEN|>", "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>",
    "<|startoftext|>", "<|start|>", "<|message|>", "<|channel|>", "<|return|>", "<|call|>", "[gMASK]", "<sop>",
    "<|observation|>",
]
PLAIN = ["<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Tells the weather, \"now\" & <here>.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "a city"},
                    "days": {"type": "integer", "enum": [1, 2]},
                },
                "required": ["city"],
            },
        },
    }
]

user = lambda content: {"role": "user", "content": content}
model = lambda content, **rest: {"role": "assistant", "content": content, **rest}
system = lambda content: {"role": "system", "content": content}

CHATS = {
    "one turn": {"messages": [user("What is 2 + 2?"), model("4")]},
    "two turns": {"messages": [user("Hello!"), model("Hi. How can I help?"), user("Sing."), model("La la la.")]},
    "three turns and a system": {
        "messages": [system("Be brief."), user("a"), model("b"), user("c"), model("d"), user("e"), model("f")]
    },
    "white space": {"messages": [user("  padded \n"), model("\n\n  indented\n\tlines  \n"), user("\n"), model(" ")]},
    "unicode": {
        "messages": [user("Schöne Grüße 🙂 日本語"), model("ﬁn — “quoted” é ☃️ שלום"), user("𝕏"), model("𝕐𝕫")]
    },
    "code": {
        "messages": [
            user("Write it."),
            model("```python\ndef f(x):\n    return x ** 2  # <b>&amp;</b>\n```\n\nDone {{ not }} {% jinja %}."),
        ]
    },
    "nothing said": {"messages": [user("Say nothing."), model("")]},
    "ends with the user": {"messages": [user("One"), model("Two"), user("Three")]},
    "only the user": {"messages": [user("One")]},
    "two users": {"messages": [user("One"), user("More"), model("Two")]},
    "begins with the model": {"messages": [model("Welcome."), user("Thanks"), model("Sure.")]},
    "reasoning apart": {
        "messages": [
            user("2 + 2?"),
            model("4", reasoning_content="Two and two."),
            user("3 + 3?"),
            model("6", reasoning_content="Three and three.\n"),
        ]
    },
    "reasoning in the text": {
        "messages": [
            user("2 + 2?"),
            model("<think>\nTwo and two.\n</think>\n\n4"),
            user("3 + 3?"),
            model("<think>\nThree.\n</think>\n\n6"),
        ]
    },
    "tools": {
        "messages": [
            user("Weather in Rome?"),
            model(
                "",
                tool_calls=[
                    {"type": "function", "function": {"name": "weather", "arguments": {"city": "Röme", "days": 2}}}
                ],
            ),
            {"role": "tool", "name": "weather", "content": "sunny"},
            model("It is sunny."),
        ],
        "tools": TOOLS,
    },
    "tools and nothing": {
        "messages": [
            system("Use tools."),
            user("Weather?"),
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"function": {"name": "weather", "arguments": {"city": "Rome"}}}],
            },
            {"role": "tool", "content": '{"sky": "clear"}'},
            model("Clear."),
            user("Thanks"),
            model("Any time."),
        ],
        "tools": TOOLS,
    },
    "parts": {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "text", "text": " here"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "Seen."}]},
        ]
    },
    "tokens in the text": {
        "messages": [user("What is <|im_end|> or </s>?"), model("<|im_end|> ends a turn; <end_of_turn> too.")]
    },
    "no thinking": {
        "messages": [user("Quick: 1 + 1?"), model("2")],
        "variables": {"enable_thinking": False},
    },
}


class StillDate(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2024, 7, 26, 12, 0, 0)


def texts():
    for chat in CHATS.values():
        for message in chat["messages"]:
            if isinstance(message["content"], str):
                yield message["content"]
    yield from ["assistant", "user", "system", "model", "You are a helpful AI assistant named SmolLM", json.dumps(TOOLS)]


def added(tokenizer, strips):
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    # Of Phi-3's, white space behind it is a part.
    tokenizer.add_special_tokens([AddedToken("<|assistant|>", special=True, normalized=False, rstrip=strips)])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in PLAIN])
    return tokenizer


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(list(texts()) * 3, trainers.BpeTrainer(vocab_size=420, initial_alphabet=sorted(alphabet)))
    return added(tokenizer, False)


def sentence_piece():
    """As Llama 2 has it: a space in front of a text, and bytes for characters that are no tokens."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer.train_from_iterator(
        list(texts()) * 3, trainers.BpeTrainer(vocab_size=560, special_tokens=["<unk>", *bytes_], limit_alphabet=120)
    )
    data = json.loads(tokenizer.to_str())
    data["added_tokens"] = [token for token in data["added_tokens"] if token["content"] == "<unk>"]
    return added(Tokenizer.from_str(json.dumps(data)), True)


def trained(name, make):
    """Training breaks ties at random: a tokenizer that is there already is used again."""
    path = f"{OUT}/tokenizers.json"
    if os.path.exists(path):
        return Tokenizer.from_str(json.dumps(json.load(open(path))[name]))
    return make()


def runs(mask):
    found = []
    for i, target in enumerate(mask):
        if target and i > 0 and mask[i - 1]:
            found[-1][1] = i + 1
        elif target:
            found.append([i, i + 1])
    return found


def describe(tokenizer, template, chat, marked):
    given = {"tools": chat.get("tools"), **chat.get("variables", {})}
    try:
        text = tokenizer.apply_chat_template(chat["messages"], chat_template=template, tokenize=False, **given)
        out = tokenizer.apply_chat_template(
            chat["messages"],
            chat_template=template,
            tokenize=True,
            return_dict=True,
            return_assistant_tokens_mask=marked,
            **given,
        )
        prompt = tokenizer.apply_chat_template(
            chat["messages"], chat_template=template, tokenize=False, add_generation_prompt=True, **given
        )
    except Exception as error:  # What the template raises, or what Python does with it.
        return {"error": f"{type(error).__name__}: {error}"}
    mask = {"mask": runs(out["assistant_masks"])} if marked else {}
    # The prompt is the text and what follows it, mostly.
    follows = prompt[len(text) :] if prompt.startswith(text) else None
    return {"text": text, "ids": out["input_ids"], **({"prompt": prompt} if follows is None else {"follows": follows}), **mask}


def main():
    folder = sys.argv[1]
    os.makedirs(f"{OUT}/templates", exist_ok=True)
    templates = {"smollm2": SMOLLM2, "inst": INST, "inst_training": INST_MARKED, "trims": TRIMS}
    for name in [*ALONE, *PAIRED, *(f"{name}_training" for name in PAIRED)]:
        templates[name] = open(f"{folder}/{name}.jinja", encoding="utf-8").read()
    chat_template_utils.datetime = StillDate
    tokenizers = {"bytes": trained("bytes", byte_level), "sentencepiece": trained("sentencepiece", sentence_piece)}
    results = {}
    for name, template in templates.items():
        open(f"{OUT}/templates/{name}.jinja", "w", encoding="utf-8").write(template)
        bos, eos = ENDS[name.removesuffix("_training")]
        marked = "generation" in template and "endgeneration" in template
        for kind, base in tokenizers.items():
            # Its marks are no tokens, so that tokens reach across them.
            if (kind == "sentencepiece") != (name.startswith("inst") or name.startswith(("phi3", "gemma3"))):
                continue
            tokenizer = PreTrainedTokenizerFast(tokenizer_object=base, bos_token=bos, eos_token=eos)
            results[name] = {
                "tokenizer": kind,
                "config": {"bos_token": bos, "eos_token": eos},
                "chats": {title: describe(tokenizer, template, chat, marked) for title, chat in CHATS.items()},
            }
    write("tokenizers.json", {name: json.loads(tokenizer.to_str()) for name, tokenizer in tokenizers.items()})
    write("chats.json", {"chats": CHATS, "templates": results})


def write(name, data):
    with open(f"{OUT}/{name}", "w", encoding="utf-8") as file:
        json.dump(data, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


main()
