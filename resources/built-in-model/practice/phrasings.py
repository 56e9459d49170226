"""How a user may ask for each thing.

A pattern holds alternatives in round brackets, "(Show|List) the files", and is
expanded into all its wordings. Patterns of the HELD_OUT table are never used
in training: they measure what the model does with wordings it has not seen.
Fields: {F} file, {K} key, {Q} query, {T} text, {D} folder, {N} loose file name,
{S} full question, {s} the question without its mark, {l} in lower case, {X} command.
"""
import itertools
import re

TRAINING = {
    # One key of a named file.
    "read_key": [
        "(What is|What's|Which is|Give me) the {K} in {F}?", "what is the {K} in {F}",
        "(Tell me|Give me|Show me|Get me|Report|Find|Get) the {K} (from|in|of|given in|stored in) {F}.",
        "Look up the {K} in {F}.", "Look up the {K} from {F}, please.",
        "I need the {K} from {F}.", "I (want|would like) the {K} (from|in) {F}.",
        "(Check|Open|Read|Look at) {F}: what is the {K}?",
        "Read {F}. What is the {K}?", "Open {F}. What is the {K}?", "Look into {F}. What is the {K}?",
        "Open {F} and tell me the {K}.", "(Read|Check) {F} and (tell|give) me the {K}.",
        "In {F}, what is the {K}?", "In {F}, which {K} is (given|listed)?",
        "Which {K} is given in {F}?", "Which {K} (is listed|stands|is named) in {F}?",
        "What does {F} say about the {K}?", "what does {F} say about the {K}",
        "Give me the {K} that is written in {F}.", "Tell me the {K} that is (written|noted) in {F}.",
        "Can you find the {K} in {F}?", "Can you (look up|tell me|give me|get) the {K} (in|from) {F}?",
        "Could you (tell me|look up|find) the {K} in {F}?",
        "What {K} does {F} (have|give|contain)?", "What is the value of {K} in {F}?",
        "Do you see the {K} in {F}?", "(According to|From) {F}, what is the {K}?",
        "What is the {K} according to {F}?", "Is there a {K} in {F}?", "{F}: what is the {K}?",
        "the {K} in {F} please", "tell me the {K} in {F}",
    ],
    # A full question about a named file.
    "read_fact": [
        "{S} Look in {F}.", "{S} (It is|It should be|It stands) in {F}.", "{S} (Check|Read|Open|See) {F}.",
        "(Open|Read|Look at) {F}. {S}", "(Check|Read|Open) {F}: {S}", "{s} according to {F}?",
        "According to {F}, {l}", "Use {F}. {S}", "In {F}: {S}", "{S} The file is {F}.",
        "Look into {F}. {S}", "(Please read|Please check) {F}. {S}", "{S} Use the file {F}.", "{s} in {F}",
        "From {F}: {S}", "Read {F} and tell me: {S}",
    ],
    # A file that is only loosely named; {N} is "the plan 2021 file", "the file about plan 2021", ...
    "list_key": [
        "(What is|What's) the {K} in {N}?", "(Tell me|Give me|Show me|Get) the {K} (from|in) {N}.",
        "(Look up|Find) the {K} in {N}.", "(Open|Read|Check) {N} and tell me the {K}.",
        "I need the {K} from {N}.", "Which {K} is given in {N}?", "what is the {K} in {N}",
        "Can you (find|look up|tell me) the {K} in {N}?", "(Find|Open) {N}. What is the {K}?",
        "What does {N} say about the {K}?",
    ],
    "list_fact": [
        "(Open|Read|Find) {N}. {S}", "{s} according to {N}?", "{S} (Look in|Check|Read|Open) {N}.",
        "{S} It is in {N}.", "Look into {N}. {S}", "In {N}: {S}",
    ],
    "loose": ["the {N} file", "my {N} file", "the file about {N}", "the {N} document", "my file about {N}"],
    "folder_hint": [" Look in the folder {D}.", " It is in the folder {D}.", " (Look|Search) in {D}.",
                    " The folder is {D}."],
    # Questions inside a message that brings the document along.
    "attached_key": [
        "What is the {K}?", "What's the {K}?", "what is the {K}", "Which {K} is given?", "Which {K} is listed?",
        "(Tell me|Find|Give me|Look up|Show me|Get|Report) the {K}.", "(I need|I want) the {K}.",
        "Which {K} is given in {F}?", "What is the {K} in {F}?", "What does it say about the {K}?",
        "(Can|Could) you (find|tell me) the {K}?", "(Is there|Do you see) a {K}?", "the {K} please",
        "What {K} does the (file|document|text) give?", "What is the {K} in this (file|document|text)?",
        "Tell me the {K} from (the|this) (file|document|text).", "According to this file, what is the {K}?",
    ],
    "attached_fact": ["{S}", "{S}", "{S}", "{s}", "Tell me: {S}", "According to this file, {l}",
                      "{s} according to {F}?", "Question about {F}: {S}", "I want to know: {S}"],
    # Search.
    "search": [
        "(Search|Look through|Scan|Check) my files for {Q}.", "(Search|Look) for {Q} in my files.",
        "Find {Q} in my files.", "Find {Q}.", "Search for {Q}.", "Which (file mentions|files mention) {Q}?",
        "Which (file contains|file has|document mentions) {Q}?", "Where do my files mention {Q}?",
        "Where is {Q} mentioned?", "Where did I write about {Q}?", "(Do|Does) any file mention {Q}?",
        "Find the (file|files) with {Q}.", "Find the file that mentions {Q}.",
        "(Can|Could) you (find|search for|look for) {Q} in my files?", "In which file is {Q}?",
        "Look for {Q}.", "search my files for {Q}", "find {Q}", "Is {Q} mentioned anywhere?",
        "Show me (where|which file) {Q} (is mentioned|appears).", "Who wrote about {Q}?",
    ],
    "search_key": [
        "Find the file that mentions {Q} and tell me the {K}.", "Look for {Q} in my files. What is the {K} there?",
        "Search for {Q}, open that file and tell me the {K}.", "Search for {Q} and open that file. What is the {K}?",
        "(Find|Open|Read) the file (with|that mentions|that contains) {Q}. What is the {K}?",
        "(Search|Look) for {Q} and tell me the {K} in that file.", "What is the {K} in the file that mentions {Q}?",
        "Tell me the {K} from the file (with|that mentions|about) {Q}, search for it.",
        "(Search my files for|Find) {Q}, then (give|tell) me the {K}.",
        "Which {K} is given in the file that mentions {Q}?",
        "Search for {Q}. Which {K} is given in that file?",
    ],
    "search_fact": [
        "Find the file that mentions {Q}. {S}", "Search for {Q} and open that file. {S}",
        "Look for {Q} in my files. {S}", "Search for {Q}, open that file and answer: {S}",
        "(Find|Open|Read) the file (with|that contains) {Q}. {S}", "{S} The file mentions {Q}.",
        "{S} (Search for|Look for) {Q}.", "Search my files for {Q}. {S}",
    ],
    # Writing.
    "write": [
        'Write "{T}" to {F}.', 'Write "{T}" (into|in) {F}.', "Write to {F}: {T}", "(Save|Put|Store) this in {F}: {T}",
        "Write this to {F}: {T}", "Create {F} with this text: {T}", 'Create {F} with the text "{T}".',
        'Create (the|a) file {F} (with|containing) "{T}".', 'Save "{T}" (to|in|as) {F}.', 'Make a file {F} with "{T}".',
        'Make {F} with this text: {T}', 'Put "{T}" (into|in) {F}.', 'Store "{T}" in {F}.',
        'Replace {F} with "{T}".', 'Set the content of {F} to "{T}".', 'write "{T}" to {F}',
        "Save the text {T} in {F}.",
    ],
    "append": [
        'Add "{T}" to {F}.', 'Add the line "{T}" at the end of {F}.', 'Add the line "{T}" to {F}.',
        'Append "{T}" to {F}.', "Append to {F}: {T}", "Add to {F}: {T}", 'Append the line "{T}" to {F}.',
        "Add this (line )to {F}: {T}", "Add this line to {F}: {T}", "Append this to {F}: {T}",
        'Add (a line|one line) "{T}" to {F}.', '(Please add|Also add) "{T}" to {F}.', 'add "{T}" to {F}',
        'Put "{T}" at the end of {F}.', 'Extend {F} (with|by) "{T}".',
    ],
    "note": [
        "Make a note: {T}", "(Take|Write down|Add|Save|Keep) a note: {T}", "Note: {T}", "Note this: {T}",
        "Note down: {T}", "Remember this: {T}", 'Make a note that says "{T}".', 'Add "{T}" to my notes.',
        "(Write|Put) this in my notes: {T}",
    ],
    # Commands.
    "date": ["What is the date?", "Tell me the date and time.", "Which day is it today?", "What (day|date) is it?",
             "What time is it?", "What is the time?", "What day is it today?", "(Tell|Give|Show) me the (date|time).",
             "Which date is it?", "What is today's date?", "what is the date", "(Show|Check) the (date|time).",
             "(Can|Could) you tell me the (date|time)?", "How late is it?"],
    "user": ["Who am I?", "Which user is this?", "What is my user name?", "Which user am I?", "(Tell|Show) me my user name.",
             "(Under|With) which name am I logged in?", "What is my login name?", "Which account is this?", "who am I",
             "Who is logged in?", "(Show|Print) the user name."],
    "host": ["What is the name of this computer?", "Which (computer|machine) is this?", "What is the host name?",
             "(Tell|Show) me the host name.", "What is this (computer|machine) called?", "which computer is this",
             "What is my computer called?"],
    "folder": ["Where am I?", "Which folder is this?", "What is the current folder?", "Which folder am I in?",
               "(Tell|Show) me the current folder.", "In which folder (am I|are we)?", "where am I",
               "What is the working folder?", "What is the current directory?", "(Show|Print) the (working|current) folder.",
               "Where are we?"],
    "line_count": ["Count the lines of {F}.", "Count the lines in {F}.", "How many lines does {F} have?", "How long is {F}?",
                   "How many lines are in {F}?", "(Tell|Give) me the number of lines in {F}.",
                   "What is the number of lines of {F}?", "(Can|Could) you count the lines of {F}?", "count the lines of {F}",
                   "How many lines are there in {F}?", "(Get|Show) the line count of {F}.", "What length does {F} have?"],
    "file_count": ["How many files are in {D}?", "Count the files in {D}.", "How many files are there in {D}?",
                   "How many files does {D} (have|contain)?", "(Tell|Give) me the number of files in {D}.",
                   "Count the files in the folder {D}.", "How many files does the folder {D} have?",
                   "How many files are in the folder {D}?", "count the files in {D}"],
    "command": ["Run the command {X}", "Execute {X}", "Run {X}", "Run this command: {X}", "Run this: {X}", "Execute the command {X}",
                "Execute this: {X}", "run {X}", "Start {X}", "Call {X}", "In the shell, run {X}", "Try the command {X}",
                "(Please|Now) run {X}"],
    # Action items.
    "actions_file": ["List the action items in {F}.", "Read {F} and list the action items.",
                     "What are the action items in {F}?", "Which action items are in {F}?", "Which action items are there in {F}?",
                     "(Show|Give|Tell) me the action items (in|from|of) {F}.", "Find the action items in {F}.",
                     "Open {F} and (list|show) the action items.", "Get the action items from {F}.",
                     "(Check|Read) {F}: what are the action items?", "(Extract|Collect) the action items from {F}.",
                     "Read {F}. What are the action items?", "Summarize the action items (in|of) {F}.",
                     "What has to be done according to {F}?", "(Can|Could) you list the action items in {F}?",
                     "list the action items in {F}", "I need the action items from {F}."],
    "actions_here": ["List the action items.", "Summarize the action items of this meeting.", "Which action items are there?",
                     "What are the action items?", "(Show|Give|Tell) me the action items.", "Find the action items.",
                     "What are the action items of this meeting?", "(Extract|Collect|Get) the action items.",
                     "Which tasks are there?", "What has to be done?", "Who has to do what?", "list the action items",
                     "I need the action items of this meeting.", "(Can|Could) you list the action items?"],
    # Lists and first lines.
    "list_here": ["list files here", "What files do I have here?", "Show me the files in this folder.", "List the files.",
                  "List the files (here|in this folder).", "Which files are (here|there)?", "Which files do I have?",
                  "(Show|Give) me (the|my|all) files.", "What is in this folder?", "What files are in this folder?",
                  "What do I have here?", "list my files", "(List|Show) (my|all) files.", "Show me what is here.",
                  "(Can|Could) you (list|show) the files here?", "What files are there?", "Show the files in the working folder.",
                  "Give me a list of the files here."],
    "list_folder": ["show me the files in {D}.", "Show me the files in {D}.", "Give me a list of the files inside {D}.",
                    "list files in the folder {D}", "Give me a list of the files in {D}.", "List the files in {D}.",
                    "List the files (of|inside|in the folder) {D}.", "What files are in {D}?", "Which files are in {D}?",
                    "What is in (the folder )~{D}?", "What is in the folder {D}?", "What is inside {D}?", "Which files does {D} (have|contain)?",
                    "(Show|List) the folder {D}.", "Show the files in the folder {D}.", "What files do I have in {D}?",
                    "(Can|Could) you (list|show) the files in {D}?", "Show me the folder {D}.", "list {D}",
                    "(Show|Tell) me what is in {D}.", "Look into the folder {D}. Which files are there?"],
    "first_line": ["Show me the first line of {F}.", "What is the first line of {F}?", "How does {F} begin?",
                   "Read the first line of {F}.", "(Tell|Give) me the first line of {F}.", "How does {F} start?",
                   "What does {F} begin with?", "What does {F} start with?", "What is at the top of {F}?",
                   "(Show|Print|Get) the first line of {F}.", "What is the first line in {F}?", "With what does {F} begin?",
                   "Open {F} and (tell|show|read) me the first line.", "(Can|Could) you read the first line of {F}?",
                   "Which line comes first in {F}?", "first line of {F}", "What is the (title|heading) of {F}?"],
    "screen": ["Capture the screen.", "Look at my screen.", "Take a screenshot.", "What does my screen show?",
               "What is on my screen?", "What do you see on my screen?", "(Make|Do|Get) a screenshot.",
               "(Look at|Show me|Check) the screen.", "What is on the screen?", "Take a picture of (my|the) screen.",
               "(Can|Could) you (see|look at) my screen?", "Describe my screen.", "Describe what is on my screen.", "take a screenshot",
               "Tell me what is on my screen.", "Please capture my screen.", "I need a screenshot."],
    "title": ["Title for this conversation:", "Give this conversation a title of a few words:",
              "Write a short title for this conversation:", "A title for this conversation:",
              "Find a short title for this conversation:", "(Make|Suggest) a title for this conversation:",
              "Give a (short )~title:", "Give a short title for this (chat|talk):", "Name this conversation in a few words:",
              "What is a good title for this conversation?", "Title this (chat|conversation):",
              "Write a title of a few words:"],
    # Talk.
    "hello": ["Hi there", "Hello", "Hey", "Hi", "Help", "Hello!", "Hi!", "Hey there", "Hello there", "Good morning", "Good evening",
              "Good morning!", "What can you do?", "What can you do for me?", "How can you help me?", "hello", "hi", "help",
              "What are you able to do?", "Hi Facet", "Hello Facet", "Can you help me?", "Good day", "I need help.",
              "What are your tools?"],
    "identity": ["What is your name?", "Which model are you?", "Who are you?", "What are you?", "Are you Gemma?",
                 "Which model is this?", "What model are you?", "Tell me who you are.", "What is this model?",
                 "who are you", "Are you a Gemma model?", "What is the name of this model?", "Introduce yourself.",
                 "Are you a big model?", "What kind of model are you?"],
    "thanks": ["Thank you!", "Thanks.", "Thanks!", "Thank you.", "Thank you very much!", "Many thanks.", "thanks",
               "Great, thanks!", "Thanks a lot!", "thank you", "Good, thank you.", "Perfect, thanks.", "Nice, thank you!",
               "That helps, thanks."],
    "refuse": ["What is {n} times {m}?", "How do I cook {t}?", "Explain how a {t} works.", "What is {n} plus {m}?",
               "(Write|Make up) a (poem|story|song|joke) about a {t}.", "Why is the {t} {a}?", "What is a {t}?",
               "Translate {t} into (French|German|Spanish).", "Tell me a (joke|story).", "Who invented the {t}?",
               "How (far|big) is {c}?", "What is the capital of {c}?", "How do I build a {t}?", "What do you think about {t}?",
               "(Draw|Paint) a {t}.", "Calculate {n} times {m}.", "How old is {p}?", "What is the weather in {c}?",
               "Write code for a {t}.", "Give me a recipe with {t}.", "Divide {n} by {m}.", "What is the best {t}?",
               "How much is {n} minus {m}?", "Who is {p}?", "Describe a {t}.", "Should I buy a {t}?"],
}

