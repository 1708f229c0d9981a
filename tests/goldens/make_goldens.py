#!/usr/bin/env python3
"""Records what Hugging Face Transformers computes for small random checkpoints of every model family.

Usage: make_goldens.py [OUT]                                              the committed folders
       make_goldens.py OUT --family FAMILY... [--seed N] [--shapes KEY=VALUE...|random]

  OUT       defaults to vlm/src/test/resources/goldens; its folders of other names are left alone
  --family  qwen2_vl, qwen2_5_vl, internvl, internvl_chat, internvl_chat-internlm2 or all; each becomes
            OUT/<family>-<seed>
  --seed    draws other weights and pictures (default 1)
  --shapes  changes the configuration, e.g. decoder.hidden_size=64 vision.depth=4 processor.max_pixels=4096 dtype=float32
            std=0.3, in the words of config.json; `random` draws shapes from the seed

Offline and deterministic: weights and pictures come from seeds, one thread, CPU. `tests/check-parity DIR` compares
this project with any folder written here (or a folder of such folders). One folder is

  a Hugging Face checkpoint (config.json, model.safetensors, tokenizer, processor and template files)
  cases.json             `format` sampo-goldens-2; family, name, seed; `reference` says whose numbers these are;
                         image_mean and image_std of the processor; moved_by_last_bit: how far logits move when the
                         last bits of the weights change. Checkpoints where that is more than 8e-6 are drawn again with
                         smaller weights (`redrawn` times), because float32 could not tell implementations apart
    cases                conversation (`messages`; `text` and `images` again where it is one question), `limits` of the run
                         on image size, rendered prompt, `grids` [t, h, w] of the images (InternVL: tiles, patches down
                         and across a tile), token_ids, positions [3][P], next_position, `branch` tokens of a continuation,
                         32 greedy tokens and their text. Paths of pictures are relative to this folder.
    loss                 rows (case, tokens): minus the sum of the log-probs of their tokens, without the first of each
                         row, over their number; with the norm of the gradient of every parameter, by native name
    bfloat16             how far log-probs of the reference's own bfloat16 are from float32 on the same rounded weights,
                         over all tokens of all probes: mean_error, max_error. Whoever is compared may have 1.1 times
                         the mean and twice the maximum
    lora                 adapter folder in PEFT layout, its rows, loss and gradient norms by PEFT name (absent where the
                         reference has no such layers)
  reference.safetensors  <case>.pixels.<i>    what the processor made of image i, as 8-bit levels in patch order
                                              [I, channels, patch, patch]; the model is fed
                                              (level / 255 - mean) / std. Qwen: one of the two equal frames
                         <case>.features.<i>  of image i, as they enter the decoder                   [tokens, E]
                         <case>.logits        after the last prompt token and after each branch token [1 + C, V]
                         <case>.lora.logits   the same with the adapter
                         <case>.probe.float32|rounded|bfloat16
                                              log-probs of branch then greedy tokens: by the file's weights, by weights
                                              rounded to bfloat16 in float32, and in bfloat16         [C + 32]
                         loss.log_probs.<row>, loss.log_probs_t.<row> (at `temperature`), loss.entropies.<row>  [C]
                         loss.grad.<parameter>                             three full gradients
  adapter/               adapter_config.json, adapter_model.safetensors

The pictures are in OUT/images. All cases are also run as one left-padded batch here, which must give the same.
"""
import argparse
import dataclasses
import json
import os
import random
import sys
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1", TRANSFORMERS_VERBOSITY="error")

import numpy as np
import peft
import torch
import transformers
from PIL import Image

from families import CONFIGURATIONS, FAMILIES, ROOT
from recording import record_configuration

VERSIONS = {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__,
            "pillow": Image.__version__, "numpy": np.__version__}


