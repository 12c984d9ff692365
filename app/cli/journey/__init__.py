"""What a new seller does, over the API like any other client: sign in, upload feeds, watch the import, read reports.

`python -m app demo` travels through all of it (tour.py); `python -m app seed` uses the same steps. Nothing here touches
the database.
"""
