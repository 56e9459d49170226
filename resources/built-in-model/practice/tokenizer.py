"""Byte-pair tokenizer in the form of the real one, and how the small one is built.

Ids below 494 are those of the real vocabulary: special tokens, newline runs,
space runs, byte tokens. Letter pieces never cross the border of a letter run:
digits, punctuation and the space stay single, so that a name has the same
pieces wherever it stands and copying needs no second table. A few pieces of
space and function word and some phrases of the tool syntax are merged last;
they shorten prompts and hold no names.
"""
from collections import Counter, defaultdict
import heapq
import random
import re

from . import template, tools
from .conversations import Conversations

SPACE = "\u2581"
SPECIAL = {0: "<pad>", 1: "<eos>", 2: "<bos>", 3: "<unk>", 4: "<mask>", 46: "<|tool>", 47: "<tool|>",
           48: "<|tool_call>", 49: "<tool_call|>", 50: "<|tool_response>", 51: "<tool_response|>",
           52: '<|"|>', 98: "<|think|>", 100: "<|channel>", 101: "<channel|>", 105: "<|turn>", 106: "<turn|>"}
USER_DEFINED = (48, 49, 50, 51, 52, 100, 101)
MEDIA = ["<|image>", "<|audio>", "<|image|>", "<|audio|>", "<image|>", "<audio|>", "<|video|>"]
NORMAL, CONTROL, USER, BYTE = 1, 3, 4, 6
FIRST_BYTE, FIRST_ORDINARY = 238, 494
CHARACTERS = ([SPACE, "\t"] + [chr(code) for code in range(33, 127)]
              + list("äöüßéèêàáçñíóúãõœÄÖÜÉåøæ€£°…–—“”‘’•→×"))
PIECES = 1100
FUNCTION_WORDS = """
the file to is in of and text files command was for about at path screen are write on from that will content return
its find people came likes instead replacing me had lunch also read weather today keep looks an last week talked
tools look items picture lines all word shell or not my am by practice with do you it help up no name folder first
line when out which working left what list open search there does this action give tell new nothing see notes team
leads belongs opens costs meeting repaired mentions could not find I a be has how many left took had
your small very source answer briefly model load real work can simple commands desktop offline assistant
""".split()
PHRASES = (
    ["declaration:", "{description:", ",type:", ",parameters:{", "properties:{", ",required:[", "],type:", "}}",
     "},", "call:", "response:", "{path:", ",path:", "{value:", "{content:", ",content:", "{command:", "{query:",
     "{append:", "first_line:", "line_count:", "true,"]
    + ["read_file", "list_files", "search_files", "write_file", "run_command", "take_screenshot", "first_line",
       "line_count"]
    # The program's own declarations are in every prompt: one token for each of their texts.
    + [text for tool in tools.PRODUCT.values() for text in
       [tool["function"]["description"]] + [entry["description"] for entry in
                                            tool["function"]["parameters"]["properties"].values()]])
LETTERS = re.compile(r"[^\W\d_]+", re.UNICODE)
_SPECIAL_PATTERN = re.compile("|".join(re.escape(text) for text in list(SPECIAL.values()) + MEDIA))


def _corpus_counts():
    """How often each letter run should count when pieces are learned.

    Counted on generated training conversations, damped by a power so
    that the fixed texts do not take all pieces. Held-out words do not occur
    there; they are made of pieces like any other unknown word.
    """
    source = Conversations(random.Random(11))
    counts = Counter()
    for _ in range(1500):
        for text, _, _ in template.render(*source.generate(1.0)[:2]):
            counts.update(LETTERS.findall(text))
    return {word: count ** 0.7 for word, count in counts.items() if word.isascii()}


