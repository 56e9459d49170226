"""The tasks: what the user says, which tools are called, what they return, what is answered.

Answers are built so that copying can produce them: the answer repeats the key
and then the value, or the sentence of the document, and names the file.
"""
from dataclasses import dataclass, field
import re

from .documents import DAYS, FOLDERS, MONTHS, Documents
from .phrasings import WORDINGS

IDENTITY = ("I am the practice model, a very small model that comes with Facet. "
            "Load a Gemma 4 model for real work.")
HELLO = ("Hello! I am the practice model. I can read, search and write files, run simple commands "
         "and look at the screen.")
THANKS = "You are welcome."
REFUSAL = "Sorry, I am only the practice model and cannot do that. Load a Gemma 4 model for it."
NO_TOOL = "I have no tool for that."
SEEN = "I took a picture of the screen (%s). I am the practice model and cannot describe it."

QUESTIONS = {
    "place": ("Where is the %s?", "the %s"), "leader": ("Who leads the %s team?", "the %s team"),
    "meeting": ("When is the %s meeting?", "the %s meeting"), "opening": ("When does the %s open?", "the %s"),
    "cost": ("How much does the %s cost?", "the %s"), "owner": ("Who does the %s belong to?", "the %s"),
    "repair": ("Who repaired the %s?", "the %s"),
}
# Phrasings that are varied by strange words, and the words that may be exchanged.
LOOSENED = {"read_key", "read_fact", "list_key", "attached_key", "search", "search_key", "first_line",
            "actions_file", "write", "append", "line_count", "file_count", "list_folder", "edit_key", "edit_text", "edit_append",
            "move", "rename", "delete", "find_fact", "find_key", "history", "recall"}
NEUTRAL = set("""tell give get report need want would like can could you check open read use see given listed written
stands named noted stored have contain which what is there in from of into inside according mentions contains mentioned
does say store save create make set please extract collect""".split())
# How often each task appears in mixed conversations.
SHARES = {
    "read_key": 16, "read_fact": 13, "attached_key": 7, "attached_fact": 6, "list_key": 8, "list_fact": 7,
    "search": 6, "search_key": 5, "search_fact": 4, "write": 4.5, "append": 3, "note": 1.5, "run": 8,
    "actions_file": 7, "actions_here": 7, "list_here": 2, "list_folder": 4, "talk": 5, "title": 3,
    "first_line": 3.5, "screen": 2.5,
}
SHORT_SHARES = {"attached_key": 40, "read_key": 30, "attached_fact": 8, "read_fact": 7, "list_folder": 4,
                "write": 4, "search": 4, "first_line": 3}


@dataclass
class Source:
    """A document and what can be asked about it: pairs of key and value, or facts."""
    extension: str
    text: str
    pairs: list
    facts: list
    path: str = ""
    asked: set = field(default_factory=set)  # what was asked for
    sought: tuple = None  # the last question's pair or fact; None when it has no answer

    def pick(self, random):
        """A pair or a fact, rather one that was not asked for yet."""
        known = self.pairs or self.facts
        fresh = [entry for entry in known if entry not in self.asked]
        entry = random.choice(fresh if fresh and random.random() < 0.9 else known)
        self.asked.add(entry)
        self.sought = entry
        return entry

    def known_behind(self):
        """Behind which character a reader knows what to answer to the last question. That nothing is
        found is known only at the end."""
        if self.sought is None:
            return len(self.text)
        if self.facts:
            _, thing, sentence = self.sought
            return self.text.index(sentence) + sentence.index(thing) + len(thing)
        found = re.search(r'(?mi)^(?:[-*|" ]+|The )?%s(?=[:=,"]| [=|-]| is )' % re.escape(self.sought[0]), self.text)
        return found.end() if found else None


@dataclass
class Task:
    kind: str
    user: str
    answer: str
    steps: list = field(default_factory=list)  # (tool, arguments, result)
    source: Source = None  # the document that further questions may be about
    found: int = None  # behind which character of what is read last the answer is known


