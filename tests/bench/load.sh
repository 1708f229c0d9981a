#!/usr/bin/env bash
# Measures memory and time of loading a model of 3.75 billion parameters in bfloat16: tests/bench/load.sh FOLDER.
# FOLDER must not exist; 7.5 GB are written to it and deleted. Needs a JDK 25 and Maven; builds first.
set -euo pipefail
folder=$(realpath -m "$1")
cd "$(dirname "$0")/../.."

mvn --quiet --batch-mode --no-transfer-progress -pl tests -am test-compile \
  dependency:build-classpath -Dmdep.outputFile=target/benchmark.classpath
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx512m \
  -cp "tests/target/test-classes:$(cat tests/target/benchmark.classpath)" dev.sampo.bench.LoadBenchmark "$folder"
