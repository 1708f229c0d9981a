#!/usr/bin/env bash
# What `mvn -Pfull verify` tests with and the repository does not hold: the whole vocabulary of Qwen2.5, from npm.
# Where a tool or the network is missing, it says so, and the tests that need it are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() {
  echo "-Pfull: $1: the tests with the whole vocabulary (VocabularyTest) are skipped"
  exit 0
}

command -v python3 >/dev/null || skip "no python3"
command -v npm >/dev/null || [ -f vlm/target/vocabulary/tokenizer.json ] || skip "no npm"
said=$(timeout 180 python3 tests/goldens/make_vocabulary.py --fetch 2>&1) ||
  skip "the vocabulary cannot be fetched: $(tail -n 1 <<<"$said")"
echo "-Pfull: the whole vocabulary is in vlm/target/vocabulary"
