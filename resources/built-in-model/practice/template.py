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


def _quoted(text):
    return QUOTE + text + QUOTE


def _list(texts):
    return "[" + ",".join(map(_quoted, texts)) + "]"


def _properties(properties):
    """The fields of an object, in the order of their names without regard to case."""
    return ",".join("%s:{%s}" % (name, _property(properties[name])) for name in sorted(properties, key=str.lower))


def _property(schema):
    fields = []
    if schema.get("description"):
        fields.append("description:" + _quoted(schema["description"]))
    if schema.get("enum"):
        fields.append("enum:" + _list(schema["enum"]))
    if schema.get("items"):
        fields.append("items:{" + _items(schema["items"]) + "}")
    fields.append("type:" + _quoted(schema["type"].upper()))
    return ",".join(fields)


def _items(schema):
    """What a list holds: objects with properties, or values of one type."""
    fields = []
    if schema.get("properties"):
        fields.append("properties:{" + _properties(schema["properties"]) + "}")
    if schema.get("required"):
        fields.append("required:" + _list(schema["required"]))
    fields.append("type:" + _quoted(schema["type"].upper()))
    return ",".join(fields)


def declaration(tool):
    """The text of one tool declaration; names and descriptions hold no special tokens."""
    function = tool["function"]
    out = "<|tool>declaration:%s{description:%s" % (function["name"], _quoted(function["description"]))
    parameters = function.get("parameters")
    if parameters:
        out += ",parameters:{"
        if parameters.get("properties"):
            out += "properties:{" + _properties(parameters["properties"]) + "},"
        if parameters.get("required"):
            out += "required:" + _list(parameters["required"]) + ","
        out += "type:" + _quoted(parameters["type"].upper()) + "}"
    return out + "}<tool|>"


def _value(value):
    """Pieces of an argument's value."""
    if isinstance(value, bool):
        return [("true" if value else "false", True, False)]
    if isinstance(value, (int, float)):
        return [(repr(value), True, False)]
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict):
        return [("{", True, False)] + _members(value) + [("}", True, False)]
    pieces = []
    for element in value:
        pieces += ([(",", True, False)] if pieces else []) + _value(element)
    return [("[", True, False)] + pieces + [("]", True, False)]


def _members(values):
    pieces = []
    for key in sorted(values, key=str.lower):
        pieces.append((("," if pieces else "") + key + ":", True, False))
        pieces += _value(values[key])
    return pieces


def call(name, arguments):
    """Pieces of a call without its trained marks."""
    return [("<|tool_call>call:" + name + "{", True, False)] + _members(arguments) + [("}<tool_call|>", True, False)]


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
