"""Drives a running program as a person would: keys through the X server, eyes through the accessibility bus."""

import os
import subprocess
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

PATIENCE_S = 60


def wait_for(what, condition, patience_s=PATIENCE_S):
    """Polls until the condition gives something true and returns that; fails with a sentence after the patience."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {patience_s} s in vain for {what}")


class Program:
    """The program under test and its window."""

    def __init__(self, command):
        self.process = subprocess.Popen(command)
        self.root = wait_for("the program on the accessibility bus", self._find_root)
        self.window = wait_for("the window", self._find_window)
        wait_for("the window manager, which starts beside the program", self._activate)

    def _activate(self):
        # It refuses by its status while nobody manages windows.
        command = ["xdotool", "windowactivate", "--sync", self.window]
        return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0

    def _find_root(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the program ended with status {self.process.returncode}")
        desktop = Atspi.get_desktop(0)
        for index in range(desktop.get_child_count()):
            child = desktop.get_child_at_index(index)
            try:
                if child is not None and child.get_process_id() == self.process.pid and child.get_child_count() > 0:
                    return child
            except GLib.Error:
                continue
        return None

    def _find_window(self):
        found = subprocess.run(["xdotool", "search", "--onlyvisible", "--pid", str(self.process.pid), "--name", "Facet"],
                               capture_output=True, text=True)
        lines = found.stdout.split()
        return lines[0] if lines else None

    def everything(self):
        """All accessible objects, parents first."""
        pending = [self.root]
        while pending:
            item = pending.pop(0)
            if item is None:
                continue
            yield item
            try:
                pending.extend(item.get_child_at_index(i) for i in range(min(item.get_child_count(), 500)))
            except GLib.Error:
                continue

    def texts(self):
        """Every name and text that a screen reader would speak."""
        for item in self.everything():
            try:
                name = item.get_name()
                if name:
                    yield name
                text = item.get_text_iface()
                if text is not None:
                    yield Atspi.Text.get_text(text, 0, Atspi.Text.get_character_count(text))
            except GLib.Error:
                continue

    def shows(self, words):
        return any(words in text for text in self.texts())

    def wait(self, what, condition):
        """As wait_for, but says what is on the screen when it was in vain."""
        try:
            return wait_for(what, condition)
        except AssertionError:
            print("on the screen:", *sorted(set(self.texts())), sep="\n  ")
            self.screenshot("failure")
            raise

    def wait_to_show(self, words):
        self.wait(f"the window to show '{words}'", lambda: self.shows(words))

    def press_button(self, name):
        def press():
            for item in self.everything():
                try:
                    if item.get_role() == Atspi.Role.PUSH_BUTTON and item.get_name().startswith(name):
                        if item.get_state_set().contains(Atspi.StateType.SHOWING):
                            return Atspi.Action.do_action(item.get_action_iface(), 0)
                except GLib.Error:
                    continue
            return False

        self.wait(f"the button '{name}'", press)

    def key(self, *keys):
        subprocess.run(["xdotool", "key", "--delay", "30", *keys], check=True)

    def type(self, text):
        subprocess.run(["xdotool", "type", "--delay", "15", text], check=True)

    def screenshot(self, name):
        """Kept only when FACET_SCREENSHOTS names a folder."""
        folder = os.environ.get("FACET_SCREENSHOTS")
        if folder:
            size = subprocess.run(["xdotool", "getdisplaygeometry"], capture_output=True, text=True, check=True).stdout
            subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-f", "x11grab", "-video_size", "x".join(size.split()),
                            "-i", os.environ["DISPLAY"], "-frames:v", "1", os.path.join(folder, f"{name}.png")], check=True)

    def close(self):
        self.key("ctrl+q")
        try:
            status = self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the program does not end on Ctrl+Q")
        assert status == 0, f"the program ended with status {status}"
