"""Learning rates of transformers' schedules under torch's LambdaLR, step by step.

    python scripts/reference/make-schedules.py

writes test/reference/training/schedules.json: for each case the rate that the optimizer has at its first step, its
second, and so on.
"""
import json
from pathlib import Path

import torch
from transformers import (
    get_constant_schedule_with_warmup,
    get_cosine_schedule_with_warmup,
    get_linear_schedule_with_warmup,
)
from transformers.optimization import get_cosine_with_min_lr_schedule_with_warmup

TARGET = Path(__file__).parents[2] / "test/reference/training/schedules.json"
PEAK = 0.004


def rates(make, steps):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK)
    schedule = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


cases = []
for steps, warmup in [(1, 0), (6, 0), (6, 2), (12, 3), (40, 39)]:
    made = {
        ("constant", 0): lambda o: get_constant_schedule_with_warmup(o, warmup),
        ("linear", 0): lambda o: get_linear_schedule_with_warmup(o, warmup, steps),
        ("cosine", 0): lambda o: get_cosine_schedule_with_warmup(o, warmup, steps),
        ("cosine", 0.0004): lambda o: get_cosine_with_min_lr_schedule_with_warmup(o, warmup, steps, min_lr=0.0004),
    }
    for (schedule, final), make in made.items():
        setting = {"schedule": schedule, "learningRate": PEAK, "finalLearningRate": final, "steps": steps}
        cases.append({**setting, "warmup": warmup, "rates": rates(make, steps)})
lines = ",\n".join(json.dumps(case) for case in cases)
TARGET.write_text(f"[\n{lines}\n]\n")
