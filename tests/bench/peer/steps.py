"""Compares training steps with Transformers and PyTorch; tests/bench/step.sh starts it."""
import argparse
import collections
import datetime
import json
import shlex
import statistics
import sys
import tempfile
from pathlib import Path

from compare import CORES, Side, machine, number, spread

SAMPO, PEER = "sampo", "peer"
SHARED, PLAIN, USUAL, ONCE, SIZE = (SAMPO, "shared"), (SAMPO, "plain"), (PEER, "usual"), (PEER, "once"), (PEER, "size")
TIMED = {SHARED: "Sampo", PLAIN: "Sampo, prompt repeated", USUAL: "Transformers", ONCE: "Transformers, image features once",
         SIZE: "Transformers, as many tokens as shared"}
SHAPE = "qwen2_5_vl-40m"
BOUND = 1e-4  # relative, of loss and gradient norm
VISION = ("frozen", "trained")


def close(a, b):
    return abs(a - b) <= BOUND * max(abs(a), abs(b))


def check(sides):
    """The first steps of both sides, from the same weights, have the same loss and gradient; then all phases do
    but the one whose loss means nothing. Returns the largest relative difference."""
    worst = 0.0
    for phases in ((SHARED, USUAL), (PLAIN, ONCE)):
        (first, second), names = (sides[name].run(phase, 1) for name, phase in phases), [TIMED[phase] for phase in phases]
        for key in ("loss", "norm"):
            if not close(first[key], second[key]):
                raise SystemExit(f"{key} of a step: {names[0]} {first[key]:.7g}, {names[1]} {second[key]:.7g}")
            worst = max(worst, abs(first[key] - second[key]) / abs(second[key]))
    return worst


def open_sides(commands, vision, folder, threads):
    return {name: Side([*command, vision], folder, threads) for name, command in commands.items()}


def close_sides(sides):
    for side in sides.values():
        side.__exit__()


def measure_times(commands, vision, folder, options, threads):
    """-> samples {seconds, cpu} by phase, rates of a matrix product, what Sampo says of the work, largest difference"""
    samples, rates = collections.defaultdict(list), []
    sides = open_sides(commands, vision, folder, threads)
    try:
        difference = check(sides)
        work = sides[SAMPO].loaded
        for turn in range(-options.warm_up, options.rounds):
            for name, phase in TIMED:
                rate = sides[name].run("product", 1)
                sample = sides[name].run(phase, 1)
                if turn >= 0:
                    rates.append(work["flops"]["product"] / rate["seconds"])
                    samples[name, phase].append(sample)
    finally:
        close_sides(sides)
    return {"samples": samples, "rate": max(rates), "work": work, "difference": difference}


def measure_memory(commands, vision, folder, options, threads):
    """Each phase in a process of its own. -> bytes by phase: resident at the peak, and of that above what the process held
    before it loaded the model"""
    peaks = {}
    for name, phase in (SHARED, PLAIN, USUAL, ONCE):
        with Side([*commands[name], vision], folder, threads) as side:
            peak = side.run(phase, options.memory_steps)["peak"]
            peaks[name, phase] = peak, peak - side.loaded["before"]
    return peaks


def seconds(measured, phase, clock="seconds"):
    return [sample[clock] for sample in measured["samples"][phase]]


def ratio(measured, phase, base, clock="seconds"):
    """The median of the ratios of the rounds."""
    return statistics.median(a / b for a, b in zip(seconds(measured, phase, clock), seconds(measured, base, clock)))


def time_table(measured, completions):
    lines = ["| step | seconds | CPU seconds | samples/s | time, as a multiple of Sampo's | of its CPU time |",
             "|---|---:|---:|---:|---:|---:|"]
    for phase, name in TIMED.items():
        wall, cpu = seconds(measured, phase), seconds(measured, phase, "cpu")
        rate = "" if phase == SIZE else f"{completions / statistics.median(wall):.2f}"
        lines.append(f"| {name} | {spread(wall)} | {spread(cpu)} | {rate} | **{ratio(measured, phase, SHARED):.2f}** | "
                     f"{ratio(measured, phase, SHARED, 'cpu'):.2f} |")
    return lines


