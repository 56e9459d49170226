"""Pictures that say something: a short line of text, a colour, a shape."""
import glob
import math
import os
import random

import numpy
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from ..words import Words
from .labels import CHARACTERS, COLOURS, SHAPES
from .vision import PATCH, POOL

UNIT = PATCH * POOL
_FOLDERS = ("/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/truetype/noto",
            "/usr/share/fonts/truetype/liberation", "/usr/share/fonts/truetype/liberation2",
            "/usr/share/fonts/opentype/urw-base35")
# Common faces for interfaces and documents; the second list is upright and frequent.
_OTHER = ("DejaVuSans-Oblique DejaVuSansCondensed-Bold DejaVuSerif-Bold DejaVuSerifCondensed DejaVuSansMono-Oblique "
          "NotoSans-Italic NotoSerif-Bold NotoSerif-Italic NimbusSans-Italic NimbusRoman-Bold NimbusRoman-Italic "
          "NimbusMonoPS-Regular NimbusSansNarrow-Regular P052-Roman C059-Roman URWBookman-Light URWGothic-Book "
          "LiberationSans-Italic LiberationSerif-Bold LiberationSansNarrow-Regular").split()
_COMMON = ("DejaVuSans DejaVuSans-Bold DejaVuSansCondensed DejaVuSansMono DejaVuSansMono-Bold DejaVuSerif NotoSans-Regular "
           "NotoSans-Bold NotoSerif-Regular NotoSansMono-Regular NimbusSans-Regular NimbusSans-Bold NimbusRoman-Regular "
           "LiberationSans-Regular LiberationSans-Bold LiberationMono-Regular LiberationSerif-Regular").split()


def _fonts(names):
    found = {os.path.splitext(os.path.basename(path))[0]: path
             for folder in _FOLDERS for path in glob.glob(os.path.join(folder, "*.[to]tf"))}
    return [found[name] for name in names if name in found]


