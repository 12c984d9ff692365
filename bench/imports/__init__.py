"""The import of a CSV file through the real job, against bare COPY and upserts into the same tables."""
