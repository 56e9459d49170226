"""The tasks of the whole agent: what changes files, runs, searches conversations and remembers.

Results read as the program's own tools write them. Where a tool refuses, the answer repeats why.
"""
import difflib
import re

from .agent_phrasings import ASKING, IMPERATIVES, TELLING, WORDINGS
from .documents import DAYS
from .plans import plan
from .sources import Sources
from .tasks import QUESTIONS, Task, Tasks

# How often each task appears: those of the whole agent, and those of tasks.py that work alike with all tools.
AGENT_SHARES = {
    "edit_key": 10, "edit_text": 6, "edit_append": 5, "write": 5, "move": 4, "rename": 3, "delete": 4, "command": 8, "run": 4,
    "clock": 3, "find_fact": 6, "find_key": 3, "history": 4, "remember": 5, "recall": 4, "plan": 16, "screen": 3, "outline": 8, "symbol": 10,
    "read_key": 5, "read_fact": 4, "list_key": 2, "list_fact": 2, "attached_key": 3, "attached_fact": 2, "search": 3, "search_key": 2,
    "search_fact": 2, "actions_file": 1.5, "actions_here": 1, "list_here": 1, "list_folder": 2, "talk": 2, "title": 1,
    "first_line": 1,
}
HELD_OUT = {kind: set(texts) for kind, texts in WORDINGS[True].items()}
REFUSED = "the user did not allow this"
TIME_ZONES = ("UTC (UTC+00:00)", "CET (UTC+01:00)", "CEST (UTC+02:00)", "GMT (UTC+00:00)", "EST (UTC-05:00)", "PST (UTC-08:00)",
              "JST (UTC+09:00)", "IST (UTC+05:30)", "EET (UTC+02:00)", "BRT (UTC-03:00)")


