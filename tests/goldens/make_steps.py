#!/usr/bin/env python3
"""Records whole training steps of Hugging Face Transformers, PyTorch and PEFT on tiny checkpoints.

Usage: make_steps.py [OUT]      OUT defaults to learner/src/test/resources/goldens/steps

Each case takes three AdamW steps on the same two groups of four completions, or on rows of supervised training, the
usual way: prompt and pixel values repeated for every completion, prompts padded on the left, completions on the right.
Offline and deterministic. Written are

  qwen, qwen-reference, internvl   checkpoints in float32, without tokenizer; qwen/adapter in the layout of PEFT
  inputs.safetensors     <model>.<prompt>.<image>: patches of an image [I, values of a patch]
  after.safetensors      <case>/<parameter>: what was trained, after the third step
  steps.json             `format` sampo-steps-1
    prompts, completions by model: token_ids, positions [3][P], next_position and images (grid: temporal, height, width in
                         patches; InternVL: tiles, down, across) of two prompts; token ids [2][4][C]
    cases                `reference`: a folder, or "adapters-off"; `frozen`; `objective`, `optimizer` (see Objective and
                         Optimizer below); `groups`: scores, advantages, and log-probs [4][C] of the policy that sampled
                         (behaviour), of the policy before the first step (old) and of the reference; `reward_kl`: mean over the
                         tokens of what kl_in_reward estimates; `steps`: loss,
                         gradient_norm before clipping, kl to the reference, clipped: share of the tokens (sequences)
                         whose gradient the clip removes; `moved`: how far the three steps moved the weights at most;
                         `rounding`: the largest difference of a weight from the same steps in float64. The case `sft` has
                         `rows` in place of groups: every token counts

Adam divides a gradient by its own size, so an element that is nothing but rounding noise would be moved by a whole learning
rate. Therefore epsilon is 1e-6 here, well above the noise, and cases are drawn again until each is closer to
float64 than MOST_ROUNDING and no ratio is so near a bound of the clip that rounding could decide.
"""
import argparse
import contextlib
import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

