"""Records what the reference computes for one checkpoint folder; the format is described in make_goldens.py."""
import dataclasses
import json
import random
import re

import torch
from peft import LoraConfig, get_peft_model
from PIL import Image
from safetensors.torch import load_file, save_file

from drawing import flat_picture, picture
from families import FAMILIES, PAD, write_json

GREEDY = 32
TEMPERATURE = 0.7
LEAST_MARGIN = 1e-4  # of the best token over the second: five times what logits may differ by
IMAGE_TOKENS = {508, 509, 510, 511, 516, 517, 518, 519}
MOST_ROUNDING = 8e-6  # change of logits by the last bit of the weights: more says that float32 is too coarse for them
LORA_CASES = ("one-image", "two-images", "text-only")

# (width, height) of the pictures by role.
SIZES = {
    "large": {"square": (84, 84), "landscape": (100, 70), "portrait": (45, 120), "tiny": (20, 30), "huge": (900, 640)},
    "small": {"square": (24, 24), "landscape": (41, 22), "portrait": (15, 50), "tiny": (5, 9), "huge": (640, 480)},
    "tiles": {"square": (30, 30), "landscape": (70, 36), "portrait": (45, 120), "tiny": (9, 5), "huge": (640, 480)},
}
CASES = [
    {"name": "one-image", "text": "Please provide the bounding box coordinates of the region this sentence describes:"
                                  " the large red square.", "images": ["square"]},
    {"name": "two-images", "text": "the object left of the blue circle", "images": ["landscape", "tiny"]},
    {"name": "text-only", "text": " \n Ünïcode \u65e5\u672c e\u0301 it's 12345  \n\n x=\"1\";\t<think>small</think>",
     "images": []},
    {"name": "portrait", "text": "", "images": ["portrait"]},
    {"name": "huge", "text": "the largest", "images": ["huge"], "limits": {"max_pixels": 1 / 4, "max_tiles": 6}},
    {"name": "five-images", "text": "Compare.\n", "images": ["tiny", "square", "tiny", "landscape", "tiny"],
     "limits": {"max_tiles": 3}},
    {"name": "turns", "turns": [["user", ["square"], "What is it?"], ["assistant", [], "<think>red</think>the square"],
                                ["user", [], "and now", ["tiny", "landscape"], "again?"]]},
]
BRANCHES = {"one-image": ["<think>red</think>", "{\"bbox\":[1,2,3,4]}"], "two-images": ["left", "<answer>7", "zz top"],
            "text-only": ["of the<answer>"], "portrait": ["bottommost circle"], "huge": ["large"],
            "five-images": ["right of"], "turns": ["yes", "red</answer>"]}


class Unusable(Exception):
    """A checkpoint that cannot tell implementations apart: two tokens of a greedy continuation nearly tie, or one is
    an image token, or rounding errors are large."""


def write_pictures(folder, group, seed):
    folder.mkdir(parents=True, exist_ok=True)
    prefix = f"{seed}-" if seed else ""
    files = {role: folder / f"{prefix}{group}-{role}.png" for role in SIZES[group]}
    for i, (role, size) in enumerate(SIZES[group].items()):
        draw = flat_picture if role == "huge" else picture
        draw(1000 * seed + i, *size).save(files[role], optimize=True)
    return files


def messages_of(case, files):
    """Conversation of a case; images are paths relative to the checkpoint folder."""
    turns = case.get("turns", [["user", case.get("images", []), case.get("text", "")]])
    messages = []
    for role, *parts in turns:
        content = []
        for part in parts:
            if isinstance(part, str):
                content.append({"type": "text", "text": part})
            else:
                content += [{"type": "image", "image": f"../images/{files[name].name}"} for name in part]
        messages.append({"role": role, "content": content})
    return messages


def images_of(messages):
    return [part["image"] for m in messages for part in m["content"] if part["type"] == "image"]


def limits_of(case, family, settings):
    """Limits of the run on top of the processor's: a share of its own maximum."""
    limits = case.get("limits", {})
    if family.startswith("qwen"):
        return {"max_pixels": int(limits["max_pixels"] * min(settings["max_pixels"], 200704))} if "max_pixels" in limits else {}
    return {"max_tiles": limits["max_tiles"]} if "max_tiles" in limits else {}


