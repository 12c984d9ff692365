"""What the outside world and the features agree on: one module per role, Protocols and frozen dataclasses only."""
