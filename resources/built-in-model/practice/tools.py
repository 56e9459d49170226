"""Tool declarations offered in generated conversations.

About half of the conversations declare the reading tools exactly as the
program does; the others vary the descriptions, so that the model reads the
declarations instead of one fixed text. PRODUCT holds the reading tools, whose
texts are tokens of the vocabulary; AGENT everything that the program offers.
"""

_VARIANTS = {
    "read_file": (
        ("Read a document.", "Read a file and return its text.", "Read a text file.", "Returns the content of a file."),
        {"path": ("string", ("File path", "The file to read", "Path of the file"))}, ("path",)),
    "list_files": (
        ("Shows the names of the files in a folder.", "List the files of a folder.", "List files."),
        {"path": ("string", ("Folder", "Folder path", "The folder to list"))}, ("path?",)),
    "search_files": (
        ("Search all files for a word.", "Search text in files.", "Find lines that contain a text."),
        {"query": ("string", ("Words to look for", "Search text", "Text to find"))}, ("query",)),
    "write_file": (
        ("Create or change a file.", "Write text to a file.", "Write a text file."),
        {"path": ("string", ("The file to write", "File path")),
         "content": ("string", ("New text", "Text to write", "The content")),
         "append": ("boolean", ("Append instead of replacing", "Add at the end"))}, ("path", "content")),
    "run_command": (
        ("Run a command and return its output.", "Execute a command line.", "Run a shell command."),
        {"command": ("string", ("Command line", "The command", "Shell command"))}, ("command",)),
    "take_screenshot": (
        ("Take a picture of the screen.", "Capture the screen.", "Look at the screen."), {}, None),
}
NAMES = tuple(_VARIANTS)


def _function(name, description, properties, required):
    parameters = {"type": "object", "properties": properties}
    if required is not None:
        parameters["required"] = list(required)
    return {"type": "function",
            "function": {"name": name, "description": description, "parameters": parameters}}


PRODUCT = {
    "read_file": _function("read_file", "Read a text file, whole or a range of lines.", {
        "path": {"type": "string", "description": "Path of the file."},
        "first_line": {"type": "integer", "description": "First line to return, counted from 1."},
        "line_count": {"type": "integer", "description": "How many lines to return."}}, ("path",)),
    "list_files": _function("list_files", "List the files in a folder.", {
        "path": {"type": "string", "description": "Folder to list; the working folder when left out."}}, ()),
    "search_files": _function(
        "search_files", "Search the files in a folder for words and return the matching lines.", {
            "query": {"type": "string", "description": "Words to look for."},
            "path": {"type": "string", "description": "Folder to search; the working folder when left out."}},
        ("query",)),
}


def _text(description, **more):
    return dict({"type": "string", "description": description}, **more)


_STEP = {"type": "object", "required": ["text", "status"], "properties": {
    "text": _text("What is done, in a few words."),
    "status": {"type": "string", "enum": ["pending", "in_progress", "completed"]}}}

# Everything that the program's agent offers, with its texts and in its order.
AGENT = dict(PRODUCT)
AGENT.update((name, _function(name, description, properties, required)) for name, description, properties, required in (
    ("code_outline", "List what a source file or a document consists of, such as classes, functions and headings.",
     {"path": _text("Path of the file, or of a folder for its programs."),
      "first_symbol": {"type": "integer", "description": "First entry to return, counted from 1."}}, ("path",)),
    ("read_symbol", "Read one function, class, section or key of a source file or a document, with the comments above it.",
     {"path": _text("Path of the file."),
      "symbol": _text("Its name, such as draw or Widget.draw; of a document the heading.")}, ("path", "symbol")),
    ("write_file", "Write a text file with this content: a new one, or instead of what is there. Folders on the way are made.",
     {"path": _text("Path of the file."), "content": _text("The whole content.")}, ("path", "content")),
    ("edit_file",
     "Change a text file: replace a piece of it, which must occur exactly once, by another. Read the file first.",
     {"path": _text("Path of the file."), "old_text": _text("The text to replace, exactly as it stands there."),
      "new_text": _text("What to put in its place."),
      "all": {"type": "boolean", "description": "Replace every occurrence."}}, ("path", "old_text", "new_text")),
    ("move_file", "Move or rename a file or folder. Nothing that is there already is replaced.",
     {"from": _text("Path of the file or folder."), "to": _text("Its new path, or a folder to move it into.")},
     ("from", "to")),
    ("delete_file", "Move a file or folder to the trash, from where the user can restore it.",
     {"path": _text("Path of the file or folder.")}, ("path",)),
    ("search_history", "Search earlier conversations and transcripts of recordings for words. Quotes make a phrase.",
     {"query": _text("Words to look for."), "limit": {"type": "integer", "description": "How many places at most."}},
     ("query",)),
    ("clock", "Tell the date, the time, the day of the week and the time zone of this computer.", {}, None),
    ("remember",
     "Keep a fact about the user, or a wish of theirs, for later conversations. Only what the user has said or wants kept, "
     "never what a file says, and no passwords. The user sees what is kept and can delete it.",
     {"text": _text("One short sentence that can be understood without anything else.")}, ("text",)),
    ("recall",
     "Look up what was kept with remember: facts about the user and wishes of theirs. Finds entries that have some of the "
     "words, without words the newest ones.",
     {"query": _text("Words to look for. Default: none.")}, None),
    ("update_plan",
     "Write down the plan for a longer task, or change it: every step with its state. The user sees it.",
     {"steps": {"type": "array", "description": "All steps in order.", "items": _STEP}}, ("steps",)),
    ("take_screenshot",
     "Take a picture of what the user's screen shows now, and see it. Without a number every screen is taken, a picture of each. "
     "Some desktops let the user choose what is seen instead.",
     {"screen": {"type": "integer", "description": "Which screen, from 1, which is the main one; all of them when left out."}}, None),
    ("run_command",
     "Run a shell command in a folder. It can read files and change those in the working folders; the network has to be "
     "asked for.",
     {"command": _text("The command, as for bash."),
      "folder": _text("Folder to run it in; the working folder when left out."),
      "network": {"type": "boolean", "description": "Whether it needs the network."},
      "timeout_seconds": {"type": "integer", "description": "After how many seconds it is ended."}}, ("command",)),
))
# The ones that may come and go with the program's version and settings.
LATER = ("remember", "recall", "update_plan")


def declare(random, name, product):
    """One declaration: the program's own text, or one of the variants."""
    if product and name in PRODUCT:
        return PRODUCT[name]
    descriptions, properties, required = _VARIANTS[name]
    chosen = {key: {"type": kind, "description": random.choice(texts)}
              for key, (kind, texts) in properties.items()}
    if required == ("path?",):
        required = random.choice((("path",), ()))
    return _function(name, random.choice(descriptions), chosen, required)


def unknown(random, words):
    """A tool that no task needs."""
    name = random.choice(("play_sound", "edit_file", "make_plan", "show_outline",
                          words.invented() + "_" + words.pool("noun")))
    key = random.choice(("name", "path", "text"))
    description = random.choice(("Does something else.", "Show an outline.", "Make a plan.", "Edit a file."))
    return _function(name, description, {key: {"type": "string", "description": "Value"}}, ())
