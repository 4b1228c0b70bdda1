"""Small helpers that more than one room needs; no room may be imported here."""
