"""The Transformers and PyTorch side of the comparison of training steps, as dev.sampo.bench.StepProcess is the other.

Usage: step_reference.py frozen|trained FOLDER THREADS. A line of JSON says when the model is loaded; then each line of
standard input is `PHASE COUNT`: run a phase COUNT times, answer with a line of JSON. Ends with the input.

  usual     a GRPO step as trainers take it: prompt and pixel values once per completion, SDPA, logits of the completions
            alone, log-probs without a copy of the logits, fused AdamW
  once      the same, but the image's features are computed once and repeated
  size      a step on as many tokens as the prompt once and all completions have: what sharing the prompt would cost at the
            speed of these kernels. Its loss means nothing
  product   a large matrix product
"""
import json
import os
import sys
import time
from pathlib import Path

vision, folder, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", OMP_NUM_THREADS=str(threads))

import torch
from safetensors.torch import load_file
from transformers import Qwen2_5_VLForConditionalGeneration

PRODUCT_SIDE, PRODUCTS = 1024, 20
LEARNING_RATE, CLIP, MAX_NORM = 1e-6, 0.2, 1.0


def memory(key):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return 1024 * int(line.split()[1])


def chosen_log_probs(logits, tokens):
    """[R, C] of logits [R, C, V], row by row, so that no second array of that size exists."""
    sums = torch.stack([row.logsumexp(-1) for row in logits])
    return logits.gather(2, tokens[..., None])[..., 0] - sums


class Steps:
    def __init__(self, model):
        inputs = json.loads((folder / "inputs" / "inputs.json").read_text())
        step = json.loads((folder / "inputs" / "step.json").read_text())
        self.model = model
        self.pixels = load_file(folder / "inputs" / "arrays.safetensors")["image.0"]
        self.completions = torch.tensor(step["completions"])
        self.behaviour = torch.tensor(step["behaviour"])
        scores = torch.tensor(step["scores"])
        self.advantages = ((scores - scores.mean()) / (scores.std() + 1e-4))[:, None]
        self.count, self.length = self.completions.shape
        prompt, positions = torch.tensor([inputs["tokens"]]), torch.tensor(inputs["positions"])  # [3, P]
        self.prompt_length = prompt.shape[1]
        following = inputs["next_position"] + torch.arange(self.length)
        self.rows = torch.cat([prompt.expand(self.count, -1), self.completions], 1)
        self.positions = torch.cat([positions, following.expand(3, -1)], 1)[:, None].expand(-1, self.count, -1)
        self.grid = torch.tensor([inputs["grid"]])
        self.encode = model.model.get_image_features
        self.trained = [v for v in model.parameters() if v.requires_grad]
        self.optimizer = torch.optim.AdamW(self.trained, lr=LEARNING_RATE, betas=(0.9, 0.99), weight_decay=0.0, fused=True)

    def policy_loss(self, **inputs):
        logits = self.model(input_ids=self.rows, position_ids=self.positions, use_cache=False,
                            logits_to_keep=self.length + 1, **inputs).logits[:, :-1]
        ratio = (chosen_log_probs(logits, self.completions) - self.behaviour).exp()
        gain = torch.minimum(ratio * self.advantages, ratio.clamp(1 - CLIP, 1 + CLIP) * self.advantages)
        return -gain.mean(1).mean()

    def usual(self):
        return self.policy_loss(pixel_values=self.pixels.repeat(self.count, 1), image_grid_thw=self.grid.repeat(self.count, 1))

    def once(self):
        features = self.encode(self.pixels, self.grid)
        self.model.model.get_image_features = lambda *_, **__: list(features) * self.count
        try:
            return self.policy_loss(pixel_values=self.pixels, image_grid_thw=self.grid)
        finally:
            self.model.model.get_image_features = self.encode

    def size(self):
        """Two rows: the prompt with its image, and text alone."""
        tokens = self.prompt_length + self.completions.numel()
        half = tokens // 2
        rows = torch.zeros(2, half, dtype=torch.long)
        rows[0, :self.prompt_length] = self.rows[0, :self.prompt_length]
        kept = self.completions.numel() // 2
        logits = self.model(input_ids=rows, position_ids=torch.arange(half).expand(3, 2, -1), pixel_values=self.pixels,
                            image_grid_thw=self.grid, use_cache=False, logits_to_keep=kept).logits
        return chosen_log_probs(logits, rows[:, -kept:]).mean()

    def step(self, loss_of):
        self.optimizer.zero_grad(set_to_none=True)
        loss = loss_of()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.trained, MAX_NORM)
        self.optimizer.step()
        return {"loss": loss.item(), "norm": norm.item()}


def product():
    a = torch.rand(PRODUCT_SIDE, PRODUCT_SIDE)
    with torch.no_grad():
        for _ in range(PRODUCTS):
            a @ a
    return {}


def answer(**values):
    print(json.dumps(values), flush=True)


def main():
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    (torch.rand(64, 64) @ torch.rand(64, 64)).sum().item()
    before = memory("VmRSS")
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa")
    model.visual.requires_grad_(vision == "trained")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    steps = Steps(model)
    answer(before=before)
    for line in sys.stdin:
        phase, count = line.split()
        result, start, cpu = {}, time.perf_counter(), time.process_time()
        for _ in range(int(count)):
            result = product() if phase == "product" else steps.step(getattr(steps, phase))
        answer(seconds=time.perf_counter() - start, cpu=time.process_time() - cpu, peak=memory("VmHWM"), **result)


main()