def append(inputs, tokens):
    ids = torch.cat([inputs["input_ids"], torch.tensor([tokens])], 1)
    return {**inputs, "input_ids": ids, "attention_mask": torch.ones_like(ids)}


def generate(model, inputs):
    ids = model.generate(**inputs, max_new_tokens=GREEDY, min_new_tokens=GREEDY, do_sample=False, eos_token_id=None,
                         pad_token_id=PAD)
    return ids[:, inputs["input_ids"].shape[1]:]


def greedy(model, inputs):
    """Greedy continuation, checked against a run without cache."""
    tokens = generate(model, inputs)[0].tolist()
    if set(tokens) & IMAGE_TOKENS:
        raise Unusable
    logits = model(**append(inputs, tokens)).logits[0, inputs["input_ids"].shape[1] - 1:-1]
    top = logits.topk(2).values
    if (top[:, 0] - top[:, 1]).min() < LEAST_MARGIN:
        raise Unusable
    assert logits.argmax(-1).tolist() == tokens, "generation with and without cache differ"
    return tokens


def log_probs(model, inputs, tokens, temperature=1.0):
    """log-probs [C] of a continuation, and the logits that gave them [C, V], both float32"""
    length = inputs["input_ids"].shape[1]
    logits = model(**append(inputs, tokens)).logits[0, length - 1:-1].float() / temperature
    return logits.log_softmax(-1).gather(1, torch.tensor(tokens)[:, None])[:, 0], logits


def record_cases(family, model, processor, files, settings, reference):
    records, encoded = [], {}
    for case in CASES:
        name = case["name"]
        messages = messages_of(case, files)
        plain = [{"role": m["role"], "content": [{k: v for k, v in p.items() if k != "image"} for p in m["content"]]}
                 for m in messages]
        paths = images_of(messages)
        pictures = [Image.open(files[next(r for r in files if files[r].name == p.split("/")[-1])]).convert("RGB") for p in paths]
        limits = limits_of(case, settings["model_type"], settings)
        rendered, inputs, grids, levels = family.encode(processor, plain, pictures, limits)
        encoded[name] = inputs
        positions, following = family.positions(model, inputs)
        branch = processor.tokenizer.encode(BRANCHES[name][0])
        with torch.no_grad():
            reference[name + ".logits"] = model(**append(inputs, branch)).logits[0, inputs["input_ids"].shape[1] - 1:].contiguous()
            tokens = greedy(model, inputs)
            features = family.features(model, inputs, grids) if pictures else []
        for i, (part, values) in enumerate(zip(features, levels)):
            reference[f"{name}.pixels.{i}"], reference[f"{name}.features.{i}"] = values, part.contiguous()
        record = {"name": name, "messages": messages}
        if "turns" not in case:  # one question: pictures, then text
            record |= {"text": case["text"], "images": paths}
        records.append(record | {
            "limits": limits, "rendered": rendered, "grids": grids, "token_ids": inputs["input_ids"][0].tolist(),
            "positions": positions, "next_position": following, "branch": branch, "greedy": tokens,
            "decoded": processor.tokenizer.decode(tokens, skip_special_tokens=True)})
    return records, encoded


def check_padding(family, model, encoded, records, reference):
    """All cases as one left-padded batch give what each one gives alone."""
    rows = list(encoded.values())
    longest = max(row["input_ids"].shape[1] for row in rows)
    ids = torch.full((len(rows), longest), PAD)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        n = row["input_ids"].shape[1]
        ids[i, longest - n:], mask[i, longest - n:] = row["input_ids"][0], 1
    inputs = {"input_ids": ids, "attention_mask": mask, **family.batch(rows)}
    with torch.no_grad():
        logits = model(**inputs, **family.padded_positions(mask)).logits[:, -1]
        tokens = generate(model, inputs)
    worst = 0.0
    for i, record in enumerate(records):
        worst = max(worst, (logits[i] - reference[record["name"] + ".logits"][0]).abs().max().item())
        assert record["greedy"] == tokens[i].tolist(), "padding changed the greedy tokens"
    assert worst < 1e-5, f"padding changed the logits by {worst}"
    return worst


