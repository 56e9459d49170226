"""The tasks: what the user says, which tools are called, what they return, what is answered.

Answers are built so that copying can produce them: the answer repeats the key
and then the value, or the sentence of the document, and names the file.
"""
from dataclasses import dataclass, field

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
            "actions_file", "write", "append", "line_count", "file_count", "list_folder"}
NEUTRAL = set("""tell give get report need want would like can could you check open read use see given listed written
stands named noted stored have contain which what is there in from of into inside according mentions contains mentioned
does say store save create make set please extract collect""".split())
# How often each task appears in mixed conversations.
SHARES = {
    "read_key": 20, "read_fact": 10, "attached_key": 10, "attached_fact": 5, "list_key": 8, "list_fact": 4,
    "search": 6, "search_key": 5, "search_fact": 3, "write": 4.5, "append": 3, "note": 1.5, "run": 8,
    "actions_file": 6, "actions_here": 6, "list_here": 2, "list_folder": 4, "talk": 5, "title": 3,
    "first_line": 3.5, "screen": 2.5,
}
SHORT_SHARES = {"attached_key": 40, "read_key": 30, "attached_fact": 8, "read_fact": 7, "list_folder": 4,
                "write": 4, "search": 4, "first_line": 3}


@dataclass
class Task:
    kind: str
    user: str
    answer: str
    steps: list = field(default_factory=list)  # (tool, arguments, result)


class Tasks:
    """Draws tasks.

    held_out: use held-out words; held_out_wording: use held-out phrasings;
    limit: lines of a document; absent: share of questions without an answer.
    """

    def __init__(self, words, held_out_wording=False, limit=32, absent=0.16):
        self.words, self.random = words, words.random
        self.documents = Documents(words)
        self.wordings, self.held_out_wording = WORDINGS[held_out_wording], held_out_wording
        self.limit, self.absent = limit, absent

    def wording(self, kind, decorate=True, **fields):
        """A phrasing with its fields filled in, sometimes with a polite word around it."""
        pick = self.random
        text = pick.choice(self.wordings[kind])
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

    def missing_key(self, pairs):
        """A key that the document does not have, sometimes one that looks alike."""
        pick, words = self.random, self.words
        taken = {key.lower() for key, _ in pairs}
        while True:
            draw = pick.random()
            key = words.key()
            if draw < 0.12:
                base = pick.choice(pairs)[0].split(" ")[-1]
                key = words.noun() + " " + base
            elif draw < 0.2:
                key = pick.choice(pairs)[0].split(" ")[0] + " " + words.pool("key")
            if key.lower() not in taken and len(key) > 2:
                return key

    def key_case(self):
        """(style, text, key, answer start): the answer lacks only the file name."""
        style, pairs, text = self.documents.key_document(self.limit)
        if self.random.random() < self.absent:
            key = self.missing_key(pairs)
            return style, text, key, "I could not find the %s in {F}." % key
        key, value = self.random.choice(pairs)
        shown = key
        return style, text, shown, "The %s is %s ({F})." % (shown, value)

    def fact_case(self):
        facts, text = self.documents.fact_document(self.limit)
        if self.random.random() < self.absent:
            taken = {thing for _, thing, _ in facts}
            kind = self.random.choice(list(QUESTIONS))
            thing = self.words.thing()
            while thing in taken or (" " + thing + " ") in text:
                thing = self.words.thing()
            question, name = QUESTIONS[kind]
            return text, question % thing, "I could not find %s in {F}." % (name % thing)
        kind, thing, sentence = self.random.choice(facts)
        return text, QUESTIONS[kind][0] % thing, sentence[:-1] + " ({F})."

    def question_fields(self, question):
        return {"S": question, "s": question[:-1], "l": question[0].lower() + question[1:]}

    def case(self, fact):
        """(extension, text, answer, wording fields) for a key or a fact."""
        if fact:
            text, question, answer = self.fact_case()
            return self.documents.extension("colon"), text, answer, self.question_fields(question)
        style, text, key, answer = self.key_case()
        return self.documents.extension(style), text, answer, {"K": key}

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
        extension, text, answer, fields = self.case(fact)
        path = self.documents.path(extension)
        user = self.wording("read_fact" if fact else "read_key", F=path, **fields)
        if self.random.random() < 0.06:
            return Task("read_error", user, "I could not open %s." % path,
                        [("read_file", {"path": path}, self.failure(path))])
        kind = "read_missing" if answer.startswith("I could") else "read_fact" if fact else "read_key"
        return Task(kind, user, answer.replace("{F}", path),
                    [("read_file", {"path": path}, self.truncation(text))])

    def attached(self, fact):
        extension, text, answer, fields = self.case(fact)
        path = self.documents.path(extension, 0.2)
        question = self.wording("attached_fact" if fact else "attached_key", decorate=False, F=path, **fields)
        frame = self.random.choice(("File: {F}\n\n{D}\n\nQuestion: {Q}", "File: {F}\n\n{D}\n\nQuestion: {Q}",
                                    "[file: {F}]\n{D}\n[end of file]\n{Q}", "Document {F}:\n{D}\n\n{Q}",
                                    "{F}\n```\n{D}\n```\n{Q}"))
        user = frame.replace("{F}", path).replace("{Q}", question).replace("{D}", text)
        kind = ("attached_missing" if answer.startswith("I could")
                else "attached_fact" if fact else "attached_key")
        return Task(kind, user, answer.replace("{F}", path))

    def listed(self, fact):
        """The file is named by its words only: list, read, answer."""
        pick, documents = self.random, self.documents
        extension, text, answer, fields = self.case(fact)
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
        path = name if folder == "." else folder + "/" + name
        names = documents.file_list(pick.randint(2, 8), name)
        steps = [("list_files", {"path": folder}, "\n".join(names))]
        if pick.random() < 0.04:
            steps.append(("read_file", {"path": path}, self.failure(path)))
            return Task("two_list", user, "I could not open %s." % path, steps)
        steps.append(("read_file", {"path": path}, self.truncation(text)))
        return Task("two_list", user, answer.replace("{F}", path), steps)

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
        extension, text, answer, fields = self.case(fact)
        line = self.matching_line(query)
        path = self.documents.path(extension)
        if extension not in ("json",):
            lines = text.split("\n")
            lines.insert(pick.randint(0, len(lines)), line)
            text = "\n".join(lines)
        user = self.wording("search_fact" if fact else "search_key", Q=query, **fields)
        steps = [("search_files", {"query": query}, "%s:%d: %s" % (path, pick.randint(1, 60), line)),
                 ("read_file", {"path": path}, text)]
        return Task("two_search", user, answer.replace("{F}", path), steps)

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
