"""Generated sources and documents with headings: what code_outline and read_symbol return of them."""
from dataclasses import dataclass

from .documents import VERBS


@dataclass
class Language:
    """How functions and types are written: the name and, where there is a second %s, the arguments stand in the heads."""
    share: float
    extensions: tuple
    functions: tuple
    opens: str
    returns: str
    closes: tuple
    arguments: tuple = ("%s",)
    methods: tuple = ()
    field: tuple = ()  # of a struct: its form, what ends its line, whether an outline has it
    types: tuple = ()
    sets: str = "%s = %d;"  # a line before the last one
    snake: bool = False

    def indent(self):
        return self.returns[:len(self.returns) - len(self.returns.lstrip())]


LANGUAGES = {
    "python": Language(6, ("py",), ("def %s(%s)", "def %s(%s)", "async def %s(%s)"), ":", "    return %s", (),
                       methods=("def %s(self)", "def %s(self, %s)"), types=("class %s",), sets="%s = %d", snake=True),
    "script": Language(4, ("js", "js", "ts"), ("function %s(%s)",), " {", "  return %s;", ("}",), methods=("%s(%s)",),
                       types=("class %s",)),
    "c": Language(5, ("c", "cpp", "cc", "h"), ("int %s(%s)", "void %s(%s)", "bool %s(%s)", "double %s(%s)", "static int %s(%s)"), " {",
                  "  return %s;", ("}",), ("int %s", "double %s", "const char* %s"), field=("int %s", ";", True), types=("struct %s",), snake=True),
    "go": Language(2, ("go",), ("func %s(%s) int", "func %s(%s) string"), " {", "\treturn %s", ("}",), ("%s int", "%s string"), field=("%s int", "", False),
                   types=("type %s struct",), sets="%s := %d"),
    "rust": Language(2, ("rs",), ("fn %s(%s) -> u32", "pub fn %s(%s) -> u32"), " {", "    %s", ("}",), ("%s: u32", "%s: &str"), field=("%s: u32", ",", False),
                     types=("struct %s",), sets="let %s = %d;", snake=True),
    "java": Language(2, ("java",), (), " {", "  return %s;", ("}",), ("int %s", "String %s"), ("public int %s(%s)", "void %s(%s)", "String %s(%s)"),
                     types=("class %s",)),
    "shell": Language(2, ("sh",), ("%s()",), " {", "  echo %s", ("}",), sets="%s=%d", snake=True),
    "markdown": Language(4, ("md",), (), "", "", ()),
}


@dataclass
class Symbol:
    name: str
    kind: str  # as a user calls it: function, method, class, struct, field, section
    signature: str  # as in an outline
    lines: list  # its text
    first: int = 0
    depth: int = 0

    def outlined(self):
        last = self.first + len(self.lines) - 1
        place = str(self.first) if last == self.first else "%d-%d" % (self.first, last)
        return "%s%s %s" % ("  " * self.depth, place, self.signature)

    def numbered(self):
        return "\n".join("%d: %s" % (self.first + at, line) for at, line in enumerate(self.lines))


class Sources:
    def __init__(self, documents):
        self.documents, self.words, self.random = documents, documents.words, documents.random

    # --- names ------------------------------------------------------------------

    def parts(self):
        pick, words = self.random, self.words
        return pick.choice((lambda: [words.noun()], lambda: [words.invented()], lambda: [pick.choice(VERBS), words.noun()],
                            lambda: [pick.choice(VERBS), words.noun()], lambda: [words.adjective(), words.noun()],
                            lambda: [pick.choice(VERBS), words.adjective(), words.noun()]))()

    def snake(self):
        return "_".join(self.parts())

    def camel(self):
        first, *others = self.parts()
        return first + "".join(part.capitalize() for part in others)

    def title(self):
        return "".join(part.capitalize() for part in self.parts())

    def noun(self):
        return self.words.noun()

    # --- symbols ------------------------------------------------------------------

    def function(self, language, heads, indent=""):
        pick = self.random
        name = self.snake() if language.snake else self.camel()
        arguments = ", ".join(pick.choice(language.arguments) % self.noun() for _ in range(pick.choice((0, 1, 1, 2))))
        head = pick.choice(heads).replace("%s", name, 1).replace("%s", arguments).replace("(self, )", "(self)")
        lines = [head + language.opens]
        if pick.random() < 0.3:
            lines.append(language.indent() + language.sets % (self.noun(), pick.randint(0, 99)))
        lines.append(language.returns % pick.choice((str(pick.randint(0, 99)), self.noun(), '"%s"' % self.noun())))
        return Symbol(name, "method" if indent else "function", head, [indent + line for line in lines + list(language.closes)])

    def type(self, language):
        """A class or struct: [itself, member, ...]; each member knows its line in it."""
        name, indent = self.title(), language.indent()
        head = self.random.choice(language.types) % name
        if language.field:
            fields = [self.noun() for _ in range(self.random.randint(1, 2))]
            form, end, _ = language.field
            members = [Symbol(field, "field", form % field, [indent + form % field + end]) for field in fields]
        else:
            members = [self.function(language, language.methods, indent) for _ in range(self.random.choice((1, 1, 2)))]
        lines = [head + language.opens]
        for member in members:
            member.depth, member.first = 1, len(lines)
            lines += member.lines
        closes = ("};",) if language is LANGUAGES["c"] else language.closes
        whole = Symbol(name, "struct" if language.field else "class", head, lines + list(closes))
        return [whole] + (members if not language.field or language.field[2] else [])

    def section(self, level):
        title = self.documents.heading().lstrip("# ")
        lines = ["#" * level + " " + title] + [self.documents.filler() for _ in range(self.random.randint(1, 2))]
        return Symbol(title, "section", lines[0], lines)

    def entry(self, language, first):
        """What stands at the top of a file: a symbol and its members."""
        if language is LANGUAGES["markdown"]:
            return [self.section(1 if first else 2)]
        if language.types and (not language.functions or self.random.random() < 0.3):
            return self.type(language)
        return [self.function(language, language.functions)]

    # --- files --------------------------------------------------------------------

    def source(self, most=5):
        """(path, symbols in order): about so many lines of outline at most."""
        pick = self.random
        language = pick.choices(list(LANGUAGES.values()), [language.share for language in LANGUAGES.values()])[0]
        path = self.documents.path(pick.choice(language.extensions))
        symbols, names, at = [], set(), pick.randint(1, 9)
        wanted = pick.randint(1, most)
        while len(symbols) < wanted:
            made = self.entry(language, first=not symbols)
            new = {symbol.name.lower() for symbol in made}
            if names & new or len(new) < len(made):
                continue
            for symbol in made[1:]:
                symbol.first += at
            made[0].first = at
            at += len(made[0].lines) + pick.randint(1, 3)
            names |= new
            symbols += made
        if language is LANGUAGES["markdown"]:
            whole = symbols[0]
            for symbol in symbols[1:]:
                symbol.depth = 1
                while whole.first + len(whole.lines) < symbol.first:
                    whole.lines.append("")
                whole.lines += symbol.lines
        return path, symbols
