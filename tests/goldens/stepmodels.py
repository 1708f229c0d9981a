"""The tiny models and prompts of make_steps.py: a few thousand weights, no tokenizer, pixel values drawn at random."""
import json
import re
import shutil
from dataclasses import dataclass
from types import SimpleNamespace

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import InternVLForConditionalGeneration, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from families import FAMILIES, draw_weights, write_json


@dataclass
class Prompt:
    token_ids: list
    positions: list  # [3][P]
    next_position: int
    images: list  # of patches [I, values]
    grids: list
    pixels: dict  # what Transformers takes

    def described(self, name, tensors):
        images = []
        for i, (patches, grid) in enumerate(zip(self.images, self.grids)):
            tensors[f"{name}.{i}"] = patches.contiguous()
            images.append({"values": f"{name}.{i}", "grid": grid})
        return {"token_ids": self.token_ids, "positions": self.positions, "next_position": self.next_position,
                "images": images}


def spec(std):
    return SimpleNamespace(std=std, dtype=torch.float32)


class Qwen:
    """Two windows in the larger picture, tied head."""
    PAD, END, IMAGE, START, STOP, WORDS = 33, 34, 35, 36, 37, 32
    family = FAMILIES["qwen2_5_vl"]
    config = {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"], "model_type": "qwen2_5_vl", "vocab_size": 38,
        "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 1, "hidden_act": "silu", "rms_norm_eps": 1e-6, "rope_theta": 100.0,
        "rope_scaling": {"type": "mrope", "mrope_section": [2, 1, 1]}, "tie_word_embeddings": True,
        "max_position_embeddings": 512, "image_token_id": IMAGE, "vision_start_token_id": START, "vision_end_token_id": STOP,
        "video_token_id": PAD, "bos_token_id": PAD, "eos_token_id": END, "pad_token_id": PAD,
        "vision_config": {"depth": 2, "hidden_act": "silu", "hidden_size": 8, "intermediate_size": 12, "num_heads": 2,
                          "in_chans": 3, "in_channels": 3, "out_hidden_size": 16, "patch_size": 4, "spatial_patch_size": 4,
                          "spatial_merge_size": 2, "window_size": 16, "fullatt_block_indexes": [1], "temporal_patch_size": 2}}
    # Text tokens, then pictures of patch rows x columns with the tokens that follow them.
    layouts = (([3, 9], [((4, 6), [21, 7, 4])]), ([1], [((4, 4), [30]), ((2, 6), [12, 12, 5, 8, 27])]))

    def write(self, folder, seed, noise=0.0):
        """Weights of a seed; noise moves them."""
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "config.json", self.config)
        model = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig.from_pretrained(folder))
        draw_weights(model, spec(0.25), seed)
        torch.manual_seed(seed + 1)
        self.save(model, folder, noise)

    def save(self, model, folder, noise=0.0):
        tensors = {self.family.disk_name(name): (value.data + noise * torch.randn(value.shape)).contiguous()
                   for name, value in model.named_parameters()}
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

    def write_adapter(self, folder, seed):
        targets = r".*language_model.*\.(q_proj|v_proj|o_proj|up_proj|down_proj)"
        settings = LoraConfig(r=3, lora_alpha=6, lora_dropout=0.0, target_modules=targets, bias="none", task_type="CAUSAL_LM")
        adapted = get_peft_model(self.family.load(folder), settings)
        torch.manual_seed(seed + 2)
        for name, value in adapted.named_parameters():
            if "lora_" in name:
                value.data = 0.2 * torch.randn(value.shape)
        shutil.rmtree(folder / "adapter", ignore_errors=True)
        adapted.save_pretrained(folder / "adapter", save_embedding_layers=False)
        (folder / "adapter" / "README.md").unlink()
        config = json.loads((folder / "adapter" / "adapter_config.json").read_text())
        write_json(folder / "adapter" / "adapter_config.json", config | {"base_model_name_or_path": None})

    def open(self, folder, dtype, adapter=False, frozen=()):
        """-> the model and what is trained, by its name in the file"""
        model = self.family.load(folder).to(dtype)
        if adapter:
            model = PeftModel.from_pretrained(model, folder / "adapter", is_trainable=True).eval().to(dtype)
            return model, {re.sub(r"\.default", "", name): v for name, v in model.named_parameters() if v.requires_grad}
        if "vision-tower" in frozen:
            for name, value in model.named_parameters():
                value.requires_grad = not name.startswith(self.family.vision_part) or ".merger." in name
        return model, {self.family.disk_name(name): v for name, v in model.named_parameters() if v.requires_grad}

    def prompts(self):
        torch.manual_seed(11)
        return [self.prompt(*layout) for layout in self.layouts]

    def prompt(self, before, pictures):
        ids, images, grids = list(before), [], []
        for (down, across), after in pictures:
            ids += [self.START] + [self.IMAGE] * (down * across // 4) + [self.STOP] + after
            images.append(torch.randn(down * across, 3 * 2 * 4 * 4))
            grids.append([1, down, across])
        model = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(**self.config))
        positions, delta = model.model.get_rope_index(torch.tensor([ids]), torch.tensor(grids))
        pixels = {"pixel_values": torch.cat(images), "image_grid_thw": torch.tensor(grids)}
        return Prompt(ids, positions[:, 0].tolist(), len(ids) + int(delta[0, 0]), images, grids, pixels)

    @staticmethod
    def pixels(prompts, dtype):
        return {"pixel_values": torch.cat([p.pixels["pixel_values"] for p in prompts]).to(dtype),
                "image_grid_thw": torch.cat([p.pixels["image_grid_thw"] for p in prompts])}

    def padded_positions(self, attended):
        return {}  # the model makes them from the mask


