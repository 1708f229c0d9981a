"""InternVL in the original OpenGVLab layout: names, config.json, prompts and tiles.

The tensors are those of the native layout under other names (queries, keys and values of the vision tower in one
matrix); `to_published` renames and `to_native` takes it back. Prompts and tiles are transcribed from the published
description, because Transformers has no code for this layout; tiles are checked against its InternVL processor.
"""
import re

import torch
from PIL import Image

import internlm2

SYSTEM = "你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位联合开发的多模态大语言模型。"
# As in the published tokenizer_config.json files: content is a string, and there is a default system message.
CHAT_TEMPLATE = (
    "{%- if messages[0]['role'] == 'system' %}{{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}"
    "{%- else %}{{- '<|im_start|>system\nAnswer the user.<|im_end|>\n' }}{%- endif %}"
    "{%- for message in messages %}{%- if (message.role == 'user') or (message.role == 'system' and not loop.first)"
    " or (message.role == 'assistant') %}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}"
    "{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}")

# published prefix, native prefix; {} is the number of a layer
PREFIXES = [
    ("vision_model.embeddings.class_embedding", "vision_tower.embeddings.cls_token"),
    ("vision_model.embeddings.position_embedding", "vision_tower.embeddings.position_embeddings"),
    ("vision_model.embeddings.patch_embedding.", "vision_tower.embeddings.patch_embeddings.projection."),
    ("vision_model.encoder.layers.{}.attn.proj.", "vision_tower.encoder.layer.{}.attention.projection_layer."),
    ("vision_model.encoder.layers.{}.attn.q_norm.", "vision_tower.encoder.layer.{}.attention.q_norm."),
    ("vision_model.encoder.layers.{}.attn.k_norm.", "vision_tower.encoder.layer.{}.attention.k_norm."),
    ("vision_model.encoder.layers.{}.norm1.", "vision_tower.encoder.layer.{}.layernorm_before."),
    ("vision_model.encoder.layers.{}.norm2.", "vision_tower.encoder.layer.{}.layernorm_after."),
    ("vision_model.encoder.layers.{}.mlp.", "vision_tower.encoder.layer.{}.mlp."),
    ("vision_model.encoder.layers.{}.ls1", "vision_tower.encoder.layer.{}.lambda_1"),
    ("vision_model.encoder.layers.{}.ls2", "vision_tower.encoder.layer.{}.lambda_2"),
    ("mlp1.0.", "multi_modal_projector.layer_norm."),
    ("mlp1.1.", "multi_modal_projector.linear_1."),
    ("mlp1.3.", "multi_modal_projector.linear_2."),
    ("language_model.", "language_model."),
]
QKV = re.compile(r"vision_model\.encoder\.layers\.(\d+)\.attn\.qkv\.(\w+)$")
NATIVE_QKV = re.compile(r"vision_tower\.encoder\.layer\.(\d+)\.attention\.([qkv])_proj\.(\w+)$")


def renamed(name, prefixes):
    for old, new in prefixes:
        match = re.match(re.escape(old).replace(r"\{\}", r"(\d+)"), name)
        if match:
            return new.format(*match.groups()) + name[match.end():]
    raise ValueError(f"{name} begins with none of {[old for old, _ in prefixes]}")


def native_name(name):
    return renamed(name, PREFIXES)


def published_name(name):
    return renamed(name, [(new, old) for old, new in PREFIXES])


def to_published(native):
    result = {}
    for name, tensor in native.items():
        match = NATIVE_QKV.match(name)
        if match is None:
            result[published_name(name)] = tensor
        elif match[2] == "q":
            parts = [native[f"vision_tower.encoder.layer.{match[1]}.attention.{part}_proj.{match[3]}"] for part in "qkv"]
            result[f"vision_model.encoder.layers.{match[1]}.attn.qkv.{match[3]}"] = torch.cat(parts)
    return result


