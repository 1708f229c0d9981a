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


def measure_times(commands, folder, options, threads):
    """-> by side: seconds of loading, seconds from the start of the process to the model; by phase and side: seconds per
    run; floors by phase; largest difference by phase"""
    loading, starting = collections.defaultdict(list), collections.defaultdict(list)
    samples = collections.defaultdict(lambda: collections.defaultdict(list))
    for last in [False] * (options.load_rounds - 1) + [True]:
        with Side(commands["sampo"], folder, threads) as sampo, Side(commands["transformers"], folder, threads) as transformers:
            sides = {"sampo": sampo, "transformers": transformers}
            for name, side in sides.items():
                loading[name].append(side.loaded["seconds"])
                starting[name].append(side.seconds_to_ready)
            if last:
                differences = {phase: check(sides, phase, folder) for phase in TIMED}
                counts = {phase: warm_up(sides, phase, options.warm_up) for phase in [PRODUCT, READ, *TIMED]}
                for _ in range(options.rounds):
                    for phase, count in counts.items():
                        for name, side in sides.items():
                            samples[phase][name].append(side.run(phase, count)["seconds"] / count)
    return {"loading": loading, "starting": starting, "seconds": samples, "floors": sampo.loaded["floors"],
            "differences": differences}


def warm_up(sides, phase, times):
    """-> how many runs make a sample"""
    fastest = min(side.run(phase, 1)["seconds"] for side in sides.values() for _ in range(times))
    return max(1, round(LEAST_SECONDS / fastest))


def measure_memory(commands, folder, options, threads):
    """Each phase in a process of its own. -> by phase or `before` or `load` and side: bytes, all but the first above it"""
    peaks = collections.defaultdict(lambda: collections.defaultdict(list))
    for _ in range(options.memory_rounds):
        for phase in TIMED:
            for name, command in commands.items():
                with Side(command, folder, threads) as side:
                    before = side.loaded["before"]
                    peaks["before"][name].append(before)
                    peaks["load"][name].append(side.loaded["peak"] - before)
                    peaks[phase][name].append(side.run(phase, options.memory_runs)["peak"] - before)
    return peaks


def spread(values):
    return f"{number(statistics.median(values))} ({number(min(values))}–{number(max(values))})"


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3g}"


def row(name, unit, samples, floor=None):
    """A line of a table; the ratio is the median of the ratios of the rounds."""
    sampo, transformers = samples["sampo"], samples["transformers"]
    ratio = statistics.median(a / b for a, b in zip(sampo, transformers))
    line = f"| {name} | {unit} | {spread(sampo)} | {spread(transformers)} | **{ratio:.2f}** |"
    return line if floor is None else f"{line} {number(floor)} | {floor / statistics.median(sampo):.0%} |"


def time_table(measured):
    times, floors = measured["seconds"], measured["floors"]
    rate = floors[PRODUCT]["flops"] / min(min(s) for s in times[PRODUCT].values())
    bandwidth = floors[READ]["bytes"] / min(min(s) for s in times[READ].values())
    lines = ["| time | unit | Sampo | Transformers | ratio | floor | floor / Sampo |", "|---|---|---:|---:|---:|---:|---:|"]
    for phase, name in TIMED.items():
        runs = STEPS if phase.startswith("decode") else 1
        floor = max(floors[phase]["flops"] / rate, floors[phase]["bytes"] / bandwidth)
        milliseconds = {side: [1e3 * s / runs for s in values] for side, values in times[phase].items()}
        lines.append(row(name, "ms", milliseconds, 1e3 * floor / runs))
    for phase in (p for p in TIMED if p.startswith("decode")):
        rows = int(phase.split("-")[1])
        rates = {side: statistics.median(rows * STEPS / s for s in values) for side, values in times[phase].items()}
        lines.append(f"| decode, {'1 row' if rows == 1 else f'{rows} rows'} | tokens/s | {number(rates['sampo'])} | "
                     f"{number(rates['transformers'])} | | | |")
    lines.append(row("loading", "s", measured["loading"]))
    lines.append(row("start of the process to model loaded", "s", measured["starting"]))
    return [*lines, "", f"Floors from {rate / 1e9:.0f} GFLOP/s of a float32 matrix product and {bandwidth / 1e9:.1f} GB/s of reading. "
            f"Results differ by at most {max(measured['differences'].values()):.1g}."]


def memory_table(peaks):
    names = {"before": "before the model is loaded", "load": "loading",
             **{phase: name.replace("decode step", "decode") for phase, name in TIMED.items()}}
    lines = ["| peak of memory | unit | Sampo | Transformers | ratio |", "|---|---|---:|---:|---:|"]
    for phase, name in names.items():
        megabytes = {side: [b / 1e6 for b in values] for side, values in peaks[phase].items()}
        lines.append(row(name, "MB", megabytes))
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
    parser.add_argument("--load-rounds", type=int, default=3, help="samples of loading (default: 3)")
    parser.add_argument("--memory-rounds", type=int, default=3, help="processes per side and phase (default: 3)")
    parser.add_argument("--memory-runs", type=int, default=5, help="runs of the phase in each of them (default: 5)")
    parser.add_argument("--json", type=Path, help="write every sample here")
    options = parser.parse_args()
    counts = (options.rounds, options.warm_up, options.load_rounds, options.memory_rounds, options.memory_runs)
    if min(counts) < 1:
        parser.error("numbers of rounds and runs must be at least 1")
    if not all(1 <= threads <= len(CORES) for threads in options.threads):
        parser.error(f"--threads must be in [1, {len(CORES)}]")

    import torch
    import transformers
    import checkpoint
    unknown = set(options.shapes) - set(checkpoint.SHAPES)
    if unknown:
        parser.error(f"--shapes must be of {', '.join(checkpoint.SHAPES)}, got {', '.join(sorted(unknown))}")
    commands = {"sampo": shlex.split(options.sampo),
                "transformers": [sys.executable, str(Path(__file__).with_name("reference.py"))]}
    print(f"{machine()}, {len(CORES)} cores; {datetime.date.today()}; Transformers {transformers.__version__}, torch "
          f"{torch.__version__}; {options.rounds} rounds after {options.warm_up} of warm-up, {options.load_rounds} of loading, "
          f"{options.memory_rounds} of memory", flush=True)
    everything = []
    with tempfile.TemporaryDirectory(prefix="sampo-peer") as folder:
        folders = {name: Path(folder, name) for name in options.shapes}
        sizes = {name: checkpoint.write(checkpoint.SHAPES[name], path) for name, path in folders.items()}
        # Times first: they are what other processes on the machine would disturb.
        for measure, show in ((measure_times, time_table), (measure_memory, memory_table)):
            for threads in options.threads:
                for name, path in folders.items():
                    measured = measure(commands, path, options, threads)
                    print(f"\n### {name}, {sizes[name] / 1e6:.0f} million parameters, {threads} "
                          f"{'thread' if threads == 1 else 'threads'}\n\n" + "\n".join(show(measured)), flush=True)
                    everything.append({"shape": name, "threads": threads, measure.__name__: measured})
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1) + "\n")


CORES = sorted(os.sched_getaffinity(0))

if __name__ == "__main__":
    main()
