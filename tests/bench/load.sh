#!/usr/bin/env bash
# Measures memory and time of loading a model of 3.75 billion parameters in bfloat16: tests/bench/load.sh FOLDER.
# FOLDER must not exist; 7.5 GB are written to it and deleted. Needs a JDK 25; builds first.
set -euo pipefail
# shellcheck source=build.sh
. "$(dirname "$0")/build.sh"

exec "${java[@]}" -Xmx512m dev.sampo.bench.LoadBenchmark "$(realpath -m "$1")"
