#!/usr/bin/env python3
"""Checks that Transformers computes with saved checkpoints exactly what it computes with those they came from.

Usage: check_saved.py GOLDENS SAVED

  GOLDENS  a folder of recorded folders (make_goldens.py), or one of them
  SAVED    what `SAMPO_SAVE=SAVED tests/check-parity GOLDENS` saved: a folder of the same name with weights for each

Loads each saved folder with the reference (Transformers, or for the OpenGVLab layout the same model under its native
names), beside the other files of the recorded one, and runs all its cases: every logit must be identical. One line per
folder, exit status 1 if any differs.
"""
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1", TRANSFORMERS_VERBOSITY="error")

import torch
from PIL import Image

from families import FAMILIES
from recording import append, images_of


def family_of(folder):
    config = json.loads((folder / "config.json").read_text())
    internlm2 = config.get("llm_config", {}).get("model_type") == "internlm2"
    return FAMILIES[config["model_type"] + ("-internlm2" if internlm2 else "")]


@torch.no_grad()
def logits(family, folder, recorded):
    model, processor = family.load(folder), family.processor(folder)
    for case in json.loads((recorded / "cases.json").read_text())["cases"]:
        plain = [{"role": m["role"], "content": [{k: v for k, v in p.items() if k != "image"} for p in m["content"]]}
                 for m in case["messages"]]
        pictures = [Image.open(recorded / path).convert("RGB") for path in images_of(case["messages"])]
        _, inputs, *_ = family.encode(processor, plain, pictures, case["limits"])
        yield model(**append(inputs, case["branch"] + case["greedy"])).logits


def check(recorded, saved):
    family = family_of(recorded)
    with tempfile.TemporaryDirectory() as joined:
        joined = Path(joined)
        for source in (recorded, saved):
            for file in source.iterdir():
                if file.is_file() and not (source == recorded and file.suffix == ".safetensors"):
                    shutil.copy(file, joined)
        return all(torch.equal(ours, theirs) for ours, theirs in
                   zip(logits(family, joined, recorded), logits(family, recorded, recorded), strict=True))


def main(goldens, saved):
    torch.set_num_threads(1)
    folders = sorted(file.parent for file in goldens.rglob("reference.safetensors"))
    if not folders:
        raise SystemExit(f"{goldens}: no recorded folder in it or below it")
    failed = 0
    for folder in folders:
        if not (saved / folder.name).is_dir():
            raise SystemExit(f"{saved / folder.name}: no such folder")
        identical = check(folder, saved / folder.name)
        print("ok" if identical else "miss", folder.name, "logits-of-saved", "identical" if identical else "different")
        failed += not identical
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__.split("\n\n")[1])
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