def random_shapes(family, seed):
    """Shapes that the family allows, by key of --shapes."""
    draw = random.Random(f"{family} {seed}")
    size, groups, shared = draw.choice((8, 12, 16)), draw.choice((1, 2)), draw.choice((1, 2, 3))
    shapes = {"decoder.hidden_size": size * groups * shared, "decoder.num_attention_heads": groups * shared,
              "decoder.num_key_value_heads": groups, "decoder.intermediate_size": draw.randrange(20, 80),
              "decoder.num_hidden_layers": draw.randrange(1, 4), "decoder.rope_theta": draw.choice((1000.0, 1000000.0)),
              "decoder.tie_word_embeddings": False if "internlm2" in family else draw.random() < 0.5}
    heads, depth = draw.choice((1, 2, 4)), draw.randrange(1, 5)
    width = heads * draw.choice((8, 12, 16))
    if family.startswith("qwen"):
        first, second = draw.randrange(1, size // 2 - 1), 1
        shapes["decoder.rope_scaling"] = {"type": "mrope", "mrope_section": [first, second, size // 2 - first - second]}
        shapes |= {"vision.depth": depth, "vision.num_heads": heads, "processor.max_pixels": draw.choice((1024, 2048, 4096))}
    if family == "qwen2_vl":
        shapes |= {"vision.embed_dim": width, "vision.hidden_size": shapes["decoder.hidden_size"],
                   "vision.mlp_ratio": draw.choice((1, 2, 4))}
    elif family == "qwen2_5_vl":
        shapes |= {"vision.hidden_size": width, "vision.out_hidden_size": shapes["decoder.hidden_size"],
                   "vision.intermediate_size": draw.randrange(20, 80), "vision.window_size": draw.choice((8, 16, 24)),
                   "vision.fullatt_block_indexes": [i for i in range(depth) if draw.random() < 0.5]}
    else:
        side, patch = draw.choice(((28, 7), (24, 4), (16, 4), (56, 14)))
        large = draw.random() < 0.5
        shapes |= {"vision.hidden_size": width, "vision.num_attention_heads": heads, "vision.num_hidden_layers": depth,
                   "vision.intermediate_size": draw.randrange(20, 80), "vision.image_size": side, "vision.patch_size": patch,
                   "vision.norm_type": "rms_norm" if large else "layer_norm", "vision.use_qk_norm": large,
                   "vision.attention_bias": not large}
    return shapes


def shaped(spec, shapes):
    """The configuration with other shapes."""
    parts = {part: dict(getattr(spec, part)) for part in ("decoder", "vision", "processor")}
    changes = {}
    for key, value in shapes.items():
        part, _, name = key.partition(".")
        if part in parts and name:
            parts[part][name] = value
        elif key in ("dtype", "std"):
            changes[key] = getattr(torch, value) if key == "dtype" else value
        else:
            raise SystemExit(f"--shapes {key}: begins with none of decoder., vision., processor., and is neither dtype nor std")
    return dataclasses.replace(spec, **parts, **changes)


def parse_shapes(words, family, seed):
    shapes = {}
    for word in words:
        if word == "random":
            shapes |= random_shapes(family, seed)
            continue
        key, equals, value = word.partition("=")
        if not equals:
            raise SystemExit(f"--shapes {word}: neither KEY=VALUE nor random")
        try:
            shapes[key] = json.loads(value)
        except json.JSONDecodeError:
            shapes[key] = value
    return shapes


def chosen(arguments):
    if arguments.family is None:
        return CONFIGURATIONS
    specs = []
    for family in FAMILIES if "all" in arguments.family else arguments.family:
        base = next(s for s in CONFIGURATIONS if s.family == family and s.name != "shipped")
        spec = shaped(base, parse_shapes(arguments.shapes, family, arguments.seed))
        specs.append(dataclasses.replace(spec, name=f"{family}-{arguments.seed}", seed=arguments.seed))
    return specs


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].replace("Usage: ", ""))
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "vlm/src/test/resources/goldens")
    parser.add_argument("--family", nargs="+", choices=[*FAMILIES, "all"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shapes", nargs="+", default=[])
    arguments = parser.parse_args()
    if arguments.family is None and arguments.shapes:
        raise SystemExit("--shapes needs --family")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for spec in chosen(arguments):
        attempts, (padding, rounding) = record_configuration(arguments.out, spec, VERSIONS)
        print(f"{spec.name}: {attempts} redrawn; logits moved by padding {padding:.1e}, by the last bit of the weights "
              f"{rounding:.1e}", file=sys.stderr)


if __name__ == "__main__":
    main()
