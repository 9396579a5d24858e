#!/usr/bin/env python3
"""The fields of PEFT's LoraConfig and transformers' TrainingArguments: test/reference/trainer-words.json.

    python scripts/reference/make-trainer-words.py

Needs torch, transformers, peft, accelerate. They are what people type as flags and keys of options files.
"""

import json
from dataclasses import fields
from pathlib import Path

from peft import LoraConfig
from transformers import TrainingArguments

words = {kind.__name__: sorted(field.name for field in fields(kind)) for kind in (LoraConfig, TrainingArguments)}
out = Path(__file__).parents[2] / "test/reference/trainer-words.json"
out.write_text(json.dumps(words, indent=1) + "\n")
