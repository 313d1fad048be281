"""Locations: the names of the places on a request where a token may be (RFC 6750 section 2)."""

HEADER = "header"
COOKIE = "cookie"
FORM = "form"
QUERY = "query"
JSON = "json"
LOCATIONS = (HEADER, COOKIE, FORM, QUERY, JSON)
