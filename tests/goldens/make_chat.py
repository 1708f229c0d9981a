#!/usr/bin/env python3
"""Records what Transformers renders with chat templates.

Usage: make_chat.py [OUT]      OUT defaults to vlm/src/test/resources/goldens/chat

  *.jinja           templates of the shapes that the model families publish
  cases.json        conversations and what each template makes of them
  constructs.json   single constructs of Jinja and what Python makes of them; `must` says that another engine has to
                    render it, without `must` it may also refuse the template
"""
import json
import shutil
import sys
from pathlib import Path

from transformers.utils.chat_template_utils import _compile_jinja_template

ROOT = Path(__file__).resolve().parents[2]
VARIABLES = {"bos_token": "<s>", "eos_token": "<|im_end|>"}
OPENGVLAB_SYSTEM = "你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位联合开发的多模态大语言模型。"
IMAGE = "<IMG_CONTEXT>\n"  # of an image in a message that is one text

# Qwen2-VL and Qwen2.5-VL: a counter per kind of vision input, a default system message.
QWEN_VL = """{% set image_count = namespace(value=0) %}{% set video_count = namespace(value=0) %}{% for message in messages %}\
{% if loop.first and message['role'] != 'system' %}<|im_start|>system
You are a helpful assistant.<|im_end|>
{% endif %}<|im_start|>{{ message['role'] }}
{% if message['content'] is string %}{{ message['content'] }}<|im_end|>
{% else %}{% for content in message['content'] %}\
{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}\
{% set image_count.value = image_count.value + 1 %}{% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}\
<|vision_start|><|image_pad|><|vision_end|>\
{% elif content['type'] == 'video' or 'video' in content %}\
{% set video_count.value = video_count.value + 1 %}{% if add_vision_id %}Video {{ video_count.value }}: {% endif %}\
<|vision_start|><|video_pad|><|vision_end|>\
{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>
{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
# InternVL2.5 and 3 as Transformers has them: everything printed from strings, no system message.
INTERNVL = """{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n'}}\
{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for content in message['content'] %}\
{% if content['type'] == 'image' %}{{ '<IMG_CONTEXT>\\n' }}\
{% elif content['type'] == 'video' %}{{ '<video>\\n' }}\
{% elif content['type'] == 'text' %}{{ content['text'] }}{% endif %}{% endfor %}{% endif %}{{'<|im_end|>\\n'}}{% endfor %}\
{% if add_generation_prompt %}{{'<|im_start|>assistant\\n' }}{% endif %}
"""
# Qwen2 text models, whose tokenizers InternVL2.5 ships.
QWEN2_TEXT = """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}\
{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}\
{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}\
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""
# Qwen2.5 text models: tools, white space trimmed everywhere, neighbours looked up by index.
QWEN2_5_TEXT = r"""{%- if tools %}
    {{- '<|im_start|>system\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You answer.' }}
    {%- endif %}
    {{- "\n\nCall \"tools\" by {\"name\": <name>}:\n<tools>" }}
    {%- for tool in tools %}
        {{- "\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\n</tools><|im_end|>\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}
    {%- else %}
        {{- '<|im_start|>system\nYou answer.<|im_end|>\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}
            {{- '\n' + message.content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\n<tool_call>\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
            {{- '}\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\n<tool_response>\n' }}
        {{- message.content }}
        {{- '\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}
"""
COUNTER = """{% set count = namespace(value=0) %}{% for message in messages %}
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
"""
TRIMMED = """{{ bos_token }}{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' }}{% for part in message.content %}\
{% if part.type == 'image' %}<|image_pad|>{% else %}{{ part.text | trim }}{% endif %}{% endfor %}{{ eos_token + '\n' }}{% endfor %}\
{{ '<|im_start|>assistant\n' if add_generation_prompt else '' }}"""
# name -> template, whether a message is one text
TEMPLATES = {"qwen-vl": (QWEN_VL, False), "internvl": (INTERNVL, False), "qwen2-text": (QWEN2_TEXT, True),
             "qwen2_5-text": (QWEN2_5_TEXT, True), "counter": (COUNTER, False), "trimmed": (TRIMMED, False)}

