"""Spoken sentences of a limited vocabulary, made with espeak-ng, and what spoils them on the way."""
import hashlib
import io
import os
import random
import subprocess
import wave

import numpy

from .hearing import RATE

NAMES = """anna adam alice ben carla daniel david elena emma eric frank george grace hannah helen jack james julia laura
leo linda lucas maria martin nina oliver paul peter sara simon thomas victor""".split()
DAYS = "monday tuesday wednesday thursday friday saturday sunday today tomorrow".split()
MONTHS = """january february march april may june july august september october november december""".split()
ONES = """one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen""".split()
TENS = "twenty thirty forty fifty".split()
THINGS = """book letter phone key lamp table chair door window garden kitchen office bread butter cheese coffee tea milk
water sugar apple orange banana lemon potato tomato salad pizza paper pencil report budget plan list ticket train bus
car bicycle plane hotel museum station market school library bridge river mountain island beach park street house room
computer printer camera radio guitar piano picture music film game dog cat horse bird fish flower tree winter summer
spring doctor teacher driver friend brother sister mother father""".split()
ADJECTIVES = """red green blue yellow black white old new big small good bad warm cold early late open empty heavy quiet
fast slow long short happy free""".split()
VERBS = "call meet visit help ask thank invite follow".split()
DEEDS = "buy bring sell clean open close find send read move paint repair order watch".split()


def is_held_out(sentence):
    return hashlib.sha256(sentence.encode("utf-8")).digest()[0] % 10 == 0


class Sentences:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def _number(self):
        r = self.random
        if r.random() < 0.6:
            return r.choice(ONES)
        return r.choice(TENS) + (" " + r.choice(ONES[:9]) if r.random() < 0.6 else "")

    def _thing(self):
        r = self.random
        article = r.choice(("the", "the", "a", "my", "your", "our"))
        return article + " " + (r.choice(ADJECTIVES) + " " if r.random() < 0.4 else "") + r.choice(THINGS)

    def _when(self):
        r = self.random
        return r.choice((
            lambda: ("" if day in ("today", "tomorrow") else "on ") + day if (day := r.choice(DAYS)) else "",
            lambda: "at " + self._number(),
            lambda: "in " + r.choice(MONTHS),
            lambda: "on " + r.choice(DAYS[:7]) + " at " + self._number(),
            lambda: "in " + self._number() + r.choice((" minutes", " hours", " days", " weeks")),
        ))()

    def _sentence(self):
        r, name = self.random, lambda: self.random.choice(NAMES)
        return r.choice((
            lambda: "remind me to %s %s %s" % (r.choice(VERBS), name(), self._when()),
            lambda: "please %s %s" % (r.choice(DEEDS), self._thing()),
            lambda: "%s has to %s %s" % (name(), r.choice(DEEDS), self._thing()),
            lambda: "the meeting with %s is %s" % (name(), self._when()),
            lambda: "where is %s" % self._thing(),
            lambda: "when does %s come home" % name(),
            lambda: "%s and %s want to %s %s" % (name(), name(), r.choice(DEEDS), self._thing()),
            lambda: "we need %s %s" % (self._number(), r.choice(ADJECTIVES) + " " + r.choice(THINGS)),
            lambda: "%s is %s" % (self._thing(), r.choice(ADJECTIVES)),
            lambda: "%s is in %s" % (self._thing(), self._thing()),
            lambda: "write a note about %s" % self._thing(),
            lambda: "add %s to the shopping list" % r.choice(THINGS),
            lambda: "what did %s say about %s" % (name(), self._thing()),
            lambda: "i will %s %s %s" % (r.choice(DEEDS), self._thing(), self._when()),
            lambda: "the number is %s" % " ".join(r.choice(ONES[:9]) for _ in range(r.randint(3, 5))),
            lambda: "can you %s %s %s" % (r.choice(VERBS), name(), self._when()),
            lambda: "%s leads the %s team" % (name(), r.choice(THINGS)),
            lambda: " ".join(r.choice(THINGS + NAMES + ADJECTIVES + DAYS + MONTHS + ONES + VERBS + DEEDS)
                             for _ in range(r.randint(1, 5))),
        ))()

    def sentence(self, held_out=False):
        while True:
            found = self._sentence()
            if is_held_out(found) == held_out:
                return found


