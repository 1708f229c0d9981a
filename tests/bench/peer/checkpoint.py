"""Synthetic checkpoints for the comparison with Transformers: random bfloat16 weights in the proportions of published
models, with the inputs that both sides run.

`write(SHAPES[name], folder)` makes a Hugging Face folder and, in `folder/inputs`,

  inputs.json          `tokens` of a prompt with one image, `positions` [3][P], `next_position`, `grid` of an image
                       (temporal, height, width in patches) and `continuations` [8][STEPS], one per decoded row
  arrays.safetensors   image.0 ... image.3: patches as the vision tower takes them [I, values of a patch];
                       features: stand for those of one image where the vision tower is left out [F, E]
  step.json            what a training step takes beside the prompt: `completions` [8][C], their `scores` [8] and the
                       log-probs `behaviour` [8][C] under a policy close to the checkpoint
"""
import json
from dataclasses import dataclass

import torch
from safetensors.torch import load_file, save_file
from transformers import (InternVLConfig, InternVLForConditionalGeneration, Qwen2_5_VLConfig,
                          Qwen2_5_VLForConditionalGeneration)

PIXELS, PATCH, MERGE = 448, 14, 2
IMAGES, ROWS, STEPS, TEXT_TOKENS, COMPLETION_TOKENS = 4, 8, 32, 64, 64
SIDE = PIXELS // PATCH
FEATURES = (SIDE // MERGE) ** 2


@dataclass(frozen=True)
class Shape:
    family: str
    decoder: dict
    vision: dict


SHAPES = {
    # A quarter of the width of Qwen2.5-VL-3B.
    "qwen2_5_vl-small": Shape("qwen2_5_vl", {
        "vocab_size": 32000, "hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 8,
        "num_attention_heads": 8, "num_key_value_heads": 2, "rope_scaling": {"type": "mrope", "mrope_section": [8, 12, 12]},
    }, {"depth": 8, "fullatt_block_indexes": [7], "hidden_size": 320, "intermediate_size": 856, "num_heads": 4}),
    # 40 million parameters, 16 of them the embedding, which is the head too.
    "qwen2_5_vl-40m": Shape("qwen2_5_vl", {
        "vocab_size": 32000, "hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 6,
        "num_attention_heads": 8, "num_key_value_heads": 2, "rope_scaling": {"type": "mrope", "mrope_section": [8, 12, 12]},
    }, {"depth": 6, "fullatt_block_indexes": [2, 5], "hidden_size": 256, "intermediate_size": 684, "num_heads": 4}),
    # A vision tower a fifth of the decoder, as in InternVL3-2B.
    "internvl-small": Shape("internvl", {
        "vocab_size": 32000, "hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 8,
        "num_attention_heads": 8, "num_key_value_heads": 2,
    }, {"num_hidden_layers": 6, "hidden_size": 320, "intermediate_size": 1280, "num_attention_heads": 5}),
    # Half of every side of Qwen2.5-VL-3B: width, depth, vocabulary.
    "qwen2_5_vl-medium": Shape("qwen2_5_vl", {
        "vocab_size": 75968, "hidden_size": 1024, "intermediate_size": 5504, "num_hidden_layers": 18,
        "num_attention_heads": 8, "num_key_value_heads": 1, "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
    }, {"depth": 16, "fullatt_block_indexes": [7, 15], "hidden_size": 640, "intermediate_size": 1710, "num_heads": 8}),
}


def image_token(shape):
    return shape.decoder["vocab_size"] - 2


def model(shape):
    """A model of the shape, with the initial weights that Transformers gives it."""
    if shape.family == "qwen2_5_vl":
        config = Qwen2_5_VLConfig(
            **shape.decoder, tie_word_embeddings=True, rope_theta=1000000.0, image_token_id=image_token(shape),
            vision_start_token_id=image_token(shape) - 1, vision_end_token_id=image_token(shape) + 1,
            vision_config={**shape.vision, "out_hidden_size": shape.decoder["hidden_size"], "patch_size": PATCH,
                           "spatial_merge_size": MERGE, "temporal_patch_size": 2, "window_size": 8 * PATCH})
        return Qwen2_5_VLForConditionalGeneration(config)
    config = InternVLConfig(
        text_config={"model_type": "qwen2", **shape.decoder, "rope_theta": 1000000.0, "tie_word_embeddings": False},
        vision_config={**shape.vision, "image_size": [PIXELS, PIXELS], "patch_size": [PATCH, PATCH], "norm_type": "layer_norm",
                       "attention_bias": True, "use_qk_norm": False},
        image_token_id=image_token(shape), image_seq_length=FEATURES, downsample_ratio=1 / MERGE, tie_word_embeddings=False)
    return InternVLForConditionalGeneration(config)


def positions(shape, before):
    """Rotary positions of a prompt whose image follows `before` text tokens: [3][P], and the one that follows."""
    length = FEATURES + TEXT_TOKENS
    if shape.family == "internvl":
        return [list(range(length))] * 3, length
    side = SIDE // MERGE
    cells = [(before, before + i // side, before + i % side) for i in range(FEATURES)]
    after = before + side
    rows = [list(range(before)) + [cell[axis] for cell in cells] + list(range(after, after + TEXT_TOKENS - before))
            for axis in range(3)]
    return rows, after + TEXT_TOKENS - before


def write(shape, folder):
    torch.manual_seed(0)
    drawn = model(shape)
    for value in drawn.parameters():  # no bias is zero and no norm one, so that leaving one out shows
        value.data = value.data + 0.02 * torch.randn(value.shape)
    drawn.to(torch.bfloat16).save_pretrained(folder)
    width = drawn.config.get_text_config().hidden_size
    values = 3 * PATCH * PATCH * (2 if shape.family == "qwen2_5_vl" else 1)
    arrays = {f"image.{i}": torch.randn(SIDE * SIDE, values) for i in range(IMAGES)}
    arrays["features"] = torch.randn(FEATURES, width)
    inputs = folder / "inputs"
    inputs.mkdir()
    save_file(arrays, inputs / "arrays.safetensors")

    before = TEXT_TOKENS // 4
    last = image_token(shape) - 1  # the special tokens begin here
    text = torch.randint(last, [TEXT_TOKENS]).tolist()
    rows, following = positions(shape, before)
    (inputs / "inputs.json").write_text(json.dumps({
        "tokens": text[:before] + [image_token(shape)] * FEATURES + text[before:], "positions": rows, "next_position": following,
        "grid": [1, SIDE, SIDE], "continuations": torch.randint(last, [ROWS, STEPS]).tolist()}))
    return sum(value.numel() for value in drawn.parameters())


def write_step(shape, folder):
    """Adds what a training step of Qwen2.5-VL takes to a folder that `write` made."""
    inputs = folder / "inputs"
    prompt = json.loads((inputs / "inputs.json").read_text())
    image = load_file(inputs / "arrays.safetensors")["image.0"]
    completions = torch.randint(image_token(shape) - 1, [ROWS, COMPLETION_TOKENS])
    network = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa")
    rows = torch.cat([torch.tensor([prompt["tokens"]]).expand(ROWS, -1), completions], 1)
    with torch.no_grad():
        logits = network(input_ids=rows, pixel_values=image.repeat(ROWS, 1), image_grid_thw=torch.tensor([prompt["grid"]] * ROWS),
                         logits_to_keep=COMPLETION_TOKENS + 1).logits[:, :-1]
    log_probs = logits.log_softmax(-1).gather(2, completions[..., None])[..., 0]
    (inputs / "step.json").write_text(json.dumps({
        "completions": completions.tolist(), "scores": torch.rand(ROWS).tolist(),
        "behaviour": (log_probs + 0.1 * torch.randn(log_probs.shape)).tolist()}))
