"""Locations: the names of the places on a request where a token may be (RFC 6750 section 2)."""

HEADER = "header"
FORM = "form"
QUERY = "query"
JSON = "json"
LOCATIONS = (HEADER, FORM, QUERY, JSON)