class AgentTasks(Tasks):
    """Draws tasks for conversations that declare all tools."""

    def __init__(self, words, held_out_wording=False, limit=10, absent=0.12):
        super().__init__(words, held_out_wording, limit, absent)
        self.wordings = WORDINGS[held_out_wording]
        self.sources = Sources(self.documents)

    def framed(self, kind, text):
        """Asked for in other words around it: "I want you to delete {F}."; not in those that are held out."""
        pick = self.random
        first = text.split(" ")[0].lower()
        if self.held_out_wording or first not in IMPERATIVES or pick.random() > 0.22:
            return text
        inner = first + text[len(first):]
        if text.endswith(".") and ". " not in text and pick.random() < 0.4:
            framed = pick.choice(ASKING) + inner[:-1] + "?"
        else:
            framed = pick.choice(TELLING) + inner
        return text if framed in HELD_OUT.get(kind, ()) else framed

    def draw(self, shares=None):
        return super().draw(shares or AGENT_SHARES)

    def make(self, form):
        makers = {
            "edit_key": self.edit_key, "edit_text": self.edit_text, "edit_append": self.edit_append, "write": self.write_whole,
            "move": self.move, "rename": self.rename, "delete": self.delete, "command": self.command, "clock": self.clock,
            "find_fact": self.find_fact, "find_key": self.find_key, "history": self.history, "remember": self.remember,
            "recall": self.recall, "plan": lambda: plan(self), "screen": self.screen,
            "outline": self.outline, "symbol": self.symbol}
        if form in makers:
            return makers[form]()
        if form == "run":
            return self.ask_system()
        return super().make(form)

    # --- changing files ---------------------------------------------------------

    def failing(self, task, verb, reasons=(), share=0.07):
        """Sometimes the last step of a task is refused."""
        if self.random.random() > share:
            return task
        reason = self.random.choice((REFUSED, REFUSED) + tuple(reasons))
        name, arguments, _ = task.steps[-1]
        task.steps[-1] = name, arguments, "error: " + reason
        task.answer = "I could not %s: %s." % (verb, reason)
        return task

    def edit(self, kind, user, answer, path, text, old, new):
        """Read, then replace a piece that occurs once."""
        after = text.replace(old, new, 1)
        diff = "\n".join(list(difflib.unified_diff(text.split("\n"), after.split("\n"), lineterm="", n=3))[2:])
        diff = re.sub(r"([-+]\d+)(?= )", r"\1,1", diff.split(" @@")[0]) + " @@" + diff.split(" @@", 1)[1]
        steps = [("read_file", {"path": path}, text),
                 ("edit_file", {"path": path, "old_text": old, "new_text": new}, "changed %s:\n%s" % (path, diff))]
        return self.failing(Task(kind, user, answer, steps), "change " + path, (path + " has changed since this was planned",))

    def keyed(self):
        """A document, one of its pairs and where the two stand: (path, text, key, value, piece)."""
        while True:
            style, pairs, text = self.documents.key_document(self.limit)
            key, value = self.random.choice(pairs)
            for line in text.split("\n"):
                at = line.lower().find(key.lower())
                if at >= 0 and line.count(value) == 1 and line.index(value) > at:
                    piece = line[at:line.index(value) + len(value)]
                    if text.count(piece) == 1 and line[:at].strip(" -*|\"The") == "":
                        return self.documents.path(self.documents.extension(style)), text, key, value, piece

    def new_value(self, value):
        while True:
            new = self.documents.value()
            if new != value:
                return new

    def changed_key(self):
        """A change of one value: (path, text, key, new value, old piece, new piece)."""
        path, text, key, value, piece = self.keyed()
        new = self.documents.money() if self.random.random() < 0.2 else self.new_value(value)
        while new == value:
            new = self.documents.money()
        return path, text, key, new, piece, piece[:len(piece) - len(value)] + new

    def edit_key(self):
        path, text, key, new, old_piece, new_piece = self.changed_key()
        user = self.wording("edit_key", F=path, K=key, V=new)
        return self.edit("edit_key", user, "The %s in %s is now %s." % (key, path, new), path, text, old_piece, new_piece)

    def edit_text(self):
        pick = self.random
        path, text, key, value, _ = self.keyed()
        lines = [line.strip() for line in text.split("\n") if len(line) > 3]
        old = pick.choice((value, value, pick.choice(lines), key))
        while text.count(old) != 1:
            old = pick.choice(lines)
            lines.append(text)
        new = self.new_value(old) if pick.random() < 0.3 else pick.choice((self.words.thing, self.content))()
        user = self.wording("edit_text", decorate=False, F=path, A=old, B=new)
        return self.edit("edit_text", user, "I changed %s." % path, path, text, old, new)

    def edit_append(self):
        while True:
            style, _, text = self.documents.key_document(self.limit)
            last = text.split("\n")[-1]
            if style not in ("json", "table") and len(last) > 3 and text.count(last) == 1:
                break
        path, line = self.documents.path(self.documents.extension(style)), self.content()
        user = self.wording("edit_append", decorate=False, F=path, T=line)
        return self.edit("edit_append", user, "I added a line to %s." % path, path, text, last, last + "\n" + line)

    def write_whole(self):
        path, text = self.documents.path(), self.content()
        user = self.wording("write", decorate=False, T=text, F=path)
        result = self.random.choice(("created ", "created ", "replaced ")) + path
        task = Task("write", user, "I wrote %s." % path, [("write_file", {"content": text, "path": path}, result)])
        return self.failing(task, "write " + path, ("a folder stands in the way",))

    def move(self):
        path, folder = self.documents.path(), self.documents.folder()
        to = folder + "/" if self.random.random() < 0.35 else folder
        target = folder + "/" + path.split("/")[-1]
        task = Task("move", self.wording("move", F=path, D=to), "I moved %s to %s." % (path, target),
                    [("move_file", {"from": path, "to": to}, "moved %s to %s" % (path, target))])
        return self.failing(task, "move " + path, (target + " is there already", "no such file: " + path))

    def rename(self):
        path = self.documents.path()
        new = self.documents.path(path.split(".")[-1] if self.random.random() < 0.7 else None, 0.15)
        if "/" in path and "/" not in new and self.random.random() < 0.8:
            new = path[:path.rindex("/") + 1] + new
        task = Task("move", self.wording("rename", F=path, G=new), "I moved %s to %s." % (path, new),
                    [("move_file", {"from": path, "to": new}, "moved %s to %s" % (path, new))])
        return self.failing(task, "move " + path, (new + " is there already", "no such file: " + path))

    def delete(self):
        path = self.documents.folder() if self.random.random() < 0.15 else self.documents.path()
        task = Task("delete", self.wording("delete", F=path), "I moved %s to the trash." % path,
                    [("delete_file", {"path": path}, "moved %s to the trash" % path)])
        return self.failing(task, "delete " + path, ("no such file: " + path,))

    # --- commands and the clock ----------------------------------------------------

    def command_line(self):
        pick, words, documents = self.random, self.words, self.documents
        path, folder = documents.path(), documents.folder()
        return pick.choice((
            lambda: "wc -l " + path, lambda: "cat " + path, lambda: "%s %s" % (words.invented(), path), lambda: "ls -la " + folder,
            lambda: "ls " + folder, lambda: "echo " + words.thing(), lambda: "head -n %d %s" % (pick.randint(1, 20), path),
            lambda: "tail -n %d %s" % (pick.randint(1, 20), path), lambda: "grep %s %s" % (words.noun(), path),
            lambda: "grep -c %s %s" % (words.noun(), path), lambda: "sort %s | head -n %d" % (path, pick.randint(1, 9)),
            lambda: "find . -name '*.%s'" % documents.extension("colon"), lambda: "du -sh " + folder,
            lambda: "mkdir -p " + folder, lambda: "%s --%s %d" % (words.invented(), words.noun(), pick.randint(1, 99)),
            lambda: "%s -%s" % (words.invented(), pick.choice("abcdefklnrsvx")), words.invented, lambda: "git status",
            lambda: "uname -a", lambda: "df -h", lambda: "echo '%s' > %s" % (words.thing(), path),
            lambda: "python3 %s.py" % words.noun(), lambda: "make " + words.noun(), lambda: "cp %s %s" % (path, documents.path())))()

    def output(self):
        """What a command printed."""
        pick, documents = self.random, self.documents
        line = pick.choice((documents.filler, documents.value, documents.code, documents.path,
                            lambda: "%s %s" % (documents.number(), documents.path()),
                            lambda: "%s: %s" % (self.words.key(), documents.value())))
        draw = pick.random()
        if draw < 0.08:
            return "[no output]"
        text = "\n".join(line() for _ in range(1 if draw < 0.7 else pick.randint(2, 5)))
        return text + "\n[exit status %d]" % pick.choice((1, 1, 2, 126, 127)) if draw > 0.92 else text

    def command(self):
        command, result = self.command_line(), self.output()
        if command.startswith("wc -l ") and self.random.random() < 0.8:
            result = self.documents.number() + command[5:]
        user = self.wording("command", decorate=False, X=command)
        task = Task("command", user, "Output: " + result, [("run_command", {"command": command}, result)])
        return self.failing(task, "run it")

    def ask_system(self):
        """The questions of tasks.py that a command answers, except for the time."""
        while True:
            task = self.run()
            if task.steps[0][1]["command"] != "date" and not task.answer.startswith("Output"):
                return task

    def time(self):
        pick = self.random
        return "%s, %d-%02d-%02d %02d:%02d:%02d %s" % (
            pick.choice(DAYS), pick.randint(2019, 2034), pick.randint(1, 12), pick.randint(1, 28), pick.randint(0, 23),
            pick.randint(0, 59), pick.randint(0, 59), pick.choice(TIME_ZONES))

    def clock(self):
        now = self.time()
        return Task("clock", self.wording("clock"), "It is %s." % now, [("clock", {}, now)])

    def screen(self):
        """What is not allowed; what is seen belongs to the senses."""
        pick, number = self.random, 0
        if pick.random() < 0.4:
            number = pick.randint(1, 4)
        user = self.wording("screen_number" if number else "screen", N=str(number))
        sizes = ["%d x %d" % (pick.choice((1024, 1280, 1366, 1600, 1920, 2560)), pick.choice((768, 900, 1080, 1200, 1440)))
                 for _ in range(2)]
        lacking = "there is no screen %d, but screen 1 (%s)" % (number, sizes[0])
        reason = pick.choice((REFUSED, REFUSED, "the user has chosen not to show the screen",
                              lacking if number > 1 else "the screen could not be seen"))
        return Task("screen", user, "I could not look at the screen: %s." % reason,
                    [("take_screenshot", {"screen": number} if number else {}, "error: " + reason)])

    # --- finding ---------------------------------------------------------------------

    def hits(self, path, line, query):
        """What a search returns: the line wanted, at times among others that only mention it."""
        pick = self.random
        found = ["%s:%d: %s" % (path, pick.randint(1, 30), line)]
        for _ in range(pick.choice((0, 0, 0, 0, 1, 2))):
            other = pick.choice(("We talked about the %s and the %s." % (self.words.noun(), query),
                                 "See also the %s notes." % query, "Nothing new about the %s." % query))
            found.append("%s:%d: %s" % (self.documents.path(), pick.randint(1, 30), other))
        pick.shuffle(found)
        return "\n".join(found)

    def find_fact(self):
        facts, text = self.documents.fact_document(self.limit)
        kind, thing, sentence = self.random.choice(facts)
        path = self.documents.path(self.documents.extension("colon"))
        question = QUESTIONS[kind][0] % thing
        user = self.wording("find_fact", S=question, s=question[:-1], l=question[0].lower() + question[1:])
        if self.random.random() < 0.07:
            return Task("find", user, "I could not find %s in your files." % thing,
                        [("search_files", {"query": thing}, "no matches for " + thing)])
        return Task("find", user, sentence[:-1] + " (%s)." % path,
                    [("search_files", {"query": thing}, self.hits(path, sentence, thing)), ("read_file", {"path": path}, text)])

    def find_key(self):
        path, text, key, value, piece = self.keyed()
        line = next(line for line in text.split("\n") if piece in line)
        user = self.wording("find_key", K=key)
        return Task("find", user, "The %s is %s (%s)." % (key, value, path),
                    [("search_files", {"query": key}, "%s:%d: %s" % (path, self.random.randint(1, 30), line.strip())),
                     ("read_file", {"path": path}, text)])

    # --- sources -----------------------------------------------------------------------

    def outline(self):
        path, symbols = self.sources.source()
        user = self.wording("outline", F=path)
        step = "code_outline", {"path": path}
        draw = self.random.random()
        if draw < 0.05:
            reason = "no such folder: " + path
            return Task("outline", user, "I could not outline %s: %s." % (path, reason), [step + ("error: " + reason,)])
        if draw < 0.1:
            return Task("outline", user, "%s has no symbols." % path, [step + ("[%s has no symbols]" % path,)])
        result = "\n".join(symbol.outlined() for symbol in symbols)
        return Task("outline", user, "%s consists of:\n%s" % (path, result), [step + (result,)])

    def symbol(self):
        """One symbol of a file, or one that it does not have."""
        pick = self.random
        path, symbols = self.sources.source()
        short = [symbol for symbol in symbols if len(symbol.lines) < 7]
        if not short:
            return self.symbol()
        wanted = pick.choice(short)
        kinds = [wanted.kind] + ["symbol"] * (pick.random() < 0.1)
        user = self.wording("symbol", F=path, Y=wanted.name, W=pick.choice(kinds))
        step = "read_symbol", {"path": path, "symbol": wanted.name}
        if pick.random() < 0.12:
            others = [symbol.name for symbol in symbols if symbol is not wanted]
            near = "; near it: " + ", ".join(others[:3]) if others and pick.random() < 0.5 else "; code_outline lists those that it has"
            reason = pick.choice(("%s has no symbol %s%s" % (path, wanted.name, near), "no such file: " + path))
            return Task("symbol", user, "I could not read %s: %s." % (wanted.name, reason), [step + ("error: " + reason,)])
        return Task("symbol", user, "%s (%s):\n%s" % (wanted.name, path, wanted.numbered()), [step + (wanted.numbered(),)])

    # --- earlier conversations, memory -------------------------------------------------

    def day_stamp(self):
        return "%d-%02d-%02d" % (self.random.randint(2024, 2031), self.random.randint(1, 12), self.random.randint(1, 28))

    def history(self):
        pick, words = self.random, self.words
        query = self.query()
        user = self.wording("history", Q=query)
        step = "search_history", {"query": query}
        if pick.random() < 0.15:
            return Task("history", user, "I could not find %s in earlier conversations." % query, [step + ("nothing was found",)])
        lines = []
        for _ in range(pick.choice((1, 1, 1, 2, 3))):
            title = pick.choice((words.thing, words.key, lambda: "%s in %s" % (words.key(), self.documents.path())))()
            where = 'conversation "%s", %s' % (title.capitalize(), self.day_stamp())
            if pick.random() < 0.3:
                where = 'recording "%s", %s, at %02d:%02d' % (title, self.day_stamp(), pick.randint(0, 59), pick.randint(0, 59))
            snippet = self.matching_line(query)
            lines.append("%s: %s" % (where, "…" + snippet + "…" if pick.random() < 0.15 else snippet))
        result = "\n".join(lines)
        return Task("history", user, "I found this:\n" + result, [step + (result,)])

    def wish(self):
        """A fact about the user, or a wish."""
        pick, words, documents = self.random, self.words, self.documents
        return pick.choice((
            lambda: "my %s is %s" % (words.key(), documents.value()), lambda: "my %s is %s" % (words.noun(), words.adjective()),
            lambda: "I like the %s" % words.thing(), lambda: "%s likes the %s" % (words.name(), words.thing()),
            lambda: "the %s belongs to %s" % (words.thing(), words.name()), lambda: "my %s is called %s" % (words.noun(), words.name()),
            lambda: "I live in %s" % words.city(), lambda: "I work with %s" % words.name(), lambda: "I want %s answers" % words.adjective(),
            lambda: "the %s meeting is on %s" % (words.thing(), documents.day()), lambda: "the %s is in %s" % (words.thing(), words.city()),
            self.content))()

    def remember(self):
        text = self.wish()
        user = self.wording("remember", decorate=False, T=text)
        task = Task("remember", user, "I will remember this: %s" % text,
                    [("remember", {"text": text}, self.random.choice(("kept", "kept", "kept", "this is kept already")))])
        return self.failing(task, "remember this", ("the memory is full",))

    def recall(self):
        pick = self.random
        everything = pick.random() < 0.25
        query = "" if everything else self.query()
        user = self.wording("recall_all" if everything else "recall", Q=query)
        step = "recall", {"query": query} if query else {}
        if pick.random() < 0.2:
            nothing = "nothing is remembered yet" if everything else "nothing that is remembered has these words"
            return Task("recall", user, "I remember nothing yet." if everything else "I remember nothing about %s." % query,
                        [step + (nothing,)])
        lines = []
        for _ in range(pick.choice((1, 1, 2, 3))):
            line = self.wish() if everything else pick.choice((
                self.matching_line(query), "I like the " + query, "the %s is %s" % (query, self.documents.value()),
                "my %s is %s" % (query, self.words.adjective())))
            lines.append("%s: %s" % (self.day_stamp(), line))
        result = "\n".join(lines)
        return Task("recall", user, "I remember this:\n" + result, [step + (result,)])
