"""Pictures with detail at every scale, from a seed."""
import numpy as np
from PIL import Image


def picture(seed, width, height, noise=12):
    """Smooth waves, a bright disc and a little noise: detail at every scale."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    layers = []
    for _ in range(3):
        fx, fy, phase = rng.uniform(0.02, 0.35), rng.uniform(0.02, 0.35), rng.uniform(0, 6)
        layers.append(127 + 90 * np.sin(fx * x + fy * y + phase))
    rgb = np.stack(layers, -1) + rng.integers(-noise, noise + 1, (height, width, 1))
    rgb[(x - width * 0.6) ** 2 + (y - height * 0.4) ** 2 < (min(width, height) / 4) ** 2] += (80, -60, 40)
    return Image.fromarray(rgb.clip(0, 255).astype(np.uint8))


def flat_picture(seed, width, height, shapes=40):
    """Overlapping rectangles of one colour each: large pictures that stay small as PNG files."""
    rng = np.random.default_rng(seed)
    rgb = np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
    for _ in range(shapes):
        left, top = rng.integers(0, width), rng.integers(0, height)
        rgb[top:top + rng.integers(8, height // 2), left:left + rng.integers(8, width // 2)] = rng.integers(0, 256, 3)
    return Image.fromarray(rgb)
