"""Feed files as a catalogue source: CSV and TSV in the layouts of Shopify, WooCommerce, Google and Meta, and suppliers.

What such files do: the extension lies about the delimiter and a sample of the head about the encoding; decimal marks
are a habit of each column; quotes are opened and not closed; UTF-16 is what Excel calls text; option names stand on the
first row of a product only; long numbers come back from a spreadsheet as 4.26E+12. Entry points: reader.inspect,
reader.open_feed, rejected_rows.RejectedRowsWriter.
"""
