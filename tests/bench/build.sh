# Sourced by the scripts beside it. Finds a JDK 25 and Maven as ../../sampo does, builds, and sets
#   home   the checkout
#   java   the command line of a JVM with the product's flags and the class path of the benchmarks
# shellcheck shell=bash source=../../sampo
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../sampo"

JAVA_HOME=$(find_jdk)
export JAVA_HOME
maven=$(find_maven)
(cd "$home" && MAVEN_OPTS="${MAVEN_OPTS:-} --sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED" \
  "$maven" ${profile[@]+"${profile[@]}"} --quiet --batch-mode --no-transfer-progress -pl tests -am -Dsampo.static.checks=-proc:none test-compile \
  dependency:build-classpath -Dmdep.outputFile=target/benchmark.classpath)
read -ra flags < <(sed -n 's:.*<sampo.jvm.flags>\(.*\)</sampo.jvm.flags>.*:\1:p' "$home/pom.xml")
java=(env MALLOC_ARENA_MAX=2 "$JAVA_HOME/bin/java" "${flags[@]}" -Dai.djl.pytorch.num_interop_threads=1
  -cp "$home/tests/target/test-classes:$(cat "$home/tests/target/benchmark.classpath")")
