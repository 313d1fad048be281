"""A request -> its `Authentication`; a refusal -> the answer.

Start at `hook.install`, then `authentication.authenticate` and `decorators.token_required`.
"""
