#!/usr/bin/env python3
"""Records what Hugging Face Transformers computes for small random Qwen2.5-VL checkpoints.

Usage: make_goldens.py [OUT]      OUT defaults to vlm/src/test/resources/goldens

Offline and deterministic: images and weights come from fixed seeds, one thread, CPU, float32.
Writes, for each configuration, a Hugging Face checkpoint folder with

  cases.json             prompts, token ids, positions, greedy tokens, loss and gradient norms
  reference.safetensors  <case>.pixels.<i>  processor output, one of the two equal frames
                                            [I, channels, patch, patch]
                         <case>.logits      after the last prompt token and after each token of
                                            the first branch           [1 + C, V]
                         loss.log_probs.<row>, loss.log_probs_t.<row>, loss.entropies.<row>   [C]
                         loss.grad.<parameter>                         three full gradients

and `images/` (inputs of every case).
"""
import json
import os
import shutil
import sys
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1", TRANSFORMERS_VERBOSITY="error")

import numpy as np
import torch
import transformers
from PIL import Image
from safetensors.torch import save_file
from transformers import (Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor, Qwen2TokenizerFast,
                          Qwen2VLImageProcessor, Qwen2VLVideoProcessor)

from drawing import picture

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "models" / "tiny-rec"
GREEDY = 32
TEMPERATURE = 0.7

