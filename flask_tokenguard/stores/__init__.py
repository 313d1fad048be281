"""What must outlive a request; see `base` for what a store does."""
