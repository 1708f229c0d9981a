#!/usr/bin/env bash
# Measures speed and memory on this machine: tests/bench/run.sh [--json FILE] [--threads N] [--repetitions N].
# Needs a JDK 25 and Maven; builds first. Nothing else should run meanwhile. "run.sh images ..." is for images.py.
set -euo pipefail
here=$PWD
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

model=$PWD/models/tiny-rec/shifted
[ -d "$model" ] || model=$PWD/models/tiny-rec
benchmark=(dev.sampo.bench.SpeedBenchmark --model "$model")
if [ "${1:-}" = images ]; then
  benchmark=(dev.sampo.bench.ImageBenchmark)
  shift
fi
root=$PWD
cd "$here"
# shellcheck disable=SC2086 # a list of options
MALLOC_ARENA_MAX=2 exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" $flags -Dai.djl.pytorch.num_interop_threads=1 -Xmx1g \
  -cp "$root/tests/target/test-classes:$(cat "$root/tests/target/benchmark.classpath")" \
  "${benchmark[@]}" "$@"
