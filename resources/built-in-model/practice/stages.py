"""The stages of the training, one after the other: what it is trained on, how fast and for how long."""
from dataclasses import dataclass, field


@dataclass
class Stage:
    """tokens: its length; rate: the learning rate at its beginning and end, 1 is the full one; step: tokens asked
    for per step, of which it gets about a third more, as conversations are not cut; progress: which ordinary
    conversations, 0 are a beginner's; lessons: their shares in percent; hints and respelled: how much of
    what a tool returned is trained, and how many conversations are spelled with fewer merges;
    mean: an earlier stage whose result is averaged into the beginning of this one, and the share of what is
    there; with a share of 0 it begins where the earlier one ended; families: the share of small batches that declare all
    tools of the agent; frozen: the tables of tokens stay as they are, as others are trained against them."""
    name: str
    tokens: float
    rate: tuple
    step: int
    progress: tuple = (0.9, 0.9)
    lessons: dict = field(default_factory=dict)
    hints: float = 0.0
    respelled: float = 0.0
    mean: tuple = None
    families: float = 0.0
    frozen: bool = False


STAGES = [
    # Copying first, in short conversations, then all tasks; the learning rate falls to zero.
    Stage("copying", 14e6, (1.0, 1.0), 6144, (0.0, 0.5)),
    Stage("tasks", 22e6, (1.0, 0.0), 9216, (0.5, 1.0)),
    # Absence of what a document before the question lacks: marks close to their words, then further away.
    Stage("near", 0.2e6, (1.0, 1.0), 2048, lessons={"near": 70, "plain": 25}),
    Stage("far", 0.4e6, (1.0, 1.0), 2048, lessons={"near": 20, "far": 60, "plain": 20}),
    Stage("series", 1.5e6, (1.0, 1.0), 4096, lessons={"far": 3, "plain": 12, "series": 30}),
    Stage("settled", 5e6, (0.33, 0.0), 9216, lessons={"plain": 2, "series": 12, "far": 2}, mean=("tasks", 0.7)),
    # The same for a document that is read after the question: at its keys, then anywhere behind them.
    Stage("asked", 1.2e6, (0.35, 0.35), 2560, hints=0.6, respelled=0.5,
          lessons={"asked": 60, "finds": 25, "near": 3, "far": 3, "series": 4}),
    Stage("finds", 0.6e6, (0.35, 0.35), 2560, hints=0.6, respelled=0.35,
          lessons={"asked": 15, "finds": 66, "plain": 1, "series": 4, "near": 1, "far": 2}),
    Stage("both", 3.6e6, (0.36, 0.1), 5632, hints=0.25, respelled=0.5, mean=("tasks", 0.77),
          lessons={"asked": 4, "finds": 18, "plain": 1, "series": 5, "far": 1, "actions": 5}),
    # Words that nobody has seen, from the result that had no lessons; then both kinds of knowledge in one.
    Stage("unknown", 4.5e6, (0.36, 0.0), 6144, (0.95, 1.0), respelled=0.5, mean=("tasks", 0.0), lessons={"actions": 5}),
    Stage("final", 4.5e6, (0.36, 0.0), 6144, (0.95, 1.0), respelled=0.4, mean=("both", 0.5),
          lessons={"actions": 7, "series": 12, "plain": 2, "far": 2}),
    # All tools of the agent, from the result before or from a file of it.
    Stage("agent", 2.5e6, (0.55, 0.55), 1536, (0.95, 1.0), respelled=0.4, families=0.34, frozen=True,
          lessons={"actions": 6, "series": 9, "plain": 2, "far": 2}),
    Stage("agent settled", 1.9e6, (0.55, 0.0), 2048, (0.95, 1.0), respelled=0.4, families=0.28, frozen=True,
          lessons={"actions": 7, "series": 12, "plain": 2, "far": 2}),
    Stage("agent wide", 10e6, (0.5, 0.0), 2048, (0.95, 1.0), respelled=0.4, families=0.5, frozen=True,
          lessons={"actions": 7, "series": 10, "plain": 2, "far": 2}),
    Stage("agent code", 9.5e6, (0.45, 0.0), 2048, (0.95, 1.0), respelled=0.4, families=0.6, frozen=True,
          lessons={"actions": 7, "series": 10, "plain": 2, "far": 2}),
]
