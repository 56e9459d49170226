"""The chat template, small variant with thinking off, as marked pieces of text.

Each piece is (text, template, trained): template pieces may hold special
tokens, data pieces never do; trained pieces are the model's own output.
"""
QUOTE = '<|"|>'
NOT_FOUND = "I could not find"


def _string(text):
    return [(QUOTE, True, False), (text, False, False), (QUOTE, True, False)]


def _hinted(text, end, answer):
    """What a tool returned, marked with how an answer would begin if the text ended there."""
    return [(QUOTE, True, False), (text[:end], False, NOT_FOUND), (text[end:], False, answer),
            (QUOTE + '}<tool_response|>', True, answer)]


def declaration(tool):
    """The text of one tool declaration; names and descriptions hold no special tokens."""
    def quoted(text):
        return QUOTE + text + QUOTE

    function = tool["function"]
    out = "<|tool>declaration:%s{description:%s" % (function["name"], quoted(function["description"]))
    parameters = function.get("parameters")
    if parameters:
        out += ",parameters:{"
        if parameters.get("properties"):
            fields = []
            for name in sorted(parameters["properties"], key=str.lower):
                entry = parameters["properties"][name]
                described = "description:%s," % quoted(entry["description"]) if entry.get("description") else ""
                fields.append("%s:{%stype:%s}" % (name, described, quoted(entry["type"].upper())))
            out += "properties:{" + ",".join(fields) + "},"
        if parameters.get("required"):
            out += "required:[" + ",".join(quoted(name) for name in parameters["required"]) + "],"
        out += "type:" + quoted(parameters["type"].upper()) + "}"
    return out + "}<tool|>"


def call(name, arguments):
    """Pieces of a call without its trained marks."""
    pieces = [("<|tool_call>call:" + name + "{", True, False)]
    for index, key in enumerate(sorted(arguments, key=str.lower)):
        value = arguments[key]
        pieces.append((("," if index else "") + key + ":", True, False))
        if isinstance(value, bool):
            pieces.append(("true" if value else "false", True, False))
        elif isinstance(value, (int, float)):
            pieces.append((repr(value), True, False))
        else:
            pieces.extend(_string(value))
    pieces.append(("}<tool_call|>", True, False))
    return pieces


def _trained(pieces):
    return [(text, template, True) for text, template, _ in pieces]


def render(tools, messages, prompt=False):
    """The whole conversation; with prompt=True up to where the model continues."""
    pieces = [("<bos>", True, False)]
    messages = list(messages)
    system = None
    if messages and messages[0]["role"] in ("system", "developer"):
        system = messages.pop(0)["content"].strip()
    if tools or system is not None:
        pieces.append(("<|turn>system\n", True, False))
        if system:
            pieces.append((system, False, False))
        pieces.extend((declaration(tool), True, False) for tool in tools or ())
        pieces.append(("<turn|>\n", True, False))
    open_turn = False
    last_call = None
    for message in messages:
        role = message["role"]
        if role == "user":
            pieces.append(("<|turn>user\n", True, False))
            pieces.append((message["content"].strip(), False, False))
            pieces.append(("<turn|>\n", True, False))
            open_turn = False
        elif role == "tool":
            pieces.append(("response:" + last_call + "{value:", True, False))
            if "known" in message:
                pieces.extend(_hinted(message["content"], *message["known"]))
            else:
                pieces.extend(_string(message["content"]))
                pieces.append(("}<tool_response|>", True, False))
        else:
            if not open_turn:
                pieces.append(("<|turn>model\n", True, False))
                open_turn = True
            if message.get("tool_calls"):
                function = message["tool_calls"][0]["function"]
                last_call = function["name"]
                pieces.extend(_trained(call(last_call, function["arguments"])))
                pieces.append(("<|tool_response>", True, True))
            else:
                pieces.append((message["content"].strip(), False, True))
                pieces.append(("<turn|>", True, True))
                pieces.append(("\n", True, False))
                open_turn = False
    if prompt and not open_turn:
        pieces.append(("<|turn>model\n", True, False))
    return pieces
