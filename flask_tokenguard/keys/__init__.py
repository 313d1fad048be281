"""Where keys come from: config values, files and the environment."""