class InternVl(Qwen):
    """One tile, and two; head of its own."""
    PAD, END, IMAGE, START, STOP, WORDS = 33, 34, 35, 36, 37, 32
    family = FAMILIES["internvl"]
    decoder = {"model_type": "qwen2", "vocab_size": 38, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
               "num_attention_heads": 2, "num_key_value_heads": 1, "hidden_act": "silu", "rms_norm_eps": 1e-6,
               "rope_theta": 100.0, "max_position_embeddings": 512, "bos_token_id": PAD, "eos_token_id": END,
               "use_sliding_window": False, "tie_word_embeddings": False}
    vision = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 12,
              "hidden_act": "gelu", "norm_type": "layer_norm", "layer_norm_eps": 1e-6, "use_qk_norm": False,
              "attention_bias": True, "use_mean_pooling": True, "image_size": 16, "patch_size": 4}
    layouts = (([3, 9], [(1, [21, 7, 4])]), ([1], [(2, [12, 12, 5, 8, 27])]))

    def write(self, folder, seed, noise=0.0):
        folder.mkdir(parents=True, exist_ok=True)
        config = self.family.native_config(self.decoder, self.vision)
        config.image_token_id = self.IMAGE
        config.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        model = InternVLForConditionalGeneration(config)
        draw_weights(model, spec(0.25), seed)
        self.save(model, folder, noise)

    def prompt(self, before, pictures):
        side, patch = self.vision["image_size"], self.vision["patch_size"]
        across = side // patch
        ids, images, grids, tiles = list(before), [], [], []
        for count, after in pictures:
            ids += [self.START] + [self.IMAGE] * (count * across * across // 4) + [self.STOP] + after
            pixels = torch.randn(count, 3, side, side)
            patches = pixels.unfold(2, patch, patch).unfold(3, patch, patch)  # [tiles, 3, down, across, p, p]
            images.append(patches.permute(0, 2, 3, 1, 4, 5).reshape(-1, 3 * patch * patch))
            grids.append([count, across, across])
            tiles.append(pixels)
        return Prompt(ids, [list(range(len(ids)))] * 3, len(ids), images, grids, {"pixel_values": torch.cat(tiles)})

    @staticmethod
    def pixels(prompts, dtype):
        return {"pixel_values": torch.cat([p.pixels["pixel_values"] for p in prompts]).to(dtype)}

    def padded_positions(self, attended):
        return self.family.padded_positions(attended)


MODELS = {"qwen": Qwen(), "internvl": InternVl()}
