"""Answers a list of questions with the tools that read our files.

usage: judge.py questions.json answers.json
Every question names a kind (a function below) and its arguments; logits are written as raw float32 to `out`.
"""

import json
import sys
import warnings


def logits(model, tokens, out):
    import torch

    model.eval()
    with torch.no_grad():
        model(torch.tensor(tokens)).logits.float().numpy().tofile(out)


def base_model(path):
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)


def peft(base, adapter, tokens, out):
    """Logits of a base model with an adapter, and what was warned of while it was loaded."""
    from peft import PeftModel

    model = base_model(base)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = PeftModel.from_pretrained(model, adapter)
    logits(model, tokens, out)
    return [str(warning.message) for warning in caught if issubclass(warning.category, UserWarning)]


def train_peft(base, adapter, batches, rate):
    """Loss of every batch before its AdamW step, from an adapter as it starts."""
    import torch
    from peft import PeftModel

    model = PeftModel.from_pretrained(base_model(base), adapter, is_trainable=True)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=rate, weight_decay=0)
    losses = []
    for tokens in batches:
        ids = torch.tensor(tokens)
        loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def model(path, tokens, out):
    """Logits of a whole model."""
    logits(base_model(path), tokens, out)


def loaded_dtype(path):
    """The type that a loader takes weights in when it is not told."""
    from transformers import AutoModelForCausalLM

    return str(AutoModelForCausalLM.from_pretrained(path).dtype).removeprefix("torch.")


def tokenizer(path, texts):
    """Token ids."""
    from transformers import AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(path)
    return [tokens(text)["input_ids"] for text in texts]


def tensorboard(folder):
    """Every scalar as [step, value] by tag."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(folder).Reload()
    return {tag: [[event.step, event.value] for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


KINDS = {
    "peft": peft,
    "train_peft": train_peft,
    "model": model,
    "loaded_dtype": loaded_dtype,
    "tokenizer": tokenizer,
    "tensorboard": tensorboard,
}

with open(sys.argv[1]) as file:
    questions = json.load(file)
answers = []
for question in questions:
    try:
        answers.append({"answer": KINDS[question.pop("kind")](**question)})
    except Exception as error:  # told to the test that asked
        answers.append({"error": f"{type(error).__name__}: {error}"})
with open(sys.argv[2], "w") as file:
    json.dump(answers, file)
