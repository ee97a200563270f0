"""How much is measured for the model, and how long it is simulated."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rounds:
    """Numbers and durations; durations are in seconds, those of the simulation in seconds of its own clock."""

    rounds: int = 2
    seconds: float = 1.5
    # Lists of a thousand incidents in each round.
    lists: int = 2
    # Clients of the websocket beside a full load.
    few_followers: int = 20
    modelled_seconds: float = 4.0


FULL = Rounds()
TINY = Rounds(rounds=1, seconds=0.1, lists=1, few_followers=2, modelled_seconds=0.3)
