"""Where a book stands. A label is a letter for the room and a number: K9 is in the kitchen."""
from typing import Dict, List, Tuple
import random

CAPACITY = 12   # of the thick kind

def sorted_labels(labels: List[str]) -> List[str]:
    """Labels in the order in which one walks past them."""
    return sorted(labels)

def place(title: str, shelves: Dict[str, List[str]]) -> str:
    """Put a book on the first shelf with room, in walking order. Full house: on the floor."""
    for label in sorted_labels(list(shelves.keys())):
        if len(shelves[label]) <= CAPACITY:
            shelves[label].append(title)
            return label
    return "floor"

def find(title: str, shelves: Dict[str, List[str]]) -> Tuple[str, int]:
    """Room and place of a book, counted from 1 as the keeper does."""
    for label in shelves:
        for I in range(len(shelves[label])):
            if shelves[label][I].lower() == title.lower(): return label, I+1
    raise KeyError( title )

def free_places(shelves) -> int:
    count = 0
    for label, titles in shelves.items():
        count = count + (CAPACITY - len(titles))
    return count