class Tasks:
    """Draws tasks.

    held_out: use held-out words; held_out_wording: use held-out phrasings;
    limit: lines of a document; absent: share of questions without an answer;
    plain: keys of one vocabulary piece and short values, for a first lesson.
    """

    def __init__(self, words, held_out_wording=False, limit=32, absent=0.16):
        self.words, self.random = words, words.random
        self.documents = Documents(words)
        self.wordings, self.held_out_wording = WORDINGS[held_out_wording], held_out_wording
        self.limit, self.absent, self.plain = limit, absent, False

    def wording(self, kind, decorate=True, **fields):
        """A phrasing with its fields filled in, sometimes with a polite word around it."""
        pick = self.random
        text = pick.choice(self.wordings[kind])
        text = self.framed(kind, text)
        if kind in LOOSENED and not self.held_out_wording and pick.random() < 0.15:
            text = self.loosen(text)
        lead = ""
        if decorate and pick.random() < 0.14:
            lead = pick.choice(("Hi, ", "Hello! ", "Hey, ", "Please ", "Hello, ", "Now ", "OK, ", "And "))
            if not text.startswith("{") and pick.random() < 0.8:
                text = text[0].lower() + text[1:]
        if decorate and text[-1] in ".?" and pick.random() < 0.1:
            text += pick.choice((" Please be brief.", " Thanks.", " Thank you!", " Please."))
        for name, value in fields.items():
            text = text.replace("{%s}" % name, value)
        return lead + text

    def framed(self, kind, text):
        """A phrasing, perhaps inside of a longer one."""
        return text

    def loosen(self, text):
        """Exchange one neutral word of a phrasing for any word, so that a name is
        recognised by what it is and not only by the word in front of it."""
        parts = text.split(" ")
        places = [index for index, part in enumerate(parts) if part.strip(",.").lower() in NEUTRAL]
        if places:
            index = self.random.choice(places)
            word = self.words.pool("noun") if self.random.random() < 0.4 else self.words.invented()
            parts[index] = word.capitalize() if index == 0 else word
        return " ".join(parts)

    # --- documents with a question ------------------------------------------

    def missing_key(self, source):
        """A key that the document does not have, sometimes one that looks alike."""
        pick, words, pairs = self.random, self.words, source.pairs
        taken = {key.lower() for key, _ in pairs} | source.asked
        while True:
            draw = pick.random()
            key = words.piece_word() if self.plain else words.key()
            if not self.plain and draw < 0.12:
                base = pick.choice(pairs)[0].split(" ")[-1]
                key = words.noun() + " " + base
            elif not self.plain and draw < 0.2:
                key = pick.choice(pairs)[0].split(" ")[0] + " " + words.pool("key")
            if key.lower() not in taken and (self.plain or len(key) > 2):
                source.asked.add(key.lower())
                return key

    def missing_thing(self, source):
        while True:
            thing = self.words.thing()
            if (" " + thing + " ") not in source.text and thing not in source.asked and all(
                    thing != other for _, other, _ in source.facts):
                source.asked.add(thing)
                return thing

    def key_question(self, source):
        """(what is asked, answer): the answer lacks only the file name."""
        if self.random.random() < self.absent:
            key, source.sought = self.missing_key(source), None
            return key, "I could not find the %s in {F}." % key
        key, value = source.pick(self.random)
        return key, "The %s is %s ({F})." % (key, value)

    def fact_question(self, source):
        if self.random.random() < self.absent:
            question, name = QUESTIONS[self.random.choice(list(QUESTIONS))]
            thing, source.sought = self.missing_thing(source), None
            return question % thing, "I could not find %s in {F}." % (name % thing)
        kind, thing, sentence = source.pick(self.random)
        return QUESTIONS[kind][0] % thing, sentence[:-1] + " ({F})."

    def source(self, fact):
        documents = self.documents
        if fact:
            facts, text = documents.fact_document(self.limit)
            return Source(documents.extension("colon"), text, [], facts)
        if self.plain:
            pairs, text = documents.plain_document(self.limit)
            return Source("txt", text, pairs, [])
        style, pairs, text = documents.key_document(self.limit)
        return Source(documents.extension(style), text, pairs, [])

    def question(self, source):
        """(answer, wording fields) of one question about a document."""
        if source.facts:
            question, answer = self.fact_question(source)
            return answer, {"S": question, "s": question[:-1], "l": question[0].lower() + question[1:]}
        key, answer = self.key_question(source)
        return answer, {"K": key}

    def case(self, fact):
        source = self.source(fact)
        return (source,) + self.question(source)

    def follow_ups(self, task, count):
        """Further questions about the document of a task. They name no file and need no tool, and put
        many decisions between found and not found behind one document."""
        source, tasks = task.source, []
        form = "attached_fact" if source.facts else "attached_key"
        wordings = [text for text in self.wordings[form] if "{F}" not in text]
        for _ in range(count):
            answer, fields = self.question(source)
            user = self.random.choice(wordings)
            for name, value in fields.items():
                user = user.replace("{%s}" % name, value)
            kind = "follow_missing" if answer.startswith("I could") else "follow"
            tasks.append(Task(kind, user, answer.replace("{F}", source.path)))
        return tasks

    def truncation(self, text):
        """Now and then the note that the reading tool adds when it cut a file."""
        if self.random.random() > 0.05:
            return text
        lines = text.count("\n") + 1
        return text + "\n[lines 1-%d of %d; read on with first_line=%d]" % (
            lines, lines + self.random.randint(1, 400), lines + 1)

    def failure(self, path):
        form = self.random.choice(("error: no such file: %s", "no such file: %s", "error: file not found: %s",
                                   "error: not allowed: %s", "error: cannot read %s", "error: not a text file: %s"))
        return form % path

    def read(self, fact):
        source, answer, fields = self.case(fact)
        extension, text = source.extension, source.text
        path = source.path = self.documents.path(extension)
        user = self.wording("read_fact" if fact else "read_key", F=path, **fields)
        if self.random.random() < 0.06:
            return Task("read_error", user, "I could not open %s." % path,
                        [("read_file", {"path": path}, self.failure(path))])
        kind = "read_missing" if answer.startswith("I could") else "read_fact" if fact else "read_key"
        return Task(kind, user, answer.replace("{F}", path),
                    [("read_file", {"path": path}, self.truncation(text))], source, source.known_behind())

    def attached(self, fact):
        source, answer, fields = self.case(fact)
        extension, text = source.extension, source.text
        path = source.path = self.documents.path(extension, 0.0 if self.plain else 0.2)
        question = self.wording("attached_fact" if fact else "attached_key", decorate=False, F=path, **fields)
        frame = self.random.choice(("File: {F}\n\n{D}\n\nQuestion: {Q}", "File: {F}\n\n{D}\n\nQuestion: {Q}",
                                    "[file: {F}]\n{D}\n[end of file]\n{Q}", "Document {F}:\n{D}\n\n{Q}",
                                    "{F}\n```\n{D}\n```\n{Q}"))
        user = frame.replace("{F}", path).replace("{Q}", question).replace("{D}", text)
        kind = ("attached_missing" if answer.startswith("I could")
                else "attached_fact" if fact else "attached_key")
        return Task(kind, user, answer.replace("{F}", path), source=source)

    def listed(self, fact):
        """The file is named by its words only: list, read, answer."""
        pick, documents = self.random, self.documents
        source, answer, fields = self.case(fact)
        extension, text = source.extension, source.text
        parts = documents.file_words()
        while len(parts) < 2:
            parts = documents.file_words()
        name = documents.file_stem(parts, joined=False).lower() + "." + extension
        loose = pick.choice(self.wordings["loose"]).replace("{N}", " ".join(parts).lower())
        folder, hint = ".", ""
        if pick.random() < 0.2:
            folder = documents.folder()
            hint = pick.choice(self.wordings["folder_hint"]).replace("{D}", folder)
        user = self.wording("list_fact" if fact else "list_key", decorate=not hint, N=loose, **fields) + hint
        path = source.path = name if folder == "." else folder + "/" + name
        names = documents.file_list(pick.randint(2, 8), name)
        steps = [("list_files", {"path": folder}, "\n".join(names))]
        if pick.random() < 0.04:
            steps.append(("read_file", {"path": path}, self.failure(path)))
            return Task("two_list", user, "I could not open %s." % path, steps)
        steps.append(("read_file", {"path": path}, self.truncation(text)))
        return Task("two_list", user, answer.replace("{F}", path), steps, source, source.known_behind())

    # --- search ---------------------------------------------------------------

    def query(self):
        pick, words = self.random, self.words
        return pick.choice((words.noun, words.thing, words.name, self.documents.code, words.invented,
                            words.thing, words.name))()

    def matching_line(self, query):
        pick, words = self.random, self.words
        form = pick.randrange(6)
        if form == 0:
            return "%s: %s" % (words.key(), query)
        if form == 1:
            return "%s: %s" % (query, self.documents.value())
        if form == 2:
            return "The %s belongs to %s." % (words.noun(), query)
        if form == 3:
            return "%s was in %s." % (query, words.city())
        if form == 4:
            return "Ask %s about the %s." % (query, words.noun())
        return "We talked about the %s and the %s." % (words.noun(), query)

    def search(self):
        pick = self.random
        query = self.query()
        user = self.wording("search", Q=query)
        arguments = {"query": query}
        draw = pick.random()
        if draw < 0.1:
            nothing = pick.choice(("no matches", "No matches.", "nothing found", "no matches for " + query))
            return Task("search", user, "I could not find %s in your files." % query,
                        [("search_files", arguments, nothing)])
        count = 1 if draw < 0.75 else pick.randint(2, 4)
        found = [(self.documents.path(), pick.randint(1, 60), self.matching_line(query)) for _ in range(count)]
        result = "\n".join("%s:%d: %s" % match for match in found)
        answer = "\n".join("%s mentions %s: %s" % (path, query, line) for path, _, line in found)
        return Task("search", user, answer, [("search_files", arguments, result)])

    def search_read(self, fact):
        pick = self.random
        query = self.query()
        source, answer, fields = self.case(fact)
        extension, text = source.extension, source.text
        line = self.matching_line(query)
        path = source.path = self.documents.path(extension)
        if extension not in ("json",):
            lines = text.split("\n")
            lines.insert(pick.randint(0, len(lines)), line)
            text = source.text = "\n".join(lines)
        user = self.wording("search_fact" if fact else "search_key", Q=query, **fields)
        steps = [("search_files", {"query": query}, "%s:%d: %s" % (path, pick.randint(1, 60), line)),
                 ("read_file", {"path": path}, text)]
        return Task("two_search", user, answer.replace("{F}", path), steps, source, source.known_behind())

    # --- writing -----------------------------------------------------------------

    def content(self):
        pick, words, documents = self.random, self.words, self.documents
        form = pick.randrange(9)
        if form == 0:
            return "call %s at %s" % (words.name(), documents.time())
        if form == 1:
            return "buy %s and %s" % (words.noun(), words.noun())
        if form == 2:
            return "meet %s in %s on %s" % (words.name(), words.city(), documents.day())
        if form == 3:
            return documents.filler()[:-1]
        if form == 4:
            return "%s the %s" % (pick.choice(("copy", "fix", "paint", "order", "check")), words.noun())
        if form == 5:
            return "the %s is %s" % (words.key(), documents.value())
        if form == 6:
            return "%s: %s" % (words.key(), documents.value())
        if form == 7:
            return " ".join(words.invented() for _ in range(pick.randint(1, 4)))
        return "%s - %s" % (documents.date(), words.thing())

    def write(self, form):
        pick = self.random
        text = self.content()
        path = "notes.md" if form == "note" else self.documents.path()
        user = self.wording(form, decorate=False, T=text, F=path)
        if pick.random() < 0.08:
            user = "Please " + user[0].lower() + user[1:]
        arguments = {"content": text, "path": path}
        if form != "write":
            arguments["append"] = True
        if pick.random() < 0.09:
            reason = pick.choice(("the user refused", "not allowed: " + path, "disk full", "no such folder: " + path))
            return Task("write", user, "I could not write %s: %s." % (path, reason),
                        [("write_file", arguments, "error: " + reason)])
        result = pick.choice(("ok", "saved", "done", "wrote %d bytes" % pick.randint(5, 240)))
        answer = "I wrote %s." % path if form == "write" else "I added a line to %s." % path
        return Task("write", user, answer, [("write_file", arguments, result)])

    # --- commands ------------------------------------------------------------------

    def run(self):
        pick, words, documents = self.random, self.words, self.documents
        form = pick.choice(("date", "date", "user", "host", "folder", "line_count", "line_count", "file_count",
                            "command", "command"))
        path, folder = documents.path(), documents.folder()
        command = ""
        if form == "date":
            command, result = "date", "%s %s %d %02d:%02d:%02d UTC %d" % (
                pick.choice(DAYS)[:3], pick.choice(MONTHS)[:3], pick.randint(1, 28), pick.randint(0, 23),
                pick.randint(0, 59), pick.randint(0, 59), pick.randint(2019, 2032))
            answer = "It is %s." % result
        elif form == "user":
            command, result = "whoami", words.first_name().lower()
            answer = "You are %s." % result
        elif form == "host":
            command, result = "hostname", words.noun()
            answer = "This computer is called %s." % result
        elif form == "folder":
            command, result = "pwd", "/home/%s/%s" % (words.invented(), documents.folder())
            answer = "The current folder is %s." % result
        elif form == "line_count":
            count = documents.number()
            command, result = "wc -l " + path, count + " " + path
            answer = "%s has %s lines." % (path, count)
        elif form == "file_count":
            command, result = "ls %s | wc -l" % folder, str(pick.randint(0, 400))
            answer = "There are %s files in %s." % (result, folder)
        else:
            command = pick.choice(("cat %s" % path, "%s %s" % (words.invented(), path), "ls %s" % folder,
                                   "echo %s" % words.thing(), words.invented(), "%s -%s" % (
                                       words.invented(), pick.choice("abcdefklnrsvx")),
                                   "head -n 1 %s" % path, "uname -a", "df -h"))
            result = pick.choice((documents.filler, documents.value, documents.code,
                                  lambda: "%s %s" % (documents.number(), documents.path())))()
            answer = "Output: " + result
        user = self.wording(form, decorate=form != "command", F=path, D=folder, X=command)
        return Task("run", user, answer, [("run_command", {"command": command}, result)])

    # --- action items, lists, small things -------------------------------------------

    def actions(self, in_file):
        actions, text = self.documents.transcript(self.limit)
        answer = "\n".join(["Action items:"] + actions)
        if not in_file:
            question = self.wording("actions_here", decorate=False)
            lead = self.random.choice(("", "Meeting transcript:\n", "Transcript:\n"))
            return Task("actions", lead + text + "\n\n" + question, answer)
        path = self.documents.path(self.documents.extension("colon"))
        return Task("actions", self.wording("actions_file", F=path), answer,
                    [("read_file", {"path": path}, text)])

    def list_files(self, here):
        documents, pick = self.documents, self.random
        folder = "." if here else documents.folder()
        user = self.wording("list_here" if here else "list_folder", D=folder)
        if not here and pick.random() < 0.06:
            reason = pick.choice(("error: no such folder: %s", "no such folder: %s", "error: not allowed: %s"))
            return Task("list", user, "I could not open %s." % folder,
                        [("list_files", {"path": folder}, reason % folder)])
        names = documents.file_list(pick.randint(1, 11))
        if pick.random() < 0.25:
            names[:0] = [documents.folder().split("/")[0] + "/" for _ in range(pick.randint(1, 3))]
        listing = "\n".join(names)
        return Task("list", user, "Files:\n" + listing, [("list_files", {"path": folder}, listing)])

    def first_line(self):
        style, _, text = self.documents.key_document(self.limit)
        path = self.documents.path(self.documents.extension(style))
        return Task("first_line", self.wording("first_line", F=path),
                    "%s begins: %s" % (path, text.split("\n")[0]), [("read_file", {"path": path}, text)])

    def screen(self):
        pick = self.random
        user = self.wording("screen")
        if pick.random() < 0.3:
            reason = pick.choice(("capture failed", "the user refused", "no screen", "not allowed"))
            return Task("screen", user, "I could not take a screenshot: %s." % reason,
                        [("take_screenshot", {}, "error: " + reason)])
        size = "%dx%d" % (pick.choice((800, 1024, 1280, 1366, 1440, 1600, 1920, 2560, 3840)),
                          pick.choice((600, 720, 768, 900, 1024, 1080, 1200, 1440, 1600, 2160)))
        return Task("screen", user, SEEN % size, [("take_screenshot", {}, "screenshot " + size)])

    def title(self):
        """A title for a conversation of which the first message is given."""
        pick, documents = self.random, self.documents
        path, key, query = documents.path(), self.words.key(), self.query()
        folder = documents.folder()
        form = pick.choices(("read_key", "actions_file", "search", "screen", "list_folder"), (10, 3, 4, 1, 2))[0]
        user = self.wording(form, F=path, K=key, Q=query, D=folder)
        title = {"read_key": "%s in %s" % (key, path), "actions_file": "Action items in " + path,
                 "search": "Search for " + query, "screen": "Screenshot",
                 "list_folder": "Files in " + folder}[form]
        lead = "User: " if pick.random() < 0.6 else ""
        request = pick.choice(self.wordings["title"])
        return Task("title", request + "\n" + lead + user, "Title: " + title)

    def talk(self):
        pick, words = self.random, self.words
        form = pick.choice(("hello", "hello", "identity", "identity", "thanks", "refuse", "refuse"))
        user = self.wording(form, decorate=False, n=str(pick.randint(2, 99)), m=str(pick.randint(2, 99)),
                            t=words.noun(), a=words.adjective(), c=words.city(), p=words.name())
        answer = {"hello": HELLO, "identity": IDENTITY, "thanks": THANKS, "refuse": REFUSAL}[form]
        return Task("refuse" if form == "refuse" else "chat", user, answer)

    def draw(self, shares=None):
        shares = shares or SHARES
        return self.make(self.random.choices(list(shares), list(shares.values()))[0])

    def make(self, form):
        if form.endswith("_key") or form.endswith("_fact"):
            maker = {"read": self.read, "attached": self.attached, "list": self.listed,
                     "search": self.search_read}[form.split("_")[0]]
            return maker(form.endswith("_fact"))
        if form in ("write", "append", "note"):
            return self.write(form)
        if form in ("actions_file", "actions_here"):
            return self.actions(form == "actions_file")
        if form in ("list_here", "list_folder"):
            return self.list_files(form == "list_here")
        return {"search": self.search, "run": self.run, "talk": self.talk, "title": self.title,
                "first_line": self.first_line, "screen": self.screen}[form]()