@torch.no_grad()
def last_bit(model, encoded, rows, reference, suffix=".logits"):
    """How far the last bits of the weights move recorded logits: what implementations may differ by for rounding alone."""
    kept, worst = [value.data for value in model.parameters()], 0.0
    torch.manual_seed(0)
    for _ in range(2):
        for value, exact in zip(model.parameters(), kept):
            value.data = (exact.double() * (1 + 2.0 ** -24 * torch.randn(exact.shape, dtype=torch.float64))).float()
        for name, branch in rows:
            inputs = encoded[name]
            moved = model(**append(inputs, branch)).logits[0, inputs["input_ids"].shape[1] - 1:]
            worst = max(worst, (moved - reference[name + suffix]).abs().max().item())
    for value, exact in zip(model.parameters(), kept):
        value.data = exact
    if worst > MOST_ROUNDING:
        raise Unusable
    return worst


def masked_loss(model, encoded, rows):
    """-(sum of the log-probs of branch tokens, first token of every branch left out) / (their number)"""
    total, count, values = 0.0, 0, []
    for row in rows:
        row_log_probs, logits = log_probs(model, encoded[row["case"]], row["tokens"])
        total, count = total - row_log_probs[1:].sum(), count + len(row["tokens"]) - 1
        values.append((row_log_probs.detach(), logits.detach()))
    return total / count, count, values


def record_loss(family, model, tokenizer, encoded, wanted, reference):
    rows = [{"case": name, "text": text, "tokens": tokenizer.encode(text)} for name, texts in BRANCHES.items() for text in texts]
    model.zero_grad()
    loss, count, values = masked_loss(model, encoded, rows)
    loss.backward()
    for i, (row_log_probs, logits) in enumerate(values):
        target = torch.tensor(rows[i]["tokens"])[:, None]
        reference[f"loss.log_probs.{i}"] = row_log_probs
        reference[f"loss.log_probs_t.{i}"] = (logits / TEMPERATURE).log_softmax(-1).gather(1, target)[:, 0]
        p = logits.softmax(-1)
        reference[f"loss.entropies.{i}"] = -(p * p.log()).sum(-1)
    gradients = family.gradients(model)
    spare = sorted(k for k, v in gradients.items() if k not in wanted and v.numel() < 20000)
    wanted = [k for k in wanted if k in gradients]  # other shapes may lack one
    wanted += random.Random(len(spare)).sample(spare, 3 - len(wanted))
    for key in wanted:
        reference["loss.grad." + key] = gradients[key].contiguous()
    return {"rows": rows, "temperature": TEMPERATURE, "counted_tokens": count, "loss": loss.item(), "full_gradients": wanted,
            "gradient_norms": {k: v.double().norm().item() for k, v in sorted(gradients.items())}}


@torch.no_grad()
def record_bfloat16(family, folder, encoded, records, reference):
    """Log-probs of a branch followed by the greedy tokens: float32 on the file's weights, float32 on those rounded to
    bfloat16, and bfloat16."""
    exact, rounded, half = family.load(folder), family.load(folder), family.load(folder, torch.bfloat16)
    for value in rounded.parameters():
        value.data = value.data.bfloat16().float()
    errors = []
    for record in records:
        name, tokens = record["name"], record["branch"] + record["greedy"]
        of = {kind: log_probs(model, encoded[name], tokens)[0].contiguous()
              for kind, model in (("float32", exact), ("rounded", rounded), ("bfloat16", half))}
        for kind, values in of.items():
            reference[f"{name}.probe.{kind}"] = values
        errors.append((of["bfloat16"] - of["rounded"]).abs())
    errors = torch.cat(errors)
    return {"tokens": len(errors), "mean_error": errors.mean().item(), "max_error": errors.max().item()}