_LANGUAGES = ("en-us", "en-us", "en-gb", "en-gb-x-rp", "en-us-nyc")
_VARIANTS = ("", "+m1", "+m2", "+m3", "+m5", "+m6", "+m7", "+f1", "+f2", "+f4", "+f5")
_NEW_VOICES = ("en-gb+m4", "en-us+f3", "en-gb-scotland", "en-us+m8")


def voice(chance, new=False):
    return chance.choice(_NEW_VOICES) if new else chance.choice(_LANGUAGES) + chance.choice(_VARIANTS)


def _resampled(samples, rate):
    """By the Fourier method to 16 kHz."""
    count = int(round(len(samples) * RATE / rate))
    spectrum = numpy.fft.rfft(samples)
    kept = min(len(spectrum), count // 2 + 1)
    out = numpy.zeros(count // 2 + 1, dtype=complex)
    out[:kept] = spectrum[:kept]
    return numpy.fft.irfft(out, count) * (count / len(samples))


def spoken(sentence, chance, new_voice=False):
    """int16 samples at 16 kHz."""
    command = ["espeak-ng", "-v", voice(chance, new_voice), "-s", str(chance.randint(125, 200)),
               "-p", str(chance.randint(25, 75)), "-g", str(chance.choice((0, 0, 0, 2, 5))), "--stdout", sentence]
    raw = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    with wave.open(io.BytesIO(raw)) as sound:
        samples = numpy.frombuffer(raw[44:], dtype="<i2").astype(numpy.float64)
        samples = _resampled(samples[:len(samples) // 2 * 2], sound.getframerate())
    loud = numpy.flatnonzero(numpy.abs(samples) > 0.01 * numpy.abs(samples).max())
    samples = samples[max(0, loud[0] - 800):loud[-1] + 1600]
    return numpy.clip(samples, -32768, 32767).astype(numpy.int16)


def spoiled(samples, numbers):
    """Another loudness, silence around, a coloured noise, a dull or thin room. float32, -1..1."""
    x = samples.astype(numpy.float32) / max(1.0, float(numpy.abs(samples).max()))
    x *= 10.0 ** numbers.uniform(-1.3, -0.05)
    before, behind = (int(n) for n in numbers.integers(0, 6000, 2))
    behind += -(before + len(x) + behind) % 1024  # transforms of such lengths are quick
    x = numpy.concatenate((numpy.zeros(before, dtype=numpy.float32), x, numpy.zeros(behind, dtype=numpy.float32)))
    spectrum = numpy.fft.rfft(x)
    bend = numpy.linspace(0.0, 1.0, len(spectrum)) ** 0.5
    spectrum *= numpy.exp(numbers.normal(0, 0.7) * (bend - 0.5))
    noise = numbers.normal(size=len(spectrum)) + 1j * numbers.normal(size=len(spectrum))
    noise *= (0.02 + bend) ** -numbers.uniform(0.0, 2.5)
    x = numpy.fft.irfft(spectrum, len(x))
    noise = numpy.fft.irfft(noise, len(x))
    level = numpy.sqrt((x ** 2).mean()) * 10.0 ** (-numbers.uniform(10, 45) / 20)
    x = x + noise * (level / (numpy.sqrt((noise ** 2).mean()) + 1e-9))
    return numpy.clip(x, -1.0, 1.0).astype(numpy.float32)


def make(folder, seed, files, clips, held_out=False, new_voices=False, name="clips"):
    """Files of clips: NAME-N.npz with sentences and samples one after the other."""
    os.makedirs(folder, exist_ok=True)
    chance, sentences = random.Random(seed), Sentences(seed + 1)
    for index in range(files):
        texts, sounds = [], []
        for _ in range(clips):
            texts.append(sentences.sentence(held_out))
            sounds.append(spoken(texts[-1], chance, new_voices))
        path = os.path.join(folder, "%s-%d-%d.npz" % (name, seed, index))
        ends = numpy.cumsum([len(sound) for sound in sounds])
        with open(path + ".part", "wb") as file:
            numpy.savez(file, texts=numpy.array(texts), ends=ends, samples=numpy.concatenate(sounds))
        os.rename(path + ".part", path)


def load(path):
    """Pairs of sentence and int16 samples."""
    with numpy.load(path) as file:
        samples, ends = file["samples"], file["ends"]
        begins = numpy.concatenate(([0], ends[:-1]))
        return [(str(text), samples[a:b]) for text, a, b in zip(file["texts"], begins, ends)]
