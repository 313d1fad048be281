"""The tour: requests that tell a story, in the terminal and on the console's pages.

Start at `story.main` for the terminal. `attacks.ATTACKS` and `sessions.play_theft` are played by
both.
"""