def record_lora(family, folder, spec, encoded, records, reference):
    """A PEFT adapter with random A and B, saved beside the checkpoint in `adapter/`."""
    if family.label is not None:
        return None
    model = family.load(folder)
    if model.config.get_text_config().tie_word_embeddings:
        targets = r".*language_model.*\.(q_proj|v_proj|down_proj)"
    else:  # every linear layer outside the vision tower
        targets = [name for name, module in model.named_modules()
                   if isinstance(module, torch.nn.Linear) and not name.startswith(family.vision_part)]
    settings = LoraConfig(r=4, lora_alpha=10, lora_dropout=0.05, target_modules=targets, bias="none", task_type="CAUSAL_LM")
    adapted = get_peft_model(model, settings).eval()
    torch.manual_seed(spec.seed + 4711)
    for name, value in adapted.named_parameters():
        if "lora_" in name:
            value.data = 0.1 * torch.randn(value.shape)
    adapter = folder / "adapter"
    adapted.save_pretrained(adapter, save_embedding_layers=False)
    (adapter / "README.md").unlink()
    file = adapter / "adapter_model.safetensors"
    save_file({family.adapter_name(k): v for k, v in load_file(file).items()}, file, metadata={"format": "pt"})
    config = json.loads((adapter / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = None
    if isinstance(targets, list):
        config["target_modules"] = sorted(family.adapter_module(name) for name in targets)
    write_json(adapter / "adapter_config.json", config)

    rows = []
    for record in (r for r in records if r["name"] in LORA_CASES):
        name, tokens = record["name"], record["branch"]
        rows.append({"case": name, "tokens": tokens})
        with torch.no_grad():
            length = encoded[name]["input_ids"].shape[1]
            reference[name + ".lora.logits"] = adapted(**append(encoded[name], tokens)).logits[0, length - 1:].contiguous()
    rounding = last_bit(adapted, encoded, [(row["case"], row["tokens"]) for row in rows], reference, ".lora.logits")
    adapted.zero_grad()
    loss, count, _ = masked_loss(adapted, encoded, rows)
    loss.backward()
    norms = {family.adapter_name(re.sub(r"\.default", "", k)): v.grad.double().norm().item()
             for k, v in adapted.named_parameters() if v.grad is not None}
    return {"folder": "adapter", "rank": 4, "alpha": 10, "rows": rows, "loss": loss.item(), "counted_tokens": count,
            "moved_by_last_bit": rounding, "gradient_norms": dict(sorted(norms.items()))}


def record_configuration(out, spec, versions):
    """Draws checkpoints until one is usable. Returns how many were not, and what padding and rounding changed."""
    folder, family = out / spec.name, FAMILIES[spec.family]
    files = write_pictures(out / "images", spec.pictures, spec.seed)
    for attempt in range(20):
        try:
            return attempt, record_checkpoint(folder, family, spec, files, attempt, versions)
        except Unusable:
            continue
    raise SystemExit(f"{spec.name}: 20 checkpoints in a row were unusable; take another --seed or a larger deviation")


def record_checkpoint(folder, family, spec, files, attempt, versions):
    for file in sorted(folder.rglob("*"), reverse=True) if folder.exists() else ():
        file.rmdir() if file.is_dir() else file.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    # Smaller weights magnify rounding errors less.
    spec = dataclasses.replace(spec, std=spec.std * 0.94 ** attempt)
    family.write(folder, spec, sum(map(ord, spec.name)) + 7919 * spec.seed + 100003 * attempt)
    model, processor = family.load(folder), family.processor(folder)
    settings = {"model_type": spec.family, **json.loads((folder / "preprocessor_config.json").read_text())}
    if "size" in settings and isinstance(settings["size"], dict):
        settings["max_pixels"] = settings["size"].get("longest_edge")
    reference = {}
    records, encoded = record_cases(family, model, processor, files, settings, reference)
    padding = check_padding(family, model, encoded, records, reference)
    rounding = last_bit(model, encoded, [(record["name"], record["branch"]) for record in records], reference)
    loss = record_loss(family, model, processor.tokenizer, encoded, spec.gradients, reference)
    lora = record_lora(family, folder, spec, encoded, records, reference)
    halves = record_bfloat16(family, folder, encoded, records, reference)
    write_json(folder / "cases.json", {
        "format": "sampo-goldens-2", "family": spec.family.split("-")[0], "name": spec.name, "seed": spec.seed,
        "reference": family.label or f"Transformers {versions['transformers']}", "versions": versions,
        "moved_by_padding": padding, "moved_by_last_bit": rounding, "redrawn": attempt,
        "image_mean": settings["image_mean"], "image_std": settings["image_std"], "cases": records, "loss": loss,
        "bfloat16": halves, **({"lora": lora} if lora else {})})
    save_file(reference, folder / "reference.safetensors")
    return padding, rounding