HOSTILE = "  {{ 7 * 7 }} {% if %} {# no #}\n<b>&amp; 'quoted' \"twice\" \\n é日👩‍🔬 }} %} #} \r\n\t "
CONVERSATIONS = [
    [("user", [None, "What is it?"])],
    [("user", [HOSTILE])],
    [("user", ["Compare.\n", None, " with ", None, None])],
    [("system", ["Say little."]), ("user", [None, "Which?"]), ("assistant", ["  red\n\n"]), ("user", ["", None]),
     ("assistant", ["false"]), ("user", ["0"])],
    [("system", [""]), ("user", [""]), ("assistant", [""]), ("system", ["None"]), ("user", ["true"])],
    [("assistant", ["I begin."]), ("user", ["No."])],
]

# Constructs that the templates of the families use, and their neighbours.
MUST = r"""
{{ messages[0].role }} {{ messages[-1]['role'] }} {{ messages[1:]|length }} {{ messages[:-1]|length }} {{ messages|length }}
{{ messages[-1:][0].role }}|{{ messages[0:2] | map(attribute='role') | join(',') }}
{{ bos_token }}|{{ eos_token }}|{{ undefined_name }}|{{ true }}|{{ False }}|{{ 12 }}|{{ -1 }}
{% if foo is defined %}a{% else %}b{% endif %}{% if tools is none %}c{% endif %}{% if tools is not none %}d{% endif %}{% if not tools %}e{% endif %}
{{ 1 + 2 }} {{ 7 // 2 }} {{ 7 - 2 - 1 }} {{ 1 - -1 }} {{ [1,2,3][-1] }}
{{ 'a' if messages else 'b' }}{{ 'a' if foo else 'b' }}{{ 'x' if false else 'y' if true else 'z' }}
{{ 'x\ny' }} {{ "a\tb" }} {{ 'it\'s' }} {{ "q\"q" }} {{ 'a\\b' }} {{ '{{ x }}' }}{{ '}}' }}{{ '%}' }}{{ '{% if %}' }}
{{ 'b' in 'abc' }} {{ 'z' not in 'abc' }} {{ 'role' in messages[0] }} {{ 'x' in ['x','y'] }} {{ 'z' in messages[0] }}
{% for k, v in {'a':1,'b':2}.items() %}{{ k }}={{ v }},{% endfor %}{% for k in {'a':1,'b':2} %}{{ k }},{% endfor %}
{% for m in messages %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.revindex }}{{ loop.length }};{% endfor %}
{% for m in messages %}{% if loop.index == 2 %}{% break %}{% endif %}{{ m.role }}{% endfor %}
{% for m in messages %}{% if m.role == 'assistant' %}{% continue %}{% endif %}{{ m.role }}{% endfor %}
{% for i in range(3) %}{{ i }}{% endfor %} {% for i in range(1, 7, 2) %}{{ i }}{% endfor %} {% for i in range(3, 0, -1) %}{{ i }}{% endfor %}
{% for x in messages %}{% set x = x.role %}{{ x }}{% endfor %}
{% set ns = namespace(x=1, found=false) %}{% for m in messages %}{% set ns.x = ns.x + 1 %}{% set ns.found = true %}{% endfor %}{{ ns.x }}{{ ns.found }}
{% if true %}{% set y = 5 %}{% endif %}{{ y }}
{{ '  a b '|trim }}|{{ 'aba'|replace('a','x') }}|{{ '　  a '|trim }}|{{ '👩é'|length }}|{{ foo|default('d') }}|
{{ [1,2,3]|first }} {{ [1,2,3]|last }} {{ [1,2]|list|length }} {{ ['a','b']|join('-') }} {{ ['a','b']|join }}
{{ ['x"<>&\'é', 2, true, []] | tojson }} {{ {'a': 1} | tojson }} {{ 'a"b\n</script>\\' | tojson }}
{{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ messages | rejectattr('role', 'equalto', 'user') | list | length }}
{{ messages[0].content is string }} {{ messages[0] is mapping }} {{ 1 is number }} {{ foo is undefined }} {{ foo is not defined }}
{{ not true }} {{ not (1 == 2) }} {{ 1 != 2 }} {{ 1 < 2 }} {{ 2 >= 2 }} {{ '' or 'x' }} {{ 'a' and 'b' }} {{ 0 or 'c' }}
{% if true and false or true %}a{% endif %}{% if not 'z' in 'abc' %}b{% endif %}{% if not foo is defined and not 1 == 2 %}c{% endif %}
{% if [] %}t{% else %}f{% endif %}{% if '' %}t{% else %}f{% endif %}{% if 0 %}t{% else %}f{% endif %}{% if {} %}t{% else %}f{% endif %}
{% if 'false' %}t{% else %}f{% endif %}{% if ' ' %}t{% else %}f{% endif %}{% if 'a' and 'False' %}t{% else %}f{% endif %}{% if ('false' or '') %}t{% endif %}
{{ messages[0]['role'] == 'user' and messages[0]['content'] is not string }}
{{ messages[0]["content"] if messages[0]["content"] is string else '' }}
{% for m in messages %}{% if not loop.last and messages[loop.index0 + 1].role == 'assistant' %}{{ loop.index }}{% endif %}{% endfor %}
{{- '  lead' }}{{ 'trail  ' -}} x
x  {#- c -#}  y{# d #} z
{% raw %}{{ x }}{% endraw %}|
{{ strftime_now('%Y')|length }}
{{ raise_exception('no') }}
{% generation %}abc{% endgeneration %}
{{ '1' + '1' }}
{{ '10' < '9' }}
{{ messages[1:2][0].role }}|{{ messages[5:]|length }}|{{ messages[:0]|length }}|{{ messages[-2:]|length }}|{{ messages[:]|length }}|{{ messages[2:1]|length }}
{{ (messages) | length }} {{ ((1 + 2)) }} {{ (1 + 2) // 2 }} {{ 10 - (2 - 1) }} {{ 1 + 2 == 3 }} {{ not 1 == 2 }} {{ 1 in [1, 2] and 2 in [2] }}
{{ x if x is defined else 'n' }} {{ (x if x else 'm') + 'z' }} {{ ('a' if true else 'b')|trim }} {{ 'a' + ('b' if false else 'c') }}
{{ 'a'|trim + 'b'|trim }} {{ ('a' + 'b ')|trim }}| {{ 'a' + 'b '|trim }}| {{ messages[0].role|trim == 'user' }}
{% if messages[0].role|trim == 'system' and messages|length > 2 %}ok{% endif %}{% if messages|length - 1 == 5 %}six{% endif %}
{{ messages[0] | tojson }} {% for m in messages %}{% for k, v in m.items() %}{{ k }} {{ v | tojson }},{% endfor %}{% for k in m %}{{ k }},{% endfor %}{% endfor %}
{{ 'a' + 'b' + 'c' }} {{ [1, 2] + [3] == [1, 2, 3] }} {{ 'a' == 'A' }} {{ 'a' < 'b' }}
"""
MUST_LINES = [
    "{%- for message in messages %}\n    {%- if loop.first %}\n        {{- 'F' -}}\n    {%- endif %}\n    {{ message.role }}\n{%- endfor %}",
    "a\n  {% if true %}  \n  b\n  {% endif %}  \nc\n", "{% for m in messages %}\n  {{ m.role }}  \n{% endfor %}\nend\n\n",
    "x  {%- if true %}\n y {% endif -%}\n z", "a {# c #}\n{# d #}\n  {#- e #}\nb",
    "  {{ 'a' }}\n  {% set x = 1 %}\n{{ x }}\n", "{% if true %}\n\n\na{% endif %}\n\n", "a\r\n{% if true %}\r\nb\r\n{% endif %}\r\nc",
    "\t{% if true %}t{% endif %}\n", "x {% if true %}\n y\n {% endif %} z\n", "{%+ if true %}\n a\n{% endif +%}\nb",
    "{{ " + "(" * 40 + "''" + " or foo)" * 20 + " or 'a')" * 10 + " and 'b')" * 10 + " }}",
    "{% for m in messages %}{{ m.zz or m.role and loop.index }},{{ (m.zz and m.role) or (m.role and (m.zz or 'z')) }};{% endfor %}",
    "{{ 'a' or raise_exception('no') }}{{ '' and raise_exception('no') }}{{ 'false' or 'x' }}|{{ 'a' and 'false' }}",
    "{% if true -%}\n  a\n{%- else -%}\n b\n{%- endif %}\n", "{% if false %}x{% elif true %}\ny\n{% endif %}",
]
MAY = r"""
{% set x = 1 %}{% for m in messages %}{% set x = x + 1 %}{% endfor %}{{ x }}
{{ 'abc'|upper }} {{ 'ABC'|lower }}
{{ '1' == 1 }}
{{ 1 == '1' }}
{{ true == 1 }}
{{ [] == false }}
{{ 'a' == ['a'] }}
{{ foo == '' }}
{{ '' == foo }}
{{ foo != 'x' }}
{{ 'True' == true }}
{{ 'true' == true }}
{{ 'a' in foo }}
{{ 1 in [1] }}
{{ '1' in [1] }}
{{ 1 in ['1'] }}
{{ 'abc'|first }}
{{ 'abc'|last }}
{{ 'abc'|list|length }}
{{ 'a.b'|replace('.','x') }}
{{ 'aaa'|replace('a','b',1) }}
{{ [1,true,'a']|join(',') }}
{{ ['a']|join(1) }}
{{ messages|join(',') }}
{{ 'abc'|join('-') }}
{{ 3 - 5 }}
{{ -7 // 2 }}
{{ 'a' + 1 }}
{{ 1 + '1' }}
{{ '1' + 1 }}
{{ foo + 'a' }}
{{ 'x' + foo }}
{{ true + 1 }}
{{ [1] + 2 }}
{{ messages|length == 4 }}
{{ 'a' < 1 }}
{{ '10' > '9' }}
{{ '1' == '1.0' }}
{{ '1' == '01' }}
{{ foo|length }}
{{ foo|trim }}|{{ foo|upper }}|{{ foo|join }}|{{ foo|first }}|{{ foo|list|length }}
{{ 5|trim }}
{{ [1]|trim }}
{{ 'ß'|upper }} {{ 'İI'|lower }}
{{ ''|default('x') }}|{{ foo|default('') }}|{{ 0|default('x') }}|{{ messages[0].zz|default('q') }}|
{{ messages|map(attribute='zz')|list|length }} {{ messages|map('length')|list|length }}
{{ messages|selectattr('zz')|list|length }} {{ messages|selectattr('role')|list|length }} {{ messages|rejectattr('zz', 'defined')|list|length }}
{{ messages|selectattr('role', 'defined')|list|length }}
{{ messages|selectattr('role', 'in', ['user'])|list|length }}
{{ messages|selectattr('role', 'ne', 'user')|list|length }}
{{ messages|selectattr('role', '==', 'user')|list|length }}
{{ range(3)|list|length }} {{ range(3)|join(',') }} {{ range(0)|join(',') }}
{% for i in range(2, 0) %}x{% endfor %}{% for i in 5 %}y{% endfor %}
{% for i in foo %}y{% endfor %}{% for i in none_such.x %}y{% endfor %}
{% set ns = namespace() %}{% set ns.a = 'q' %}{{ ns.a }}{{ ns.b }}|
{% set ns = namespace(a='q') %}{% if ns.a == 'q' %}yes{% endif %}{% if ns.zz %}no{% endif %}
{% set ns.a = 1 %}
{% if messages[0].zz is defined %}a{% else %}b{% endif %}{% if messages[9] is defined %}a{% else %}b{% endif %}
{% if messages[0]['role'] is defined %}a{% endif %}{% if messages[0].role is string %}b{% endif %}{% if messages[0].zz is string %}c{% endif %}
{{ 'a' if 'x' in messages[0].role else 'b' }}{{ not foo }}{{ not not foo }}
{{ messages[0].role[0] }}
{{ messages['0'] }}
{{ {'a': 1}['a'] }}|{{ {'a': 1}.b }}|{{ ['x', 'y'][1] }}|{{ ['x'][4] }}|
{{ loop is defined }}
{% for a in messages %}{% for b in messages %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}
{% for m in messages[1:] %}{{ loop.index0 }}{{ m.role }}{% endfor %}
{% for m in messages %}{% if m.role == 'user' %}{% set last = m.role %}{% endif %}{% endfor %}{{ last }}|
{% set a = 'x' %}{% for m in messages %}{{ a }}{% set a = 'y' %}{{ a }}{% endfor %}{{ a }}
{% set a = messages[0] %}{{ a.role }}{% set messages = messages[1:] %}{{ messages|length }}
{{ 9007199254740993 }} {{ 99999999999999999999 }}
{{ 010 }}
{{ 1_000 }}
{{ a_b.c }}
{{ '%s' % 'a' }}
{{ 'a' 'b' }}
{{ 'user' in messages[0].role or false }} {{ '' and 'x' }}| {{ 0 and 1 }} {{ [] or 'e' }} {{ 'v' or undefined_x.y }}
{{ {'a': 1, 'b': ['x', 2], 'c': {}} | tojson }}
{{ messages|first is mapping }}
{{ (messages|last).role }}
{{ messages[0].content|length > 0 }}
{{ messages[::-1][0].role }}
{{ tools }}|{{ none }}|{{ None }}
{{ foo is none }} {{ tools is defined }} {{ messages[0].tool_calls is defined }}
{{ 1 + 2 * 3 }} {{ 7 / 2 }} {{ 7 % 3 }} {{ 2 ** 3 }} {{ 1.0 }} {{ 4 / 2 }}
{{ 'a' ~ 1 ~ true }} {{ 'n' ~ none }}
{{ 'a' if foo }}|
{{ 'aXbXc'.split('X') | join('-') }} {{ 'a.b'.split('.')[-1] }} {{ 'a  b '.split() | length }}
{{ ' a '.strip() }}|{{ ' a '.lstrip() }}|{{ '\n\na\n'.lstrip('\n') }}|{{ 'xxaxx'.strip('x') }}|
{{ 'abc'.startswith('ab') }} {{ 'abc'.upper() }} {{ 'abc def'.title() }} {{ 'abc def'.capitalize() }}
{{ 'abc'[0] }} {{ 'abc'[1:] }} {{ 'abc'[-1] }}
{{ messages[0].get('role') }} {{ messages[0].get('zz') }} {{ messages[0]['zz'] }}|
{% for k, v in {'a':1,'b':2}|items %}{{ k }}={{ v }},{% endfor %}
{% for k, v in {'b':1,'a':2}|dictsort %}{{ k }}={{ v }},{% endfor %}
{% for m in messages %}{% if loop.previtem is defined %}{{ loop.previtem.role }}{% endif %};{% endfor %}
{% for m in messages if m.role == 'user' %}{{ loop.index }}{{ m.role }}{% endfor %}
{% for m in [] %}x{% else %}empty{% endfor %}
{% for c in 'abc' %}{{ c }}.{% endfor %}
{% for m in messages %}{% set outer = loop %}{% for c in m.content %}{{ outer.index }}.{{ loop.index }} {% endfor %}{% endfor %}
{% set z %}block {{ 1 }}{% endset %}{{ z }}|
{% macro f(a, b='d') %}[{{ a }}{{ b }}]{% endmacro %}{{ f('x') }}{{ f('x', 'y') }}
{{ 'abc'|capitalize }}|{{ 'a b'|title }}|{{ ''|default('e', true) }}|{{ none|default('n') }}|
{{ [3,1,2]|sort|join(',') }} {{ [3,1]|max }} {{ [1,1,2]|unique|join(',') }} {{ [1,2,3]|sum }}
{{ {'a': {'b': 1}, 'c': []} | tojson(indent=2) }}
{{ [1, 2.5, none] | tojson }}
{{ 12|string }} {{ '12'|int + 1 }} {{ '1.5'|float }} {{ 3.7|int }} {{ -3|abs }} {{ 2.567|round(1) }}
{{ messages[0].content is iterable }} {{ messages is sequence }} {{ true is boolean }} {{ 'a' is sequence }}
{{ 1 < 2 <= 3 }}
{{ (1, 2)[0] }} {{ [1,'a',none,true] }} {{ {'a': 1, 'b': 'x'} }} {{ (1,2) }} {{ messages }}
{{ foo.bar }}
{{ messages[loop.index0] }}
{{ 'x' * 3 }} {{ '%s-%d' % ('a', 3) }} {{ '%s'|format('q') }}
{{ 'a' | foofilter }}
{{ foofunc() }}
{{ 'a'.foomethod() }}
{{ 'a' is foot }}
{% footag %}
{{ '\u00e9' }} {{ '\x41' }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}
{% set d = {'a': 1} %}{{ d.update({'b': 2}) }}
{% set l = [1] %}{{ l.append(2) }}
{% with q = 3 %}{{ q }}{% endwith %}{{ q }}|
{% filter upper %}abc{% endfilter %}
{{ '<b>'|escape }} {{ '<b>'|safe }} {{ 'abc'|reverse }}
{{ [1,2,3]|batch(2)|list }} {{ ['a','b']|map('upper')|join }} {{ ['a','','b']|select|list|join }}
{{ 1 == 1.0 }} {{ '1' == 1 }} {{ none == false }} {{ [] == false }} {{ true == 1 }}
{{ 1e3 }} {{ 0.1 + 0.2 }} {{ 1.5 }} {{ 100000000.0 }}
{{ "a" "b" }}
{% for m in messages recursive %}{{ m.role }}{% endfor %}
{{ cycler('a','b').next() }} {{ dict(a=1).a }} {{ lipsum is defined }}
{% for m in messages %}{{ loop.cycle('a','b') }}{{ loop.depth }}{% endfor %}
{{ {'a':{'b':3}}.a.b }} {{ [[1]][0][0] }}
{{ messages|map(attribute='role')|list }} {{ messages|first|string|length > 3 }}
{% if true %}
{% endfor %}
{{ 'open }}
{% for x y in messages %}{% endfor %}
"""


