"""Small random checkpoints of every family and layout, as their publishers lay them out.

A `Family` knows how to write a checkpoint folder from shapes, how Transformers loads it, and how its prompts and
pictures are processed. `CONFIGURATIONS` are the committed ones.
"""
import copy
import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import (GotOcr2ImageProcessor, InternVLConfig, InternVLForConditionalGeneration, InternVLProcessor,
                          InternVLVideoProcessor, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor,
                          Qwen2TokenizerFast, Qwen2VLConfig, Qwen2VLForConditionalGeneration, Qwen2VLImageProcessor,
                          Qwen2VLProcessor, Qwen2VLVideoProcessor)

import internlm2
import opengvlab

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "models" / "tiny-rec"
PAD, END = 505, 507
INTERNVL_TOKENS = ["<img>", "</img>", "<IMG_CONTEXT>", "<video>"]  # ids 516 to 519
INTERNVL_TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n'}}{% if message['content'] is string %}"
    "{{ message['content'] }}{% else %}{% for content in message['content'] %}{% if content['type'] == 'image' %}"
    "{{ '<IMG_CONTEXT>\n' }}{% elif content['type'] == 'video' %}{{ '<video>\n' }}{% elif content['type'] == 'text' %}"
    "{{ content['text'] }}{% endif %}{% endfor %}{% endif %}{{'<|im_end|>\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{'<|im_start|>assistant\n' }}{% endif %}")


def write_json(path, value):
    text = json.dumps(value, ensure_ascii=False, indent=1)
    # Lists of plain numbers on one line.
    text = re.sub(r"\[\s+([-\d.e,\s]+?)\s+\]", lambda m: "[" + re.sub(r",\s+", ", ", m[1]) + "]", text)
    path.write_text(text + "\n", encoding="utf-8")


@dataclass
class Spec:
    """What a configuration differs in; `decoder`, `vision` and `processor` change the family's own defaults."""
    name: str
    family: str
    pictures: str  # a group of picture sizes
    decoder: dict = field(default_factory=dict)
    vision: dict = field(default_factory=dict)
    processor: dict = field(default_factory=dict)
    dtype: torch.dtype = torch.bfloat16
    std: float = 0.25
    seed: int = 0
    options: dict = field(default_factory=dict)
    gradients: list = field(default_factory=list)


def copy_tokenizer(folder, extra_tokens=(), template=None, template_in_tokenizer=False, extra=None):
    for file in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        shutil.copy(TINY / file, folder)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    config = json.loads((folder / "tokenizer_config.json").read_text())
    for i, text in enumerate(extra_tokens):
        token = {"content": text, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
        tokenizer["added_tokens"].append({"id": 516 + i, **token})
        config["added_tokens_decoder"][str(516 + i)] = token
    if extra_tokens:
        config.pop("chat_template")
        config["additional_special_tokens"] += [t for t in extra_tokens]
        config.update(extra or {})
        if template_in_tokenizer:
            config["chat_template"] = template
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False) + "\n", encoding="utf-8")
        write_json(folder / "tokenizer_config.json", config)
    if not template_in_tokenizer:
        (folder / "chat_template.jinja").write_text(template)


def draw_weights(model, spec, salt):
    """Random values for every parameter, rounded to the dtype of the file; norms around 1. Rows of more than 32 values
    are drawn smaller, so that wide layers do not magnify rounding errors."""
    torch.manual_seed(salt)
    for name, value in model.named_parameters():
        deviation = spec.std * (32 / max(32, value[0].numel())) ** 0.5
        mean = 1.0 if ("norm" in name or "ln_q" in name) and name.endswith("weight") else 0.5 if "lambda_" in name else 0.0
        value.data = (mean + deviation * torch.randn(value.shape)).to(spec.dtype).float()


