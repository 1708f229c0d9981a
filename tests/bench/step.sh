#!/usr/bin/env bash
# Compares a GRPO step with Transformers and PyTorch on this machine; tests/bench/step.sh --help says how.
# Needs a JDK 25 and a Python (PYTHON, else python3) with tests/goldens/requirements.txt; builds first.
# Nothing else should run meanwhile.
set -euo pipefail
# shellcheck source=build.sh
. "$(dirname "$0")/build.sh"

exec "${PYTHON:-python3}" "$home/tests/bench/peer/steps.py" \
  --sampo "${java[*]@Q} -Xmx1g dev.sampo.bench.StepProcess $(printf %q "$home/tests/bench/peer/step.conf")" "$@"
