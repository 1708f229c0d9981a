"""Compares Sampo with Transformers; tests/bench/peer.sh starts it."""
import argparse
import collections
import datetime
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

PRODUCT, READ = "product", "read"
TIMED = {"vision-1": "vision tower, one image", "vision-4": "vision tower, four images",
         "prefill-1": "prefill of 320 tokens, image features known", "prompt-1": "prefill with the vision tower",
         "prompt-8": "prefill of a group of 8 with the vision tower",
         "decode-1": "decode step, 1 row", "decode-8": "decode step, 8 rows of one prompt"}
STEPS = 32  # of checkpoint.py
BOUND = 2e-5
LEAST_SECONDS = 0.2  # of one sample


class Side:
    """One process with the model loaded, confined to the first cores."""

    def __init__(self, command, folder, threads):
        start = datetime.datetime.now()
        self.process = subprocess.Popen([*command, str(folder), str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, preexec_fn=lambda: os.sched_setaffinity(0, CORES[:threads]))
        self.loaded = self.read()
        self.seconds_to_ready = (datetime.datetime.now() - start).total_seconds()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(self.process.args)[:100]}... ended, see above")
        return json.loads(line)

    def run(self, phase, count, *file):
        print(phase, count, *file, file=self.process.stdin, flush=True)
        return self.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def check(sides, phase, folder):
    """Both give the same numbers; a prompt of several rows, which Sampo runs once, in each row. Returns the largest
    difference."""
    values = []
    for name, side in sides.items():
        file = folder / f"{name}.f32"
        side.run(phase, 1, str(file))
        values.append(np.fromfile(file, np.float32))
    repeats = int(phase.split("-")[1]) if phase.startswith("prompt") else 1
    if repeats * values[0].size != values[1].size:
        raise SystemExit(f"{phase}: {values[0].size} and {values[1].size} numbers")
    difference = float(np.abs(values[0] - values[1].reshape(repeats, -1)).max())
    if not difference <= BOUND * max(1, float(np.abs(values[1]).max())):
        raise SystemExit(f"{phase}: results differ by {difference:.2g}")
    return difference


def measure_times(commands, folder, threads, options):
    """-> seconds per run by phase and side, floors by phase, largest difference by phase"""
    samples = collections.defaultdict(lambda: collections.defaultdict(list))
    with Side(commands["sampo"], folder, threads) as sampo, Side(commands["transformers"], folder, threads) as transformers:
        sides = {"sampo": sampo, "transformers": transformers}
        differences = {phase: check(sides, phase, folder) for phase in TIMED}
        counts = {}
        for phase in [PRODUCT, READ, *TIMED]:
            for _ in range(options.warm_up):
                fastest = min(side.run(phase, 1)["seconds"] for side in sides.values())
            counts[phase] = max(1, round(LEAST_SECONDS / fastest))
        for _ in range(options.rounds):
            for phase, count in counts.items():
                for name, side in sides.items():
                    samples[phase][name].append(side.run(phase, count)["seconds"] / count)
        return samples, sampo.loaded["floors"], differences


def measure_memory(commands, folder, threads, options):
    """Every phase in a process of its own. -> by phase or `load` and side: bytes above those before loading; by side:
    seconds of loading, seconds from the start of the process to the model"""
    peaks = collections.defaultdict(lambda: collections.defaultdict(list))
    loading, starting = collections.defaultdict(list), collections.defaultdict(list)
    for _ in range(options.memory_rounds):
        for phase in TIMED:
            for name, command in commands.items():
                with Side(command, folder, threads) as side:
                    before = side.loaded["before"]
                    peaks["load"][name].append(side.loaded["peak"] - before)
                    peaks["before"][name].append(before)
                    peaks[phase][name].append(side.run(phase, 2)["peak"] - before)
                    loading[name].append(side.loaded["seconds"])
                    starting[name].append(side.seconds_to_ready)
    return peaks, loading, starting


def spread(values):
    return f"{number(statistics.median(values))} ({number(min(values))}–{number(max(values))})"


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3g}"


def row(name, unit, sampo, transformers, floor=None):
    """A line of the table; the ratio is the median of the ratios of the rounds."""
    ratio = statistics.median(a / b for a, b in zip(sampo, transformers))
    share = "" if floor is None else f"{number(floor)} | {floor / statistics.median(sampo):.0%}"
    return f"| {name} | {unit} | {spread(sampo)} | {spread(transformers)} | **{ratio:.2f}** | {share or '|'} |"


