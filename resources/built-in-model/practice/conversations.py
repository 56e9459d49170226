"""Whole conversations: system text, declared tools, several tasks; and the stages of training."""
from . import lessons, template, tools
from .tasks import NO_TOOL, SHORT_SHARES, Tasks
from .words import Words

SYSTEM_TEXTS = (
    "Use tools when useful.", "You are Facet. You work offline with local files. Use tools when they help.",
    "You are Facet, a desktop assistant.", "You are a helpful assistant.", "Answer briefly.",
    "You are Facet, an offline assistant. Use the tools for files.",
    "You are Facet, a desktop assistant that works without a network. Say where an answer comes from.",
    "You are Facet, an assistant on the user's computer. Answer briefly and name your source.",
)
PRODUCT_SYSTEM = SYSTEM_TEXTS[-1]
# From which progress on more questions follow behind a question about a document.
FOLLOW_UPS = 0.5
# How often the conversations of a lesson have neither a system text nor tools that they do not need.
BARE = {"plain": 1.0, "series": 0.3, "finds": 0.7, "actions": 0.7}


def system_text(random, tasks, product):
    """The system text of a conversation, or None."""
    if product and random.random() < 0.7:
        return "%s\nWorking folder: /home/%s/%s" % (PRODUCT_SYSTEM, tasks.words.first_name().lower(),
                                                    tasks.documents.folder())
    if random.random() < 0.2:
        return None
    text = random.choice(SYSTEM_TEXTS)
    draw = random.random()
    if draw < 0.12:
        text += " Today is %s." % tasks.documents.date()
    elif draw < 0.25:
        text += "\nWorking folder: /home/%s/%s" % (tasks.words.invented(), tasks.documents.folder())
    return text


def messages_of(task):
    """The messages that follow the user's one when everything goes as expected."""
    out = []
    for name, arguments, result in task.steps:
        call = {"type": "function", "function": {"name": name, "arguments": arguments}}
        out.append({"role": "assistant", "tool_calls": [call]})
        out.append({"role": "tool", "content": result})
    if task.steps and task.found is not None:
        out[-1]["known"] = task.found, task.answer
    out.append({"role": "assistant", "content": task.answer})
    return out


def offered_tools(random, words, needed, removed, product):
    """Declarations that contain the needed tools and never the removed one, or None."""
    if not needed and not removed and random.random() < 0.4:
        return None
    rest = [name for name in tools.NAMES if name not in needed and name != removed]
    if product:
        names = set(needed) | {name for name in tools.PRODUCT if name != removed}
        if random.random() < 0.15:
            names = set(needed) | {name for name in names if random.random() < 0.5}
        if random.random() < 0.3:
            names |= {name for name in rest if random.random() < 0.6}
    else:
        names = set(needed) | set(rest if random.random() < 0.4 else
                                  [name for name in rest if random.random() < 0.3])
    names = [name for name in tools.NAMES if name in names]
    if random.random() < 0.25:
        random.shuffle(names)
    offered = [tools.declare(random, name, product) for name in names]
    if random.random() < 0.08:
        offered.insert(random.randint(0, len(offered)), tools.unknown(random, words))
    return offered or None


class Conversations:
    """Generates conversations for a given progress of the training, from 0 to 1.

    At first only short ones: documents of one to three lines, no or one
    declared tool; copying is learned there at a small cost. Until the middle
    nearly half stay short. Absence is learned only after copying, in lessons
    of its own; from then on questions about the same document follow in the
    ordinary conversations, too.
    """

    def __init__(self, random, pieces=(), held_out=False, held_out_wording=False):
        self.random = random
        self.words = Words(random, held_out, pieces)
        self.tasks = Tasks(self.words, held_out_wording)

    def pieces(self, shares, progress):
        """A conversation or a lesson as marked pieces of text, for training. shares: of the lessons, in percent."""
        random = self.random
        lesson = random.choices(list(shares) + [None], list(shares.values()) + [100 - sum(shares.values())])[0]
        if lesson in ("near", "far"):
            return lessons.ticks(random, self.words, lesson == "far")
        if lesson == "asked":
            return lessons.asked(random, self.tasks)
        if lesson is None:
            tools, messages, _ = self.generate(progress)
        else:
            chosen = self.lesson(lesson)
            bare = random.random() < BARE[lesson]
            tools, messages, _ = self.conversation(chosen, 1.0, bare=bare)
        return template.render(tools, messages)

    def lesson(self, name):
        """The tasks of a lesson that is a whole conversation."""
        if name in ("plain", "series"):
            return lessons.series(self.random, self.tasks, name == "plain")
        return {"finds": lessons.finds, "actions": lessons.actions}[name](self.random, self.tasks)

    def generate(self, progress=1.0, count=None):
        """(tools, messages, kinds): messages end with the last answer; count tasks if given."""
        random, tasks = self.random, self.tasks
        early = 1.0 if progress < 0.05 else 0.6 if progress < 0.12 else 0.45 if progress < 0.5 else 0.1
        short = count is None and random.random() < early
        if short:
            tasks.limit = 1 if progress < 0.015 else random.choice((1, 1, 2, 3))
            tasks.absent = 0.3 if progress < 0.02 else 0.5
            chosen = [tasks.draw(SHORT_SHARES) for _ in range(random.randint(1, 3 if progress < 0.12 else 7))]
        else:
            tasks.limit = random.choice((4, 10, 20, 32)) if progress > 0.12 else random.choice((3, 6, 10))
            tasks.absent = 0.18
            drawn = count or random.choices((1, 2, 3, 4, 5, 6), (16, 20, 24, 20, 12, 8))[0]
            chosen = [tasks.draw() for _ in range(drawn)]
        if count is None and progress >= FOLLOW_UPS:
            chosen = self.with_follow_ups(chosen)
        return self.conversation(chosen, progress, short)

    def with_follow_ups(self, chosen):
        """Sometimes more questions behind a question about a document."""
        out = []
        for task in chosen:
            out.append(task)
            if task.source and self.random.random() < 0.3:
                self.tasks.absent = 0.4
                out.extend(self.tasks.follow_ups(task, self.random.randint(1, 3)))
        return out

    def conversation(self, chosen, progress, short=False, bare=False):
        """(tools, messages, kinds) of these tasks; bare: without system text and unneeded tools."""
        random, tasks = self.random, self.tasks
        removed = None
        if not bare and progress > 0.3 and random.random() < (0.12 if short else 0.06):
            removed = self.remove_tool(chosen)
        product = random.random() < 0.5
        needed = {name for task in chosen for name, _, _ in task.steps}
        offered = offered_tools(random, self.words, needed, removed, product)
        if offered and (bare or (short and progress < 0.05 and len(offered) > 2)):
            offered = [tool for tool in offered if tool["function"]["name"] in needed] or None
        text = None if bare else system_text(random, tasks, product)
        messages = [{"role": "system", "content": text}] if text is not None else []
        for task in chosen:
            messages.append({"role": "user", "content": task.user})
            messages.extend(messages_of(task))
        return offered, messages, [task.kind for task in chosen]

    def remove_tool(self, chosen):
        """Turn one task into one whose tool is not declared; returns that tool."""
        candidates = []
        for task in chosen:
            if task.steps:
                name = task.steps[0][0]
                if all(name != other for rival in chosen if rival is not task
                       for other, _, _ in rival.steps):
                    candidates.append(task)
        if not candidates:
            return None
        task = self.random.choice(candidates)
        removed = task.steps[0][0]
        task.kind, task.steps, task.answer = "no_tool", [], NO_TOOL
        return removed
