"""Conversations with everything that the agent offers.

The declarations of all tools are longer than most conversations, so in training several conversations, a family,
share one beginning, whose keys and values are computed once.
"""
import string

from . import template, tools
from .agent_tasks import AgentTasks
from .conversations import PRODUCT_SYSTEM, messages_of, system_text
from .tasks import NO_TOOL
from .words import Words

# Tools that are left out now and then, so that the model looks whether they are there.
REMOVABLE = ("move_file", "delete_file", "search_history", "edit_file") + tools.LATER
LETTERS = string.ascii_letters + string.digits
# Of the tasks that lack their tool, how many are kept.
KEPT = 0.3


class Families:
    def __init__(self, random, pieces=(), held_out=False, held_out_wording=False):
        self.random = random
        self.tasks = AgentTasks(Words(random, held_out, pieces), held_out_wording)

    def beginning(self):
        """(names of the declared tools, system text)."""
        random, tasks = self.random, self.tasks
        names, draw = list(tools.AGENT), random.random()
        if draw < 0.12:
            names = [name for name in names if name not in tools.LATER]
        elif draw < 0.3:
            removed = random.sample(REMOVABLE, random.randint(1, 2))
            names = [name for name in names if name not in removed]
        if "take_screenshot" in names and random.random() < 0.4:
            names.remove("take_screenshot")  # not offered to who does not see
        if random.random() < 0.3:
            random.shuffle(names)
        draw = random.random()
        if draw < 0.15:
            return names, system_text(random, tasks, False)
        places = ("/home/%s/%s" % (tasks.words.first_name().lower(), tasks.documents.folder()),
                  "/home/%s/%s/%s" % (tasks.words.invented(), tasks.words.noun(), tasks.documents.folder()),
                  "/tmp/" + tasks.words.invented(), "/tmp/%s-%s" % (tasks.words.noun(), "".join(random.choices(LETTERS, k=6))), "none")
        return names, "%s\nWorking folder: %s" % (PRODUCT_SYSTEM, random.choices(places, (5, 3, 2, 2, 1))[0])

    def task(self, names, form=None):
        """A task; where its tool is missing, mostly another one is drawn."""
        while True:
            task = self.tasks.make(form) if form else self.tasks.draw()
            if all(name in names for name, _, _ in task.steps):
                return task
            if self.random.random() < KEPT:
                task.kind, task.steps, task.answer = "no_tool", [], NO_TOOL
                return task

    def messages(self, chosen):
        out = []
        for task in chosen:
            out.append({"role": "user", "content": task.user})
            out.extend(messages_of(task))
        return out

    def draw_limits(self):
        self.tasks.limit = self.random.choice((2, 4, 6, 10, 16))
        self.tasks.absent = 0.15

    def family(self, wanted):
        """(pieces of the beginning, pieces of each conversation behind it); wanted: about how many characters."""
        names, text = self.beginning()
        system = [{"role": "system", "content": text}] if text is not None else []
        declared = [tools.AGENT[name] for name in names]
        beginning = template.render(declared, system)
        conversations, written = [], 0
        while written < wanted:
            self.draw_limits()
            chosen = [self.task(names) for _ in range(self.random.choices((1, 2, 3), (6, 3, 1))[0])]
            pieces = template.render(declared, system + self.messages(chosen))[len(beginning):]
            conversations.append(pieces)
            written += sum(len(text) for text, _, _ in pieces)
        return beginning, conversations

    def generate(self, form=None, count=1):
        """(names of all tools, messages, kinds) of a whole conversation whose last task may be given."""
        names = list(tools.AGENT)
        text = "%s\nWorking folder: /home/%s/%s" % (PRODUCT_SYSTEM, self.tasks.words.first_name().lower(),
                                                    self.tasks.documents.folder())
        self.draw_limits()
        chosen = [self.task(names) for _ in range(count - 1)] + [self.task(names, form)]
        return names, [{"role": "system", "content": text}] + self.messages(chosen), [task.kind for task in chosen]
