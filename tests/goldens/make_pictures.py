#!/usr/bin/env python3
"""Records what Pillow makes of picture files and how Transformers would size them.

Usage: make_pictures.py [OUT]      OUT defaults to vlm/src/test/resources/goldens/pictures

Deterministic. Writes files in several formats, each resized one as PNG, and cases.json with a table of resized sizes.
"""
import json
import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

from drawing import picture

ROOT = Path(__file__).resolve().parents[2]

# file -> (size, Pillow mode, save options, most pixels after resizing)
PICTURES = {
    "rgb-shrunk-5-times.png": ((230, 150), "RGB", {}, 28 * 28 * 4),
    "rgb-grown-8-times.png": ((3, 7), "RGB", {}, 28 * 28 * 1280),
    "rgb-one-axis.png": ((56, 71), "RGB", {}, 28 * 28 * 1280),
    "rgb-long.png": ((360, 5), "RGB", {}, 28 * 28 * 1280),
    "rgba.png": ((60, 40), "RGBA", {}, 28 * 28 * 1280),
    "grey.png": ((47, 60), "L", {}, 28 * 28 * 1280),
    "grey-alpha.png": ((31, 57), "LA", {}, 28 * 28 * 1280),
    "palette.png": ((50, 45), "P", {"transparency": 3}, 28 * 28 * 1280),
    "palette-16.png": ((50, 45), "P", {"bits": 4}, 28 * 28 * 1280),
    "two-colours.png": ((41, 60), "1", {}, 28 * 28 * 1280),
    "colour-420.jpg": ((97, 61), "RGB", {"quality": 85, "subsampling": "4:2:0"}, 28 * 28 * 1280),
    "colour-444-progressive.jpg": ((61, 70), "RGB", {"quality": 90, "subsampling": "4:4:4", "progressive": True},
                                   28 * 28 * 1280),
    "grey.jpg": ((64, 60), "L", {"quality": 90}, 28 * 28 * 1280),
}


def record_pictures(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    records = []
    for i, (file, (size, mode, options, most)) in enumerate(PICTURES.items()):
        image = picture(20 + i, *size, noise=1)
        if mode in ("RGBA", "LA"):
            alpha = picture(50 + i, *size, noise=0).getchannel(0)
            image = image.convert(mode[:-1])
            image.putalpha(alpha)
        elif mode == "P":
            image = image.quantize(2 ** options.get("bits", 8))
        else:
            image = image.convert(mode)
        image.save(folder / file, **options)
        read = Image.open(folder / file).convert("RGB")
        height, width = smart_resize(read.height, read.width, 28, 56 * 56, most)
        resized = Path(file).name.replace(".", "-") + "-resized.png"
        read.resize((width, height), Image.BICUBIC).save(folder / resized, optimize=True)
        records.append({"file": file, "max_pixels": most, "resized": resized})
    rng, sizes = np.random.default_rng(7), []
    while len(sizes) < 300:
        width, height = (int(v) for v in np.exp(rng.uniform(0, 8, 2)))
        most = int(rng.choice([3136, 28 * 28 * 100, 12845056]))
        if max(width, height) <= 200 * min(width, height):
            to = smart_resize(height, width, 28, 3136, most)
            sizes.append([width, height, most, to[1], to[0]])
    (folder / "cases.json").write_text(json.dumps({"pictures": records, "sizes": sizes}) + "\n")


if __name__ == "__main__":
    record_pictures(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "vlm/src/test/resources/goldens/pictures")
