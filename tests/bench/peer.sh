#!/usr/bin/env bash
# Compares time and memory with Transformers on this machine; tests/bench/peer.sh --help says how.
# Needs a JDK 25 and a Python (PYTHON, else python3) with tests/goldens/requirements.txt; builds first.
# Nothing else should run meanwhile.
set -euo pipefail
# shellcheck source=build.sh
. "$(dirname "$0")/build.sh"

exec "${PYTHON:-python3}" "$home/tests/bench/peer/compare.py" --sampo "${java[*]@Q} -Xmx1g dev.sampo.bench.PeerProcess" "$@"
