"""Generated documents: values, file names, key lists, fact sentences, fillers."""

MONTHS = ("January February March April May June July August September October November December").split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
FOLDERS = ("docs home notes work shared config data tmp team papers archive inbox reports plans drafts "
           "Documents Desktop projects mail backup").split()
UNITS = "hours days minutes km cm kg percent people pages units meters liters years".split()
CURRENCIES = "EUR USD euros dollars".split()
DOMAINS = "com org net eu".split()
VERBS = ("fix water ship pack repair test order update buy send check sell sign call copy book clean print "
         "review move paint close open prepare write plan cancel return deliver wash replace").split()


class Documents:
    """Makes document parts from a word source."""

    def __init__(self, words):
        self.words = words
        self.random = words.random

    # --- values ---------------------------------------------------------------

    def day(self):
        return self.random.choice(DAYS)

    def date(self):
        pick = self.random
        day, month, year = pick.randint(1, 28), pick.choice(MONTHS), pick.randint(2018, 2032)
        form = pick.randrange(5)
        if form == 0:
            return "%d %s %d" % (day, month, year)
        if form == 1:
            return "%d-%02d-%02d" % (year, pick.randint(1, 12), day)
        if form == 2:
            return "%s, %d %s" % (self.day(), day, month)
        return "%d %s" % (day, month) if form == 3 else "%d %s %d" % (day, month, year)

    def time(self):
        return "%02d:%02d" % (self.random.randint(6, 22), self.random.randrange(0, 60, 5))

    def number(self):
        digits = self.random.choices((1, 2, 3, 4, 5, 6, 7), (2, 5, 4, 5, 2, 2, 2))[0]
        return str(self.random.randint(10 ** (digits - 1) if digits > 1 else 0, 10 ** digits - 1))

    def money(self):
        pick = self.random
        amount = self.number()
        form = pick.randrange(5)
        if form == 0:
            return "$" + amount
        if form == 1:
            return "%d.%02d %s" % (pick.randint(2, 400), pick.randrange(100), pick.choice(CURRENCIES))
        if form == 2:
            return "%s %s" % (format(int(amount), ","), pick.choice(CURRENCIES))
        if form == 3:
            return "$" + format(int(amount), ",")
        return "%s %s" % (amount, pick.choice(CURRENCIES))

    def code(self):
        pick = self.random
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        form = pick.randrange(4)
        if form == 0:
            return pick.choice(letters) + pick.choice(letters) + "-" + str(pick.randint(1000, 99999))
        if form == 1:
            return pick.choice(letters) + str(pick.randint(100, 999))
        if form == 2:
            return "".join(pick.choice(letters + "0123456789") for _ in range(pick.randint(5, 8)))
        return "%d.%d.%d" % (pick.randint(0, 20), pick.randint(0, 30), pick.randint(0, 70))

    def email(self):
        name = self.words.first_name().lower()
        return "%s@%s.%s" % (name, self.words.noun(), self.random.choice(DOMAINS))

    def telephone(self):
        pick = self.random
        return "+%d %d %d" % (pick.randint(1, 99), pick.randint(100, 999), pick.randint(10000, 999999))

    def value(self):
        pick = self.random
        kind = pick.randrange(16)
        if kind < 2:
            return self.number()
        if kind == 2:
            return self.money()
        if kind == 3:
            return self.date()
        if kind == 4:
            return self.time()
        if kind in (5, 6):
            return self.words.name()
        if kind == 7:
            return self.code()
        if kind == 8:
            return self.email()
        if kind == 9:
            return self.telephone() if pick.random() < 0.5 else str(pick.randint(1, 500)) + " " + pick.choice(UNITS)
        if kind == 10:
            return str(pick.randint(1, 500)) + " " + pick.choice(UNITS)
        if kind == 11:
            return self.words.city()
        if kind == 12:
            return self.words.pool("noun")
        if kind == 13:
            return self.words.adjective() + " " + self.words.noun()
        return self.words.invented() if kind == 14 else self.words.invented() + " " + self.words.invented()

    # --- files -----------------------------------------------------------------

    def file_words(self):
        """One or two words that a file name is made of."""
        pick, words = self.random, self.words
        form = pick.randrange(10)
        if form < 2:
            return [words.pool("stem")]
        if form == 2:
            return [words.noun()]
        number = str(pick.choice((pick.randint(1, 99), pick.randint(2019, 2032))))
        if form < 5:
            return [words.pool("stem"), number]
        if form < 7:
            return [words.pool("stem"), words.noun()]
        if form == 7:
            return [words.noun(), words.pool("stem")]
        return [words.adjective(), words.noun()]

    def file_stem(self, parts=None, joined=True):
        pick = self.random
        parts = parts or self.file_words()
        joiners = ("_", "-", "") if joined else ("_", "-")
        stem = pick.choice(joiners).join(parts)
        if pick.random() < 0.07:
            return stem.capitalize()
        return stem.upper() if joined and pick.random() < 0.05 else stem

    def folder(self):
        pick = self.random
        name = pick.choice(FOLDERS) if pick.random() < 0.72 else self.words.noun()
        return name + "/" + str(pick.randint(2019, 2032)) if pick.random() < 0.1 else name

    def path(self, extension=None, folder_chance=0.45):
        pick = self.random
        name = self.file_stem() + "." + (extension or self.extension("colon"))
        return self.folder() + "/" + name if pick.random() < folder_chance else name

    def extension(self, style):
        pick = self.random
        if style == "csv" or style == "json":
            return style
        if style == "ini":
            return pick.choice(("ini", "cfg", "toml"))
        return pick.choices(("md", "txt", "log", "html", "yaml"), (7, 7, 2, 2, 1))[0]

    # --- lines -----------------------------------------------------------------

    def filler(self):
        words, pick = self.words, self.random
        form = pick.randrange(12)
        if form == 0:
            return "The %s looks %s today." % (words.noun(), words.adjective())
        if form == 1:
            return "See also the %s notes from %s." % (words.noun(), self.date())
        if form == 2:
            return "Please keep the %s %s." % (words.noun(), words.adjective())
        if form == 3:
            return "Nothing new about the %s %s." % (words.adjective(), words.noun())
        if form == 4:
            return "%d people came to the %s." % (pick.randint(2, 99), words.noun())
        if form == 5:
            return "%s was in %s last week." % (words.name(), words.city())
        if form == 6:
            return "The weather in %s was %s." % (words.city(), words.adjective())
        if form == 7:
            return "We talked about the %s and the %s." % (words.noun(), words.noun())
        if form == 8:
            return "%s likes the %s %s." % (words.name(), words.adjective(), words.noun())
        if form == 9:
            return "%s and %s had lunch." % (words.name(), words.name())
        if form == 10:
            return "It was %s and %s." % (words.adjective(), words.adjective())
        return "Draft, %s." % self.date()

    def heading(self):
        words, pick = self.words, self.random
        form = pick.randrange(5)
        noun = words.noun().capitalize()
        if form == 0:
            text = noun
        elif form == 1:
            text = "%s of %s" % (words.pool("stem").capitalize(), self.date())
        elif form == 2:
            text = "Notes about the %s" % words.noun()
        else:
            text = "%s %s" % (noun, words.pool("stem"))
            text = noun if form == 3 else text
        return "# " + text if pick.random() < 0.6 else text

    def line_count(self, limit):
        """Mostly short documents, now and then a long one."""
        pick = self.random
        if pick.random() < 0.3:
            count = pick.randint(1, 4)
        elif pick.random() < 0.8:
            count = pick.randint(4, 14)
        else:
            count = pick.randint(14, 32)
        return max(1, min(count, limit))

    def key_document(self, limit, keys=None):
        """A list of keys and values: style, pairs as they read, and the text.

        Keys are distinct, and none equals a whole value by accident of casing.
        """
        pick = self.random
        style = pick.choices(("colon", "dash", "star", "equals", "ini", "minus", "capital", "table",
                              "csv", "json", "sentence"), (6, 3, 2, 2, 4, 2, 2, 2, 3, 3, 3))[0]
        count = self.line_count(limit)
        pairs, seen = [], set()
        while len(pairs) < count:
            key = self.words.key() if not keys or len(pairs) >= len(keys) else keys[len(pairs)]
            if key.lower() in seen:
                continue
            seen.add(key.lower())
            value = self.value()
            if style == "csv":
                value = value.replace(",", "")
            pairs.append((key, value))
        pick.shuffle(pairs)
        plain = style in ("colon", "dash", "star", "equals", "minus", "capital", "sentence") or (
            style == "ini" and pick.random() < 0.25)
        fill = pick.choice((0.0, 0.0, 0.3, 0.6)) if plain else 0.0
        lines = []
        for key, value in pairs:
            while plain and pick.random() < fill and len(lines) < limit + 6:
                lines.append(self.filler())
            if plain and lines and pick.random() < 0.04:
                lines.append("")
            lines.append(self.key_line(style, key, value))
        if plain and fill and pick.random() < 0.5:
            lines.append(self.filler())
        if style == "json":
            lines = ["{"] + [line + "," for line in lines[:-1]] + [lines[-1], "}"]
        elif style == "csv":
            lines.insert(0, pick.choice(("item,value", "key,value", "field,entry", "name,value")))
        elif style == "table":
            lines[:0] = ["| Item | Value |", "| --- | --- |"]
        elif style == "ini":
            if pick.random() < 0.75:
                lines.insert(0, "[%s]" % self.words.noun())
            elif pick.random() < 0.4:
                lines.insert(0, self.heading())
        elif pick.random() < 0.35:
            lines.insert(0, self.heading())
        return style, pairs, "\n".join(lines)

    def plain_document(self, limit):
        """A few keys of one vocabulary piece with short values: pairs and text."""
        pick, pairs = self.random, {}
        count = pick.randint(1, limit)
        while len(pairs) < count:
            pairs[self.words.piece_word()] = (
                str(pick.randint(1, 99)) if pick.random() < 0.6 else self.words.piece_word())
        style = pick.choice(("colon", "dash", "equals", "sentence"))
        return list(pairs.items()), "\n".join(self.key_line(style, key, value) for key, value in pairs.items())

    def key_line(self, style, key, value):
        if style == "capital":
            return "%s: %s" % (key[0].upper() + key[1:], value)
        return {"colon": "%s: %s", "dash": "- %s: %s", "star": "* %s: %s", "equals": "%s=%s",
                "ini": "%s = %s", "minus": "%s - %s", "table": "| %s | %s |", "csv": "%s,%s",
                "json": '  "%s": "%s"', "sentence": "The %s is %s."}[style] % (key, value)

    def fact(self, thing=None):
        """(kind, thing, sentence): one fact about a thing and how it is stated."""
        pick, words = self.random, self.words
        thing = thing or words.thing()
        kind = pick.choice(("place", "leader", "leader", "meeting", "opening", "cost", "owner", "repair", "repair"))
        if kind == "place":
            place = pick.choice(("room %d" % pick.randint(1, 140), "box %d" % pick.randint(1, 40),
                                 "the " + words.noun(), words.city()))
            return kind, thing, "The %s is in %s." % (thing, place)
        if kind == "leader":
            return kind, thing, "%s leads the %s team." % (words.name(), thing)
        if kind == "meeting":
            return kind, thing, "The %s meeting is on %s at %s." % (thing, self.date(), self.time())
        if kind == "opening":
            return kind, thing, "The %s opens at %s." % (thing, self.time())
        if kind == "cost":
            amount = self.money() if pick.random() < 0.75 else self.number()
            return kind, thing, "The %s costs %s." % (thing, amount)
        if kind == "owner":
            return kind, thing, "The %s belongs to %s." % (thing, words.name())
        return kind, thing, "%s repaired the %s on %s." % (words.name(), thing, self.date())

    def fact_document(self, limit):
        """Sentences, some of them facts about distinct things: (facts, text)."""
        pick = self.random
        count = min(self.line_count(limit), 12)
        facts, lines, seen = [], [], set()
        share = pick.choice((0.35, 0.6, 0.9))
        while len(lines) < count:
            if facts and pick.random() > share:
                lines.append(self.filler())
                continue
            fact = self.fact()
            if fact[1] in seen:
                continue
            seen.add(fact[1])
            facts.append(fact)
            lines.append(fact[2])
        pick.shuffle(lines)
        joined = (" " if pick.random() < 0.25 else "\n").join(lines)
        if pick.random() < 0.3:
            joined = self.heading() + "\n" + joined
        return facts, joined

    def transcript(self, limit):
        """A meeting: (lines with an action, whole text)."""
        pick, words = self.random, self.words
        speakers = [words.name() for _ in range(pick.randint(1, 4))]
        count = pick.randint(2, max(2, min(limit, 11)))
        actions, lines = [], []
        for index in range(count):
            speaker = pick.choice(speakers)
            if pick.random() < 0.35 or (index == count - 1 and not actions):
                task = "the %s" % words.noun()
                ending = pick.choice(("", "", " by " + self.day(), " before " + self.date(),
                                      " on " + self.day(), " for " + words.name()))
                verb = pick.choice(VERBS)
                if pick.random() < 0.25:
                    line = "Action: %s %ss %s%s." % (pick.choice(speakers), verb, task, ending)
                else:
                    line = "%s: I will %s %s%s." % (speaker, verb, task, ending)
                actions.append(line)
            else:
                line = "%s: %s" % (speaker, self.filler())
            lines.append(line)
        return actions, "\n".join(lines)

    def file_list(self, count, including=None):
        names = []
        while len(names) < count:
            name = self.file_stem() + "." + self.random.choice(
                ("md", "txt", "csv", "json", "log", "ini", "html", "yaml", "cfg", "toml"))
            if name not in names:
                names.append(name)
        if including:
            names[self.random.randrange(count)] = including
        return names