# name -> changes to the shipped configuration, what is written of it, and how weights are drawn.
CONFIGURATIONS = {
    "shipped": {"config": {}, "vision": {}, "processor": {}, "dtype": torch.bfloat16, "std": 0.12, "sizes": "large"},
    # Windows of 2x2 merged patches (so every image has several, ragged at the edges), a full-attention block
    # between two windowed ones, two query heads per key/value head, tied head, two images of patches of 4 pixels.
    "windows-tied": {
        "config": {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 4, "num_key_value_heads": 2,
                   "num_hidden_layers": 2, "rope_theta": 10000.0,
                   "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]}},
        "vision": {"hidden_size": 32, "intermediate_size": 40, "num_heads": 2, "out_hidden_size": 32, "depth": 3,
                   "patch_size": 4, "spatial_patch_size": 4, "window_size": 16, "fullatt_block_indexes": [1]},
        "processor": {"patch_size": 4, "min_pixels": 256, "max_pixels": 2048},
        "dtype": torch.float32, "std": 0.25, "sizes": "small"},
    "windows-untied": {
        "config": {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 2, "num_key_value_heads": 1,
                   "num_hidden_layers": 2, "rope_theta": 1000000.0, "tie_word_embeddings": False,
                   "rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3]}},
        "vision": {"hidden_size": 32, "intermediate_size": 40, "num_heads": 4, "out_hidden_size": 32, "depth": 4,
                   "patch_size": 4, "spatial_patch_size": 4, "window_size": 16, "fullatt_block_indexes": [1, 3]},
        "processor": {"patch_size": 4, "min_pixels": 256, "max_pixels": 2048},
        "dtype": torch.bfloat16, "std": 0.25, "sizes": "small", "nested": True},
}

# (width, height) of the pictures by role.
SIZES = {
    "large": {"square": (84, 84), "landscape": (100, 70), "portrait": (45, 120), "tiny": (20, 30)},
    "small": {"square": (24, 24), "landscape": (41, 22), "portrait": (15, 50), "tiny": (5, 9)},
}
CASES = [
    {"name": "one-image", "text": "Please provide the bounding box coordinates of the region this sentence describes:"
                                  " the large red square.", "images": ["square"]},
    {"name": "two-images", "text": "the object left of the blue circle", "images": ["landscape", "tiny"]},
    {"name": "text-only", "text": " \n Ünïcode \u65e5\u672c e\u0301 it's 12345  \n\n x=\"1\";\t<think>small</think>",
     "images": []},
    {"name": "portrait", "text": "", "images": ["portrait"]},
]
BRANCHES = {"one-image": ["<think>red</think>", "{\"bbox\":[1,2,3,4]}"], "two-images": ["left", "<answer>7", "zz top"],
            "text-only": ["of the<answer>"], "portrait": ["bottommost circle"]}
FULL_GRADIENTS = {"shipped": ["visual.merger.ln_q.weight", "model.layers.1.self_attn.k_proj.weight", "model.norm.weight"],
                  "windows-tied": ["visual.patch_embed.proj.weight", "model.layers.0.self_attn.k_proj.bias",
                                   "model.embed_tokens.weight"],
                  "windows-untied": ["visual.blocks.2.attn.qkv.weight", "model.layers.1.mlp.down_proj.weight",
                                     "lm_head.weight"]}


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load_processor(folder):
    return Qwen2_5_VLProcessor(Qwen2VLImageProcessor.from_pretrained(folder), Qwen2TokenizerFast.from_pretrained(folder),
                               Qwen2VLVideoProcessor.from_pretrained(folder),
                               chat_template=(folder / "chat_template.jinja").read_text())


def disk_name(name):
    """Name of a parameter in a checkpoint file, as published."""
    return name.replace("model.visual.", "visual.").replace("model.language_model.", "model.")


def write_checkpoint(folder, name, spec):
    """A checkpoint folder with random weights; returns its model as Transformers loads it."""
    folder.mkdir(parents=True)
    for file in ("tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja"):
        shutil.copy(TINY / file, folder)
    config = json.loads((TINY / "config.json").read_text())
    config.update(spec["config"])
    config["vision_config"].update(spec["vision"])
    processor = json.loads((TINY / "preprocessor_config.json").read_text())
    processor.update(spec["processor"])
    if spec.get("nested"):  # the layout that current releases of Transformers write
        config = Qwen2_5_VLConfig(**config).to_dict()
        processor["size"] = {"shortest_edge": processor.pop("min_pixels"), "longest_edge": processor.pop("max_pixels")}
    write_json(folder / "config.json", config)
    write_json(folder / "preprocessor_config.json", processor)

    torch.manual_seed(sum(map(ord, name)))
    model = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig.from_pretrained(folder))
    tensors = {}
    for key, value in model.named_parameters():
        mean = 1.0 if "norm" in key or "ln_q" in key else 0.0
        tensors[disk_name(key)] = (mean + spec["std"] * torch.randn(value.shape)).to(spec["dtype"]).contiguous()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return Qwen2_5_VLForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager").eval()


def encode(processor, text, images):
    content = [{"type": "image"} for _ in images] + [{"type": "text", "text": text}]
    rendered = processor.apply_chat_template([{"role": "user", "content": content}], tokenize=False,
                                             add_generation_prompt=True)
    return rendered, processor(text=[rendered], images=images or None, return_tensors="pt")


def append(inputs, tokens):
    ids = torch.cat([inputs["input_ids"], torch.tensor([tokens])], 1)
    return {**inputs, "input_ids": ids, "attention_mask": torch.ones_like(ids)}


def greedy(model, inputs):
    """Greedy continuation, checked against a run without cache: no step may be a near tie."""
    ids = model.generate(**inputs, max_new_tokens=GREEDY, min_new_tokens=GREEDY, do_sample=False, eos_token_id=None,
                         pad_token_id=model.config.bos_token_id or 505)
    length = inputs["input_ids"].shape[1]
    tokens = ids[0, length:].tolist()
    logits = model(**append(inputs, tokens)).logits[0, length - 1:-1]
    top = logits.topk(2).values
    assert logits.argmax(-1).tolist() == tokens, "generation with and without cache differ"
    assert (top[:, 0] - top[:, 1]).min() > 1e-3, "two tokens nearly tie; change the seed"
    return tokens


def record_cases(model, processor, pictures, reference):
    records, encoded = [], {}
    for case in CASES:
        images = [pictures[role] for role in case["images"]]
        rendered, inputs = encode(processor, case["text"], images)
        inputs = dict(inputs)
        encoded[case["name"]] = inputs
        grid = inputs.get("image_grid_thw")
        positions, delta = model.model.get_rope_index(inputs["input_ids"], grid)
        first = processor.tokenizer.encode(BRANCHES[case["name"]][0])
        with torch.no_grad():
            logits = model(**append(inputs, first)).logits[0, inputs["input_ids"].shape[1] - 1:]
            tokens = greedy(model, inputs)
        reference[case["name"] + ".logits"] = logits.contiguous()
        for i, patches in enumerate(split_patches(inputs)):
            frames = patches.view(len(patches), 3, 2, processor.image_processor.patch_size, -1)
            assert frames[:, :, 0].equal(frames[:, :, 1])
            reference[f"{case['name']}.pixels.{i}"] = frames[:, :, 0].contiguous()
        records.append({
            **case, "rendered": rendered, "grids": grid.tolist() if grid is not None else [],
            "token_ids": inputs["input_ids"][0].tolist(), "positions": positions[:, 0].tolist(),
            "next_position": inputs["input_ids"].shape[1] + int(delta[0, 0]), "branch": first, "greedy": tokens,
            "decoded": processor.tokenizer.decode(tokens, skip_special_tokens=True)})
    return records, encoded


def split_patches(inputs):
    if "pixel_values" not in inputs:
        return []
    return inputs["pixel_values"].split(inputs["image_grid_thw"].prod(-1).tolist())


def padded_batch(model, encoded, pad):
    """Logits after the prompt and greedy tokens of all cases run as one left-padded batch."""
    rows = list(encoded.values())
    longest = max(row["input_ids"].shape[1] for row in rows)
    ids = torch.full((len(rows), longest), pad)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        n = row["input_ids"].shape[1]
        ids[i, longest - n:], mask[i, longest - n:] = row["input_ids"][0], 1
    inputs = {"input_ids": ids, "attention_mask": mask,
              "pixel_values": torch.cat([row["pixel_values"] for row in rows if "pixel_values" in row]),
              "image_grid_thw": torch.cat([row["image_grid_thw"] for row in rows if "image_grid_thw" in row])}
    with torch.no_grad():
        logits = model(**inputs).logits[:, -1]
        tokens = model.generate(**inputs, max_new_tokens=GREEDY, min_new_tokens=GREEDY, do_sample=False,
                                eos_token_id=None, pad_token_id=pad)[:, longest:]
    return logits, tokens


def record_loss(model, processor, encoded, wanted, reference):
    """loss = -(sum of the log-probs of branch tokens, first token of every branch left out) / (their number)."""
    rows, total, count = [], 0.0, 0
    model.zero_grad()
    for name, texts in BRANCHES.items():
        for text in texts:
            tokens = processor.tokenizer.encode(text)
            length = encoded[name]["input_ids"].shape[1]
            logits = model(**append(encoded[name], tokens)).logits[0, length - 1:-1]
            target = torch.tensor(tokens)[:, None]
            log_probs = logits.log_softmax(-1).gather(1, target)[:, 0]
            total, count = total - log_probs[1:].sum(), count + len(tokens) - 1
            row = len(rows)
            rows.append({"case": name, "text": text, "tokens": tokens})
            reference[f"loss.log_probs.{row}"] = log_probs.detach()
            reference[f"loss.log_probs_t.{row}"] = (logits / TEMPERATURE).log_softmax(-1).gather(1, target)[:, 0].detach()
            p = logits.detach().softmax(-1)
            reference[f"loss.entropies.{row}"] = -(p * p.log()).sum(-1)
    loss = total / count
    loss.backward()
    gradients = {disk_name(k): v.grad for k, v in model.named_parameters()}
    for key in wanted:
        reference["loss.grad." + key] = gradients[key].contiguous()
    return {"rows": rows, "temperature": TEMPERATURE, "counted_tokens": count, "loss": loss.item(), "full_gradients": wanted,
            "gradient_norms": {k: v.double().norm().item() for k, v in sorted(gradients.items())}}


def record_configuration(out, name, spec):
    folder = out / name
    model = write_checkpoint(folder, name, spec)
    processor = load_processor(folder)
    if spec.get("nested"):  # this release reads pixel bounds from their older names only
        size = json.loads((folder / "preprocessor_config.json").read_text())["size"]
        processor.image_processor.min_pixels = size["shortest_edge"]
        processor.image_processor.max_pixels = size["longest_edge"]
    pictures = {role: Image.open(out / "images" / f"{spec['sizes']}-{role}.png").convert("RGB") for role in SIZES["large"]}
    reference = {}
    records, encoded = record_cases(model, processor, pictures, reference)
    logits, tokens = padded_batch(model, encoded, 505)
    for i, record in enumerate(records):
        record["images"] = [f"{spec['sizes']}-{role}.png" for role in record["images"]]
        assert (logits[i] - reference[record["name"] + ".logits"][0]).abs().max() < 1e-5, "padding changed the logits"
        assert record["greedy"] == tokens[i].tolist(), "padding changed the greedy tokens"
    loss = record_loss(model, processor, encoded, FULL_GRADIENTS[name], reference)
    write_json(folder / "cases.json", {"cases": records, "loss": loss})
    save_file(reference, folder / "reference.safetensors")


def main(out):
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for name in ("images", *CONFIGURATIONS):
        shutil.rmtree(out / name, ignore_errors=True)
    (out / "images").mkdir(parents=True)
    for group, roles in SIZES.items():
        for i, (role, size) in enumerate(roles.items()):
            picture(i, *size).save(out / "images" / f"{group}-{role}.png", optimize=True)
    for name, spec in CONFIGURATIONS.items():
        record_configuration(out, name, spec)
    write_json(out / "versions.json", {"torch": torch.__version__, "transformers": transformers.__version__,
                                       "pillow": Image.__version__, "numpy": np.__version__})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "vlm/src/test/resources/goldens")
