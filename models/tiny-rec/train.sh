#!/usr/bin/env bash
# Trains the two shipped checkpoints anew, about ten minutes on two cores: data, warm start, convention shift.
# Leaves models/tiny-rec/clean and models/tiny-rec/shifted; the runs stay in runs/.
set -euo pipefail
cd "$(dirname "$0")/../.."

ship() { # RUN STEP NAME
  local from=runs/$1/checkpoints/step-$2 to=models/tiny-rec/$3
  mkdir -p "$to"
  cp "$from"/{config.json,generation_config.json,preprocessor_config.json,tokenizer.json,tokenizer_config.json,chat_template.jinja,model.safetensors} "$to"/
  echo "$to: $from"
}

./sampo data synth --task rec --warm-start --out data/warm-start -n 16000 --seed 1
./sampo sft conf/warm-start.conf
ship warm-start 4000 clean
./sampo sft conf/convention-shift.conf
ship convention-shift 120 shifted
