#!/usr/bin/env bash
# Makes the committed recording anew: a short run of the shipped model on scenes of its own. Needed when the
# format of recordings, the learner's settings or the shipped model change; say which in the commit.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
sampo=$here/../../sampo
work=$(mktemp -d /tmp/sampo-recording.XXXX)
trap 'rm -rf "$work"' EXIT

# Everything lies in one folder, so that the manifest names no other place.
cp "$here/small.conf" "$work/"
cp -r "$here/../../models/tiny-rec/shifted" "$work/model"
"$sampo" data synth --task rec --out "$work/data" -n 32 --eval-rows 4 --seed 7
"$sampo" train "$work/small.conf"
"$sampo" inspect "$work/run/rollouts" --verify
rm -rf "$here/small"
cp -r "$work/run/rollouts" "$here/small"
cp "$work/run/metrics.jsonl" "$here/small/"
