"""The main job in the real window: ask about a file, see the tool work, read the answer, find it again after a restart.

usage: window_test.py PROGRAM SCRATCH_FOLDER
"""

import json
import os
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from desktop import Program, wait_for  # noqa: E402

program, scratch = sys.argv[1], sys.argv[2]
data = os.path.join(scratch, "data")
folder = os.path.join(scratch, "papers")
outside = os.path.join(scratch, "elsewhere")


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def start():
    return Program([program, "--data", data, "--folder", folder, "--model", "built-in"])


def stored(query, *values):
    connection = sqlite3.connect(f"file:{data}/facet.sqlite?mode=ro", uri=True)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def ask(window, question):
    window.key("ctrl+l")
    window.type(question)
    window.key("Return")


def ask_about_a_file(window):
    ask(window, "What is the deadline in plan.txt?")
    window.wait_to_show("read_file")
    window.wait_to_show("The deadline is 14 March (plan.txt).")
    window.screenshot("answer")
    wait_for("the finished answer in the store",
             lambda: stored("SELECT 1 FROM part WHERE text = ?", "The deadline is 14 March (plan.txt)."))
    [(arguments, result)] = stored("SELECT arguments_json, result FROM call WHERE tool = 'read_file'")
    assert json.loads(arguments) == {"path": "plan.txt"}, arguments
    assert "deadline: 14 March" in result, result


def refuse_and_allow(window):
    """A link out of the folder asks first and names the file behind it; a refusal keeps its content away."""
    path = os.path.join(outside, "secret.txt")
    window.key("ctrl+n")
    ask(window, "What is the colour in shortcut.txt?")
    window.wait_to_show(path)
    window.screenshot("approval")
    window.press_button("Deny")
    wait_for("the refusal in the store", lambda: stored("SELECT 1 FROM approval WHERE decision = 'deny'"))
    [(result,)] = stored("SELECT result FROM call ORDER BY id DESC LIMIT 1")
    assert "crimson" not in result, result

    window.key("ctrl+n")
    ask(window, "What is the colour in shortcut.txt?")
    window.press_button("Allow once")
    wait_for("the file's content in the store",
             lambda: stored("SELECT 1 FROM call WHERE result LIKE '%colour: crimson%'"))


def find_after_restart(window):
    window.key("ctrl+f")
    window.type("deadline")
    window.wait_to_show("What is the deadline in plan.txt?")
    window.key("Down", "Return")
    window.wait_to_show("The deadline is 14 March (plan.txt).")
    window.screenshot("found")


write(os.path.join(folder, "plan.txt"), "owner: Maria Berg\ndeadline: 14 March\nbudget: 300 EUR\n")
write(os.path.join(outside, "secret.txt"), "size: 12\ncolour: crimson\n")
os.symlink(os.path.join(outside, "secret.txt"), os.path.join(folder, "shortcut.txt"))

window = start()
window.wait_to_show("Practice model")
window.screenshot("empty")
ask_about_a_file(window)
refuse_and_allow(window)
window.close()

window = start()
find_after_restart(window)
window.close()

text = subprocess.run([program, "history", "search", "--data", data, "deadline"], capture_output=True, text=True, check=True)
assert "What is the deadline in plan.txt?" in text.stdout, text.stdout
[(check,)] = stored("PRAGMA integrity_check")
assert check == "ok", check
print("the window test passed")
