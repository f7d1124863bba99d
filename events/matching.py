"""When two records mean the same venue: by folded name and place."""

from events.folding import fold_name


def match_key(name: str, city: str, country: str) -> str:
    """One text for all spellings of a venue's name in one city."""
    return f"{fold_name(name)}|{fold_name(city)}|{country.casefold()}"