def to_native(published, llm=None):
    """llm: the llm_config of an InternLM2 checkpoint, whose decoder then gets Llama names."""
    result = {}
    for name, tensor in published.items():
        match = QKV.match(name)
        if match is None:
            result[native_name(name)] = tensor
        else:
            for part, rows in zip("qkv", tensor.chunk(3)):
                result[f"vision_tower.encoder.layer.{match[1]}.attention.{part}_proj.{match[2]}"] = rows
    if llm is not None:
        result = internlm2.as_llama(result, llm["num_attention_heads"], llm["num_key_value_heads"])
    return result


def config_json(vision, llm, architecture, dtype, template):
    """config.json with the keys that published ones have and that say something about the model."""
    side = vision["image_size"]
    return {
        "architectures": ["InternVLChatModel"],
        "auto_map": {"AutoConfig": "configuration_internvl_chat.InternVLChatConfig",
                     "AutoModel": "modeling_internvl_chat.InternVLChatModel",
                     "AutoModelForCausalLM": "modeling_internvl_chat.InternVLChatModel"},
        "downsample_ratio": 0.5, "dynamic_image_size": True, "force_image_size": side,
        "llm_config": {"architectures": [architecture], **llm, "torch_dtype": dtype},
        "max_dynamic_patch": 12, "min_dynamic_patch": 1, "model_type": "internvl_chat", "pad2square": False,
        "ps_version": "v2", "select_layer": -1, **({"template": template} if template else {}), "torch_dtype": dtype,
        "use_backbone_lora": 0, "use_llm_lora": 0, "use_thumbnail": True,
        "vision_config": {
            "architectures": ["InternVisionModel"], "attention_dropout": 0.0, "drop_path_rate": 0.0, "dropout": 0.0,
            "hidden_act": vision["hidden_act"], "hidden_size": vision["hidden_size"], "image_size": side,
            "initializer_factor": 0.1, "initializer_range": 1e-10, "intermediate_size": vision["intermediate_size"],
            "layer_norm_eps": vision["layer_norm_eps"], "model_type": "intern_vit_6b", "norm_type": vision["norm_type"],
            "num_attention_heads": vision["num_attention_heads"], "num_channels": 3,
            "num_hidden_layers": vision["num_hidden_layers"], "patch_size": vision["patch_size"],
            "qk_normalization": vision["use_qk_norm"], "qkv_bias": vision["attention_bias"], "torch_dtype": dtype,
            "use_flash_attn": False}}


def preprocessor_json(side):
    return {"crop_size": side, "do_center_crop": True, "do_normalize": True, "do_resize": True,
            "feature_extractor_type": "CLIPFeatureExtractor", "image_mean": [0.485, 0.456, 0.406],
            "image_std": [0.229, 0.224, 0.225], "resample": 3, "size": side}


def as_strings(messages):
    """Messages with their content as one string, each image a line `<image>`."""
    return [{"role": m["role"],
             "content": "".join("<image>\n" if part["type"] == "image" else part["text"] for part in m["content"])}
            for m in messages]


def render(tokenizer, messages, template):
    """The prompt before images are expanded: by the conversation `internvl2_5`, or by the checkpoint's template."""
    messages = as_strings(messages)
    if template is None:
        return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert template == "internvl2_5"
    turns = "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in messages)
    return f"<|im_start|>system\n{SYSTEM}<|im_end|>\n{turns}<|im_start|>assistant\n"


def tiles(image, side, most, least=1):
    """Tiles row by row, and a thumbnail when there are several."""
    ratio = image.width / image.height
    grids = sorted(((c, r) for c in range(1, most + 1) for r in range(1, most + 1) if least <= c * r <= most),
                   key=lambda grid: grid[0] * grid[1])
    best, distance = (1, 1), float("inf")
    for columns, rows in grids:
        difference = abs(ratio - columns / rows)
        large_enough = image.width * image.height > 0.5 * side * side * columns * rows
        if difference < distance or (difference == distance and large_enough):
            best, distance = (columns, rows), min(difference, distance)
    columns, rows = best
    resized = image.resize((columns * side, rows * side), Image.BICUBIC)
    result = [resized.crop((c * side, r * side, (c + 1) * side, (r + 1) * side))
              for r in range(rows) for c in range(columns)]
    return result + ([image.resize((side, side), Image.BICUBIC)] if len(result) > 1 else [])
