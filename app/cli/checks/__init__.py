"""What `python -m app doctor` looks at. Each check judges facts that were gathered before, and says what to do."""
