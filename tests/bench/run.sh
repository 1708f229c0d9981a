#!/usr/bin/env bash
# Measures speed and memory on this machine: tests/bench/run.sh [--json FILE] [--threads N] [--repetitions N].
# Needs a JDK 25; builds first. Nothing else should run meanwhile. "run.sh images ..." is for images.py;
# "run.sh recording FOLDER [ROUNDS]" measures recordings on the disk of FOLDER, "run.sh ledger FOLDER [ROUNDS]" ledgers.
set -euo pipefail
[ "${1:-}" != ledger ] || profile=(-Pfull -Dexec.skip=true) # with PostgreSQL
# shellcheck source=build.sh
. "$(dirname "$0")/build.sh"

model=$home/models/tiny-rec/shifted
[ -d "$model" ] || model=$home/models/tiny-rec
benchmark=(dev.sampo.bench.SpeedBenchmark --model "$model")
case ${1:-} in
  images) benchmark=(dev.sampo.bench.ImageBenchmark) && shift ;;
  ledger) benchmark=(dev.sampo.bench.LedgerBenchmark) && shift ;;
  recording) benchmark=(dev.sampo.bench.RecordingBenchmark) && shift ;;
esac
exec "${java[@]}" -Xmx1g "${benchmark[@]}" "$@"
