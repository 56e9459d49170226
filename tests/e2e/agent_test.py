"""What the agent is for, in the real window with the practice model: a fact among many files.

usage: agent_test.py PROGRAM SCRATCH_FOLDER
"""

import os
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from desktop import Program, wait_for  # noqa: E402

program, scratch = sys.argv[1], sys.argv[2]
data = os.path.join(scratch, "data")


def folder_with(name, files):
    folder = os.path.join(scratch, name)
    os.makedirs(folder)
    for file, text in files.items():
        with open(os.path.join(folder, file), "w") as out:
            out.write(text)
    return folder


def stored(query, *values):
    connection = sqlite3.connect(f"file:{data}/facet.sqlite?mode=ro", uri=True)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def calls():
    """Tools of the newest answer, with their states."""
    return stored("SELECT tool, state FROM call JOIN part ON part.id = part_id WHERE message_id = "
                  "(SELECT max(id) FROM message WHERE role = 'assistant') ORDER BY call.id")


def ask(folder, question):
    window = Program([program, "--data", data, "--folder", folder, "--model", "built-in"])
    window.wait_to_show("Practice model")
    window.key("ctrl+n", "ctrl+l")
    window.type(question)
    window.key("Return")
    return window


def finish(window, answer):
    window.wait_to_show(answer)
    wait_for("the end of the turn", lambda: stored("SELECT finish FROM message ORDER BY id DESC LIMIT 1") == [("done",)])
    window.close()


def find_a_fact_among_fifty_files():
    files = {f"file{i}.txt": f"The {['ferry', 'garden', 'tower', 'kitchen', 'bridge'][i % 5]} opens at {8 + i % 10}:30.\n"
             for i in range(49)}
    files["teams.txt"] = "Anna Brown leads the harbor team.\nPeter leads the crane team.\n"
    window = ask(folder_with("many", files), "Which file mentions the harbor?")
    finish(window, "teams.txt mentions the harbor: Anna Brown leads the harbor team (teams.txt).")
    assert ("search_files", "succeeded") in calls(), calls()


find_a_fact_among_fifty_files()
print("the agent test passed")
