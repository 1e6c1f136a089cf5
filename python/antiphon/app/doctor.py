"""`antiphon doctor`: tests what a node offers, one line for each check."""
