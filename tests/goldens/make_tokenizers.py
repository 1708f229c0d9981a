#!/usr/bin/env python3
"""Records what Transformers makes of text with tokenizers of the Llama kind, whose special tokens lie in the vocabulary.

Usage: make_tokenizers.py [OUT]      OUT defaults to vlm/src/test/resources/goldens/tokenizers

Every folder has tokenizer.json and tokenizer_config.json and

  cases.json    prompts   [{messages: [[role, text]], ids}]   a rendered conversation as a processor hands it to the tokenizer
                plain     [{text, ids}]                       special tokens in the text are plain text
                decoded   [{ids, text}]                       without special tokens
                added     [{id, token}]                       ids of the added tokens

The folders differ in what a tokenizer puts around a whole text, and in where it takes words to begin:

  template      a TemplateProcessing of tokenizer.json puts <s> in front; add_bos_token does not matter for this class
  first-word    a Llama class with the rules of today: only the first word of a text gets a space
  both-ends     a Llama class that puts <s> in front and </s> behind, which tokenizer.json does not say
  nothing       a Llama class that puts nothing around, although tokenizer.json says <s>
"""
import json
import random
import shutil
import sys
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

ROOT = Path(__file__).resolve().parents[2]
TEXT = """The red square is left of the blue circle. What is the box of the small green triangle on the right? It's at the top.
Please say where the large yellow thing is, and give the answer as numbers in brackets; say it in one short sentence."""
NORMAL = ["<|tool|>", "<note>"]  # added, but not special; the first lies in the vocabulary
SPECIAL = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<IMG_CONTEXT>"]  # the first three lie in the vocabulary
CHAT = ("{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")
LLAMA = {"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
# name -> (spaces in front of every piece, <s> in tokenizer.json, settings)
FOLDERS = {
    "template": (True, True, {**LLAMA, "tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": False, "chat_template": CHAT}),
    "first-word": (False, False, {**LLAMA, "legacy": False, "add_bos_token": True, "chat_template": "{{ bos_token }}" + CHAT}),
    "both-ends": (False, False, {**LLAMA, "legacy": False, "add_eos_token": True, "chat_template": CHAT}),
    "nothing": (True, True, {**LLAMA, "add_bos_token": False, "chat_template": CHAT})}
CONVERSATIONS = [
    [("user", "What is it?")],
    [("system", " Say little. "), ("user", "Where?\n here"), ("assistant", "left 日本👩‍🔬"), ("user", "")],
    [("user", "<|tool|> a <note>b")]]
PLAIN = ["", " ", "red", " red", "red square ", "  two  spaces", "<s>", "a </s> b", "</s></s>", "<|im_end|>", "say <unk>", "<|tool|>x",
         "x <note>", "<IMG_CONTEXT>", "é日本👩‍🔬", "\n", "a\nb", "it's [1, 22]"]


def vocabulary():
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizers.Replace(" ", "▁")
    trained.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    trained.train_from_iterator(TEXT.split("\n"), trainers.BpeTrainer(vocab_size=140, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    tokens = SPECIAL[:3] + [f"<0x{byte:02X}>" for byte in range(256)] + NORMAL[:1] + sorted(model["vocab"], key=model["vocab"].get)
    return {token: index for index, token in enumerate(tokens)}, [tuple(merge) for merge in model["merges"]]


def build(folder, every_piece, begins, settings):
    vocab, merges = vocabulary()
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if every_piece:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL[:3]])
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in NORMAL])
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL[3:]])
    if begins:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", vocab["<s>"])])
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1) + "\n")


def prompt(tokenizer, conversation):
    """As the processors of Transformers do it."""
    text = tokenizer.apply_chat_template([{"role": role, "content": text} for role, text in conversation], tokenize=False,
                                         add_generation_prompt=True)
    return tokenizer(text, add_special_tokens=not text.startswith(tokenizer.bos_token))["input_ids"]


def record(folder, settings):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    cases = {"prompts": [{"messages": messages, "ids": prompt(tokenizer, messages)} for messages in CONVERSATIONS]}
    plain = [(text, tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]) for text in PLAIN]
    cases["plain"] = [{"text": text, "ids": ids} for text, ids in plain]
    rng = random.Random(settings["tokenizer_class"])
    words = [index for token, index in tokenizer.get_vocab().items() if not token.startswith("<0x")]
    drawn = [rng.choices(words, k=rng.randint(1, 12)) for _ in range(40)]
    drawn += [case["ids"] for case in cases["prompts"] + cases["plain"]] + [[3, 2], [2], []]
    cases["decoded"] = [
        {"ids": ids, "text": tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)} for ids in drawn]
    cases["added"] = [{"id": tokenizer.convert_tokens_to_ids(token), "token": token} for token in SPECIAL]
    (folder / "cases.json").write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main(out):
    shutil.rmtree(out, ignore_errors=True)
    for name, (every_piece, begins, settings) in FOLDERS.items():
        build(out / name, every_piece, begins, settings)
        record(out / name, settings)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "vlm/src/test/resources/goldens/tokenizers")
