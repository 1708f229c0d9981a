#!/usr/bin/env bash
# Measures what determinism costs a training, and how much faster a recording is taken again:
#   tests/bench/replay.sh FOLDER [ROUNDS]
# FOLDER must not exist; it is deleted afterwards. Needs a JDK 25; builds first. Nothing else should run meanwhile.
set -euo pipefail

home=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
folder=$(realpath -m "$1")
rounds=${2:-3}
steps=16
first=5 # steps before it warm up

[ ! -e "$folder" ] || { echo "${0##*/}: $folder is there already" >&2; exit 1; }
mkdir -p "$folder"
trap 'rm -rf "$folder"' EXIT
cd "$folder"

"$home/sampo" data synth --task rec --out data -n 64 --eval-rows 4 --seed 9 >/dev/null
cat >train.conf <<CONF
sampo {
  run { name = replay, folder = unused, seed = 5, steps = $steps }
  model.path = "$home/models/tiny-rec/shifted"
  data { train = data/train.jsonl, image-folder = data }
  sampling.max-tokens = 64
  rollout { group-size = 8, max-groups-in-flight = 16 }
  learner { groups-per-step = 16, learning-rate = 2e-4, objective.kl.beta = 0.04 }
  checkpoint.every = $steps
}
CONF

# Seconds of a step: the median of those after the first, of all rounds.
seconds() { # NAME
  for run in "$1"-*/; do sed -n 's:.*"time/step"\:\([0-9.E-]*\).*:\1:p' "${run}metrics.jsonl" | tail -n +$first; done | sort -g |
    awk '{ s[NR] = $1 } END { printf "%.3f", NR % 2 ? s[(NR + 1) / 2] : (s[NR / 2] + s[NR / 2 + 1]) / 2 }'
}

train() { # NAME SETTINGS...
  local run=$1 settings=()
  shift
  for setting in "$@"; do settings+=(--set "$setting"); done
  "$home/sampo" train train.conf --set run.folder="$run" "${settings[@]}" >"$run.txt"
}

for round in $(seq "$rounds"); do
  train "asynchronous-$round" staleness.max=1
  train "synchronous-$round" staleness.max=0
  train "deterministic-$round" staleness.max=0 rollout.deterministic=true
  "$home/sampo" replay "asynchronous-$round/rollouts" --out "replay-$round" >"replay-$round.txt"
done

echo "| median of $((rounds * (steps - first + 1))) steps | s |"
echo "|---|---:|"
echo "| live, staleness at most 1 | $(seconds asynchronous) |"
echo "| the same from its recording | $(seconds replay) |"
echo "| live, staleness 0 | $(seconds synchronous) |"
echo "| live, staleness 0, deterministic | $(seconds deterministic) |"
