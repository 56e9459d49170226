"""Tool declarations offered in generated conversations.

About half of the conversations declare the reading tools exactly as the
program does; the others vary the descriptions, so that the model reads the
declarations instead of one fixed text.
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
    name = random.choice(("play_sound", "edit_file", "make_plan", "code_outline",
                          words.invented() + "_" + words.pool("noun")))
    key = random.choice(("name", "path", "text"))
    description = random.choice(("Does something else.", "Show an outline.", "Make a plan.", "Edit a file."))
    return _function(name, description, {key: {"type": "string", "description": "Value"}}, ())