def render(template, messages):
    try:
        return _compile_jinja_template(template).render(
            messages=messages, tools=None, documents=None, add_generation_prompt=True, **VARIABLES)
    except Exception:
        return None


def parts(conversation):
    return [{"role": role, "content": [{"type": "image"} if part is None else {"type": "text", "text": part}
                                       for part in content]} for role, content in conversation]


def joined(conversation):
    return [{"role": role, "content": "".join(IMAGE if part is None else part for part in content)}
            for role, content in conversation]


def opengvlab(conversation):
    """The conversation `internvl2_5` of the code that OpenGVLab publishes beside its checkpoints."""
    rest, system_message = joined(conversation), OPENGVLAB_SYSTEM
    if rest[0]["role"] == "system":
        system_message = rest.pop(0)["content"]
    turns = [("system", system_message)] + [(message["role"], message["content"]) for message in rest]
    return "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in turns) + "<|im_start|>assistant\n"


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def record(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    cases = []
    for name, (template, is_joined) in TEMPLATES.items():
        (folder / f"{name}.jinja").write_text(template, encoding="utf-8", newline="")
        for conversation in CONVERSATIONS:
            messages = parts(conversation)
            rendered = render(template, joined(conversation) if is_joined else messages)
            cases.append({"template": name, "joined": is_joined, "messages": messages, "rendered": rendered})
    write(folder / "cases.json", cases)
    write(folder / "opengvlab.json", [{"messages": parts(conversation), "rendered": opengvlab(conversation)}
                                      for conversation in CONVERSATIONS])
    constructs = []
    for must, templates in ((True, MUST.strip().split("\n") + MUST_LINES), (False, MAY.strip().split("\n"))):
        for template in templates:
            for is_joined, messages in ((False, parts(CONVERSATIONS[3])), (True, joined(CONVERSATIONS[3]))):
                constructs.append({"template": template, "joined": is_joined, "must": must,
                                   "rendered": render(template, messages)})
    write(folder / "constructs.json", {"messages": parts(CONVERSATIONS[3]), "constructs": constructs})


if __name__ == "__main__":
    record(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "vlm/src/test/resources/goldens/chat")
