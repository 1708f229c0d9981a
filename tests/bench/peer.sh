#!/usr/bin/env bash
# Compares time and memory with Transformers on this machine; tests/bench/peer.sh --help says how.
# Needs a JDK 25, Maven and a Python (PYTHON, else python3) with tests/goldens/requirements.txt; builds first.
# Nothing else should run meanwhile.
set -euo pipefail
cd "$(dirname "$0")/../.."

for home in "${JAVA_HOME:-}" /usr/lib/jvm/*25*; do
  if [ -x "$home/bin/javac" ] && "$home/bin/javac" -version 2>&1 | grep -qE 'javac (2[5-9]|[3-9][0-9])'; then
    export JAVA_HOME=$home
    break
  fi
done

mvn --quiet --batch-mode --no-transfer-progress -pl tests -am test-compile \
  dependency:build-classpath -Dmdep.outputFile=target/benchmark.classpath
flags=$(sed -n 's:.*<sampo.jvm.flags>\(.*\)</sampo.jvm.flags>.*:\1:p' pom.xml)

exec "${PYTHON:-python3}" tests/bench/peer/compare.py \
  --sampo "env MALLOC_ARENA_MAX=2 ${JAVA_HOME:+$JAVA_HOME/bin/}java $flags -Dai.djl.pytorch.num_interop_threads=1 -Xmx1g \
-cp $PWD/tests/target/test-classes:$(cat tests/target/benchmark.classpath) dev.sampo.bench.PeerProcess" "$@"