def table(times, floors, memory, threads):
    rate = floors[PRODUCT]["flops"] / min(min(s) for s in times[PRODUCT].values())
    bandwidth = floors[READ]["bytes"] / min(min(s) for s in times[READ].values())
    lines = [f"Floors: {rate / 1e9:.0f} GFLOP/s in a float32 matrix product, {bandwidth / 1e9:.1f} GB/s read.", "",
             "| | unit | Sampo | Transformers | ratio | floor | floor / Sampo |", "|---|---|---:|---:|---:|---:|---:|"]
    for phase, name in TIMED.items():
        runs = STEPS if phase.startswith("decode") else 1
        floor = max(floors[phase]["flops"] / rate, floors[phase]["bytes"] / bandwidth)
        milliseconds = {side: [1e3 * s / runs for s in values] for side, values in times[phase].items()}
        lines.append(row(name, "ms", milliseconds["sampo"], milliseconds["transformers"], 1e3 * floor / runs))
    for phase in (p for p in TIMED if p.startswith("decode")):
        rows = int(phase.split("-")[1])
        rates = {side: statistics.median(rows * STEPS / s for s in values) for side, values in times[phase].items()}
        lines.append(f"| decode, {'1 row' if rows == 1 else f'{rows} rows'} | tokens/s | {number(rates['sampo'])} | "
                     f"{number(rates['transformers'])} | | | |")
    peaks, loading, starting = memory
    lines.append(row("loading", "s", loading["sampo"], loading["transformers"]))
    lines.append(row("start of the process to model loaded", "s", starting["sampo"], starting["transformers"]))
    for phase, name in {"before": "memory before the model is loaded", "load": "peak of loading, above that", **TIMED}.items():
        megabytes = {side: [b / 1e6 for b in values] for side, values in peaks[phase].items()}
        label = name if phase in ("before", "load") else f"peak with {name.replace('decode step', 'decode')}, above that"
        lines.append(row(label, "MB", megabytes["sampo"], megabytes["transformers"]))
    return lines


def machine():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor")


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/peer.sh", description=(
        "Measures time and memory of vision tower, prefill, decode and loading against Transformers, both with the same "
        "weights, threads and inputs, taking turns; prints a table in Markdown."))
    parser.add_argument("--sampo", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, nargs="+", default=[1], help="native threads, one table each (default: 1)")
    parser.add_argument("--shapes", nargs="+", default=["qwen2_5_vl-small", "internvl-small"], help="see checkpoint.py")
    parser.add_argument("--rounds", type=int, default=7, help="samples of each time, at least 0.2 s each (default: 7)")
    parser.add_argument("--warm-up", type=int, default=3, help="runs before the first sample (default: 3)")
    parser.add_argument("--memory-rounds", type=int, default=3, help="processes per side and phase (default: 3)")
    parser.add_argument("--json", type=Path, help="write every sample here")
    options = parser.parse_args()
    if min(*options.threads, options.rounds, options.warm_up, options.memory_rounds) < 1 or max(options.threads) > len(CORES):
        parser.error(f"--threads must be in [1, {len(CORES)}], rounds at least 1")

    import torch
    import transformers
    import checkpoint
    unknown = set(options.shapes) - set(checkpoint.SHAPES)
    if unknown:
        parser.error(f"--shapes must be of {', '.join(checkpoint.SHAPES)}, got {', '.join(sorted(unknown))}")
    commands = {"sampo": shlex.split(options.sampo),
                "transformers": [sys.executable, str(Path(__file__).with_name("reference.py"))]}
    print(f"{machine()}, {len(CORES)} cores; {datetime.date.today()}; Transformers {transformers.__version__}, torch "
          f"{torch.__version__}; {options.rounds} rounds after {options.warm_up}, {options.memory_rounds} for memory.", flush=True)
    everything = []
    with tempfile.TemporaryDirectory(prefix="sampo-peer") as folder:
        for shape in options.shapes:
            parameters = checkpoint.write(checkpoint.SHAPES[shape], Path(folder, shape))
            for threads in options.threads:
                memory = measure_memory(commands, Path(folder, shape), threads, options)
                times, floors, differences = measure_times(commands, Path(folder, shape), threads, options)
                print(f"\n### {shape}, {parameters / 1e6:.0f} million parameters, threads: {threads}\n", flush=True)
                print("\n".join(table(times, floors, memory, threads)), flush=True)
                print(f"\nLargest difference of results: {max(differences.values()):.1g}.", flush=True)
                everything.append({"shape": shape, "threads": threads, "seconds": times, "floors": floors,
                                   "differences": differences, "bytes": memory[0], "loading": memory[1], "starting": memory[2]})
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1) + "\n")


CORES = sorted(os.sched_getaffinity(0))

if __name__ == "__main__":
    main()
