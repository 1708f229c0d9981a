#!/usr/bin/env python3
"""Times decoding and processing of pictures of 1920 x 1080 pixels here and in Pillow and Transformers, one after the
other on one thread: tests/bench/images.py [ROUNDS]. Needs what tests/goldens/requirements.txt lists, a JDK 25 and Maven.

Prints Markdown: the fastest of ROUNDS (default 30) in CPU milliseconds of the thread and, in brackets, as a multiple of ours.
"""
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1", TRANSFORMERS_VERBOSITY="error")
HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "goldens"))

import torch
from PIL import Image
from transformers import (GotOcr2ImageProcessor, GotOcr2ImageProcessorFast, Qwen2VLImageProcessor,
                          Qwen2VLImageProcessorFast)

from drawing import picture

QWEN = {"min_pixels": 3136, "max_pixels": 12845056}
INTERNVL = {"size": {"height": 448, "width": 448}, "max_patches": 12, "crop_to_patches": True}
PROCESSORS = {"qwen": (Qwen2VLImageProcessor(**QWEN), Qwen2VLImageProcessorFast(**QWEN)),
              "internvl": (GotOcr2ImageProcessor(**INTERNVL), GotOcr2ImageProcessorFast(**INTERNVL))}
RESIZED = {"qwen": [(1932, 1092)], "internvl": [(4 * 448, 2 * 448), (448, 448)]}  # what Pillow's part of each is
FILES = {"photo.jpg": {"quality": 90}, "photo-progressive.jpg": {"quality": 90, "progressive": True}, "photo.png": {},
         "photo.webp": {"quality": 80}, "photo-lossless.webp": {"lossless": True}}


def fastest(rounds, work):
    times = []
    for _ in range(rounds):
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return 1000 * min(times)


def rows(ours, folder, rounds):
    for file in FILES:
        data = (folder / file).read_bytes()
        yield f"decode {file}", ours[file, "decode"], [fastest(rounds, lambda: Image.open(io.BytesIO(data)).convert("RGB"))]
    image = Image.open(folder / "photo.png").convert("RGB")
    for step, processors in PROCESSORS.items():
        resize = fastest(rounds, lambda: [image.resize(size, Image.BICUBIC) for size in RESIZED[step]])
        whole = [fastest(rounds, lambda: p(image, return_tensors="pt")) for p in processors]
        yield f"resize, normalise, cut: {step}", ours["photo.png", step], [resize, *whole]


def main(rounds):
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image = picture(1, 1920, 1080)
        for file, options in FILES.items():
            image.save(folder / file, **options)
        command = [HERE / "run.sh", "images", str(rounds), json.dumps(QWEN), json.dumps(INTERNVL)]
        lines = subprocess.run([*command, *(folder / file for file in FILES)], check=True, stdout=subprocess.PIPE).stdout
        ours = {(line["file"], line["step"]): line["ms"] for line in map(json.loads, lines.splitlines())}
        print("| one picture | here | Pillow | Transformers | Transformers, fast |\n|---|---:|---:|---:|---:|")
        for name, mine, others in rows(ours, folder, rounds):
            cells = [f"{other:.1f} ({other / mine:.2f})" for other in others]
            print(f"| {name} | {mine:.1f} | {' | '.join(cells + [''] * (3 - len(cells)))} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
