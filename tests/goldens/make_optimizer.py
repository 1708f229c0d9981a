#!/usr/bin/env python3
"""Records AdamW steps of PyTorch and learning rates of Transformers.

Usage: make_optimizer.py [OUT]      OUT defaults to learner/src/test/resources/goldens/optimizer.json

Deterministic. `cases`: parameters before, their gradients in every micro-batch of every step, and parameters after every
step. Matrices decay, parameters with one axis do not. The case "masters" keeps bfloat16 parameters beside float32 masters:
micro-batch gradients are bfloat16, summed in float32. `schedules`: learning rates by step.
"""
import json
import sys
from pathlib import Path

import torch
from transformers import (get_constant_schedule_with_warmup, get_cosine_schedule_with_warmup,
                          get_cosine_with_min_lr_schedule_with_warmup, get_linear_schedule_with_warmup)

ROOT = Path(__file__).resolve().parents[2]
SHAPES = {"bias": [4], "conv": [2, 2, 3], "embedding": [5, 3], "matrix": [3, 4], "norm": [3]}
STEPS, MICRO_BATCHES = 6, 3
CASES = {
    "plain": dict(weight_decay=0.0, max_grad_norm=0.0),
    "decay": dict(weight_decay=0.3, max_grad_norm=0.0),
    "clipped": dict(weight_decay=0.1, max_grad_norm=0.7),
    "masters": dict(weight_decay=0.1, max_grad_norm=0.7, bfloat16=True),
}


def case(seed, weight_decay, max_grad_norm, bfloat16=False):
    random = torch.Generator().manual_seed(seed)
    kind = torch.bfloat16 if bfloat16 else torch.float32
    draw = lambda shape, scale: (scale * torch.randn(shape, generator=random)).to(kind)
    live = {name: draw(shape, 1) for name, shape in SHAPES.items()}
    masters = {name: torch.nn.Parameter(value.float()) for name, value in live.items()}
    matrices = [p for p in masters.values() if p.dim() >= 2]
    vectors = [p for p in masters.values() if p.dim() < 2]
    settings = dict(beta1=0.9, beta2=0.98, epsilon=1e-8, weight_decay=weight_decay, max_grad_norm=max_grad_norm)
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": weight_decay},
                                   {"params": vectors, "weight_decay": 0.0}],
                                  lr=1, betas=(0.9, 0.98), eps=1e-8, foreach=False, fused=False)
    before = {name: value.float().tolist() for name, value in live.items()}
    steps = []
    for step in range(STEPS):
        rate = 0.05 / (step + 1)
        gradients = [{name: draw(shape, 0.5 * (step + 1)) for name, shape in SHAPES.items()} for _ in range(MICRO_BATCHES)]
        for name, master in masters.items():
            master.grad = torch.zeros(SHAPES[name])
            for gradient in gradients:
                master.grad += gradient[name].float()
        norm = torch.linalg.vector_norm(torch.stack([p.grad.double().norm() for p in masters.values()])).item()
        if max_grad_norm and norm > max_grad_norm:
            for master in masters.values():
                master.grad *= max_grad_norm / norm
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        steps.append({
            "learning_rate": rate, "norm": norm,
            "gradients": [{name: g.float().flatten().tolist() for name, g in part.items()} for part in gradients],
            "masters": {name: p.detach().flatten().tolist() for name, p in masters.items()},
            "after": {name: p.detach().to(kind).float().flatten().tolist() for name, p in masters.items()}})
    return {"bfloat16": bfloat16, "settings": settings, "shapes": SHAPES,
            "before": {name: torch.tensor(v).flatten().tolist() for name, v in before.items()}, "steps": steps}


def schedules():
    made = []
    for name, make, options, floor in [
            ("constant", get_constant_schedule_with_warmup, {}, 0.0),
            ("linear", get_linear_schedule_with_warmup, {"num_training_steps": 40}, 0.0),
            ("cosine", get_cosine_schedule_with_warmup, {"num_training_steps": 40}, 0.0),
            ("cosine", get_cosine_with_min_lr_schedule_with_warmup, {"num_training_steps": 40, "min_lr_rate": 0.1}, 0.1)]:
        for warm_up in (0, 7):
            optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
            schedule = make(optimizer, warm_up, **options)
            rates = []
            for _ in range(41):
                rates.append(schedule.get_last_lr()[0])
                optimizer.step()
                schedule.step()
            made.append({"shape": name, "peak": 0.3, "warm_up_steps": warm_up, "total_steps": 40, "floor": floor, "rates": rates})
    return made


def main(out):
    out.parent.mkdir(parents=True, exist_ok=True)
    cases = {name: case(seed, **options) for seed, (name, options) in enumerate(CASES.items())}
    out.write_text(json.dumps({"cases": cases, "schedules": schedules()}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "learner/src/test/resources/goldens/optimizer.json")
