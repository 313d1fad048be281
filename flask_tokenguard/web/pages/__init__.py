"""A person at a browser: a session that goes on by itself, and a login in place of a refusal.

Start at `sliding.authenticate_sliding`; `logins.redirect_to_login` is what `challenge` asks, and
`own_site.require_own_site` what all that changes cookies.
"""
