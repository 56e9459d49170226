#!/usr/bin/python3
"""Writes eval/senses: small pictures and recordings that training never sees, and senses.jsonl with what each says.

Words, sentences and some voices are held out. The files are part of the repository; run this only to make them again.
"""
import json
import os
import random
import subprocess
import wave

import numpy

from practice.senses import hearing, pictures, speech

HERE = os.path.dirname(os.path.abspath(__file__))
SEED, LINES, THINGS, CLIPS, NEW_VOICES = 31, 40, 20, 20, 10
LONGEST = 16


def recording(path, samples):
    """Opus, as telephones and meetings have it."""
    loud = numpy.clip(samples * 32767, -32768, 32767).astype("<i2")
    with wave.open(path + ".wav", "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(hearing.RATE)
        file.writeframes(loud.tobytes())
    subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-i", path + ".wav", "-c:a", "libopus", "-b:a", "32k", "-map_metadata", "-1",
                    "-fflags", "+bitexact", "-flags:a", "+bitexact", path], check=True)
    os.remove(path + ".wav")


def main():
    folder = os.path.join(HERE, "eval", "senses")
    os.makedirs(folder, exist_ok=True)
    shown, chance = pictures.Pictures(SEED, held_out=True), random.Random(SEED)
    sentences, numbers = speech.Sentences(SEED), numpy.random.default_rng(SEED)
    with open(os.path.join(folder, "senses.jsonl"), "w", encoding="utf-8") as out:
        def case(kind, name, text):
            out.write(json.dumps({"kind": kind, "file": name, "text": text}, ensure_ascii=False) + "\n")

        for index in range(LINES):
            picture, text = shown.text(2, LONGEST)[:2]
            name = "line-%02d.png" % index
            picture.save(os.path.join(folder, name), optimize=True)
            case("line", name, text)
        for index in range(THINGS):
            picture, text, _ = shown.thing()
            name = "thing-%02d.png" % index
            picture.save(os.path.join(folder, name), optimize=True)
            case("thing", name, text)
        for index in range(CLIPS + NEW_VOICES):
            is_new = index >= CLIPS
            text = sentences.sentence(held_out=True)
            name = "speech-%02d.ogg" % index
            recording(os.path.join(folder, name), speech.spoiled(speech.spoken(text, chance, is_new), numbers))
            case("new voice" if is_new else "speech", name, text)


if __name__ == "__main__":
    main()
