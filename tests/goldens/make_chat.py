#!/usr/bin/env python3
"""Records what Transformers renders with several chat templates.

Usage: make_chat.py [OUT]      OUT defaults to vlm/src/test/resources/goldens/chat
"""
import json
import shutil
import sys
from pathlib import Path

from transformers import Qwen2TokenizerFast

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "models" / "tiny-rec"

CHAT_TEMPLATES = {
    "system-and-counter": """{% set count = namespace(value=0) %}{% for message in messages %}
    {% if loop.first and message['role'] != 'system' -%}
<|im_start|>system
You are a helpful assistant.<|im_end|>
{% endif %}
<|im_start|>{{ message['role'] }}
{% if message['content'] is string %}
{{ message['content'] }}<|im_end|>
{% else %}
{%- for part in message['content'] %}
{%- if part['type'] == 'image' or 'image' in part %}
{%- set count.value = count.value + 1 %}
Picture {{ count.value }}: <|vision_start|><|image_pad|><|vision_end|>
{%- elif 'text' in part %}{{ part['text'] }}{% endif %}
{%- endfor %}
<|im_end|>
{% endif %}
{% endfor %}
{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}
""",
    "default-system": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
                      "{{ '<|im_start|>system\nAnswer.<|im_end|>\n' }}{% endif %}"
                      "{{ '<|im_start|>' + message.role + '\n' }}{% for part in message.content %}"
                      "{% if part.type == 'image' %}<|image_pad|>{% else %}{{ part.text | trim }}{% endif %}"
                      "{% endfor %}{{ '<|im_end|>\n' }}{% endfor %}"
                      "{{ '<|im_start|>assistant\n' if add_generation_prompt else '' }}",
}
QUESTIONS = [("What is it?", 1), ("  {{ 7 * 7 }} {% if %} \n<b>&amp; 'quoted' \"twice\" \\n  ", 0), ("Compare.\n", 2)]


def record_chat(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    records = []
    for name, template in CHAT_TEMPLATES.items():
        (folder / f"{name}.jinja").write_text(template)
        tokenizer = Qwen2TokenizerFast.from_pretrained(TINY)
        for text, images in QUESTIONS:
            content = [{"type": "image"}] * images + [{"type": "text", "text": text}]
            rendered = tokenizer.apply_chat_template([{"role": "user", "content": content}], chat_template=template,
                                                     tokenize=False, add_generation_prompt=True)
            records.append({"template": f"{name}.jinja", "text": text, "images": images, "rendered": rendered})
    (folder / "cases.json").write_text(json.dumps(records, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record_chat(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "vlm/src/test/resources/goldens/chat")
