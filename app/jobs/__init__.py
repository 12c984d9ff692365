"""What people see of long work: list, progress, live events, cancel, retry, confirm, undo. The engine is app/queue."""
