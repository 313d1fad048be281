"""A request -> its `Authentication`; a refusal -> the answer.

Start at `hook.install`, then `authentication.authenticate`. `credentials/` finds the token,
`guards/` has what views demand.
"""