def _learn_pieces(count):
    """Merges of letter pieces, best first."""
    table = [(list(word), weight) for word, weight in sorted(_corpus_counts().items())]
    pairs, places = Counter(), defaultdict(set)
    for index, (symbols, weight) in enumerate(table):
        for pair in zip(symbols, symbols[1:]):
            pairs[pair] += weight
            places[pair].add(index)
    merges = []
    while len(merges) < count:
        left, right = min(pairs, key=lambda pair: (-round(pairs[pair], 6), pair))
        merges.append((left, right))
        for index in places.pop((left, right)):
            symbols, weight = table[index]
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] -= weight
            at = 0
            while at < len(symbols) - 1:
                if symbols[at] == left and symbols[at + 1] == right:
                    symbols[at:at + 2] = [left + right]
                at += 1
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += weight
                places[pair].add(index)
        del pairs[left, right]
    return merges


def build():
    """The tokenizer of the practice model."""
    tokens = ["<unused%d>" % index for index in range(FIRST_ORDINARY)]
    types = [NORMAL] * FIRST_ORDINARY
    for index, text in SPECIAL.items():
        tokens[index], types[index] = text, USER if index in USER_DEFINED else CONTROL
    tokens[5] = "[multimodal]"
    for length in range(1, 32):
        tokens[106 + length] = "\n" * length
    for length in range(2, 32):
        tokens[136 + length] = SPACE * length
    for byte in range(256):
        tokens[FIRST_BYTE + byte], types[FIRST_BYTE + byte] = "<0x%02X>" % byte, BYTE
    merges = []
    for total in range(31, 1, -1):
        for left in range(total - 1, 0, -1):
            merges.append(("\n" * left, "\n" * (total - left)))
            merges.append((SPACE * left, SPACE * (total - left)))
    ordinary = list(CHARACTERS)
    known = set(ordinary)

    def add(left, right):
        merges.append((left, right))
        if left + right not in known:
            known.add(left + right)
            ordinary.append(left + right)

    for left, right in _learn_pieces(PIECES):
        add(left, right)
    letters = Tokenizer(tokens + ordinary, types + [NORMAL] * len(ordinary), merges)
    pieces = [piece for piece in ordinary[len(CHARACTERS):]]

    def join(symbols):
        """Merges that turn the symbols, left to right, into one entry."""
        left = symbols[0]
        for right in symbols[1:]:
            if (left, right) not in joined:
                joined.add((left, right))
                add(left, right)
            left += right

    joined = set()
    for word in FUNCTION_WORDS:
        parts = letters.split(word)
        if len(parts) == 1:  # never half a word glued to the space
            join([SPACE] + parts)
    for phrase in PHRASES:
        current = Tokenizer(tokens + ordinary, types + [NORMAL] * len(ordinary), merges)
        join(current.split(phrase))
    total = -(-(FIRST_ORDINARY + len(ordinary) + len(MEDIA)) // 32) * 32
    filler = ["<unused%d>" % (FIRST_ORDINARY + index)
              for index in range(total - FIRST_ORDINARY - len(ordinary) - len(MEDIA))]
    tokens = tokens + ordinary + filler + MEDIA
    types = types + [NORMAL] * (len(ordinary) + len(filler)) + [CONTROL] * len(MEDIA)
    result = Tokenizer(tokens, types, merges)
    result.pieces = pieces
    return result


class Tokenizer:
    """Encoding and decoding for any vocabulary of this form."""

    def __init__(self, tokens, types, merges):
        self.tokens, self.types, self.merges = tokens, types, merges
        self.ids = {}
        for index, (text, kind) in enumerate(zip(tokens, types)):
            if kind == NORMAL and index >= 107 and not text.startswith("<unused"):
                self.ids.setdefault(text, index)
        self.special = {text: index for index, (text, kind) in enumerate(zip(tokens, types))
                        if kind in (CONTROL, USER)}
        self._ranks = {pair: rank for rank, pair in reversed(list(enumerate(merges)))}
        inner = {pair for pair in self._ranks if LETTERS.fullmatch(pair[0] + pair[1])}
        self._inner = {pair: self._ranks[pair] for pair in inner}
        self._outer = {pair: rank for pair, rank in self._ranks.items() if pair not in inner}
        self._words, self._fragments = {}, {}
        self.pieces = [text for text in self.ids if len(text) > 1 and LETTERS.fullmatch(text)]

    @classmethod
    def from_fields(cls, fields):
        merges = []
        for text in fields["tokenizer.ggml.merges"]:
            cut = text.index(" ", 1)
            merges.append((text[:cut], text[cut + 1:]))
        return cls(fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"], merges)

    @staticmethod
    def _merge(symbols, ranks):
        """Byte-pair merging: always the best rank, leftmost first."""
        if len(symbols) < 2:
            return symbols
        heap = []
        for index in range(len(symbols) - 1):
            rank = ranks.get((symbols[index], symbols[index + 1]))
            if rank is not None:
                heap.append((rank, index, symbols[index], symbols[index + 1]))
        if not heap:
            return symbols
        symbols = list(symbols)
        heapq.heapify(heap)
        size = len(symbols)
        following = list(range(1, size + 1))
        previous = list(range(-1, size - 1))
        while heap:
            _, index, left, right = heapq.heappop(heap)
            after = following[index]
            if symbols[index] != left or after >= size or symbols[after] != right:
                continue
            symbols[index], symbols[after] = left + right, None
            following[index] = following[after]
            if following[after] < size:
                previous[following[after]] = index
            for first in (previous[index], index):
                if first >= 0 and following[first] < size:
                    pair = symbols[first], symbols[following[first]]
                    rank = ranks.get(pair)
                    if rank is not None:
                        heapq.heappush(heap, (rank, first) + pair)
        return [symbol for symbol in symbols if symbol is not None]

    def split_word(self, word):
        """The entries of a letter run."""
        parts = self._words.get(word)
        if parts is None:
            parts = self._merge(list(word), self._inner)
            if len(self._words) < 200000:
                self._words[word] = parts
        return parts

    def forget(self, words, forgotten):
        """Drop the merges inside words of which forgotten says so, and all that is remembered except these words."""
        self._inner = {pair: rank for pair, rank in self._inner.items() if not forgotten(pair)}
        self._words, self._fragments = dict(words), {}

    def split(self, text):
        """The entries of a text without special tokens, as strings.

        Letter runs are merged on their own and remembered. That equals merging
        the whole text, because every merge across the border of a letter run
        ranks behind all merges inside one.
        """
        symbols = []
        at = 0
        text = text.replace(" ", SPACE)
        for match in LETTERS.finditer(text):
            symbols.extend(text[at:match.start()])
            word = match.group()
            symbols.extend(self.split_word(word))
            at = match.end()
        symbols.extend(text[at:])
        return self._merge(symbols, self._outer)

    def encode(self, text):
        """Ids of a text without special tokens."""
        known = self._fragments.get(text)
        if known is not None:
            return known
        out = []
        for symbol in self.split(text):
            index = self.ids.get(symbol)
            if index is None:
                out.extend(FIRST_BYTE + byte for byte in symbol.encode("utf-8"))
            else:
                out.append(index)
        if len(text) < 200 and len(self._fragments) < 20000:
            self._fragments[text] = out
        return out

    def encode_pieces(self, pieces):
        """(ids, trained flags) of rendered template pieces."""
        ids, trained = [], []
        pending, flag = [], False

        def flush():
            if pending:
                found = self.encode("".join(pending))
                ids.extend(found)
                trained.extend([flag] * len(found))
                pending.clear()

        for text, template, mine in pieces:
            if mine != flag:
                flush()
                flag = mine
            if not template:
                pending.append(text)
                continue
            at = 0
            for match in _SPECIAL_PATTERN.finditer(text):
                if match.start() > at:
                    pending.append(text[at:match.start()])
                flush()
                ids.append(self.special[match.group()])
                trained.append(flag)
                at = match.end()
            if at < len(text):
                pending.append(text[at:])
        flush()
        return ids, trained

    def decode(self, ids):
        """The text of ids; special tokens are written out."""
        raw = b""
        for index in ids:
            if self.types[index] == BYTE:
                raw += bytes([index - FIRST_BYTE])
            else:
                raw += self.tokens[index].replace(SPACE, " ").encode("utf-8")
        return raw.decode("utf-8", "replace")
