package dev.sampo.vlm.image;

/**
 * How large a picture is.
 *
 * @param width in pixels
 * @param height in pixels
 */
public record PixelSize(int width, int height) {}