def findings(measured, threads):
    work, rate = measured["work"]["flops"], measured["rate"]
    floor, step = work["shared"] / rate, statistics.median(seconds(measured, SHARED))
    prompt, completions = measured["work"]["tokens"]
    return [
        f"* Ceiling of sharing alone: {work['repeated'] / 1e9:.0f} GFLOP repeated over {work['shared'] / 1e9:.0f} shared = "
        f"**{work['repeated'] / work['shared']:.2f}**; measured, Transformers over its own time for {prompt + completions} tokens: "
        f"{ratio(measured, USUAL, SIZE):.2f}.",
        f"* Won by sharing: {ratio(measured, PLAIN, SHARED):.2f} (our repeated layout over our shared one); by kernels: "
        f"{ratio(measured, USUAL, PLAIN):.2f} (Transformers over our repeated layout).",
        f"* Floor: {number(floor)} s at {rate / 1e9:.0f} GFLOP/s of a matrix product with {threads} "
        f"{'thread' if threads == 1 else 'threads'}, {floor / step:.0%} of Sampo's step, which takes {step / floor:.2f} times the floor.",
        f"* Loss and gradient norm differ by at most {measured['difference']:.1g} of their value."]


def best_line(times, completions):
    """Both at their own best number of threads."""
    best = {}
    for phase in (SHARED, USUAL):
        threads = min(times, key=lambda n: statistics.median(seconds(times[n], phase)))
        best[phase] = threads, completions / statistics.median(seconds(times[threads], phase))
    (ours, mine), (theirs, other) = best[SHARED], best[USUAL]
    return (f"Each at its best number of threads: Sampo {mine:.2f} samples/s ({ours}), Transformers {other:.2f} ({theirs}), "
            f"**{mine / other:.2f} times**.")


def memory_table(peaks):
    lines = ["| peak of memory | resident, MB | above the process without the model, MB | of Sampo's |", "|---|---:|---:|---:|"]
    base = peaks[SHARED][1]
    return lines + [f"| {TIMED[phase]} | {total / 1e6:,.0f} | {above / 1e6:,.0f} | {above / base:.2f} |"
                    for phase, (total, above) in peaks.items()]


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/step.sh", description=(
        "Measures a GRPO step against Transformers and PyTorch, both with the same weights, threads and inputs, taking "
        "turns; prints tables in Markdown."))
    parser.add_argument("--sampo", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="native threads, one table each (default: 1 2)")
    parser.add_argument("--vision", choices=VISION, nargs="+", default=VISION, help="the vision tower (default: both)")
    parser.add_argument("--rounds", type=int, default=5, help="steps of each kind that are counted (default: 5)")
    parser.add_argument("--warm-up", type=int, default=1, help="steps of each kind before them (default: 1)")
    parser.add_argument("--memory-steps", type=int, default=4, help="steps in each process for memory (default: 4)")
    parser.add_argument("--no-memory", action="store_true", help="measure times only")
    parser.add_argument("--json", type=Path, help="write every sample here")
    options = parser.parse_args()
    if min(options.rounds, options.memory_steps) < 1 or options.warm_up < 0:
        parser.error("numbers of rounds and steps must be at least 1, of warm-up at least 0")
    if not all(1 <= threads <= len(CORES) for threads in options.threads):
        parser.error(f"--threads must be between 1 and {len(CORES)}, the cores of this machine")
    import torch
    import transformers
    import checkpoint
    commands = {SAMPO: shlex.split(options.sampo), PEER: [sys.executable, str(Path(__file__).with_name("step_reference.py"))]}
    print(f"{machine()}, {len(CORES)} cores; {datetime.date.today()}; Transformers {transformers.__version__}, torch "
          f"{torch.__version__}; {options.rounds} rounds after {options.warm_up} of warm-up", flush=True)
    everything = []
    with tempfile.TemporaryDirectory(prefix="sampo-step") as parent:
        folder, shape = Path(parent, SHAPE), checkpoint.SHAPES[SHAPE]
        size = checkpoint.write(shape, folder)
        checkpoint.write_step(shape, folder)
        for vision in options.vision:
            times = {}
            for threads in options.threads:
                measured = times[threads] = measure_times(commands, vision, folder, options, threads)
                everything.append({"vision": vision, "threads": threads, "difference": measured["difference"],
                                   "work": measured["work"], "rate": measured["rate"],
                                   "samples": {TIMED[phase]: s for phase, s in measured["samples"].items()}})
                print(f"\n### Vision tower {vision}, {size / 1e6:.0f} million parameters, {threads} "
                      f"{'thread' if threads == 1 else 'threads'}\n")
                print("\n".join([*time_table(measured, checkpoint.ROWS), "", *findings(measured, threads)]), flush=True)
            print("\n" + best_line(times, checkpoint.ROWS), flush=True)
        for vision in () if options.no_memory else options.vision:
            peaks = measure_memory(commands, vision, folder, options, options.threads[0])
            everything.append({"vision": vision, "memory": {TIMED[phase]: p for phase, p in peaks.items()}})
            print(f"\n### Memory, vision tower {vision}\n\n" + "\n".join(memory_table(peaks)), flush=True)
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1) + "\n")


if __name__ == "__main__":
    main()
