#!/usr/bin/python3
"""Writes eval/unseen-phrasings.jsonl: held-out words and held-out phrasings throughout.

Same line format as known-phrasings.jsonl. The file is part of the repository;
run this only to make it again.
"""
import json
import os
import random

from practice.conversations import Conversations

SEED, CASES, TWO_TASKS = 20261, 200, 0.2


def expected_steps(messages):
    """What the model should do after the last user message."""
    steps = []
    for message in messages:
        if message["role"] == "tool":
            steps[-1]["result"] = message["content"]
        elif "tool_calls" in message:
            steps.append({"tool_call": message["tool_calls"][0]["function"]})
        else:
            steps.append({"content": message["content"]})
    return steps


def main():
    source = Conversations(random.Random(SEED), held_out=True, held_out_wording=True)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "eval", "unseen-phrasings.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        for index in range(CASES):
            count = 2 if source.random.random() < TWO_TASKS else 1
            tools, messages, kinds = source.generate(1.0, count)
            last = max(at for at, message in enumerate(messages) if message["role"] == "user")
            case = {"id": "unseen-%03d" % index, "kind": kinds[-1], "turns": count, "tools": tools,
                    "messages": messages[:last + 1], "expected": expected_steps(messages[last + 1:])}
            file.write(json.dumps(case, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
