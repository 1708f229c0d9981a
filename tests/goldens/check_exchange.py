#!/usr/bin/env python3
"""Reads with Transformers and PEFT what this project wrote, and compares.

Usage: check_exchange.py MODEL OUT      after dev.sampo.vlm.lora.AdapterExchange MODEL OUT, of the tests of module vlm

MODEL is a recorded Qwen folder with an `adapter/`. One line per check; exits with 1 if one is missed.
"""
import json
import os
import sys
import warnings
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1", TRANSFORMERS_VERBOSITY="error")
warnings.filterwarnings("ignore")

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText

TOKENS = 24
misses = 0


def report(what, measured, bound):
    global misses
    ok = measured <= bound
    misses += not ok
    print("ok" if ok else "miss", what, f"{measured:.3g}", f"{bound:.3g}")


def load(folder, dtype=torch.float32):
    model, info = AutoModelForImageTextToText.from_pretrained(folder, dtype=dtype, attn_implementation="eager",
                                                              output_loading_info=True)
    for key in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        report(f"{folder.name} {key}", len(info[key]), 0)
    return model.eval()


def logits(model):
    vocabulary = model.get_input_embeddings().num_embeddings
    ids = torch.randint(0, min(vocabulary, 500), (2, TOKENS), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return model(input_ids=ids).logits


def largest(a, b):
    return (a.double() - b.double()).abs().max().item()


def check_files(model, out):
    expected = load(model)
    for name, dtype in (("files-FLOAT32", torch.float32), ("files-BFLOAT16", torch.bfloat16)):
        folder = out / name
        index = json.loads((folder / "model.safetensors.index.json").read_text())
        files = sorted(folder.glob("*.safetensors"))
        stored = {k: v for file in files for k, v in load_file(file).items()}
        report(f"{name} files missing from the index", len({f.name for f in files} ^ set(index["weight_map"].values())), 0)
        report(f"{name} bytes missing from the index",
               abs(index["metadata"]["total_size"] - sum(v.nbytes for v in stored.values())), 0)
        report(f"{name} tensors of another type", sum(v.dtype != dtype for v in stored.values()), 0)
        actual = load(folder, dtype)
        wanted = load(model, dtype)
        differing = sum(not torch.equal(v, actual.state_dict()[k]) for k, v in wanted.state_dict().items())
        report(f"{name} parameters that differ", differing, 0)
        if dtype == torch.float32:
            report(f"{name} logits", largest(logits(actual), logits(expected)), 0)


def check_adapter(model, folder, reference=None):
    name = folder.name
    adapted = PeftModel.from_pretrained(load(model), folder / "adapter").eval()
    names = {k.replace(".default", "") for k in adapted.state_dict() if "lora_" in k}
    report(f"{name} adapter names", len(names ^ set(load_file(folder / "adapter" / "adapter_model.safetensors"))), 0)
    ours = logits(adapted)
    report(f"{name} adapter without effect", float(largest(ours, logits(load(model))) < 0.01), 0)
    # In float64, where adding an adapter and merging it differ by the rounding of merged weights alone.
    exact = PeftModel.from_pretrained(load(model), folder / "adapter").to(torch.float64).eval()
    report(f"{name} merged logits", largest(logits(load(folder / "merged", torch.float64)), logits(exact)), 2e-5)
    if reference:
        theirs = PeftModel.from_pretrained(load(model), reference).eval()
        report(f"{name} adapter logits", largest(ours, logits(theirs)), 0)
    if any(k.startswith("base_model.model.lm_head") for k in names) and adapted.config.tie_word_embeddings:
        return  # PEFT merges a tied head into the embedding too, which is not what its adapter computes
    merged = adapted.merge_and_unload().state_dict()
    actual = load(folder / "merged").state_dict()
    report(f"{name} merged weights", max(largest(v, actual[k]) for k, v in merged.items()), 1e-6)


def main():
    model, out = Path(sys.argv[1]), Path(sys.argv[2])
    check_files(model, out)
    check_adapter(model, out / "default")
    check_adapter(model, out / "some")
    check_adapter(model, out / "stored", model / "adapter")
    sys.exit(misses > 0)


main()
