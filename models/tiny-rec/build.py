#!/usr/bin/env python3
"""Writes the quick-start model folder (tokenizer, config, processor settings; no weights).

Usage: build.py OUT_DIR
The tokenizer is a byte-level BPE in Qwen2 style whose merges are built by hand from a word list:
every listed word becomes one token. Deterministic; needs only the standard library.
"""
import json
import os
import sys

# Words with a leading space, as the Qwen2 pre-tokenizer cuts them.
SPACED = (
    "the large small red green blue yellow magenta cyan circle square triangle diamond object "
    "left right above below of top center bottom middle leftmost rightmost topmost bottommost "
    "provide bounding box coordinates region this sentence describes "
    "First output thinking process in tags and then final answer Output JSON format").split()
# Words and punctuation runs without a leading space.
BARE = ["Please", "user", "assistant", "large", "small", "bbox", '{"', '":[', "]}"]

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
           "<|image_pad|>", "<|video_pad|>"]
PLAIN = ["<think>", "</think>", "<answer>", "</answer>"]

QWEN2_PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
                 r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for content in message['content'] %}"
    "{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}"
    "<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif 'text' in content %}{{ content['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")


def byte_symbols():
    """GPT-2's mapping from byte value to a printable character."""
    keep = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    chars, extra = {b: chr(b) for b in keep}, 0
    for b in range(256):
        if b not in chars:
            chars[b] = chr(256 + extra)
            extra += 1
    return chars, keep + [b for b in range(256) if b not in keep]


def build_tokenizer():
    chars, order = byte_symbols()
    vocab = {chars[b]: i for i, b in enumerate(order)}
    merges = []
    for word in ["\u0120" + w for w in SPACED] + BARE:
        left = word[0]
        for ch in word[1:]:
            if left + ch not in vocab:
                vocab[left + ch] = len(vocab)
                merges.append([left, ch])
            left += ch
    added = []
    for text in SPECIAL + PLAIN:
        added.append({"id": len(vocab) + len(added), "content": text, "single_word": False, "lstrip": False,
                      "rstrip": False, "normalized": False, "special": text in SPECIAL})
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": QWEN2_PATTERN}, "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}]},
        "post_processor": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
        "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                  "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": vocab, "merges": [" ".join(m) for m in merges]},
    }
    config = {
        "add_bos_token": False, "add_prefix_space": False,
        "added_tokens_decoder": {str(t["id"]): {k: v for k, v in t.items() if k != "id"} for t in added},
        "additional_special_tokens": SPECIAL[1:], "bos_token": None, "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False, "eos_token": "<|im_end|>", "errors": "replace",
        "model_max_length": 2048, "pad_token": "<|endoftext|>", "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer", "unk_token": None,
    }
    return tokenizer, config


def build_config(ids, vocab_size):
    return {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"], "attention_dropout": 0.0,
        "bos_token_id": ids["<|endoftext|>"], "eos_token_id": ids["<|im_end|>"],
        "vision_start_token_id": ids["<|vision_start|>"], "vision_end_token_id": ids["<|vision_end|>"],
        "vision_token_id": ids["<|image_pad|>"], "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "hidden_act": "silu", "hidden_size": 96, "initializer_range": 0.02, "intermediate_size": 288,
        "max_position_embeddings": 2048, "max_window_layers": 3, "model_type": "qwen2_5_vl",
        "num_attention_heads": 3, "num_hidden_layers": 3, "num_key_value_heads": 1,
        "rms_norm_eps": 1e-06, "rope_theta": 3.0, "sliding_window": 2048, "tie_word_embeddings": True,
        "torch_dtype": "float32", "use_cache": True, "use_sliding_window": False,
        "vision_config": {
            "depth": 3, "hidden_act": "silu", "hidden_size": 64, "intermediate_size": 168, "num_heads": 2,
            "in_chans": 3, "out_hidden_size": 96, "patch_size": 14, "spatial_merge_size": 2,
            "spatial_patch_size": 14, "window_size": 112, "fullatt_block_indexes": [2],
            "tokens_per_second": 2, "temporal_patch_size": 2},
        "rope_scaling": {"type": "mrope", "mrope_section": [4, 6, 6]},
        "vocab_size": vocab_size,
    }


def main(out):
    os.makedirs(out, exist_ok=True)
    tokenizer, tokenizer_config = build_tokenizer()
    ids = {t["content"]: t["id"] for t in tokenizer["added_tokens"]}
    size = len(tokenizer["model"]["vocab"]) + len(ids)
    vocab_size = (size + 15) // 16 * 16
    preprocessor = {
        "min_pixels": 3136, "max_pixels": 12845056, "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
        "image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2_5_VLProcessor"}
    generation = {"bos_token_id": ids["<|endoftext|>"], "pad_token_id": ids["<|endoftext|>"],
                  "eos_token_id": [ids["<|im_end|>"], ids["<|endoftext|>"]], "do_sample": False}
    for name, value in (("tokenizer.json", tokenizer), ("tokenizer_config.json", tokenizer_config),
                        ("config.json", build_config(ids, vocab_size)), ("preprocessor_config.json", preprocessor),
                        ("generation_config.json", generation)):
        with open(os.path.join(out, name), "w", encoding="utf-8") as f:
            json.dump(value, f, ensure_ascii=False, indent=2)
            f.write("\n")
    with open(os.path.join(out, "chat_template.jinja"), "w", encoding="utf-8") as f:
        f.write(CHAT_TEMPLATE)
    print(f"{out}: {size} tokens, vocab_size {vocab_size}")


if __name__ == "__main__":
    main(sys.argv[1])
