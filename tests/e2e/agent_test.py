"""What the agent is for, in the real window with the practice model: files, changes, commands, the screen, a plan.

usage: agent_test.py PROGRAM SCRATCH_FOLDER
"""

import os
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from desktop import Program, wait_for  # noqa: E402

program, scratch = sys.argv[1], sys.argv[2]
data = os.path.join(scratch, "data")
LINE = "Harbor"


def folder_with(name, files):
    folder = os.path.join(scratch, name)
    os.makedirs(folder)
    for file, text in files.items():
        with open(os.path.join(folder, file), "w") as out:
            out.write(text)
    return folder


def content(folder, file):
    with open(os.path.join(folder, file)) as text:
        return text.read()


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
    window = ask(folder_with("many", files), "Who leads the harbor team? Search my files.")
    finish(window, "Anna Brown leads the harbor team (teams.txt).")
    assert ("search_files", "succeeded") in calls(), calls()


def edit_behind_its_diff():
    before = "owner: Maria Berg\nbudget: 48,000 EUR\ndeadline: 14 March\n"
    folder = folder_with("changed", {"harbor.txt": before})
    window = ask(folder, "Change the budget in harbor.txt to 52,000 EUR.")
    window.wait_to_show("-budget: 48,000 EUR")
    window.wait_to_show("+budget: 52,000 EUR")
    window.screenshot("diff")
    # Nothing has happened while one reads.
    assert content(folder, "harbor.txt") == before
    window.press_button("Allow once")
    finish(window, "The budget in harbor.txt is now 52,000 EUR.")
    assert content(folder, "harbor.txt") == before.replace("48,000", "52,000")


def run_a_command():
    window = ask(folder_with("counted", {"notes.txt": "one\ntwo\nthree\n"}), "Run `wc -l notes.txt`")
    window.wait_to_show("wc -l notes.txt")
    window.press_button("Allow once")
    finish(window, "Output: 3 notes.txt")
    assert calls() == [("run_command", "succeeded")], calls()


def look_at_the_screen():
    """A second, small screen with a line of text, below the one with the window."""
    subprocess.run(["xrandr", "--setmonitor", "*first", "1400/370x900/238+0+0", "screen"], check=True)
    subprocess.run(["xrandr", "--setmonitor", "second", "500/132x76/20+40+912", "none"], check=True)
    sign = subprocess.Popen([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "sign.py"), "500x76+40+912",
                             LINE])
    try:
        window = ask(folder_with("seen", {}), "What does screen 2 say?")
        window.wait_to_show("Take a picture of screen 2 (500 x 76)")
        window.screenshot("screen")
        window.press_button("Allow once")
        window.wait_to_show(f"The picture says: {LINE}")
        window.screenshot("seen")
        finish(window, f"The picture says: {LINE}")
        assert calls() == [("take_screenshot", "succeeded")], calls()
    finally:
        sign.kill()


def follow_a_plan():
    folder = folder_with("planned", {"a.txt": "owner: Maria Berg\nbudget: 48,000 EUR\n"})
    window = ask(folder, "Make a plan first: 1. read a.txt 2. write its budget to b.txt 3. run `cat b.txt`")
    window.press_button("Allow once")
    wait_for("the file", lambda: os.path.exists(os.path.join(folder, "b.txt")))
    window.screenshot("plan")
    window.wait_to_show("cat b.txt")
    window.press_button("Allow once")
    window.wait_to_show("3 of 3 done")
    finish(window, "All steps are done.")
    assert content(folder, "b.txt") == "budget: 48,000 EUR", content(folder, "b.txt")
    assert stored("SELECT status FROM plan_step ORDER BY ordinal") == [("completed",)] * 3


find_a_fact_among_fifty_files()
edit_behind_its_diff()
run_a_command()
look_at_the_screen()
follow_a_plan()
print("the agent test passed")
