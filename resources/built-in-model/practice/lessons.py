"""Lessons about what is there and what is not.

Whether something occurs in a document is a comparison over the whole text, and one decision per
conversation is far too little to learn it from. Here the decisions stand close together: words that are
ticked off at once, keys that are marked as asked for, then many questions about one document.
"""
import re

from .tasks import QUESTIONS
from .template import NOT_FOUND

# What stands between a word and its mark: nothing, a little, or the change from the user's turn to the model's.
_NEXT = [("\n", False, False)]
_NEAR = [([], _NEXT), ([], _NEXT), ([(" ", False, False)], _NEXT), ([(": ", False, False)], _NEXT)]
_TURN = ("?", "<turn|>", "\n", "<|turn>", "model", "\n")
_BEGIN = [("<bos>", True, False), ("<|turn>user\n", True, False)]
_READ = ("<turn|>\n<|turn>model\n<|tool_call>call:read_file{path:<|\"|>a<|\"|>}<tool_call|>"
         "<|tool_response>response:read_file{value:<|\"|>")
# Ways to be asked for a document that is read behind the question.
_FINDS = {"read_key": 50, "read_fact": 25, "list_key": 7, "list_fact": 6, "search_key": 7, "search_fact": 5}


def _far(random):
    """A beginning of the change of turns, so that the mark moves away from its word step by step."""
    chain = _TURN[random.random() < 0.5:]
    length = len(chain) if random.random() < 0.4 else random.randint(1, len(chain))
    between = [(text, True, False) for text in chain[:length]]
    return between, [("<turn|>\n<|turn>user\n", True, False)] if length == len(chain) else _NEXT


def ticks(random, words, far=False):
    """Pieces of a list and of words that are each followed by "+" when the list has them, else by "-".

    Only these marks are trained; there is nothing else to learn in it. far: the mark stands where
    the model's answer to the word would begin, or on the way there.
    """
    draw = words.piece_word if random.random() < 0.6 else words.key
    drawn = list(dict.fromkeys(draw() for _ in range(random.randint(8, 40))))
    listed = drawn[:len(drawn) // 2]
    random.shuffle(drawn)
    between, behind = _far(random) if far else random.choice(_NEAR)
    pieces = _BEGIN + [("\n".join(listed) + "\n\n", False, False)]
    for word in drawn:
        pieces += [(word, False, False)] + between + [("+" if word in listed else "-", False, True)] + behind
    return pieces


def _entries(random, tasks):
    """Lines of a document with different keys or things: (key, line, question or nothing)."""
    words, documents = tasks.words, tasks.documents
    sentences, plain, short = (random.random() < share for share in (0.4, 0.4, 0.5))
    style = random.choice(("colon", "dash", "star", "equals", "minus", "csv", "sentence"))
    count, entries, question = random.randint(2, 12), [], ""
    while len(entries) < count:
        if sentences:
            kind, key, line = documents.fact(words.piece_word() if plain else None)
            question = QUESTIONS[kind][0] % key
        else:
            key = words.piece_word() if plain else words.key()
            line = documents.key_line(style, key, str(random.randint(1, 99)) if short else documents.value())
        if not any(key in other or other in key for other, _, _ in entries):
            entries.append((key, line, question))
    return entries


def _asked_text(random, entries):
    """Several words or questions in one."""
    keys, questions = [key for key, _, _ in entries], [question for _, _, question in entries if question]
    form = random.random()
    if questions and form < 0.6:
        return " ".join(questions)
    if form < 0.8:
        return random.choice(("What is the ", "Tell me the ")) + ", the ".join(keys) + "?"
    return random.choice(("\n", ", ")).join(keys)


def asked(random, tasks):
    """What is asked for, then a document, as with a file that is read after the question.

    Behind each key of the document it is trained how the answer would begin were this the only line:
    it is what near ticks teach, but the other way round and in the model's own words.
    """
    entries = _entries(random, tasks)
    wanted = [entry for entry in entries if random.random() < 0.5]
    text = _asked_text(random, random.sample(wanted, len(wanted)))
    file = random.random() < 0.75
    there, absent = ("The", NOT_FOUND) if file else ("+", "-")
    pieces = _BEGIN + [(text, False, False), (_READ, True, False) if file else ("\n\n", False, False)]
    for key, line, question in entries:
        mark = absent if (key, line, question) not in wanted else line if question else there
        end = line.index(key) + len(key)
        close = end + re.match(r"\W*\w*", line[end:]).end()
        pieces += [(line[:end], False, False), (line[end:close], False, mark), (line[close:] + "\n", False, False)]
    return pieces


def finds(random, tasks):
    """Tasks whose document is read after the question; many of them have no answer."""
    tasks.plain, tasks.absent = random.random() < 0.3, 0.42
    tasks.limit = random.choice((1, 2, 3, 6, 10, 16))
    forms = random.choices(list(_FINDS), list(_FINDS.values()), k=random.randint(1, 4))
    chosen = [tasks.make(form) for form in forms]
    tasks.plain = False
    return chosen


def actions(random, tasks):
    """Action items of short and long meetings, one after the other."""
    tasks.limit = random.choice((4, 6, 11))
    return [tasks.make(random.choice(("actions_file", "actions_here"))) for _ in range(random.randint(1, 4))]


def series(random, tasks, plain):
    """A document with one question, then many more about the same document."""
    tasks.plain, tasks.absent = plain, 0.5
    tasks.limit = random.choice((1, 3, 6, 12)) if plain else random.choice((1, 2, 4, 8, 16))
    draw = random.random()
    form = "attached_key" if plain or draw < 0.45 else "read_key" if draw < 0.75 else (
        "attached_fact" if draw < 0.88 else "read_fact")
    task = tasks.make(form)
    chosen = [task]
    if task.source:
        # Hardly any question comes twice: the document decides, not the answers given before.
        known = len(task.source.pairs or task.source.facts)
        chosen += tasks.follow_ups(task, min(2 * known + 1, 24 if plain else 14))
    tasks.plain = False
    return chosen