# Never used in training.
HELD_OUT = {
    "read_key": ["I'd like to know the {K} in {F}.", "Please look at {F} and find the {K}.", "Which value does the {K} have in {F}?",
                 "Have a look at {F} and report the {K}.", "What {K} is written in {F}?", "Could you get the {K} out of {F}?",
                 "The {K} from {F}, please.", "Please give me the {K} you find in {F}.", "Search {F}: which {K} is in it?",
                 "Read me the {K} in {F}."],
    "read_fact": ["Please look in {F}: {S}", "{S} You find it in {F}.", "Have a look at {F}. {S}", "With the help of {F}: {S}",
                  "{S} I think it is in {F}.", "Please open {F} first. {S}"],
    "list_key": ["Please get me the {K} out of {N}.", "I want to know the {K} in {N}.", "What {K} is written in {N}?",
                 "Look at {N} and find the {K}.", "Could you check {N} for the {K}?"],
    "list_fact": ["Please look in {N}: {S}", "{S} You find it in {N}.", "Have a look at {N}. {S}"],
    "loose": ["the file called {N}", "the {N} file of mine", "my document about {N}"],
    "folder_hint": [" You find it in the folder {D}.", " It should be in {D}."],
    "attached_key": ["I'd like to know the {K}.", "Which value does the {K} have?", "Please find the {K} for me.",
                     "What {K} is written here?", "Read me the {K}.", "So what is the {K} here?"],
    "attached_fact": ["Can you say this: {S}", "Please answer: {S}", "I'd like to know: {S}"],
    "search": ["Please check which file talks about {Q}.", "I am looking for {Q} in my files.", "Go through my files and find {Q}.",
               "What file has {Q} in it?", "Have I written about {Q} somewhere?", "Locate {Q} in my files."],
    "search_key": ["Please locate {Q} in my files and give me the {K}.", "I need the {K} from the file that talks about {Q}.",
                   "Search for {Q} and read that file. I need the {K}."],
    "search_fact": ["Please locate {Q} in my files. {S}", "Look for the file with {Q} and tell me: {S}",
                    "Search for {Q} and read that file. {S}"],
    "write": ['Please create {F} and write "{T}".', "I want this text in {F}: {T}", 'Fill {F} with "{T}".', "New file {F}: {T}",
              'Please save the text "{T}" under {F}.'],
    "append": ['Please put one more line in {F}: {T}', 'At the end of {F}, add "{T}".', 'Could you append "{T}" to {F}?',
               "Attach this line to {F}: {T}"],
    "note": ["Please note: {T}", "I want to remember this: {T}", "New note: {T}"],
    "date": ["Do you know what time it is?", "What's today's date?", "Please tell me the time."],
    "user": ["What is the name of the user?", "Do you know who I am?", "Please show my user name."],
    "host": ["What name does this computer have?", "Please tell me the host name."],
    "folder": ["What folder are we in?", "Please tell me which folder I am in.", "Name the current folder."],
    "line_count": ["I want to know how many lines {F} has.", "What is the line count of {F}?", "Please count the lines in {F}."],
    "file_count": ["I want to know how many files {D} has.", "What is the number of files in {D}?", "Please count the files in {D}."],
    "command": ["Could you run {X}", "Use the shell: {X}", "Please execute {X}", "I want you to run {X}"],
    "actions_file": ["Please go through {F} and find the action items.", "What action items does {F} have?",
                     "Look at {F} and give me the action items."],
    "actions_here": ["Please find all action items.", "What action items do you see?", "Tell me which action items there are."],
    "list_here": ["Please show me my files.", "What files can you see here?", "Could you give me a list of the files in this folder?"],
    "list_folder": ["Please show me what files {D} has.", "I want to see the files in {D}.", "Could you list the folder {D}?",
                    "Which files can you see in {D}?"],
    "first_line": ["What line does {F} start with?", "I want to see the first line of {F}.", "Please tell me how {F} begins."],
    "screen": ["What can you see on my screen?", "Please take a screenshot of the screen.", "Could you look at the screen for me?"],
    "title": ["Please write a title for this conversation:", "What title fits this conversation?", "Think of a short title:"],
    "hello": ["Hello, can you help?", "Hey Facet!", "Tell me what you can do."],
    "identity": ["What model is this?", "Please tell me your name.", "Which model do you use?"],
    "thanks": ["Thanks, that is all.", "Thank you so much!", "Very good, thanks!"],
    "refuse": ["Please explain the {t} to me.", "How many {t}s are there in {c}?", "Can you calculate {n} plus {m}?",
               "Sing a song about the {t}.", "Which {t} should I buy?"],
}


def expand(pattern):
    """All wordings of a pattern; a bracket followed by "~" may be left out."""
    parts = re.split(r"(\([^()]*\)~?)", pattern)
    choices = []
    for part in parts:
        if part.startswith("("):
            options = part.rstrip("~")[1:-1].split("|")
            choices.append(options + [""] if part.endswith("~") else options)
        else:
            choices.append([part])
    return ["".join(chosen) for chosen in itertools.product(*choices)]


def table(patterns):
    """All wordings of each kind."""
    return {kind: [wording for pattern in group for wording in expand(pattern)]
            for kind, group in patterns.items()}


def check(wordings):
    """Raises where a wording is both trained and held out."""
    for kind, group in wordings[True].items():
        both = set(wordings[False][kind]).intersection(group)
        if both:
            raise ValueError("wordings both trained and held out: %r" % both)


WORDINGS = {False: table(TRAINING), True: table(HELD_OUT)}
check(WORDINGS)