class QwenVl:
    """Qwen2-VL and Qwen2.5-VL: `visual.` and `model.` on disk."""
    label = None
    vision_part = "model.visual."

    def __init__(self, kind):
        self.kind = kind
        self.model_class, self.config_class, self.processor_class = {
            "qwen2_vl": (Qwen2VLForConditionalGeneration, Qwen2VLConfig, Qwen2VLProcessor),
            "qwen2_5_vl": (Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLConfig, Qwen2_5_VLProcessor)}[kind]

    def write(self, folder, spec, salt):
        copy_tokenizer(folder, template=(TINY / "chat_template.jinja").read_text())
        config = json.loads((TINY / "config.json").read_text())
        if self.kind == "qwen2_vl":
            config.update(architectures=["Qwen2VLForConditionalGeneration"], model_type="qwen2_vl")
            config["vision_config"] = {"depth": 3, "embed_dim": 32, "hidden_size": spec.decoder["hidden_size"], "mlp_ratio": 2,
                                       "num_heads": 2, "in_chans": 3, "hidden_act": "quick_gelu", "patch_size": 4,
                                       "spatial_merge_size": 2, "spatial_patch_size": 4, "temporal_patch_size": 2}
        config.update(spec.decoder)
        config["vision_config"].update(spec.vision)
        processor = json.loads((TINY / "preprocessor_config.json").read_text())
        processor.update(spec.processor)
        processor["processor_class"] = self.processor_class.__name__
        if spec.options.get("nested"):  # the layout that current releases of Transformers write
            config = self.config_class(**config).to_dict()
            processor["size"] = {"shortest_edge": processor.pop("min_pixels"), "longest_edge": processor.pop("max_pixels")}
        write_json(folder / "config.json", config)
        write_json(folder / "preprocessor_config.json", processor)
        model = self.model_class(self.config_class.from_pretrained(folder))
        draw_weights(model, spec, salt)
        tensors = {self.disk_name(k): v.data.to(spec.dtype).contiguous() for k, v in model.named_parameters()}
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

    @staticmethod
    def disk_name(name):
        return name.replace("model.visual.", "visual.").replace("model.language_model.", "model.")

    def load(self, folder, dtype=torch.float32):
        return self.model_class.from_pretrained(folder, dtype=dtype, attn_implementation="eager").eval()

    def processor(self, folder):
        images = Qwen2VLImageProcessor.from_pretrained(folder)
        settings = json.loads((folder / "preprocessor_config.json").read_text())
        if "size" in settings:  # this release reads pixel bounds from their older names only
            images.min_pixels, images.max_pixels = settings["size"]["shortest_edge"], settings["size"]["longest_edge"]
        return self.processor_class(images, Qwen2TokenizerFast.from_pretrained(folder),
                                    Qwen2VLVideoProcessor.from_pretrained(folder),
                                    chat_template=(folder / "chat_template.jinja").read_text())

    def encode(self, processor, messages, pictures, limits):
        """-> rendered text, model inputs, grids [t, h, w] and levels of every image"""
        rendered = processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        images = processor.image_processor
        kept = images.min_pixels, images.max_pixels
        images.min_pixels, images.max_pixels = limits.get("min_pixels", kept[0]), limits.get("max_pixels", kept[1])
        inputs = processor(text=[rendered], images=pictures or None, return_tensors="pt")
        images.min_pixels, images.max_pixels = kept
        inputs = dict(inputs)
        grids = inputs["image_grid_thw"].tolist() if pictures else []
        levels = []
        for patches in (inputs["pixel_values"].split([t * h * w for t, h, w in grids]) if pictures else []):
            frames = patches.view(len(patches), 3, 2, images.patch_size, images.patch_size)
            assert frames[:, :, 0].equal(frames[:, :, 1])
            levels.append(as_levels(frames[:, :, 0], images.image_mean, images.image_std))
        return rendered, inputs, grids, levels

    def positions(self, model, inputs):
        positions, delta = model.model.get_rope_index(inputs["input_ids"], inputs.get("image_grid_thw"))
        return positions[:, 0].tolist(), inputs["input_ids"].shape[1] + int(delta[0, 0])

    def features(self, model, inputs, grids):
        return list(model.model.get_image_features(inputs["pixel_values"], inputs["image_grid_thw"]))

    def batch(self, rows):
        images = [row for row in rows if "pixel_values" in row]
        return {"pixel_values": torch.cat([row["pixel_values"] for row in images]),
                "image_grid_thw": torch.cat([row["image_grid_thw"] for row in images])}

    def gradients(self, model):
        return {self.disk_name(k): v.grad for k, v in model.named_parameters()}

    @staticmethod
    def padded_positions(mask):
        return {}  # the model makes them from the mask

    adapter_name = adapter_module = staticmethod(lambda name: name)


