#!/usr/bin/python3
"""Writes eval/tool-phrasings.jsonl and eval/declarations.json: tasks for the whole agent, all words held out.

Same line format as known-phrasings.jsonl, but the tools are names, declared in declarations.json, and "wording" says
whether the phrasing was trained ("known") or held out as well ("unseen"). The files are part of the repository; run this
only when the tools change, as other shares of the training draw other cases.
"""
import json
import os
import random

from make_unseen import expected_steps
from practice import gguf, tools
from practice.families import Families
from practice.tokenizer import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
SEED, EACH, TWO_TASKS = 20262, 5, 0.2
FORMS = ("edit_key", "edit_text", "edit_append", "write", "move", "rename", "delete", "command", "run", "clock", "find_fact",
         "find_key", "history", "remember", "recall", "plan", "screen", "outline", "symbol")


def main():
    pieces = Tokenizer.from_fields(gguf.Reader(os.path.join(HERE, "practice-text.gguf")).fields).pieces
    with open(os.path.join(HERE, "eval", "declarations.json"), "w", encoding="utf-8") as file:
        json.dump(list(tools.AGENT.values()), file, indent=1)
        file.write("\n")
    with open(os.path.join(HERE, "eval", "tool-phrasings.jsonl"), "w", encoding="utf-8") as file:
        for wording in ("known", "unseen"):
            source = Families(random.Random(SEED + len(wording)), pieces, held_out=True, held_out_wording=wording == "unseen")
            for index, form in enumerate(FORMS * EACH):
                names, messages, _ = source.generate(form, 2 if source.random.random() < TWO_TASKS else 1)
                users = [at for at, message in enumerate(messages) if message["role"] == "user"]
                case = {"id": "tools-%s-%02d" % (wording, index), "kind": form,
                        "wording": wording, "turns": len(users), "tools": names, "messages": messages[:users[-1] + 1],
                        "expected": expected_steps(messages[users[-1] + 1:])}
                file.write(json.dumps(case, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
