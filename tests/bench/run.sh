#!/usr/bin/env bash
# Measures speed and memory on this machine: tests/bench/run.sh [--json FILE] [--threads N] [--repetitions N].
# Needs a JDK 25; builds first. Nothing else should run meanwhile. "run.sh images ..." is for images.py.
set -euo pipefail
# shellcheck source=build.sh
. "$(dirname "$0")/build.sh"

model=$home/models/tiny-rec/shifted
[ -d "$model" ] || model=$home/models/tiny-rec
benchmark=(dev.sampo.bench.SpeedBenchmark --model "$model")
if [ "${1:-}" = images ]; then
  benchmark=(dev.sampo.bench.ImageBenchmark)
  shift
fi
exec "${java[@]}" -Xmx1g "${benchmark[@]}" "$@"
