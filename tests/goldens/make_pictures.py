#!/usr/bin/env python3
"""Records what Pillow and the image processors of Transformers make of picture files.

Usage: make_pictures.py [OUT]      OUT defaults to vlm/src/test/resources/goldens/pictures

Deterministic. Writes picture files in several formats; decoded.json: the pixels as Transformers loads them (deflated);
for some files what is left after resizing (PNG); small pictures as VLM-R1 enlarges them (PNG); the levels of InternVL tiles (PNG); cases.json: these files and tables
of sizes and tile grids.
"""
import base64
import io
import json
import os
import shutil
import struct
import sys
import zlib
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1", TRANSFORMERS_VERBOSITY="error")

import numpy as np
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo
from transformers import GotOcr2ImageProcessor
from transformers.image_utils import load_image
from transformers.models.got_ocr2.image_processing_got_ocr2 import get_optimal_tiled_canvas
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

from drawing import picture

ROOT = Path(__file__).resolve().parents[2]

# file -> (size, Pillow mode, save options, most pixels after resizing)
RESIZED = {
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


def in_mode(seed, size, mode, bits=8):
    image = picture(seed, *size, noise=1)
    if mode in ("RGBA", "LA"):
        image = image.convert(mode[:-1])
        image.putalpha(picture(seed + 30, *size, noise=0).getchannel(0))
        return image
    return image.quantize(2 ** bits) if mode == "P" else image.convert(mode)


def record_resized(folder):
    records = []
    for i, (file, (size, mode, options, most)) in enumerate(RESIZED.items()):
        in_mode(20 + i, size, mode, options.get("bits", 8)).save(folder / file, **options)
        read = load_image(str(folder / file))
        height, width = smart_resize(read.height, read.width, 28, 56 * 56, most)
        resized = Path(file).name.replace(".", "-") + "-resized.png"
        read.resize((width, height), Image.BICUBIC).save(folder / resized, optimize=True)
        records.append({"file": file, "max_pixels": most, "resized": resized})
    return records


# Sizes that VLM-R1 enlarges before its processor gets them, to a shorter side of 28.
ENLARGED = [(20, 40), (40, 20), (20, 20), (27, 100), (5, 45), (100, 27), (1, 9)]


def record_enlarged(folder):
    records = []
    for i, (width, height) in enumerate(ENLARGED):
        small = picture(60 + i, width, height)
        scale = 28 / min(width, height)
        size = (28, int(height * scale)) if width < height else (int(width * scale), 28)
        file = f"small-{width}-{height}.png"
        small.save(folder / file, optimize=True)
        small.resize(size, Image.LANCZOS).save(folder / ("enlarged-" + file), optimize=True)
        records.append({"file": file, "enlarged": "enlarged-" + file})
    return records


def encoded(image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def png(samples, bits, colour_type, chunks=(), interlaced=False):
    """Encodes any kind of PNG; samples // [height, width, channels]."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    def rows(part):
        for row in part:
            flat = row.reshape(-1)
            if bits == 16:
                packed = flat.astype(">u2").tobytes()
            elif bits == 8:
                packed = flat.astype(np.uint8).tobytes()
            else:
                wide = (flat[:, None] >> np.arange(bits - 1, -1, -1)) & 1
                packed = np.packbits(wide.reshape(-1)).tobytes()
            yield b"\0" + packed

    assert samples.shape[2] == PNG_CHANNELS[colour_type]
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = [samples[y::dy, x::dx] for y, x, dy, dx in passes] if interlaced else [samples]
    data = b"".join(b"".join(rows(part)) for part in parts if part.size)
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunk(*c) for c in chunks)
            + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b""))


def orientation_exif(value, order="<"):
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "IHHHIHHI", 8, 1, 0x0112, 3, 1, value, 0, 0)


def other_colours():
    """A colour profile that swaps red and green."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36], profile[84:100] = bytes(12), bytes(16)  # when it was made, and a hash
    red, green = (int.from_bytes(profile[at + 4:at + 8], "big")
                  for at in (profile.find(b"rXYZ", 128), profile.find(b"gXYZ", 128)))
    profile[red + 8:red + 20], profile[green + 8:green + 20] = (
        profile[green + 8:green + 20], profile[red + 8:red + 20])
    return bytes(profile)


def png_files():
    rng = np.random.default_rng(3)
    size = (13, 17)
    for colour_type, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for bits in depths:
            samples = rng.integers(0, 2 ** bits, (*size, PNG_CHANNELS[colour_type]))
            if (colour_type, bits) == (0, 16):
                samples = samples % 512  # Pillow cuts grey at 255
            chunks = []
            if colour_type == 3:
                chunks = [(b"PLTE", rng.integers(0, 256, 3 * 2 ** bits).astype(np.uint8).tobytes()),
                          (b"tRNS", rng.integers(0, 256, 2 ** bits).astype(np.uint8).tobytes())]
            name = f"png-{colour_type}-{bits}"
            yield name + ".png", png(samples, bits, colour_type, chunks)
            yield name + "-interlaced.png", png(samples, bits, colour_type, chunks, interlaced=True)
            if colour_type in (0, 2):
                clear = struct.pack(f">{PNG_CHANNELS[colour_type]}H", *samples[0, 0])
                yield name + "-transparent.png", png(samples, bits, colour_type, [(b"tRNS", clear)])
    small = picture(4, 16, 11, noise=1)
    gamma = PngInfo()
    gamma.add(b"gAMA", (100000).to_bytes(4, "big"))
    yield "png-gamma.png", encoded(small.convert("L"), "PNG", pnginfo=gamma)
    yield "png-profile.png", encoded(small, "PNG", icc_profile=other_colours())
    yield "png-turned.png", encoded(small, "PNG", exif=orientation_exif(6))
    yield "png-animated.png", encoded(small, "PNG", save_all=True, append_images=[small.rotate(90)])
    yield "png-named.jpg", encoded(small, "PNG")


def ycck(file):
    """Says of a CMYK file that its inks are luma and chroma: Pillow cannot write such."""
    at = file.index(b"Adobe") + 11
    return file[:at] + b"\2" + file[at + 1:]


def without_segment(file, marker):
    at = file.index(bytes((0xff, marker)))
    return file[:at] + file[at + 2 + int.from_bytes(file[at + 2:at + 4], "big"):]


def segments(file):
    """Where the segments before the first scan begin, and that scan."""
    at = 2
    while file[at + 1] != 0xda:
        yield at
        at += 2 + int.from_bytes(file[at + 2:at + 4], "big")
    yield at


def before_segments(file, filling):
    starts = [*segments(file), len(file) - 2]
    parts = [file[a:b] for a, b in zip(starts, [*starts[1:], len(file)])]
    return file[:starts[0]] + b"".join(filling + part for part in parts)


def jpeg_files():
    photo = picture(5, 45, 35)
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        for progressive in (False, True):
            name = f"jpeg-{subsampling.replace(':', '')}{'-progressive' if progressive else ''}.jpg"
            yield name, encoded(photo, "JPEG", quality=80, subsampling=subsampling, progressive=progressive)
    inks = Image.merge("CMYK", [picture(i, 45, 35).getchannel(0) for i in range(6, 10)])
    yield "jpeg-grey.jpg", encoded(photo.convert("L"), "JPEG", quality=80)
    yield "jpeg-inks.jpg", encoded(inks, "JPEG", quality=90)
    yield "jpeg-inks-luma.jpg", ycck(encoded(inks, "JPEG", quality=90))
    yield "jpeg-rgb.jpg", encoded(photo, "JPEG", quality=90, keep_rgb=True)
    yield "jpeg-without-jfif.jpg", without_segment(encoded(photo, "JPEG", quality=80), 0xe0)
    for name, filling in {"filled": b"\xff\xff\xff", "filled-with-junk": b"\xff\0junk\xff"}.items():
        progressive = encoded(photo, "JPEG", quality=80, progressive=True)
        yield f"jpeg-{name}.jpg", before_segments(encoded(photo, "JPEG", quality=80), filling)
        yield f"jpeg-{name}-progressive.jpg", before_segments(progressive, filling)
    yield "jpeg-profile.jpg", encoded(photo, "JPEG", quality=80, icc_profile=other_colours())
    for value in range(1, 9):
        exif = b"Exif\0\0" + orientation_exif(value, "<>"[value % 2])
        yield f"jpeg-turned-{value}.jpg", encoded(photo, "JPEG", quality=80, exif=exif)
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="8"/></x:xmpmeta>'
    yield "jpeg-turned-xmp.jpg", encoded(photo, "JPEG", quality=80, xmp=xmp)


def webp_files():
    photo = picture(11, 45, 35)
    alpha = in_mode(12, (45, 35), "RGBA")
    frame = picture(13, 20, 14)
    yield "webp-lossless.webp", encoded(photo, "WEBP", lossless=True)
    yield "webp-lossless-alpha.webp", encoded(alpha, "WEBP", lossless=True, exact=True)
    yield "webp-lossless-grey.webp", encoded(photo.convert("L"), "WEBP", lossless=True)
    yield "webp-lossless-palette.webp", encoded(photo.quantize(9).convert("RGB"), "WEBP", lossless=True)
    yield "webp-turned.webp", encoded(photo, "WEBP", lossless=True, exif=orientation_exif(5))
    yield "webp-lossy.webp", encoded(photo, "WEBP", quality=60)
    yield "webp-lossy-alpha.webp", encoded(alpha, "WEBP", quality=60)
    yield "webp-animated.webp", encoded(photo, "WEBP", lossless=True, save_all=True, append_images=[photo.rotate(180)])
    yield "webp-animated-lossy.webp", encoded(alpha, "WEBP", quality=60, save_all=True, append_images=[photo])
    yield "webp-animated-part.webp", moved_frame(encoded(frame, "WEBP", lossless=True, save_all=True,
                                                         append_images=[frame.rotate(180)]), 31, 23, 6, 4)


def moved_frame(file, width, height, left, top):
    """Enlarges the canvas of an animation and moves its first frame."""
    file, at = bytearray(file), file.index(b"VP8X") + 8
    file[at + 4:at + 7], file[at + 7:at + 10] = ((side - 1).to_bytes(3, "little") for side in (width, height))
    at = file.index(b"ANMF") + 8
    file[at:at + 3], file[at + 3:at + 6] = ((offset // 2).to_bytes(3, "little") for offset in (left, top))
    return bytes(file)


def record_decoded(folder):
    records = []
    for name, data in [*png_files(), *jpeg_files(), *webp_files()]:
        (folder / name).write_bytes(data)
        image = load_image(str(folder / name))
        rgb = base64.b64encode(zlib.compress(image.tobytes(), 9)).decode()
        records.append({"file": name, "width": image.width, "height": image.height, "rgb": rgb})
    return records


def record_sizes():
    rng, sizes = np.random.default_rng(7), []
    while len(sizes) < 300:
        width, height = (int(v) for v in np.exp(rng.uniform(0, 8, 2)))
        most = int(rng.choice([3136, 28 * 28 * 100, 12845056]))
        if max(width, height) <= 200 * min(width, height):
            to = smart_resize(height, width, 28, 3136, most)
            sizes.append([width, height, most, to[1], to[0]])
    return sizes


def record_grids():
    """[width, height, side of a tile, fewest, most, columns, rows]; half of the ratios tie between two grids."""
    rng = np.random.default_rng(8)
    asked = [(1275, 510, 4, 4), (125, 100, 2, 2), (1250, 1000, 2, 2)]  # tie between grids of one number of tiles
    for i in range(400):
        fewest, most = ((1, 12), (1, 6), (1, 40), (2, 12), (3, 4), (1, 1))[i % 6]
        if i < 200:
            width, height = (int(v) for v in np.exp(rng.uniform(0, 8, 2)))
        else:
            a, b, scale = int(rng.integers(1, 13)), int(rng.integers(1, 13)), int(rng.integers(1, 400))
            width, height = a * scale, 2 * b * scale
        asked.append((width, height, fewest, most))
    return [[width, height, 448, fewest, most, *get_optimal_tiled_canvas((height, width), (448, 448), fewest, most)]
            for width, height, fewest, most in asked]


def record_tiles(folder):
    """8-bit levels of all tiles of small pictures, one below the other // [tiles * side, side, 3]."""
    records, mean, std = [], [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    for i, (width, height, most) in enumerate([(60, 44, 12), (30, 90, 6), (29, 28, 12), (7, 5, 1)]):
        config = {"size": {"height": 28, "width": 28}, "min_patches": 1, "max_patches": most, "crop_to_patches": True,
                  "image_mean": mean, "image_std": std}
        image = picture(40 + i, width, height)
        values = GotOcr2ImageProcessor(**config)(image, return_tensors="np")["pixel_values"]  # [tiles, 3, side, side]
        levels = np.rint((values * np.array(std)[:, None, None] + np.array(mean)[:, None, None]) * 255)
        image.save(folder / f"tiled-{i}.png", optimize=True)
        tiles = levels.astype(np.uint8).transpose(0, 2, 3, 1).reshape(-1, 28, 3)
        Image.fromarray(tiles).save(folder / f"tiled-{i}-tiles.png", optimize=True)
        records.append({"file": f"tiled-{i}.png", "max_patches": most, "tiles": f"tiled-{i}-tiles.png",
                        "first_values": values[-1, :, 0, 0].tolist()})
    return records


def main(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    cases = {"pictures": record_resized(folder), "enlarged": record_enlarged(folder), "sizes": record_sizes(),
             "grids": record_grids(), "tiled": record_tiles(folder)}
    (folder / "cases.json").write_text(json.dumps(cases) + "\n")
    (folder / "decoded.json").write_text(json.dumps(record_decoded(folder), indent=0) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "vlm/src/test/resources/goldens/pictures")