def grid_of(width, height, budget):
    """Columns and rows of soft tokens of a picture."""
    factor = math.sqrt(budget * UNIT * UNIT / (height * width))
    rows, columns = math.floor(factor * height / UNIT), math.floor(factor * width / UNIT)
    if rows == 0:
        return min(width // height, budget), 1
    if columns == 0:
        return 1, min(height // width, budget)
    return columns, rows


class Texts:
    """Short lines such as screens show."""

    def __init__(self, seed, held_out=False):
        self.random = random.Random(seed)
        self.words = Words(self.random, held_out)

    def _number(self):
        r = self.random
        return r.choice((
            lambda: str(r.randint(0, 10 ** r.randint(1, 6))),
            lambda: "%d.%02d" % (r.randint(0, 999), r.randint(0, 99)),
            lambda: "%02d:%02d" % (r.randint(0, 23), r.randint(0, 59)),
            lambda: "%d-%02d-%02d" % (r.randint(1990, 2035), r.randint(1, 12), r.randint(1, 28)),
            lambda: "$%d" % r.randint(1, 9999),
            lambda: "%d%%" % r.randint(0, 100),
            lambda: "%s-%d" % ("".join(r.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=r.randint(1, 3))), r.randint(1, 999)),
        ))()

    def _word(self):
        r, words = self.random, self.words
        word = r.choice((words.noun, words.noun, words.adjective, words.invented, words.first_name, words.city,
                         words.last_name, words.common_key if not words.held_out else words.noun))()
        style = r.random()
        return word.upper() if style < 0.1 else word[:1].upper() + word[1:] if style < 0.35 else word

    def line(self, least, most):
        r = self.random
        while True:
            draw = r.random()
            if draw < 0.16 and not self.words.held_out:
                text = "".join(r.choices(CHARACTERS[1:], k=r.randint(least, most)))
            elif draw < 0.28:
                text = self._number()
            else:
                parts = []
                for _ in range(r.choice((1, 1, 2, 2, 3))):
                    parts.append(self._number() if r.random() < 0.15 else self._word())
                text = r.choice((" ", " ", " ", " ", "-", "_", ": ", ", ", "/", " & ", "")).join(parts)
                text += r.choice(("", "", "", "", "", ".", "!", "?", ":"))
            text = text.strip()
            if text and not self.words.held_out and r.random() < 0.15:
                at = r.randrange(len(text))  # the same again, which is easily missed
                text = text[:at] + text[at] + text[at:]
            if least <= len(text) <= most and all(c == " " or c in CHARACTERS for c in text):
                return text


class Pictures:
    def __init__(self, seed, held_out=False):
        self.random = random.Random(seed)
        self.numpy = numpy.random.default_rng(seed)
        self.texts = Texts(seed + 1, held_out)
        self._common, self._other, self._loaded = _fonts(_COMMON), _fonts(_OTHER), {}

    def _font(self):
        path = self.random.choice(self._common if self.random.random() < 0.75 else self._other)
        size = self.random.choice((12, 13, 14, 15, 16, 16, 18, 18, 20, 20, 22, 24, 24, 28, 32, 36, 40))
        if (path, size) not in self._loaded:
            self._loaded[path, size] = ImageFont.truetype(path, size)
        return self._loaded[path, size], size

    def _two_colours(self):
        """Something readable on something."""
        r = self.random
        draw = r.random()
        if draw < 0.3:
            pair = (0, 0, 0), (255, 255, 255)
        elif draw < 0.4:
            pair = (240, 240, 240), (30, 30, 34)
        else:
            while True:
                pair = tuple(tuple(r.randint(0, 255) for _ in range(3)) for _ in range(2))
                dark, light = (0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2] for c in pair)
                if abs(dark - light) > 90:
                    break
            if dark > light and r.random() < 0.5:
                pair = pair[::-1]
        return pair

    def _worn(self, picture):
        r = self.random
        if r.random() < 0.1:
            picture = picture.filter(ImageFilter.GaussianBlur(r.uniform(0.3, 0.7)))
        if r.random() < 0.15:
            noise = self.numpy.normal(0, r.uniform(2, 10), (picture.height, picture.width, 1))
            picture = Image.fromarray(numpy.clip(numpy.asarray(picture) + noise, 0, 255).astype(numpy.uint8))
        return picture

    def text(self, least, most):
        """(picture, text, x of the edges of all characters, top, bottom)"""
        r = self.random
        text = self.texts.line(least, most)
        font, size = self._font()
        ascent, descent = font.getmetrics()
        left, right = (int(size * r.choice((r.uniform(0.1, 0.5), r.uniform(0.3, 1.2)))) for _ in range(2))
        above, below = (int(size * r.uniform(0.0, 0.5)) for _ in range(2))
        edges = [left + font.getlength(text[:count]) for count in range(len(text) + 1)]
        front, back = self._two_colours()
        picture = Image.new("RGB", (int(edges[-1]) + right + 1, above + ascent + descent + below), back)
        ImageDraw.Draw(picture).text((left, above), text, font=font, fill=front)
        return self._worn(picture), text, edges, above + 0.15 * ascent, above + ascent + 0.3 * descent

    def thing(self):
        """(picture, its name, centre x and y and radius of its shape, or None)"""
        r = self.random
        width = r.randint(40, 320)
        height = int(min(320, max(40, width * r.uniform(0.6, 1.6))))

        def shade(name):
            return tuple(min(255, max(0, value + r.randint(-14, 14))) for value in COLOURS[name])

        name = r.choice(list(COLOURS))
        if r.random() < 0.35:
            return self._worn(Image.new("RGB", (width, height), shade(name))), name, None
        back = r.choice([other for other in ("white", "white", "black", "gray", "yellow", "blue") if other != name])
        picture = Image.new("RGB", (width * 2, height * 2), shade(back))
        draw, shape, colour = ImageDraw.Draw(picture), r.choice(SHAPES), shade(name)
        radius = min(width, height) * r.uniform(0.5, 0.9)
        x, y = (r.uniform(radius, 2 * side - radius) for side in (width, height))
        if shape == "circle":
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour)
        elif shape == "square":
            draw.rectangle((x - 0.8 * radius, y - 0.8 * radius, x + 0.8 * radius, y + 0.8 * radius), colour)
        elif shape == "cross":
            arm = radius * r.uniform(0.2, 0.35)
            draw.rectangle((x - radius, y - arm, x + radius, y + arm), colour)
            draw.rectangle((x - arm, y - radius, x + arm, y + radius), colour)
        else:
            turns = {"triangle": 3, "diamond": 4, "star": 10}[shape]
            points = []
            for turn in range(turns):
                reach = radius * (0.42 if shape == "star" and turn % 2 else 1.0)
                reach *= 0.7 if shape == "diamond" and turn % 2 else 1.0
                angle = 2 * math.pi * turn / turns - math.pi / 2
                points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
            draw.polygon(points, colour)
        return self._worn(picture.resize((width, height), Image.BOX)), name + " " + shape, (x / 2, y / 2, radius / 2)


