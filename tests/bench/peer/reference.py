"""The Transformers side: loads a folder of checkpoint.py and answers commands, as dev.sampo.bench.PeerProcess does.

Usage: reference.py FOLDER THREADS. A line of JSON says when the model is loaded; then each line of standard input is
`PHASE COUNT [FILE]`: run a phase COUNT times, write what the last run gave to FILE as raw float32, answer with a line
of JSON. Ends with the input.
"""
import json
import os
import sys
import time
from pathlib import Path

folder, threads = Path(sys.argv[1]), int(sys.argv[2])
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", OMP_NUM_THREADS=str(threads))

import torch
from safetensors.torch import load_file
from transformers import DynamicCache, InternVLForConditionalGeneration, Qwen2_5_VLForConditionalGeneration

CLASSES = {"qwen2_5_vl": Qwen2_5_VLForConditionalGeneration, "internvl": InternVLForConditionalGeneration}
PRODUCT_SIDE, PRODUCTS, READ_FLOATS = 1024, 20, 1 << 26


def memory(key):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return 1024 * int(line.split()[1])


class Phases:
    """What is measured. Each method prepares a phase and returns what is to be timed."""

    def __init__(self, model, kind):
        inputs = json.loads((folder / "inputs" / "inputs.json").read_text())
        self.model = model
        self.tokens = torch.tensor([inputs["tokens"]])
        self.next_position = inputs["next_position"]
        self.continuations = torch.tensor(inputs["continuations"])
        self.grid = inputs["grid"]
        self.arrays = load_file(folder / "inputs" / "arrays.safetensors")
        self.is_qwen = kind == "qwen2_5_vl"
        rows = torch.tensor(inputs["positions"])
        self.positions = rows[:, None] if self.is_qwen else rows[:1]  # [3, 1, P] or [1, P]
        self.encode = model.model.get_image_features

    def images(self, count):
        """What the processor would give for images."""
        patches = [self.arrays[f"image.{i}"] for i in range(count)]
        if self.is_qwen:
            return {"pixel_values": torch.cat(patches), "image_grid_thw": torch.tensor([self.grid] * count)}
        _, down, across = self.grid
        side = int((patches[0].shape[1] // 3) ** 0.5)
        tiles = torch.stack(patches).view(count, down, across, 3, side, side)
        return {"pixel_values": tiles.permute(0, 3, 1, 4, 2, 5).reshape(count, 3, down * side, across * side)}

    def vision(self, count):
        images = self.images(count)

        def run():
            features = self.encode(**images)
            return torch.cat(features) if self.is_qwen else features.flatten(0, 1)
        return run

    def prompt(self, rows):
        """The whole prompt, the image included."""
        images = {key: value.repeat(rows, *[1] * (value.dim() - 1)) for key, value in self.images(1).items()}
        return lambda: self.prefill(images, rows, self.new_cache())

    def prefill(self, images, rows, cache):
        positions = self.positions.expand(-1, rows, -1) if self.is_qwen else self.positions.expand(rows, -1)
        return self.model(input_ids=self.tokens.expand(rows, -1), position_ids=positions, past_key_values=cache, use_cache=True,
                          logits_to_keep=1, **images).logits[:, -1]

    def decoder(self, cache):
        """The prompt, its image features being known, into a cache."""
        known = [self.arrays["features"]]
        images = self.images(1)

        def run():
            self.model.model.get_image_features = lambda *_, **__: known if self.is_qwen else torch.stack(known)
            logits = self.prefill(images, 1, cache)
            self.model.model.get_image_features = self.encode
            return logits
        return run

    def decode(self, rows):
        cache = self.new_cache()
        self.decoder(cache)()
        cache.batch_repeat_interleave(rows)
        length = self.tokens.shape[1]

        def run():
            for i in range(self.continuations.shape[1]):
                shape = [3, rows, 1] if self.is_qwen else [rows, 1]
                logits = self.model(
                    input_ids=self.continuations[:rows, i:i + 1], position_ids=torch.full(shape, self.next_position + i),
                    past_key_values=cache, use_cache=True, cache_position=torch.tensor([length + i])).logits[:, -1]
            return logits
        return run

    def product(self):
        a, b = torch.rand(2, PRODUCT_SIDE, PRODUCT_SIDE)

        def run():
            for _ in range(PRODUCTS):
                c = a @ b
            return c[:1]
        return run

    def read(self):
        x = torch.ones(READ_FLOATS)
        return lambda: x.sum()[None]

    def new_cache(self):
        return DynamicCache(config=self.model.config.get_text_config())

    def prepare(self, phase):
        name, _, count = phase.partition("-")
        match name:
            case "vision":
                return self.vision(int(count))
            case "prefill":
                return self.decoder(self.new_cache())
            case "prompt":
                return self.prompt(int(count))
            case "decode":
                return self.decode(int(count))
            case "product":
                return self.product()
            case "read":
                return self.read()
        raise SystemExit(f"no phase is called {phase}")


def answer(**values):
    print(json.dumps(values), flush=True)


@torch.inference_mode()
def main():
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    (torch.rand(64, 64) @ torch.rand(64, 64)).sum().item()
    before = memory("VmRSS")
    start = time.perf_counter()
    kind = json.loads((folder / "config.json").read_text())["model_type"]
    model = CLASSES[kind].from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa").eval()
    seconds = time.perf_counter() - start
    answer(before=before, peak=memory("VmHWM"), seconds=seconds)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    phases = Phases(model, kind)
    for line in sys.stdin:
        phase, count, *file = line.split()
        total = 0.0
        for _ in range(int(count)):
            run = phases.prepare(phase)
            start = time.perf_counter()
            result = run()
            total += time.perf_counter() - start
        for path in file:
            result.float().contiguous().numpy().tofile(path)
        answer(seconds=total, peak=memory("VmHWM"))


main()
