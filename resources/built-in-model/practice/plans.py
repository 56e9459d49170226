"""Tasks that are done along a plan: written down first, brought up to date behind each step."""
from .tasks import Task

SHOWN = "The plan is shown to the user."
CHANGED = SHOWN + "\n\nnote: the user has changed the plan. It is now:\n"
DONE = "All steps are done."


class _Draft:
    """The steps of a plan as they are made up: what each is called, the calls that do it, what may be said of it."""

    def __init__(self, tasks):
        self.tasks, self.random = tasks, tasks.random
        self.read = self.written = None  # what was read last: (path, text, key, line); what was written: (path, content)

    def wording(self, kind, **fields):
        text = self.random.choice(self.tasks.wordings[kind])
        for name, value in fields.items():
            text = text.replace("{%s}" % name, value)
        return text

    def path(self):
        return self.tasks.documents.path(folder_chance=0.2)

    def read_step(self):
        path, text, key, value, piece = self.tasks.keyed()
        self.read = path, text, key, value, piece
        return self.wording("read_step", F=path), [("read_file", {"path": path}, text)], ""

    def note_step(self):
        """What was read goes into another file, as a key and its value."""
        _, _, key, value, _ = self.read
        path, content = self.path(), "%s: %s" % (key, value)
        self.written = path, content
        return (self.wording("note_step", K=key, G=path), [("write_file", {"content": content, "path": path}, "created " + path)],
                "I wrote %s." % path)

    def write_step(self):
        path, content = self.path(), self.tasks.content()
        self.written = path, content
        return (self.wording("write_step", T=content, G=path), [("write_file", {"content": content, "path": path}, "created " + path)],
                "I wrote %s." % path)

    def run_step(self):
        if self.written and self.random.random() < 0.75:
            (path, output), self.written = self.written, None
            command = "cat " + path
        else:
            command, output = self.tasks.command_line(), self.tasks.output()
        return self.wording("run_step", X=command), [("run_command", {"command": command}, output)], "Output: " + output

    def edit_step(self):
        """One value of what was read or, where nothing was, of a file that is read for it."""
        path, text, key, new, old_piece, new_piece = self.tasks.changed_key()
        task = self.tasks.edit("", "", "", path, text, old_piece, new_piece)
        while task.answer:  # refused
            task = self.tasks.edit("", "", "", path, text, old_piece, new_piece)
        texts = [text for text in self.tasks.wordings["edit_step"] if "{F}" in text]
        name = self.random.choice(texts).replace("{K}", key).replace("{F}", path).replace("{V}", new)
        return name, task.steps, "The %s in %s is now %s." % (key, path, new)

    def delete_step(self):
        path = self.path()
        return (self.wording("delete_step", F=path), [("delete_file", {"path": path}, "moved %s to the trash" % path)],
                "I moved %s to the trash." % path)

    def move_step(self):
        path, folder = self.path(), self.tasks.documents.folder()
        target = folder + "/" + path.split("/")[-1]
        return (self.wording("move_step", F=path, D=folder), [("move_file", {"from": path, "to": folder}, "moved %s to %s" % (path, target))],
                "I moved %s to %s." % (path, target))

    def rename_step(self):
        path, new = self.path(), self.path()
        return (self.wording("rename_step", F=path, G=new), [("move_file", {"from": path, "to": new}, "moved %s to %s" % (path, new))],
                "I moved %s to %s." % (path, new))

    def search_step(self):
        query = self.tasks.query()
        path, line = self.path(), self.tasks.matching_line(query)
        return (self.wording("search_step", Q=query),
                [("search_files", {"query": query}, "%s:%d: %s" % (path, self.random.randint(1, 40), line))],
                "%s mentions %s: %s" % (path, query, line))

    def list_step(self):
        folder = self.tasks.documents.folder()
        names = "\n".join(self.tasks.documents.file_list(self.random.randint(1, 5)))
        return self.wording("list_step", D=folder), [("list_files", {"path": folder}, names)], "Files:\n" + names

    def clock_step(self):
        now = self.tasks.time()
        return self.wording("clock_step"), [("clock", {}, now)], "It is %s." % now

    def keep_step(self):
        text = self.tasks.wish()
        return self.wording("keep_step", T=text), [("remember", {"text": text}, "kept")], "I will remember this: %s" % text

    def step(self):
        """The next step; some follow from what the ones before did."""
        draw = self.random.random()
        if self.read and draw < 0.6:
            made = self.note_step()
            self.read = None
            return made
        if self.written and draw < 0.6:
            return self.run_step()
        return self.random.choices(
            (self.read_step, self.write_step, self.run_step, self.edit_step, self.delete_step, self.move_step, self.rename_step,
             self.search_step, self.list_step, self.clock_step, self.keep_step), (26, 9, 15, 7, 9, 8, 4, 8, 6, 5, 3))[0]()


def _states(names, done):
    """The plan when so many steps are done."""
    return {"steps": [{"text": name, "status": "completed" if at < done else "in_progress" if at == done else "pending"}
                      for at, name in enumerate(names)]}


def _listed(names):
    return "\n".join("%d. [%s] %s" % (at + 1, step["status"], step["text"]) for at, step in enumerate(_states(names, 0)["steps"]))


def plan(tasks):
    """A request of several steps; the calls that carry it out, the plan shown before and behind each step."""
    pick, draft = tasks.random, _Draft(tasks)
    limit, tasks.limit = tasks.limit, min(tasks.limit, 6)
    made = [draft.step() for _ in range(pick.choices((2, 3, 4), (4, 8, 2))[0])]
    tasks.limit = limit
    names = [name for name, _, _ in made]
    user = tasks.wording("plan", decorate=False, C=str(len(names)), P=_request(pick, names))
    result = SHOWN
    steps = [("update_plan", _states(names, 0))]
    if len(made) > 1 and pick.random() < 0.08:
        made.pop(pick.randrange(1, len(made)))
        names = [name for name, _, _ in made]
        result = CHANGED + _listed(names)
    steps = [steps[0] + (result,)]
    for at, (_, calls, _) in enumerate(made):
        steps += calls
        steps.append(("update_plan", _states(names, at + 1), SHOWN))
    said = made[-1][2]
    return Task("plan", user, DONE + (" " + said if said else ""), steps)


def _request(pick, names):
    """The steps as the user says them; the plan repeats them word for word."""
    form = pick.random()
    if form < 0.35:
        return " ".join("%d. %s" % (at + 1, name) for at, name in enumerate(names))
    if form < 0.7:
        return "\n".join("%d. %s" % (at + 1, name) for at, name in enumerate(names))
    if form < 0.8:
        return "\n".join("- " + name for name in names)
    joiner = pick.choice((", then ", "; ", ", ", "; then "))
    return joiner.join(names)