def prepared(picture, budget):
    """(uint8 [height, width, 3] as the tower wants it, columns and rows of soft tokens)"""
    columns, rows = grid_of(picture.width, picture.height, budget)
    size = columns * UNIT, rows * UNIT
    if picture.size != size:
        picture = picture.resize(size, Image.BICUBIC)
    return numpy.asarray(picture), columns, rows


def patch_labels(labels, picture_size, grid, text, edges, top, bottom):
    """The label of the character around the middle of each patch, 0 where there is none."""
    columns, rows = grid[0] * POOL, grid[1] * POOL
    out = numpy.zeros((rows, columns), dtype=numpy.int64)
    x = (numpy.arange(columns) + 0.5) * picture_size[0] / columns
    y = (numpy.arange(rows) + 0.5) * picture_size[1] / rows
    character = numpy.searchsorted(edges, x, side="right") - 1
    inside = (character >= 0) & (character < len(text))
    values = numpy.where(inside, numpy.array(labels + [0])[numpy.clip(character, 0, len(text))], 0)
    out[(y >= top) & (y <= bottom)] = values
    return out.reshape(-1)


def places(picture_size, grid, edges, top, bottom):
    """The soft token that should say each character: in the middle row of the line, each its own, in order."""
    columns, rows = grid
    row = min(rows - 1, int(0.5 * (top + bottom) * rows / picture_size[1]))
    wanted = [(a + b) * 0.5 * columns / picture_size[0] - 0.5 for a, b in zip(edges, edges[1:])]
    column, out = -1, []
    for index, place in enumerate(wanted):
        column = max(column + 1, min(int(round(place)), columns - (len(wanted) - index)))
        out.append(row * columns + column)
    return out


def thing_labels(label, picture_size, grid, shape):
    """The colour's label for each patch well inside the shape, 0 outside, -1 between; and the soft tokens that should
    name colour and shape, around the centre."""
    columns, rows = grid[0] * POOL, grid[1] * POOL
    if shape is None:
        return numpy.full(columns * rows, label), [grid[1] // 2 * grid[0] + grid[0] // 2]
    x = (numpy.arange(columns) + 0.5) * picture_size[0] / columns - shape[0]
    y = (numpy.arange(rows) + 0.5) * picture_size[1] / rows - shape[1]
    reach = numpy.hypot(x[None], y[:, None]) / shape[2]
    row, column = (min(count - 1, int(centre * count / side)) for centre, count, side in
                   ((shape[1], grid[1], picture_size[1]), (shape[0], grid[0], picture_size[0])))
    first = row * grid[0] + max(0, column - 1)
    return numpy.where(reach < 0.25, label, numpy.where(reach > 1.2, 0, -1)).reshape(-1), [first, first + 1]
