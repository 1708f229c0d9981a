#!/usr/bin/env bash
# Makes the checkpoints of this folder anew: clean/ sees well, shifted/ is what the quick start begins with.
# Needs two cores for about a quarter of an hour, and no folder runs/warm-start or runs/convention-shift.
set -euo pipefail
cd "$(dirname "$0")/../.."

ship() { # RUN STEP NAME
  local target="models/tiny-rec/$3"
  rm -rf "$target" && mkdir "$target"
  cp "runs/$1/checkpoints/step-$2/"* "$target/"
  rm "$target/optimizer.safetensors" "$target/trainer_state.json"
}

./sampo data synth --task rec --warm-start --out data/warm-start -n 16000 --seed 1
./sampo sft conf/warm-start.conf
ship warm-start 4000 clean
./sampo sft conf/convention-shift.conf
ship convention-shift 120 shifted