os.environ.update(HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1", TRANSFORMERS_VERBOSITY="error")

import peft
import torch
import transformers
from safetensors.torch import save_file

from families import ROOT, write_json
from stepmodels import MODELS

MOST_ROUNDING = 2e-6  # of a weight after three steps: a fifth of what whoever is compared may be off
LEAST_DISTANCE = 1e-4  # of a ratio from a bound of the clip, relative
LEAST_MOVEMENT = 1e-3  # of the largest change: a hundred times that
STEPS, DRAWS = 3, 12
LENGTHS = ((5, 3, 7, 1), (2, 6, 4, 5))  # tokens of the completions
SCORES = ((1.0, 0.0, 0.25, 1.5), (0.5, 2.0, 0.0, 0.0))
SFT_ROWS = ((0, 6), (0, 3), (1, 4), (1, 8))  # prompt, tokens


class Unusable(Exception):
    """Draws with which rounding shows."""


@dataclass(frozen=True)
class Objective:
    """-min(r A, clip(r) A) w + beta k3 of every token. r = exp(p - anchor), of a token or the mean over a sequence; w =
    min(exp(old - behaviour), mismatch_most), a constant; 0 means that there is none. With kl_in_reward, an estimator, the
    divergence is not in the loss: beta times its sum over the tokens, of behaviour from reference, is taken from the score.
    A = (score - mean of the group) / (its deviation + 1e-4), or score - mean of the others."""
    level: str = "token"
    anchor: str = "behaviour"
    clip_low: float = 0.2
    clip_high: float = 0.2
    beta: float = 0.0
    aggregation: str = "sequence-mean"
    mismatch_most: float = 0.0
    kl_in_reward: str = ""
    advantages: str = "group-std"


@dataclass(frozen=True)
class Optimizer:
    """AdamW; weight decay of matrices only, the linear schedule falls to 0 at total_steps."""
    learning_rate: float = 1e-3
    schedule: str = "constant"
    total_steps: int = 3
    beta1: float = 0.9
    beta2: float = 0.99
    epsilon: float = 1e-6
    weight_decay: float = 0.0
    max_grad_norm: float = 0.0

    def rates(self):
        falls = self.schedule == "linear"
        return [self.learning_rate * (1 - step / self.total_steps if falls else 1) for step in range(STEPS)]


@dataclass(frozen=True)
class Case:
    name: str
    model: str = "qwen"
    objective: Objective = Objective()
    optimizer: Optimizer = Optimizer()
    reference: str = ""
    adapter: bool = False
    frozen: tuple = ()
    temperature: float = 1.0
    supervised: bool = False


CASES = (
    Case("grpo"),
    Case("grpo-reference", objective=Objective(beta=0.04), reference="qwen-reference"),
    Case("decay-and-clip", objective=Objective(beta=0.04), reference="qwen-reference",
         optimizer=Optimizer(schedule="linear", total_steps=6, weight_decay=0.1, max_grad_norm=0.05)),
    Case("rloo", objective=Objective(beta=0.1, kl_in_reward="k1", advantages="leave-one-out", aggregation="token-mean"),
         reference="qwen-reference"),
    Case("kl-in-reward", objective=Objective(beta=0.3, kl_in_reward="k3"), reference="qwen-reference"),
    Case("lora", objective=Objective(beta=0.04), reference="adapters-off", adapter=True),
    Case("dapo", objective=Objective(anchor="old", clip_high=0.28, aggregation="token-mean"), temperature=0.7),
    Case("gspo", objective=Objective(level="sequence", clip_low=0.03, clip_high=0.04)),
    Case("decoupled", objective=Objective(anchor="old", mismatch_most=1.1)),
    Case("frozen-tower", frozen=("vision-tower",)),
    Case("internvl", "internvl"),
    Case("sft", supervised=True, optimizer=Optimizer(weight_decay=0.05, max_grad_norm=1.0)),
)


@contextlib.contextmanager
def float64():
    """What Transformers casts to float32 on its way stays float64."""
    with mock.patch.object(torch, "float32", torch.float64), mock.patch.object(torch.Tensor, "float", torch.Tensor.double):
        yield


class Rows:
    """Prompts repeated for their completions, as one padded batch."""

    def __init__(self, kind, model, prompts, completions, dtype):
        pairs = [(prompt, tokens) for prompt, rows in zip(prompts, completions) for tokens in rows]
        self.before = max(len(prompt.token_ids) for prompt in prompts)
        longest = max(len(tokens) for _, tokens in pairs)
        ids = torch.full((len(pairs), self.before + longest), kind.PAD)
        attended = torch.zeros_like(ids)
        for i, (prompt, tokens) in enumerate(pairs):
            start, end = self.before - len(prompt.token_ids), self.before + len(tokens)
            ids[i, start:end] = torch.tensor(prompt.token_ids + tokens)
            attended[i, start:end] = 1
        self.targets, self.mask = ids[:, self.before:], attended[:, self.before:].to(dtype)  # [R, C]
        self.inputs = {"input_ids": ids, "attention_mask": attended, **kind.pixels([prompt for prompt, _ in pairs], dtype),
                       **kind.padded_positions(attended)}

    def log_probs(self, model, temperature):
        with float64() if self.mask.dtype == torch.float64 else contextlib.nullcontext():
            logits = model(**self.inputs).logits[:, self.before - 1:-1] / temperature
        chosen = logits.log_softmax(-1).gather(2, self.targets[..., None])[..., 0]
        return torch.where(self.mask > 0, chosen, 0.0)

    def cut(self, values):
        """By group and completion, without padding."""
        rows = [v[:int(n)].tolist() for v, n in zip(values.double(), self.mask.sum(1))]
        return [rows[i:i + 4] for i in range(0, len(rows), 4)]


def derived_advantages(objective, scores):
    if objective.advantages == "leave-one-out":
        return scores - (scores.sum(1, keepdim=True) - scores) / (scores.shape[1] - 1)
    return (scores - scores.mean(1, keepdim=True)) / (scores.std(1, keepdim=True) + 1e-4)


def divergence(estimator, log_ratio):
    """Schulman's estimators of log_ratio = log p / q."""
    return {"k1": log_ratio, "k2": log_ratio ** 2 / 2, "k3": (-log_ratio).exp() - (-log_ratio) - 1}[estimator]


def policy_loss(objective, rows, p, anchor, weight, q, advantages):
    """-> loss, mean k3, share of what the clip removed"""
    lengths = rows.mask.sum(1)
    log_ratio = (p - anchor) * rows.mask
    if objective.level == "sequence":
        log_ratio = (log_ratio.sum(1) / lengths)[:, None].expand_as(p)
    ratio, low, high = log_ratio.exp(), 1 - objective.clip_low, 1 + objective.clip_high
    for bound in (low, high):
        if ((ratio.detach() / bound - 1).abs() + (1 - rows.mask) < LEAST_DISTANCE).any():
            raise Unusable("a ratio is at a bound of the clip")
    loss = -torch.minimum(ratio * advantages, ratio.clamp(low, high) * advantages) * weight
    k3 = torch.zeros_like(p)
    if objective.beta > 0 and not objective.kl_in_reward:
        k3 = divergence("k3", p - q)
        loss = loss + objective.beta * k3
    loss, count = loss * rows.mask, rows.mask.sum()
    total = (loss.sum(1) / lengths).mean() if objective.aggregation == "sequence-mean" else loss.sum() / count
    clipped = ((advantages < 0) & (ratio < low) | (advantages > 0) & (ratio > high)) * rows.mask
    return total, ((k3 * rows.mask).sum() / count).item(), (clipped.sum() / count).item()


def train(case, kind, folder, prompts, completions, noise, dtype):
    """-> what steps.json says of the case, and the trained parameters"""
    model, trained = kind.open(folder / case.model, dtype, case.adapter, case.frozen)
    rows = Rows(kind, model, prompts, completions, dtype)
    record, constants = {}, None
    if not case.supervised:
        with torch.no_grad():
            old = rows.log_probs(model, case.temperature)
            behaviour = old + noise.to(dtype) * rows.mask
            q = None
            if case.reference == "adapters-off":
                with model.disable_adapter():
                    q = rows.log_probs(model, case.temperature)
            elif case.reference:
                q = rows.log_probs(kind.open(folder / case.reference, dtype)[0], case.temperature)
        rewards = torch.tensor(SCORES, dtype=dtype)
        if case.objective.kl_in_reward:
            tokens = divergence(case.objective.kl_in_reward, behaviour - q) * rows.mask  # [R, C]
            rewards = rewards - case.objective.beta * tokens.sum(1).view(rewards.shape)
            record["reward_kl"] = (tokens.sum() / rows.mask.sum()).item()
        advantages = derived_advantages(case.objective, rewards)
        known = {"behaviour": behaviour, "old": old, **({} if q is None else {"reference": q})}
        record["groups"] = [{"scores": SCORES[g], "advantages": advantages[g].tolist(),
                             **{name: rows.cut(values)[g] for name, values in known.items()}} for g in range(len(SCORES))]
        weight = (old - behaviour).exp().clamp(max=case.objective.mismatch_most) if case.objective.mismatch_most else 1.0
        constants = (behaviour if case.objective.anchor == "behaviour" else old, weight, q, advantages.view(-1, 1))

    start = {name: value.detach().clone() for name, value in trained.items()}
    settings = case.optimizer
    optimizer = torch.optim.AdamW(
        [{"params": [v for v in trained.values() if v.dim() >= 2], "weight_decay": settings.weight_decay},
         {"params": [v for v in trained.values() if v.dim() < 2], "weight_decay": 0.0}],
        betas=(settings.beta1, settings.beta2), eps=settings.epsilon)
    record["steps"] = []
    for rate in settings.rates():
        p = rows.log_probs(model, case.temperature)
        loss, k3, clipped = (-p.sum() / rows.mask.sum(), 0.0, 0.0) if case.supervised else policy_loss(
            case.objective, rows, p, *constants)
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(trained.values(), settings.max_grad_norm or torch.inf)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        record["steps"].append({"loss": loss.item(), "gradient_norm": norm.item()} | (
            {} if case.supervised else {"kl": k3, "clipped": clipped}))
    record["moved"] = max((v - start[name]).abs().max().item() for name, v in trained.items())
    return record, {name: value.detach().clone() for name, value in trained.items()}


def record_case(case, folder):
    """Draws log-probs of the policy that sampled, or the answers, until the case is usable."""
    for seed in range(DRAWS):
        try:
            return record_draw(case, folder, seed)
        except Unusable as reason:
            print(f"{case.name}, draw {seed}: {reason}")
    raise Unusable(f"{case.name}: {DRAWS} draws in a row")


def record_draw(case, folder, seed):
    kind = MODELS[case.model]
    prompts, draw = kind.prompts(), torch.Generator().manual_seed(seed)
    completions = completions_of(kind)
    if case.supervised:
        rows = [(prompt, torch.randint(kind.WORDS, [n], generator=draw).tolist()) for prompt, n in SFT_ROWS]
        completions = [[tokens for at, tokens in rows if at == prompt] for prompt in range(len(prompts))]
    longest = max(len(tokens) for group in completions for tokens in group)
    noise = 0.15 * torch.randn(sum(map(len, completions)), longest, generator=draw)
    record, after = train(case, kind, folder, prompts, completions, noise, torch.float32)
    _, exact = train(case, kind, folder, prompts, completions, noise, torch.float64)
    rounding = max((after[name].double() - exact[name]).abs().max().item() for name in after)
    if rounding > MOST_ROUNDING:
        raise Unusable(f"float64 differs by {rounding:.1e}")
    assert record["moved"] > LEAST_MOVEMENT, f"{case.name} moved weights by {record['moved']} only"
    described = {"name": case.name, "model": case.model, "temperature": case.temperature, "frozen": list(case.frozen),
                 "optimizer": dataclasses.asdict(case.optimizer) | {"learning_rates": case.optimizer.rates()}}
    if case.supervised:
        described["rows"] = [{"prompt": prompt, "tokens": tokens} for prompt, tokens in rows]
    else:
        described["objective"] = dataclasses.asdict(case.objective)
    if case.adapter:
        described["adapter"] = f"{case.model}/adapter"
    if case.reference:
        described["reference"] = case.reference
    return described | record | {"rounding": rounding}, after


def completions_of(kind):
    draw = torch.Generator().manual_seed(5)
    return [[torch.randint(kind.WORDS, [n], generator=draw).tolist() for n in lengths] for lengths in LENGTHS]


def write_folder(out, seed):
    for name, kind in MODELS.items():
        kind.write(out / name, seed)
    MODELS["qwen"].write(out / "qwen-reference", seed, 0.05)
    MODELS["qwen"].write_adapter(out / "qwen", seed)
    records, tensors = [], {}
    for case in CASES:
        record, after = record_case(case, out)
        records.append(record)
        tensors |= {f"{case.name}/{name}": value.contiguous() for name, value in after.items()}
        steps = "; ".join(f"loss {s['loss']:.4f}, norm {s['gradient_norm']:.4f}, clipped {s.get('clipped', 0):.2f}"
                          for s in record["steps"])
        print(f"{case.name}: {steps}; moved {record['moved']:.1e}, rounding {record['rounding']:.1e}", flush=True)
    inputs, prompts = {}, {}
    for name, kind in MODELS.items():
        prompts[name] = [prompt.described(f"{name}.{i}", inputs) for i, prompt in enumerate(kind.prompts())]
    save_file(inputs, out / "inputs.safetensors")
    save_file(tensors, out / "after.safetensors")
    write_json(out / "steps.json", {
        "format": "sampo-steps-1", "seed": seed,
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__},
        "prompts": prompts, "completions": {name: completions_of(kind) for name, kind in MODELS.items()}, "cases": records})


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].replace("Usage: ", ""))
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "learner/src/test/resources/goldens/steps")
    out = parser.parse_args().out
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for seed in range(1, 20):
        try:
            return write_folder(out, seed)
        except Unusable as reason:
            print(f"weights of seed {seed} are drawn again: {reason}")
    raise SystemExit("19 seeds in a row were unusable")


if __name__ == "__main__":
    main()
