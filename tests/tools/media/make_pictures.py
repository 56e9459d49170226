"""Pictures in every form that people have them in, and what Pillow makes of each: the truth that facet-media is compared with.

usage: make_pictures.py FOLDER

For each picture there is FOLDER/NAME, FOLDER/NAME.rgb with the pixels, and a line in FOLDER/index.json with the size and how far a
decoder may be off: formats without loss not at all, others by roundings of the inverse transform and of colours.
"""

import json
import math
import os
import random
import struct
import subprocess
import sys
import zlib

from PIL import Image, ImageOps

folder = sys.argv[1]
index = []


def scene(width, height):
    """Smooth colours, a sharp edge, saturated areas: what shows exchanged channels, ranges and matrices."""
    image = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            r = int(255 * x / max(width - 1, 1))
            g = int(255 * y / max(height - 1, 1))
            b = int(127.5 + 127.5 * math.sin((x + 2 * y) / 9))
            image.putpixel((x, y), (r, g, b))
    flat = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (128, 128, 128)]
    side = max(min(width, height) // 4, 1)
    for i, colour in enumerate(flat):
        image.paste(colour, (i * side, 0, (i + 1) * side, side))
    return image


def on_white(image):
    """Alpha over white in exact arithmetic, rounded to the nearest."""
    rgba = image.convert("RGBA")
    out = Image.new("RGB", rgba.size)
    out.putdata([tuple((c * a * 2 + 255 * (255 - a) * 2 + 255) // 510 for c in (r, g, b)) for r, g, b, a in rgba.getdata()])
    return out


def truth(name, image, most=0, mean=0.0):
    """`most` and `mean`: the largest and the average difference of a value."""
    with open(os.path.join(folder, name + ".rgb"), "wb") as file:
        file.write(image.convert("RGB").tobytes())
    index.append({"file": name, "width": image.width, "height": image.height, "most": most, "mean": mean})


def save(name, image, expected=None, most=0, mean=0.0, **options):
    path = os.path.join(folder, name)
    image.save(path, **options)
    truth(name, expected if expected is not None else ImageOps.exif_transpose(Image.open(path)), most, mean)


def reopened(name, image):
    """What Pillow makes of its own file, on white."""
    path = os.path.join(folder, name)
    image.save(path, quality=95, **({"subsampling": 0} if name.endswith("jpg") else {}))
    again = Image.open(path)
    return on_white(again) if again.mode == "RGBA" else again.convert("RGB")


def palette_with_alpha(image):
    """Its colours are transparent in steps when it is saved with that list."""
    few = image.convert("P", palette=Image.ADAPTIVE, colors=4)
    few.info["transparency"] = bytes([0, 60, 255, 200])
    return few


def oriented(value):
    exif = Image.Exif()
    exif[0x112] = value
    return exif.tobytes()


def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png16(name, width, height, colour_type, channels):
    """16 bits for each channel, which Pillow does not write: the high byte decides but for the rounding."""
    generator = random.Random(16)
    rows, expected = b"", []
    for _ in range(height):
        rows += b"\0"
        for _ in range(width):
            values = [generator.randrange(65536) for _ in range(channels)]
            rows += struct.pack(f">{channels}H", *values)
            level = [(value * 255 + 32767) // 65535 for value in values]
            expected.append(tuple(level) if channels == 3 else (level[0],) * 3)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b""))
    image = Image.new("RGB", (width, height))
    image.putdata(expected)
    truth(name, image)


def insert(data, at, more, boxes):
    """Puts bytes into a file of boxes and makes those around them, given by where they begin, longer."""
    data = bytearray(data)
    for box in boxes:
        length = struct.unpack_from(">I", data, box)[0]
        struct.pack_into(">I", data, box, length + len(more))
    return bytes(data[:at] + more + data[at:])


def with_properties(data, properties):
    """An AVIF file of the ffmpeg tool with further properties of its one picture, which ends up as much further behind."""
    meta, ipco, ipma = (data.index(name) - 4 for name in (b"meta", b"ipco", b"ipma"))
    iprp = data.index(b"iprp") - 4
    count_at = ipma + 8 + 4 + 4 + 2
    before = data[count_at]
    end = struct.unpack_from(">I", data, ipco)[0] + ipco
    links = bytes(0x80 | (before + 1 + i) for i in range(len(properties)))
    grown = sum(map(len, properties)) + len(links)
    data = bytearray(insert(data, count_at + 1 + before, links, (meta, iprp, ipma)))
    data[count_at] = before + len(links)
    data = bytearray(insert(bytes(data), end, b"".join(properties), (meta, iprp, ipco)))
    # The one extent of the one item: where the coded picture lies in the file.
    place = data.index(b"iloc") - 4 + 8 + 4 + 2 + 2 + 2 + 2 + 2
    struct.pack_into(">I", data, place, struct.unpack_from(">I", data, place)[0] + grown)
    return bytes(data)


def by_ffmpeg(name, image, *arguments):
    """A format that Pillow does not write, without loss, so that nothing may differ."""
    subprocess.run(["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{image.width}x{image.height}",
                    "-i", "-", *arguments, os.path.join(folder, name)], input=image.tobytes(), check=True)


def avif(name, image, turned, properties):
    by_ffmpeg(name, image, "-vf", "format=gbrp", "-c:v", "libaom-av1", "-crf", "0", "-still-picture", "1", "-f", "avif")
    if properties:
        path = os.path.join(folder, name)
        with open(path, "rb") as file:
            data = file.read()
        with open(path, "wb") as file:
            file.write(with_properties(data, properties))
    truth(name, turned)


os.makedirs(folder, exist_ok=True)
photo = scene(97, 61)
alpha = photo.convert("RGBA")
alpha.putalpha(Image.linear_gradient("L").resize(photo.size))

# Lossless formats, in every arrangement of pixels.
save("rgb.png", photo)
save("one-pixel.png", scene(1, 1))
save("one-row.png", scene(301, 1))
save("grey.png", photo.convert("L"))
save("palette.png", photo.convert("P", palette=Image.ADAPTIVE, colors=17))
save("one-bit.png", photo.convert("1"))
save("two-bit.png", photo.convert("P", palette=Image.ADAPTIVE, colors=4), bits=2)
save("alpha.png", alpha, on_white(alpha))
save("grey-alpha.png", alpha.convert("LA"), on_white(alpha.convert("LA")))
save("palette-alpha.png", palette_with_alpha(photo), on_white(palette_with_alpha(photo)), transparency=bytes([0, 60, 255, 200]))
png16("deep.png", 31, 17, 2, 3)
png16("deep-grey.png", 31, 17, 0, 1)
save("plain.bmp", photo)
save("palette.bmp", photo.convert("P", palette=Image.ADAPTIVE, colors=17))
save("plain.tiff", photo)
save("packed.tiff", photo, compression="packbits")
save("zip.tiff", photo, compression="tiff_adobe_deflate")
save("lzw.tiff", photo, compression="tiff_lzw")
save("grey.tiff", photo.convert("L"))
save("fax.tiff", photo.convert("1"), compression="group4")
save("alpha.tiff", alpha, on_white(alpha))
save("plain.ppm", photo)
save("plain.pgm", photo.convert("L"))
save("lossless.webp", photo, lossless=True, quality=0)
save("lossless-alpha.webp", alpha, on_white(alpha), lossless=True, quality=0, exact=True)
by_ffmpeg("plain.qoi", photo)
truth("plain.qoi", photo)
by_ffmpeg("plain.jxl", photo, "-c:v", "libjxl", "-distance", "0")
truth("plain.jxl", photo)
save("still.gif", photo.convert("P", palette=Image.ADAPTIVE, colors=64))

# What a camera and its phone write.
for quality, sampling in ((95, 0), (90, 1), (85, 2)):
    save(f"sampled-{sampling}.jpg", photo, quality=quality, subsampling=sampling, most=4, mean=0.5)
save("progressive.jpg", photo, quality=90, subsampling=0, progressive=True, most=4, mean=0.5)
save("grey.jpg", photo.convert("L"), quality=90, most=2, mean=0.5)
save("cmyk.jpg", photo.convert("CMYK"), reopened("cmyk.jpg", photo.convert("CMYK")), quality=95, subsampling=0, most=3, mean=1.2)
for value in range(1, 9):
    save(f"turned-{value}.jpg", photo, quality=95, subsampling=0, exif=oriented(value), most=4, mean=0.5)
    save(f"turned-{value}.png", photo, exif=oriented(value))
    save(f"turned-{value}.webp", photo, lossless=True, quality=0, exif=oriented(value))
    # Pillow turns no TIFF files.
    turned = ImageOps.exif_transpose(Image.open(os.path.join(folder, f"turned-{value}.png")))
    save(f"turned-{value}.tiff", photo, turned, tiffinfo={0x112: value})
save("lossy.webp", photo, quality=90, most=2, mean=0.5)
save("lossy-alpha.webp", alpha, reopened("lossy-alpha.webp", alpha), quality=95, most=2, mean=0.5)

# A container for video: quarter turns against the clock, and mirroring (0: top and bottom, 1: left and right) after them.
avif("plain.avif", photo, photo, [])
for turns in range(4):
    rotation = struct.pack(">I4sB", 9, b"irot", turns)
    rotated = photo.rotate(90 * turns, expand=True)
    avif(f"turned-{turns}.avif", photo, rotated, [rotation])
    for axis, flip in ((0, Image.FLIP_TOP_BOTTOM), (1, Image.FLIP_LEFT_RIGHT)):
        avif(f"turned-{turns}-mirrored-{axis}.avif", photo, rotated.transpose(flip), [rotation, struct.pack(">I4sB", 9, b"imir", axis)])

# More than one picture: the first is meant.
others = [photo.transpose(Image.FLIP_LEFT_RIGHT), photo.transpose(Image.FLIP_TOP_BOTTOM)]
palette = photo.convert("P", palette=Image.ADAPTIVE, colors=32)
save("animated.gif", palette, save_all=True, append_images=[o.convert("P", palette=Image.ADAPTIVE, colors=32) for o in others], duration=90)
save("animated.png", photo, save_all=True, append_images=others, duration=90)
save("animated.webp", photo, save_all=True, append_images=others, duration=90, lossless=True, quality=0)
save("pages.tiff", photo, save_all=True, append_images=others)

with open(os.path.join(folder, "index.json"), "w", encoding="utf-8") as file:
    json.dump(index, file)