class InternVl:
    """The native layout of Transformers with a Qwen2 decoder."""
    label = None
    vision_part = "model.vision_tower."
    decoder = {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "vocab_size": 528, "hidden_size": 32,
               "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
               "hidden_act": "silu", "rms_norm_eps": 1e-6, "rope_theta": 1000000.0, "max_position_embeddings": 2048,
               "rope_scaling": {"factor": 2.0, "rope_type": "dynamic", "type": "dynamic"}, "use_sliding_window": False,
               "sliding_window": None, "max_window_layers": 2, "bos_token_id": PAD, "eos_token_id": END,
               "tie_word_embeddings": False, "attention_dropout": 0.0, "initializer_range": 0.02, "use_cache": True}
    vision = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48,
              "hidden_act": "gelu", "norm_type": "layer_norm", "layer_norm_eps": 1e-6, "use_qk_norm": False,
              "attention_bias": True, "use_mean_pooling": True, "image_size": 28, "patch_size": 7}

    def shapes(self, spec):
        decoder = copy.deepcopy(self.decoder) | spec.decoder
        return decoder, copy.deepcopy(self.vision) | spec.vision

    def native_config(self, decoder, vision):
        vision = vision | {"image_size": [vision["image_size"]] * 2, "patch_size": [vision["patch_size"]] * 2}
        per_tile = (vision["image_size"][0] // vision["patch_size"][0]) ** 2 // 4
        return InternVLConfig(text_config=decoder, vision_config=vision, image_token_id=518, image_seq_length=per_tile,
                              downsample_ratio=0.5, architectures=["InternVLForConditionalGeneration"],
                              tie_word_embeddings=decoder["tie_word_embeddings"])

    def write(self, folder, spec, salt):
        decoder, vision = self.shapes(spec)
        config = self.native_config(decoder, vision)
        names = dict(zip(("start_image_token", "end_image_token", "context_image_token", "video_token"), INTERNVL_TOKENS))
        copy_tokenizer(folder, INTERNVL_TOKENS, INTERNVL_TEMPLATE, extra={**names, "extra_special_tokens": names})
        side = vision["image_size"]
        write_json(folder / "preprocessor_config.json", {
            "crop_to_patches": False, "data_format": "channels_first", "do_convert_rgb": True, "do_normalize": True,
            "do_rescale": True, "do_resize": True, "image_mean": [0.485, 0.456, 0.406],
            "image_processor_type": "GotOcr2ImageProcessorFast", "image_std": [0.229, 0.224, 0.225], "max_patches": 12,
            "min_patches": 1, "processor_class": "InternVLProcessor", "resample": 3, "rescale_factor": 1 / 255,
            "size": {"height": side, "width": side}} | spec.processor)
        write_json(folder / "processor_config.json",
                   {"image_seq_length": config.image_seq_length, "processor_class": "InternVLProcessor"})
        if spec.options.get("nested"):
            write_json(folder / "config.json", config.to_dict())
        else:
            config.save_pretrained(folder)
        model = InternVLForConditionalGeneration(config)
        draw_weights(model, spec, salt)
        tensors = {self.disk_name(k): v.data.to(spec.dtype).contiguous() for k, v in model.named_parameters()}
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

    @staticmethod
    def disk_name(name):
        for old, new in (("model.language_model.", "language_model.model."), ("model.vision_tower.", "vision_tower."),
                         ("model.multi_modal_projector.", "multi_modal_projector."), ("lm_head.", "language_model.lm_head.")):
            if name.startswith(old):
                return new + name[len(old):]
        raise ValueError(name)

    def load(self, folder, dtype=torch.float32):
        return InternVLForConditionalGeneration.from_pretrained(folder, dtype=dtype, attn_implementation="eager").eval()

    def processor(self, folder):
        length = json.loads((folder / "processor_config.json").read_text())["image_seq_length"]
        return InternVLProcessor(GotOcr2ImageProcessor.from_pretrained(folder), Qwen2TokenizerFast.from_pretrained(folder),
                                 InternVLVideoProcessor(), image_seq_length=length,
                                 chat_template=(folder / "chat_template.jinja").read_text())

    def encode(self, processor, messages, pictures, limits):
        rendered = processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        most = {"max_patches": limits["max_tiles"]} if "max_tiles" in limits else {}
        inputs = dict(processor(text=[rendered], images=pictures or None, return_tensors="pt", **most))
        counts = [len(processor.image_processor.preprocess([p], crop_to_patches=True, **most)["pixel_values"]) for p in pictures]
        settings = processor.image_processor
        return rendered, *self.with_patches(inputs, counts, processor.image_seq_length, settings.image_mean, settings.image_std)

    @staticmethod
    def with_patches(inputs, counts, per_tile, mean, std):
        """pixels [tiles, 3, S, S] -> grids (tiles, patches down, patches across) and levels [patches, 3, p, p]"""
        if not counts:
            return inputs, [], []
        across = round((4 * per_tile) ** 0.5)
        side = inputs["pixel_values"].shape[-1] // across
        levels, grids = [], []
        for tiles in inputs["pixel_values"].split(counts):
            patches = tiles.unfold(2, side, side).unfold(3, side, side)  # [tiles, 3, down, across, p, p]
            patches = patches.permute(0, 2, 3, 1, 4, 5).reshape(-1, 3, side, side)
            levels.append(as_levels(patches, mean, std))
            grids.append([len(tiles), across, across])
        return inputs, grids, levels

    def positions(self, model, inputs):
        length = inputs["input_ids"].shape[1]
        return [list(range(length))] * 3, length

    def features(self, model, inputs, grids):
        tiles = model.model.get_image_features(inputs["pixel_values"])  # [tiles, tokens, E]
        return [part.flatten(0, 1) for part in tiles.split([grid[0] for grid in grids])]

    def batch(self, rows):
        return {"pixel_values": torch.cat([row["pixel_values"] for row in rows if "pixel_values" in row])}

    def gradients(self, model):
        return {self.disk_name(k): v.grad for k, v in model.named_parameters()}

    @staticmethod
    def padded_positions(mask):
        return {"position_ids": (mask.cumsum(-1) - 1).clamp(min=0)}

    adapter_name = adapter_module = staticmethod(lambda name: name)


class OpenGvlab(InternVl):
    """The original layout with a Qwen2 decoder: the native model under other names."""
    architecture = "Qwen2ForCausalLM"

    def write(self, folder, spec, salt):
        decoder, vision = self.shapes(spec)
        template = spec.options.get("template")
        copy_tokenizer(folder, INTERNVL_TOKENS, opengvlab.CHAT_TEMPLATE, template_in_tokenizer=True)
        dtype = str(spec.dtype).removeprefix("torch.")
        write_json(folder / "config.json", opengvlab.config_json(vision, decoder, self.architecture, dtype, template))
        write_json(folder / "preprocessor_config.json", opengvlab.preprocessor_json(vision["image_size"]))
        tensors = opengvlab.to_published(self.draw(spec, decoder, vision, salt))
        save_file({k: v.to(spec.dtype).contiguous() for k, v in tensors.items()}, folder / "model.safetensors",
                  metadata={"format": "pt"})

    def draw(self, spec, decoder, vision, salt):
        model = InternVLForConditionalGeneration(self.native_config(decoder, vision))
        draw_weights(model, spec, salt)
        return {self.disk_name(k): v.data for k, v in model.named_parameters()}

    @staticmethod
    def read_shapes(folder):
        config = json.loads((folder / "config.json").read_text())
        old = config["vision_config"]
        vision = old | {"use_qk_norm": old["qk_normalization"], "attention_bias": old["qkv_bias"], "use_mean_pooling": True}
        vision = {k: v for k, v in vision.items() if k not in ("model_type", "torch_dtype")}
        return {k: v for k, v in config["llm_config"].items() if k != "torch_dtype"}, vision

    def load(self, folder, dtype=torch.float32):
        decoder, vision = self.read_shapes(folder)
        config = self.native_config(decoder, vision)
        model = InternVLForConditionalGeneration._from_config(config, attn_implementation="eager", dtype=torch.float32)
        tensors = opengvlab.to_native(load_file(folder / "model.safetensors"), self.llm(decoder))
        memory = {re.sub("^language_model.lm_head", "lm_head", re.sub(
            "^language_model.model", "model.language_model", re.sub("^(vision_tower|multi_modal)", r"model.\1", k))): v
            for k, v in tensors.items()}
        missing, unexpected = model.load_state_dict(memory, strict=False)
        assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
        model.tie_weights()
        for parameter in model.parameters():  # not buffers: rotary frequencies stay float32
            parameter.data = parameter.data.to(dtype)
        return model.eval()

    llm = staticmethod(lambda decoder: None)

    def processor(self, folder):
        config = json.loads((folder / "config.json").read_text())
        return SimpleNamespace(tokenizer=Qwen2TokenizerFast.from_pretrained(folder), config=config,
                               settings=json.loads((folder / "preprocessor_config.json").read_text()),
                               images=GotOcr2ImageProcessor(size={"height": config["force_image_size"], "width": config["force_image_size"]},
                                                            image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225]))

    def encode(self, processor, messages, pictures, limits):
        config = processor.config
        side, most = config["force_image_size"], limits.get("max_tiles", config["max_dynamic_patch"])
        rendered = opengvlab.render(processor.tokenizer, messages, config.get("template"))
        per_tile = (side // config["vision_config"]["patch_size"]) ** 2 // 4
        text, inputs, counts, mean, std = rendered, {}, [], processor.settings["image_mean"], processor.settings["image_std"]
        if pictures:
            tiles = [opengvlab.tiles(picture, side, most, config["min_dynamic_patch"]) for picture in pictures]
            counts = [len(t) for t in tiles]
            levels = np.stack([np.asarray(tile) for t in tiles for tile in t]).transpose(0, 3, 1, 2)
            inputs["pixel_values"] = from_levels(torch.from_numpy(levels.copy()), mean, std)
            expected = processor.images.preprocess(pictures, crop_to_patches=True, max_patches=most)["pixel_values"]
            assert torch.equal(inputs["pixel_values"], torch.from_numpy(np.stack(expected))), "tiles differ from Transformers"
        for count in counts:
            text = text.replace("<image>", "<img>" + "<IMG_CONTEXT>" * per_tile * count + "</img>", 1)
        assert "<image>" not in text
        inputs = dict(processor.tokenizer([text], return_tensors="pt")) | inputs
        return rendered, *self.with_patches(inputs, counts, per_tile, mean, std)

    @staticmethod
    def adapter_name(name):
        """PEFT names a tensor after the modules of the model, which are those of the published layout."""
        body, suffix = re.match(r"base_model\.model\.(.*)(\.lora_[AB]\.weight)", name).groups()
        return "base_model.model." + OpenGvlab.adapter_module(body) + suffix

    @staticmethod
    def adapter_module(name):
        return opengvlab.published_name(InternVl.disk_name(name + ".")).removesuffix(".")


class OpenGvlabInternLm2(OpenGvlab):
    """The original layout with an InternLM2 decoder, which is a transcription."""
    label = ("language model: transcription of the published InternLM2 architecture (tests/goldens/internlm2.py), "
             "not Transformers; vision tower and projector: Transformers")
    architecture = "InternLM2ForCausalLM"
    vision_part = "vision."
    decoder = {"attn_implementation": "eager", "bias": False, "bos_token_id": PAD, "eos_token_id": END, "hidden_act": "silu",
               "hidden_size": 32, "initializer_range": 0.02, "intermediate_size": 48, "max_position_embeddings": 2048,
               "model_type": "internlm2", "num_attention_heads": 4, "num_hidden_layers": 2, "num_key_value_heads": 2,
               "pad_token_id": PAD, "rms_norm_eps": 1e-5, "rope_scaling": {"factor": 2.0, "type": "dynamic"},
               "rope_theta": 1000000, "tie_word_embeddings": False, "use_cache": True, "vocab_size": 528}

    def native_config(self, decoder, vision):
        llama = {k: v for k, v in decoder.items() if k not in ("architectures", "attn_implementation", "bias")}
        return super().native_config(llama | {"model_type": "llama"}, vision)

    llm = staticmethod(lambda decoder: decoder)

    def draw(self, spec, decoder, vision, salt):
        towers = InternVLForConditionalGeneration(self.native_config(decoder, vision))
        language = internlm2.InternLm2(decoder)
        draw_weights(towers, spec, salt)
        draw_weights(language, spec, salt + 1)
        tensors = {self.disk_name(k): v.data for k, v in towers.named_parameters()}
        tensors = {k: v for k, v in tensors.items() if not k.startswith("language_model.")}
        return tensors | {"language_model." + k: v.data for k, v in language.named_parameters()}

    def load(self, folder, dtype=torch.float32):
        decoder, _ = self.read_shapes(folder)
        native = super().load(folder, dtype)
        model = Transcribed(native.model, internlm2.InternLm2(decoder))
        tensors = load_file(folder / "model.safetensors")
        model.language_model.load_state_dict({k.removeprefix("language_model."): v for k, v in tensors.items()
                                              if k.startswith("language_model.")})
        model.to(dtype)
        model.eval()
        if dtype == torch.float32:
            ids = torch.arange(12)[None] * 7
            ours = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
            difference = (ours - native(input_ids=ids).logits).abs().max().item()
            assert difference < 1e-5, f"the transcription is {difference} off a Llama with the same weights"
        return model

    @staticmethod
    def padded_positions(mask):
        return {}

    def gradients(self, model):
        names = {"vision.": "vision_tower.", "projector.": "multi_modal_projector."}
        result = {k: v.grad for k, v in model.named_parameters()}
        for old, new in names.items():
            result = {(new + k[len(old):] if k.startswith(old) else k): v for k, v in result.items()}
        config = model.language_model.config
        return internlm2.as_llama(result, config["num_attention_heads"], config["num_key_value_heads"])


class Transcribed(torch.nn.Module):
    """Vision tower and projector of Transformers before a transcribed decoder."""

    def __init__(self, native, language_model):
        super().__init__()
        self.vision, self.projector, self.language_model = native.vision_tower, native.multi_modal_projector, language_model
        object.__setattr__(self, "model", native)  # not a submodule: its decoder takes no part

    @torch.no_grad()
    def generate(self, input_ids, attention_mask, max_new_tokens, pixel_values=None, **ignored):
        for _ in range(max_new_tokens):
            logits = self(input_ids=input_ids, attention_mask=attention_mask, pixel_values=pixel_values).logits
            input_ids = torch.cat([input_ids, logits[:, -1:].argmax(-1)], 1)
            attention_mask = torch.cat([attention_mask, torch.ones_like(attention_mask[:, :1])], 1)
        return input_ids

    def forward(self, input_ids, attention_mask, pixel_values=None):
        embedded = self.language_model.model.tok_embeddings(input_ids)
        if pixel_values is not None:
            features = self.model.get_image_features(pixel_values).flatten(0, 1).to(embedded.dtype)
            images = input_ids == 518
            images &= images.flatten().cumsum(0).view_as(images) <= len(features)  # not one that was generated
            embedded = embedded.masked_scatter(images[..., None].expand_as(embedded), features)
        return SimpleNamespace(logits=self.language_model(embedded, attention_mask))


FAMILIES = {"qwen2_vl": QwenVl("qwen2_vl"), "qwen2_5_vl": QwenVl("qwen2_5_vl"), "internvl": InternVl(),
            "internvl_chat": OpenGvlab(), "internvl_chat-internlm2": OpenGvlabInternLm2()}


def from_levels(levels, mean, std):
    """8-bit levels [N, 3, ...] -> what the processors of Transformers feed the model, to the last bit"""
    scaled = (levels.numpy().astype(np.float64) * (1 / 255)).astype(np.float32)
    shape = (1, 3) + (1,) * (levels.dim() - 2)
    mean, std = (np.array(v, np.float32).reshape(shape) for v in (mean, std))
    return torch.from_numpy((scaled - mean) / std)


def as_levels(values, mean, std):
    shape = (1, 3) + (1,) * (values.dim() - 2)
    mean_, std_ = (torch.tensor(v, dtype=torch.float64).view(shape) for v in (mean, std))
    levels = ((values.double() * std_ + mean_) * 255).round().to(torch.uint8)
    assert from_levels(levels, mean, std).equal(values), "the processor's values are no 8-bit levels"
    return levels.contiguous()


_MROPE = {"type": "mrope", "mrope_section": [1, 1, 2]}
_SMALL = {"patch_size": 4, "min_pixels": 256, "max_pixels": 2048}
CONFIGURATIONS = [
    # The quick-start model's shapes and processor.
    Spec("shipped", "qwen2_5_vl", "large", std=0.2,
         gradients=["visual.merger.ln_q.weight", "model.layers.1.self_attn.k_proj.weight", "model.norm.weight"]),
    # Windows of 2x2 merged patches (so every image has several, ragged at the edges), a full-attention block
    # between two windowed ones, two query heads per key/value head, tied head.
    Spec("windows-tied", "qwen2_5_vl", "small",
         {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 4, "num_key_value_heads": 2,
          "num_hidden_layers": 2, "rope_theta": 10000.0, "rope_scaling": _MROPE},
         {"hidden_size": 32, "intermediate_size": 40, "num_heads": 2, "out_hidden_size": 32, "depth": 3, "patch_size": 4,
          "spatial_patch_size": 4, "window_size": 16, "fullatt_block_indexes": [1]}, _SMALL, torch.float32,
         gradients=["visual.patch_embed.proj.weight", "model.layers.0.self_attn.k_proj.bias", "model.norm.weight"]),
    Spec("windows-untied", "qwen2_5_vl", "small",
         {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 2, "num_key_value_heads": 1,
          "num_hidden_layers": 2, "rope_theta": 1000000.0, "tie_word_embeddings": False,
          "rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3]}},
         {"hidden_size": 32, "intermediate_size": 40, "num_heads": 4, "out_hidden_size": 32, "depth": 4, "patch_size": 4,
          "spatial_patch_size": 4, "window_size": 16, "fullatt_block_indexes": [1, 3]}, _SMALL, options={"nested": True},
         gradients=["visual.blocks.2.attn.qkv.weight", "model.layers.1.mlp.down_proj.weight", "visual.merger.mlp.0.bias"]),
    Spec("qwen2-vl-tied", "qwen2_vl", "small",
         {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 4, "num_key_value_heads": 2,
          "num_hidden_layers": 2, "rope_theta": 1000000.0, "rope_scaling": _MROPE}, {}, _SMALL,
         gradients=["visual.patch_embed.proj.weight", "visual.blocks.1.norm1.bias", "model.layers.0.self_attn.v_proj.bias"]),
    Spec("qwen2-vl-untied", "qwen2_vl", "small",
         {"hidden_size": 48, "intermediate_size": 64, "num_attention_heads": 3, "num_key_value_heads": 1,
          "num_hidden_layers": 2, "rope_theta": 10000.0, "tie_word_embeddings": False,
          "rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3]}},
         {"depth": 2, "num_heads": 4, "mlp_ratio": 4}, _SMALL, options={"nested": True},
         gradients=["visual.blocks.0.mlp.fc1.weight", "visual.merger.ln_q.bias", "model.layers.1.self_attn.q_proj.weight"]),
    # The features of InternViT-300M and of InternViT-6B.
    Spec("internvl-300m", "internvl", "tiles", dtype=torch.float16,
         gradients=["vision_tower.embeddings.position_embeddings", "multi_modal_projector.linear_1.bias",
                    "vision_tower.encoder.layer.0.layernorm_before.bias"], options={"nested": True}),
    Spec("internvl-6b", "internvl", "tiles", {"num_hidden_layers": 3, "num_key_value_heads": 1, "hidden_size": 48},
         {"norm_type": "rms_norm", "use_qk_norm": True, "attention_bias": False, "image_size": 24, "patch_size": 4,
          "hidden_size": 40, "num_attention_heads": 5},
         gradients=["vision_tower.encoder.layer.1.attention.q_norm.weight", "vision_tower.encoder.layer.0.lambda_1",
                    "language_model.model.layers.2.self_attn.o_proj.weight"]),
    Spec("opengvlab-qwen2", "internvl_chat", "tiles", options={"template": "internvl2_5"},
         gradients=["vision_tower.encoder.layer.0.attention.k_proj.weight", "multi_modal_projector.layer_norm.weight",
                    "language_model.model.layers.0.self_attn.q_proj.bias"]),
    Spec("opengvlab-internlm2", "internvl_chat-internlm2", "tiles", {"num_key_value_heads": 1},
         {"norm_type": "rms_norm", "use_qk_norm": True, "attention_bias": False},
         gradients=["vision_tower.embeddings.cls_token", "language_model.model.layers.1.self_attn.k_proj.weight",
                    "language_model.model.layers.0.self_attn.q_proj.weight"]),
]
